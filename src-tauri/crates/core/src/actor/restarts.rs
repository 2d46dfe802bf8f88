//! Decides when to restart a core that crashed.

use std::time::Duration;

/// A core that ran longer than this was healthy: its crash has a new cause, so the wait starts over.
const HEALTHY_RUN: Duration = Duration::from_secs(10 * 60);

/// By then, the previous core has released its ports and the inbox file.
const MIN_WAIT: Duration = Duration::from_secs(1);

/// The number of retries is unlimited, because the cause may go away, such as an event that the server withdraws.
const MAX_WAIT: Duration = Duration::from_secs(5 * 60);

/// Counts crashes in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Restarts {
    in_a_row: u32,
}

/// How to restart a core that crashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Restart {
    /// How long to wait before the start.
    pub(crate) wait: Duration,
    /// Whether to notify the user, who was not notified of this problem yet.
    pub(crate) notify: bool,
}

impl Restarts {
    /// Decides how to restart a core that ran for this long. `spread` is random, in 0..1, because one event may crash
    /// the cores of many machines, and they must not all reconnect at the same time.
    pub(crate) fn on_broken(&mut self, ran: Duration, spread: f64) -> Restart {
        if ran >= HEALTHY_RUN {
            self.in_a_row = 0;
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        let doubled = MIN_WAIT.saturating_mul(1 << (self.in_a_row - 1).min(16));
        Restart {
            wait: doubled.min(MAX_WAIT).mul_f64(1.0 + spread / 2.0),
            notify: self.in_a_row == 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_double_up_to_five_minutes_and_never_end() {
        let mut restarts = Restarts::default();
        let waits: Vec<_> = (0..12)
            .map(|_| restarts.on_broken(SECOND, 0.0).wait.as_secs())
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        restarts.in_a_row = u32::MAX;
        assert_eq!(restarts.on_broken(SECOND, 0.0).wait, MAX_WAIT);
        assert_eq!(restarts.on_broken(SECOND, 1.0).wait, MAX_WAIT.mul_f64(1.5));
    }

    #[test]
    fn the_user_hears_once_of_each_trouble() {
        let mut restarts = Restarts::default();
        assert!(restarts.on_broken(SECOND, 0.0).notify);
        assert!(!restarts.on_broken(SECOND, 0.0).notify);
        let after_a_good_run = restarts.on_broken(HEALTHY_RUN, 0.0);
        assert_eq!((after_a_good_run.wait, after_a_good_run.notify), (MIN_WAIT, true));
    }
}
