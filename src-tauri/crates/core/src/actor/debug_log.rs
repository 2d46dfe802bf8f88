//! The debug log, which is on for an hour and goes off by itself. It ends with the app: one that was forgotten must not
//! come back at every start, and for logging from the start there is the setting `log.level`.

use std::time::Duration;

use tokio::time::Instant;

use super::Actor;
use crate::handle::CoreError;
use crate::item::EpochMillis;
use crate::message;
use crate::settings::{Key, Origin};

/// Long enough to see a trouble come again. At debug level an hour fits into the files of the log.
const DEBUG_LOG_LENGTH: Duration = Duration::from_secs(60 * 60);

/// Whether more than the setting is logged, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct DebugLog(Option<End>);

/// Both clocks count: this computer's may be set back, and the other one does not go on while it sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct End {
    at: Instant,
    wall: EpochMillis,
}

impl DebugLog {
    /// Turns it on from now on, for an hour, or off.
    pub(super) fn set(&mut self, on: bool, now: Instant, wall: EpochMillis) {
        let length = i64::try_from(DEBUG_LOG_LENGTH.as_millis()).unwrap_or(0);
        self.0 = on.then(|| End {
            at: now + DEBUG_LOG_LENGTH,
            wall: wall.saturating_add(length),
        });
    }

    /// Until when it is on.
    pub(super) fn until(&self) -> Option<EpochMillis> {
        self.0.map(|end| end.wall)
    }

    /// When [`DebugLog::set`] to off is due.
    pub(super) fn due(&self, now: Instant, wall: EpochMillis) -> Option<Instant> {
        let end = self.0?;
        let left = u64::try_from(end.wall.saturating_sub(wall)).unwrap_or(0);
        Some(end.at.min(now + Duration::from_millis(left)))
    }
}

impl Actor {
    /// The user asks for it.
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

    /// A policy that comes while it is on ends it.
    pub(super) fn bound_debug_log(&mut self) {
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
