//! The debug log, which is on for an hour. It ends with the app, so that a forgotten one is not enabled at every start;
//! the setting `log.level` enables logging from the start.

use std::time::Duration;

use tokio::time::Instant;

use super::Actor;
use crate::handle::CoreError;
use crate::item::EpochMillis;
use crate::message;
use crate::settings::{Key, Origin};

/// Long enough for a problem to recur. An hour at debug level fits into the log files.
const DEBUG_LOG_LENGTH: Duration = Duration::from_secs(60 * 60);

/// The end of the debug log, while it is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct DebugLog(Option<End>);

/// The end on both clocks. The one that reaches it first counts, because the wall clock may be set back, and the
/// monotonic one may stop during sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct End {
    at: Instant,
    wall: EpochMillis,
}

impl DebugLog {
    /// Turns it on for an hour from now, or off.
    pub(super) fn set(&mut self, on: bool, now: Instant, wall: EpochMillis) {
        let length = i64::try_from(DEBUG_LOG_LENGTH.as_millis()).unwrap_or(0);
        self.0 = on.then(|| End {
            at: now + DEBUG_LOG_LENGTH,
            wall: wall.saturating_add(length),
        });
    }

    /// Returns when it ends.
    pub(super) fn until(&self) -> Option<EpochMillis> {
        self.0.map(|end| end.wall)
    }

    /// Returns when it has to be turned off.
    pub(super) fn due(&self, now: Instant, wall: EpochMillis) -> Option<Instant> {
        let end = self.0?;
        let left = u64::try_from(end.wall.saturating_sub(wall)).unwrap_or(0);
        Some(end.at.min(now + Duration::from_millis(left)))
    }
}

impl Actor {
    /// Turns it on or off for the user.
    pub(super) fn request_debug_log(&mut self, on: bool) -> Result<(), CoreError> {
        if on && self.is_log_level_fixed() {
            return Err(CoreError::Invalid(message::log_level_locked()));
        }
        self.set_debug_log(on);
        Ok(())
    }

    pub(super) fn set_debug_log(&mut self, on: bool) {
        let wall = self.now().epoch_millis();
        self.debug_log.set(on, Instant::now(), wall);
        tracing::info!(on, "the debug log");
        self.publish_preferences();
    }

    /// Ends it if a policy now fixes the log level.
    pub(super) fn end_fixed_debug_log(&mut self) {
        if self.is_log_level_fixed() {
            self.debug_log = DebugLog::default();
        }
    }

    fn is_log_level_fixed(&self) -> bool {
        self.origins.of(Key::LogLevel) == Origin::Policy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: EpochMillis = 3_600_000;

    #[test]
    fn it_is_on_for_an_hour_by_whichever_clock_is_faster() {
        let mut debug_log = DebugLog::default();
        let now = Instant::now();
        assert_eq!((debug_log.until(), debug_log.due(now, 0)), (None, None));
        debug_log.set(true, now, 0);
        assert_eq!(debug_log.until(), Some(HOUR));
        assert_eq!(debug_log.due(now, 0), Some(now + DEBUG_LOG_LENGTH));
        // The computer slept, or its clock was set.
        assert_eq!(debug_log.due(now, HOUR - 1), Some(now + Duration::from_millis(1)));
        assert_eq!(debug_log.due(now, 30 * HOUR), Some(now));
        assert_eq!(debug_log.due(now, -30 * HOUR), Some(now + DEBUG_LOG_LENGTH));
        debug_log.set(false, now, 0);
        assert_eq!((debug_log.until(), debug_log.due(now, 0)), (None, None));
    }
}
