//! Common times for all checks that run every few seconds. Checks at times of their own would each wake the processor,
//! up to three times: tokio's timer wheel wakes to move a timer to a finer level.

use std::time::{Duration, Instant};

/// The interval of the checks: short enough for a user who waits for the result of one.
pub(crate) const TICK_INTERVAL: Duration = Duration::from_secs(5);

/// A tick every [`TICK_INTERVAL`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticks {
    began: Instant,
}

impl Ticks {
    /// Ticks after this moment.
    pub(crate) fn new(began: Instant) -> Self {
        Self { began }
    }

    /// The first tick after `now`.
    pub(crate) fn after(self, now: Instant) -> Instant {
        let passed = now.saturating_duration_since(self.began).as_secs() / TICK_INTERVAL.as_secs();
        let tick = u32::try_from(passed + 1).unwrap_or(u32::MAX);
        self.began + TICK_INTERVAL * tick
    }

    /// The same by tokio's clock.
    pub(crate) fn after_tokio(self, now: tokio::time::Instant) -> tokio::time::Instant {
        self.after(now.into_std()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_checks_within_an_interval_are_due_at_the_same_time() {
        let began = Instant::now();
        let ticks = Ticks::new(began);
        let after = |millis| ticks.after(began + Duration::from_millis(millis)) - began;
        for millis in [0, 1, 2_500, 4_999] {
            assert_eq!(after(millis), TICK_INTERVAL, "{millis}");
        }
        for millis in [5_000, 5_002, 9_999] {
            assert_eq!(after(millis), TICK_INTERVAL * 2, "{millis}");
        }
        assert_eq!(after(86_400_000), Duration::from_secs(86_405));
    }

    #[test]
    fn a_time_before_the_start_is_followed_by_the_first_tick() {
        let began = Instant::now() + Duration::from_secs(1);
        assert_eq!(Ticks::new(began).after(Instant::now()), began + TICK_INTERVAL);
    }
}
