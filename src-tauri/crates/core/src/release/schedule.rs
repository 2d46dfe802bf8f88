//! When a manifest is asked for: about once a day, by each computer at a time of its own. Times are milliseconds since
//! 1970, `random` is from 0 to 1.

const HOUR: i64 = 60 * 60 * 1000;

/// The shortest interval: a day on average, and never twice within a working day.
const MIN_INTERVAL: i64 = 20 * HOUR;

/// The longest interval. The difference distributes computers that were switched on at once.
const MAX_INTERVAL: i64 = 28 * HOUR;

/// The time over which computers ask that are all started, or all get their network back, at the same moment. Short
/// enough for one that is on only for a working day.
const MAX_DELAY: i64 = HOUR;

/// The next time after the server was asked.
pub(crate) fn after_asking(now: i64, random: f64) -> i64 {
    now.saturating_add(MIN_INTERVAL + part(MAX_INTERVAL - MIN_INTERVAL, random))
}

/// The time for a core that starts, or has new settings: as planned, or soon if that has passed. A time that is further
/// away than any plan was made with another clock.
pub(crate) fn at_start(planned: Option<i64>, now: i64, random: f64) -> i64 {
    match planned {
        Some(planned) if planned > now => within_reach(planned, now),
        Some(_) | None => soon(now, random),
    }
}

/// A plan as it is kept while the app runs: the clock may have been set back since it was made.
pub(crate) fn within_reach(planned: i64, now: i64) -> i64 {
    planned.min(now.saturating_add(MAX_INTERVAL))
}

/// The time after one at which there was no network.
pub(crate) fn soon(now: i64, random: f64) -> i64 {
    now.saturating_add(part(MAX_DELAY, random))
}

#[expect(clippy::cast_possible_truncation, reason = "the part of a day")]
#[expect(
    clippy::cast_precision_loss,
    reason = "a day in milliseconds is far below 2^53"
)]
fn part(whole: i64, random: f64) -> i64 {
    (whole as f64 * random.clamp(0.0, 1.0)) as i64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    #[test]
    fn a_plan_is_kept_over_restarts_and_made_up_for_within_an_hour() {
        for (planned, random, expected) in [
            (None, 0.0, NOW),
            (None, 0.5, NOW + HOUR / 2),
            (Some(NOW - 100 * HOUR), 1.0, NOW + HOUR),
            (Some(NOW + 5 * HOUR), 0.5, NOW + 5 * HOUR),
            // The clock was set back by a year.
            (Some(NOW + 8760 * HOUR), 0.5, NOW + MAX_INTERVAL),
        ] {
            assert_eq!(at_start(planned, NOW, random), expected, "{planned:?} {random}");
        }
    }

    proptest! {
        #[test]
        fn it_is_about_a_day_whatever_clock_and_chance_say(now: i64, planned: Option<i64>, random: f64) {
            let next = after_asking(now, random);
            prop_assert!(next == i64::MAX || (MIN_INTERVAL..=MAX_INTERVAL).contains(&(next - now)));
            let first = at_start(planned, now, random);
            prop_assert!(first == i64::MAX || (0..=MAX_INTERVAL).contains(&(first - now)));
        }
    }
}
