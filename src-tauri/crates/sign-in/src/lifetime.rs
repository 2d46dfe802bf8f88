//! How long an access token is good for, and when to renew it. Nothing here reads a clock.

use std::time::{Duration, Instant, SystemTime};

/// One moment by both clocks: the monotonic one stands still while the computer sleeps, and the other one is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// For intervals.
    pub monotonic: Instant,
    /// The time of day.
    pub wall: SystemTime,
}

impl Moment {
    /// How long ago this was: by the clock that says longer, so that neither sleep nor a clock that is set back makes
    /// an old token look young. A clock that is set forward costs a renewal.
    pub fn elapsed(self, now: Self) -> Duration {
        let monotonic = now.monotonic.saturating_duration_since(self.monotonic);
        let wall = now.wall.duration_since(self.wall).unwrap_or_default();
        monotonic.max(wall)
    }
}

/// Reads both clocks.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Moment;
}

impl<F: Fn() -> Moment + Send + Sync> Clock for F {
    fn now(&self) -> Moment {
        self()
    }
}

/// A token is renewed so long before its end, if it lives long enough: requests under way keep a good one, and a
/// provider may be away for a while.
const MARGIN: Duration = Duration::from_secs(300);

/// Of its life, when it is renewed at the latest.
const MAX_PART: f64 = 0.8;

/// Of its life, when it is renewed at the earliest: a token of a minute would otherwise be renewed at once, for ever.
const MIN_PART: f64 = 0.5;

/// Of the time until renewal, what is left out at random: the computers of a company that wake together renew apart.
const MAX_JITTER: f64 = 0.1;

/// Longer than any token lives; a number beyond it is a mistake, or "never".
const MAX_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// When a token came, and how long it is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// When it was asked for, which is before it began to live.
    pub received: Moment,
    /// How long it lives. `None` where the provider does not say: it is good until a server refuses it.
    pub lasts: Option<Duration>,
}

impl Lifetime {
    /// A token that was asked for at this moment, with the `expires_in` of the answer.
    pub(crate) fn new(received: Moment, lasts: Option<Duration>) -> Self {
        Self {
            received,
            lasts: lasts
                .filter(|lasts| !lasts.is_zero())
                .map(|lasts| lasts.min(MAX_LIFE)),
        }
    }

    /// How old the token is.
    pub fn age(&self, now: Moment) -> Duration {
        self.received.elapsed(now)
    }

    /// At which age it is renewed. `jitter` is from 0 to 1, and the same for one token.
    pub fn renews_after(&self, jitter: f64) -> Option<Duration> {
        let lasts = self.lasts?;
        let early = lasts.mul_f64(MAX_PART).min(lasts.saturating_sub(MARGIN));
        let after = lasts.mul_f64(MIN_PART).max(early);
        let jitter = if jitter.is_finite() {
            jitter.clamp(0.0, 1.0)
        } else {
            0.0
        };
        Some(after.mul_f64(1.0 - MAX_JITTER * jitter))
    }

    /// Whether it should be renewed.
    pub fn is_due(&self, jitter: f64, now: Moment) -> bool {
        self.renews_after(jitter)
            .is_some_and(|after| self.age(now) >= after)
    }

    /// Whether it is no longer good, and must not be sent.
    pub fn is_expired(&self, now: Moment) -> bool {
        self.lasts.is_some_and(|lasts| self.age(now) >= lasts)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn start() -> Moment {
        Moment {
            monotonic: Instant::now(),
            wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000),
        }
    }

    fn after(monotonic: u64, wall: i64) -> (Lifetime, Moment) {
        let received = start();
        let step = Duration::from_secs(wall.unsigned_abs());
        let now = Moment {
            monotonic: received.monotonic + Duration::from_secs(monotonic),
            wall: if wall < 0 {
                received.wall - step
            } else {
                received.wall + step
            },
        };
        (Lifetime::new(received, Some(Duration::from_secs(3600))), now)
    }

    #[test]
    fn either_clock_ends_a_token() {
        for (monotonic, wall, due, expired) in [
            (0, 0, false, false),
            (2879, 2879, false, false),
            (2880, 2880, true, false),
            (3600, 3600, true, true),
            // Slept.
            (10, 3600, true, true),
            // The clock was set back by two hours, and forward.
            (3600, -3600, true, true),
            (10, -7200, false, false),
            (10, 7200, true, true),
        ] {
            let (lifetime, now) = after(monotonic, wall);
            assert_eq!(lifetime.is_due(0.0, now), due, "{monotonic} {wall}");
            assert_eq!(lifetime.is_expired(now), expired, "{monotonic} {wall}");
        }
    }

    #[test]
    fn a_token_is_renewed_before_its_end_and_not_at_its_beginning() {
        for (lasts, renewed) in [
            (20, 10),
            (60, 30),
            (300, 150),
            (600, 300),
            (900, 600),
            (1500, 1200),
            (3600, 2880),
            (86_400, 69_120),
        ] {
            let lifetime = Lifetime::new(start(), Some(Duration::from_secs(lasts)));
            let after = lifetime.renews_after(0.0).unwrap();
            assert_eq!(after.as_secs_f64().round() as u64, renewed, "{lasts}");
        }
    }

    #[test]
    fn what_the_provider_does_not_say_ends_by_a_refusal_alone() {
        let year = Moment {
            wall: start().wall + Duration::from_secs(31_536_000),
            ..start()
        };
        for lasts in [None, Some(Duration::ZERO)] {
            let lifetime = Lifetime::new(start(), lasts);
            assert_eq!(lifetime.renews_after(0.5), None);
            assert!(!lifetime.is_due(0.0, year) && !lifetime.is_expired(year));
        }
        let endless = Lifetime::new(start(), Some(Duration::from_secs(1_000_000_000_000)));
        assert_eq!(endless.lasts, Some(MAX_LIFE));
    }

    proptest! {
        #[test]
        fn a_renewal_is_between_its_limits_whatever_the_numbers(lasts in 1_u64..u64::MAX, jitter: f64) {
            let lifetime = Lifetime::new(start(), Some(Duration::from_secs(lasts)));
            let lasts = lifetime.lasts.unwrap();
            let after = lifetime.renews_after(jitter).unwrap();
            prop_assert!(after < lasts);
            prop_assert!(after >= lasts.mul_f64(0.449));
        }
    }
}
