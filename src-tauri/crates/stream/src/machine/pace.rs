//! Computes how long to wait, from numbers and randomness only.

use std::time::Duration;

use crate::Reachability;

/// The minimum delay between two attempts, whatever a server or a setting asks for.
pub(super) const MIN_DELAY: Duration = Duration::from_millis(250);

/// The maximum of `retry:`; a typo in it must not silence a client for a day.
pub(super) const MAX_RETRY: Duration = Duration::from_secs(5 * 60);

/// The maximum of the backoff's window while the system reports online, because the user may be waiting.
const CAP_ONLINE: Duration = Duration::from_secs(60);

/// The maximum of the backoff's window while the system reports offline: it reports when that changes, and attempts
/// cost battery.
const CAP_OFFLINE: Duration = Duration::from_secs(10 * 60);

/// The delay for problems that somebody has to fix, such as a wrong address or certificate. It is in minutes, because
/// bad deployments happen and are fixed by then.
const SLOW: Duration = Duration::from_secs(60);
const SLOW_CAP: Duration = Duration::from_secs(10 * 60);

/// The delays before the open circuit's first probe and its later ones.
const PROBE: Duration = Duration::from_secs(5 * 60);
const PROBE_CAP: Duration = Duration::from_secs(10 * 60);

/// The maximum of `Retry-After`; a server that asks for more is assumed to be misconfigured.
pub(super) const MAX_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

/// The part of its window that a repeated attempt leaves out: one in four. Drawn from the whole window, the delay would
/// average half of it, and at an outage's end the server would get more than twice the attempts that the window allows
/// for. The first attempt after a good connection draws from the whole window, because everybody begins there at once.
const WINDOW_FLOOR_DIVISOR: u32 = 4;

/// How soon after a failure the next attempt should be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// An attempt may succeed soon.
    Backoff,
    /// Somebody has to fix something first.
    Slow,
    /// The server specified the delay.
    After(Duration),
}

/// What the delay depends on, besides randomness.
#[derive(Debug, Clone, Copy)]
pub struct Delay {
    /// What the failure was.
    pub pace: Pace,
    /// Failed attempts in a row before this one.
    pub failed: u32,
    /// The configured base delay.
    pub base: Duration,
    /// The server's `retry:`, clamped. It replaces the base, and no attempt is made sooner.
    pub retry: Option<Duration>,
    /// What the system reports of the network.
    pub reachability: Reachability,
}

impl Delay {
    /// Draws a delay from the window, added to the server's `retry:` if there is one.
    pub fn draw(self, rng: &mut fastrand::Rng) -> Duration {
        let floor = self.retry.unwrap_or_default();
        match self.pace {
            Pace::Backoff => {
                let cap = match self.reachability {
                    Reachability::Online => CAP_ONLINE,
                    Reachability::Offline => CAP_OFFLINE,
                };
                let window = doubled(self.retry.unwrap_or(self.base), self.failed).min(cap);
                let left_out = if self.failed == 0 {
                    Duration::ZERO
                } else {
                    window / WINDOW_FLOOR_DIVISOR
                };
                // The minimum bounds the draw and not its result; otherwise one client in twenty would retry at the
                // same moment.
                let least = (floor + left_out).max(MIN_DELAY);
                let most = (floor + window).max(least);
                least + uniform(rng, most - least)
            }
            Pace::Slow => floor.max(SLOW) + uniform(rng, doubled(SLOW, self.failed).min(SLOW_CAP)),
            // Clients that were rejected together must not reconnect together.
            Pace::After(wait) => {
                let wait = wait.max(MIN_DELAY);
                (wait + uniform(rng, wait / 10 + Duration::from_secs(1))).min(MAX_RETRY_AFTER)
            }
        }
    }
}

/// Returns the open circuit's delay before probe number `probe`, from 0. It has no jitter, because the attempts before
/// it had.
pub(super) fn probe_delay(probe: u32) -> Duration {
    doubled(PROBE, probe).min(PROBE_CAP)
}

/// Returns a random duration up to `most`, inclusive.
pub(super) fn uniform(rng: &mut fastrand::Rng, most: Duration) -> Duration {
    Duration::from_nanos(rng.u64(0..=u64::try_from(most.as_nanos()).unwrap_or(u64::MAX)))
}

fn doubled(base: Duration, times: u32) -> Duration {
    base.saturating_mul(1_u32.checked_shl(times).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delay(pace: Pace, failed: u32) -> Delay {
        Delay {
            pace,
            failed,
            base: Duration::from_secs(5),
            retry: None,
            reachability: Reachability::Online,
        }
    }

    /// The minimum and maximum of many draws, in milliseconds.
    fn range(delay: Delay) -> (u128, u128) {
        let mut rng = fastrand::Rng::with_seed(7);
        let draws: Vec<_> = (0..4000).map(|_| delay.draw(&mut rng).as_millis()).collect();
        (
            draws.iter().copied().min().unwrap(),
            draws.iter().copied().max().unwrap(),
        )
    }

    /// Asserts that the draws fill the span between the bounds, to a fiftieth.
    fn assert_fills(delay: Delay, least: u128, most: u128) {
        let (low, high) = range(delay);
        let slack = (most - least) / 50 + 1;
        assert!(
            low >= least && low <= least + slack,
            "{delay:?}: least {low}, not {least}"
        );
        assert!(
            high <= most && high + slack >= most,
            "{delay:?}: most {high}, not {most}"
        );
    }

    #[test]
    fn backoff_doubles_its_window_up_to_the_cap() {
        assert_fills(delay(Pace::Backoff, 0), 250, 5_000);
        assert_fills(delay(Pace::Backoff, 1), 2_500, 10_000);
        assert_fills(delay(Pace::Backoff, 3), 10_000, 40_000);
        assert_fills(delay(Pace::Backoff, 4), 15_000, 60_000);
        assert_fills(delay(Pace::Backoff, u32::MAX), 15_000, 60_000);
        let offline = Delay {
            reachability: Reachability::Offline,
            ..delay(Pace::Backoff, 9)
        };
        assert_fills(offline, 150_000, 600_000);
    }

    #[test]
    fn the_least_delay_gathers_nobody() {
        let mut rng = fastrand::Rng::with_seed(7);
        let draws = (0..4000).map(|_| delay(Pace::Backoff, 0).draw(&mut rng));
        assert!(draws.filter(|draw| *draw == MIN_DELAY).count() <= 1);
    }

    #[test]
    fn the_servers_time_is_a_floor_and_the_base() {
        let asked = |millis, failed| Delay {
            retry: Some(Duration::from_millis(millis)),
            ..delay(Pace::Backoff, failed)
        };
        assert_fills(asked(3_000, 0), 3_000, 6_000);
        assert_fills(asked(3_000, 2), 6_000, 15_000);
        assert_fills(asked(300_000, 5), 315_000, 360_000);
        let slow = Delay {
            retry: Some(Duration::from_secs(120)),
            ..delay(Pace::Slow, 0)
        };
        assert_fills(slow, 120_000, 180_000);
    }

    #[test]
    fn no_setting_makes_it_spin() {
        let eager = Delay {
            base: Duration::ZERO,
            ..delay(Pace::Backoff, 5)
        };
        assert_eq!(range(eager), (250, 250));
        assert!(range(delay(Pace::After(Duration::ZERO), 0)).0 >= 250);
    }

    #[test]
    fn slow_is_minutes() {
        assert_fills(delay(Pace::Slow, 0), 60_000, 120_000);
        assert_fills(delay(Pace::Slow, 2), 60_000, 300_000);
        assert_fills(delay(Pace::Slow, 9), 60_000, 660_000);
    }

    #[test]
    fn the_servers_date_wins_and_has_a_cap() {
        assert_fills(delay(Pace::After(Duration::from_secs(20)), 9), 20_000, 23_000);
        assert_fills(
            delay(Pace::After(Duration::from_secs(3_500)), 0),
            3_500_000,
            3_600_000,
        );
        assert_eq!(
            range(delay(Pace::After(Duration::from_secs(86_400)), 0)),
            (3_600_000, 3_600_000)
        );
    }

    #[test]
    fn probes_are_five_minutes_and_then_ten() {
        let minutes: Vec<_> = (0..4).map(|probe| probe_delay(probe).as_secs() / 60).collect();
        assert_eq!(minutes, [5, 10, 10, 10]);
    }
}
