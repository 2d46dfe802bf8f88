//! Percentiles of durations in bounded memory.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Longer times count as this: beyond a minute it is an outage, which is reported as such.
const MAX_MICROS: u64 = 60_000_000;

/// Significant digits: within 1 % of the true value, in about ten kilobytes.
const DIGITS: u8 = 2;

#[derive(Debug)]
pub(super) struct Percentiles(Histogram<u32>);

impl Default for Percentiles {
    #[expect(clippy::expect_used, reason = "the bounds are constants that a test makes")]
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, MAX_MICROS, DIGITS).expect("bounds that are in order"))
    }
}

impl Percentiles {
    pub(super) fn record(&mut self, took: Duration, times: u64) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(MAX_MICROS);
        let times = u32::try_from(times).unwrap_or(u32::MAX);
        self.0.saturating_record_n(micros.min(MAX_MICROS), times);
    }

    /// The percentile for this fraction in microseconds; `None` without values.
    pub(super) fn at(&self, part: f64) -> Option<u64> {
        (!self.0.is_empty()).then(|| self.0.value_at_quantile(part))
    }

    pub(super) fn count(&self) -> u64 {
        self.0.len()
    }

    pub(super) fn clear(&mut self) {
        self.0.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_one_percent() {
        let mut percentiles = Percentiles::default();
        assert_eq!(percentiles.at(0.5), None);
        for millis in 1..=1000 {
            percentiles.record(Duration::from_millis(millis), 1);
        }
        for (part, micros) in [(0.5, 500_000.0), (0.99, 990_000.0)] {
            let found = percentiles.at(part).unwrap() as f64;
            assert!((found / micros - 1.0).abs() < 0.01, "{part}: {found}");
        }
        percentiles.record(Duration::from_secs(86_400), 1);
        assert!(percentiles.at(1.0).unwrap() <= MAX_MICROS + MAX_MICROS / 100);
        percentiles.clear();
        assert_eq!((percentiles.count(), percentiles.at(0.5)), (0, None));
    }
}
