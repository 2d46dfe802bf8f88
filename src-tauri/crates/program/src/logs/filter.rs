//! Which events are logged at each level.

use gloria_files::logging::LogLevel;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// The prefix of the targets of this workspace's crates.
const OWN: &str = "gloria";

/// The highest level of other crates. At lower levels they log every message and poll: an hour of that would fill the
/// files, and it was never checked for texts and tokens.
const MAX_FOREIGN: LevelFilter = LevelFilter::WARN;

/// The highest level of other crates that `GLORIA_LOG` names.
const MAX_NAMED_FOREIGN: LevelFilter = LevelFilter::INFO;

/// The filter for a level and the directives of `GLORIA_LOG`. A directive without a target applies to our own crates,
/// and replaces `level` if it is lower.
pub(super) fn filter(level: LogLevel, directives: Option<&Targets>) -> Targets {
    let mut own = level_filter(level);
    if let Some(asked) = directives.and_then(Targets::default_level) {
        own = own.max(asked);
    }
    let mut filter = Targets::new()
        .with_target(OWN, own)
        .with_default(own.min(MAX_FOREIGN));
    for (target, level) in directives.into_iter().flatten() {
        let level = if target.starts_with(OWN) {
            level
        } else {
            level.min(MAX_NAMED_FOREIGN)
        };
        filter = filter.with_target(target, level);
    }
    filter
}

fn level_filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    fn logged(level: LogLevel, directives: &str, target: &str) -> Option<Level> {
        let directives = (!directives.is_empty()).then(|| directives.parse().unwrap());
        let filter = filter(level, directives.as_ref());
        let levels = [Level::TRACE, Level::DEBUG, Level::INFO, Level::WARN, Level::ERROR];
        levels
            .into_iter()
            .find(|level| filter.would_enable(target, level))
    }

    #[test]
    fn the_level_is_for_our_own_crates() {
        for own in [
            "gloria_core::actor",
            "gloria_stream",
            "gloria_notify::app",
            "gloria",
        ] {
            assert_eq!(logged(LogLevel::Info, "", own), Some(Level::INFO), "{own}");
            assert_eq!(logged(LogLevel::Trace, "", own), Some(Level::TRACE), "{own}");
            assert_eq!(logged(LogLevel::Error, "", own), Some(Level::ERROR), "{own}");
        }
        for foreign in ["hyper::proto", "zbus::connection", "tao", "h2"] {
            for (level, most) in [
                (LogLevel::Trace, Level::WARN),
                (LogLevel::Debug, Level::WARN),
                (LogLevel::Error, Level::ERROR),
            ] {
                assert_eq!(logged(level, "", foreign), Some(most), "{foreign} at {level:?}");
            }
        }
    }

    #[test]
    fn the_variable_says_more_and_bounds_other_crates_all_the_same() {
        assert_eq!(logged(LogLevel::Info, "trace", "gloria_core"), Some(Level::TRACE));
        assert_eq!(logged(LogLevel::Info, "trace", "zbus"), Some(Level::WARN));
        assert_eq!(
            logged(LogLevel::Info, "zbus=trace", "zbus::connection"),
            Some(Level::INFO)
        );
        assert_eq!(logged(LogLevel::Info, "zbus=error", "zbus"), Some(Level::ERROR));
        let one = "gloria_stream=debug";
        assert_eq!(logged(LogLevel::Info, one, "gloria_stream"), Some(Level::DEBUG));
        assert_eq!(logged(LogLevel::Info, one, "gloria_core"), Some(Level::INFO));
        // A directive for less does not reduce the debug log.
        assert_eq!(logged(LogLevel::Debug, "info", "gloria_core"), Some(Level::DEBUG));
    }
}
