//! The lifetime of an access token, and when to renew it. Pure.

use std::time::{Duration, Instant, SystemTime};

/// One moment on both clocks: the monotonic one stops while the computer sleeps, and the wall clock can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The monotonic clock.
    pub monotonic: Instant,
    /// The wall clock.
    pub wall: SystemTime,
}

impl Moment {
    /// The time since then, on the clock on which more has passed, so that an old token does not look young after sleep
    /// or if the clock is set back. Setting it forward costs a renewal.
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

/// How long before its end a token is renewed, if it lives long enough, so that the provider may be unavailable for a
/// while.
const MARGIN: Duration = Duration::from_secs(300);

/// The part of its lifetime after which a token is renewed at the latest.
const MAX_PART: f64 = 0.8;

/// The part of its lifetime after which a token is renewed at the earliest. Without it, a token that lives for a minute
/// would be renewed continuously.
const MIN_PART: f64 = 0.5;

/// The part of the time until renewal that jitter may subtract, so that computers that wake together do not renew
/// together.
const MAX_JITTER: f64 = 0.1;

/// Longer than any token lives. A larger value is a mistake, or means "never".
const MAX_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// When a token was received, and how long it is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// When it was requested, which is before it was issued.
    pub received: Moment,
    /// How long it is valid; `None` if the provider does not send that. Then it is used until a server rejects it.
    pub lasts: Option<Duration>,
}

impl Lifetime {
    /// The lifetime of a token that was requested at this moment, with the `expires_in` of the response.
    pub(crate) fn new(received: Moment, lasts: Option<Duration>) -> Self {
        Self {
            received,
            lasts: lasts
                .filter(|lasts| !lasts.is_zero())
                .map(|lasts| lasts.min(MAX_LIFE)),
        }
    }

    /// The token's age.
    pub fn age(&self, now: Moment) -> Duration {
        self.received.elapsed(now)
    }

    /// The age at which it is renewed. `jitter` is from 0 to 1, and constant for one token.
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

    /// Whether it has expired and must not be sent.
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
