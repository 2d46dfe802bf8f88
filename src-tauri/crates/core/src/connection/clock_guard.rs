//! Detects that the computer slept, if no signal reports it, by comparing two clocks.
//!
//! On Linux and macOS the monotonic clock, and every timer with it, stands still in sleep while the wall clock
//! continues. On Windows both continue, and the check itself is late.

use std::time::Duration;

use crate::connection::ClockReading;
use crate::ticks::TICK_INTERVAL;

/// How often to compare: a connection that died in sleep is detected within this time after waking.
pub const POLL_INTERVAL: Duration = TICK_INTERVAL;

/// Clocks drift and are adjusted a little, and checks are late on a busy machine. A larger difference was a sleep, or
/// the clock was set, after which a new connection does no harm.
const TOLERANCE: Duration = Duration::from_secs(10);

/// The maximum work time that is subtracted. A longer one may as well be a process that was stopped in the middle of
/// its work, and after a minute of silence the connection is doubtful in either case.
const MAX_EXCUSED_WORK: Duration = Duration::from_secs(60);

/// The readings of both clocks at the last check.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClockGuard {
    last: ClockReading,
    /// How long the caller has been busy since then.
    busy: Duration,
}

impl ClockGuard {
    /// Starts with the current readings.
    pub(crate) fn new(now: ClockReading) -> Self {
        Self {
            last: now,
            busy: Duration::ZERO,
        }
    }

    /// Adds the length of the caller's last work, at most a minute of it, so that a check that is late because of it is
    /// not taken for a sleep.
    pub(crate) fn on_busy(&mut self, lasted: Duration) {
        self.busy += lasted.min(MAX_EXCUSED_WORK);
    }

    /// Compares the clocks. Must be called at least every [`POLL_INTERVAL`]. If the computer slept since the last call,
    /// or the process stood still, returns [`ClockGuard::slept`].
    pub(crate) fn poll(&mut self, now: ClockReading) -> Option<Duration> {
        let waited = now.monotonic.saturating_duration_since(self.last.monotonic);
        let late = waited.saturating_sub(std::mem::take(&mut self.busy));
        let slept = self.slept(now);
        self.last = now;
        (slept > TOLERANCE || late > POLL_INTERVAL + TOLERANCE).then_some(slept)
    }

    /// Returns how much time since the last check the monotonic clock did not count.
    pub(crate) fn slept(&self, now: ClockReading) -> Duration {
        let monotonic = now.monotonic.saturating_duration_since(self.last.monotonic);
        // A clock that was set back shows no sleep.
        let wall = now.wall.duration_since(self.last.wall).unwrap_or(monotonic);
        wall.saturating_sub(monotonic)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Instant, SystemTime};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn looks(steps: &[(i64, u32)]) -> Vec<Option<u64>> {
        let mut now = ClockReading {
            wall: SystemTime::now(),
            monotonic: Instant::now(),
        };
        let mut guard = ClockGuard::new(now);
        let mut found = Vec::new();
        for (wall, monotonic) in steps {
            let distance = SECOND * u32::try_from(wall.unsigned_abs()).unwrap();
            now.wall = if *wall < 0 {
                now.wall - distance
            } else {
                now.wall + distance
            };
            now.monotonic += SECOND * *monotonic;
            found.push(guard.poll(now).map(|slept| slept.as_secs()));
        }
        found
    }

    #[test]
    fn clocks_that_go_together_are_no_sleep() {
        assert_eq!(looks(&[(5, 5), (6, 5), (5, 6), (14, 5)]), [None; 4]);
    }

    #[test]
    fn a_time_of_day_that_ran_ahead_is_a_sleep_once() {
        assert_eq!(looks(&[(5, 5), (3605, 5), (5, 5)]), [None, Some(3600), None]);
    }

    #[test]
    fn a_look_that_comes_late_is_a_sleep_too() {
        assert_eq!(looks(&[(90, 90), (5, 5)]), [Some(0), None]);
    }

    #[test]
    fn a_look_that_comes_late_because_of_other_work_is_none() {
        let mut now = ClockReading {
            wall: SystemTime::now(),
            monotonic: Instant::now(),
        };
        let mut guard = ClockGuard::new(now);
        let mut look_after = |busy: u32, wall: u32, monotonic: u32| {
            now.wall += SECOND * wall;
            now.monotonic += SECOND * monotonic;
            guard.on_busy(SECOND * busy);
            guard.poll(now)
        };
        assert_eq!(look_after(45, 60, 60), None);
        assert_eq!(
            look_after(60, 90, 90),
            Some(Duration::ZERO),
            "half a minute of it was another's"
        );
        assert_eq!(
            look_after(90, 95, 95),
            Some(Duration::ZERO),
            "a process that was stopped while it worked"
        );
        assert_eq!(
            look_after(85, 3690, 90),
            Some(SECOND * 3600),
            "a sleep during work is a sleep"
        );
        assert_eq!(
            look_after(0, 90, 90),
            Some(Duration::ZERO),
            "what was busy before the last look counts no more"
        );
    }

    #[test]
    fn a_clock_that_is_set_back_is_none() {
        assert_eq!(looks(&[(-3600, 5), (5, 5)]), [None, None]);
    }
}
