//! How much is logged. The core decides by the settings and the user's request; the program configures its log
//! accordingly.

use serde::{Deserialize, Serialize};

#[cfg(feature = "typescript")]
use ts_rs::TS;

/// The least severe messages that are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(TS))]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Failures that the app cannot resolve itself.
    Error,
    /// Failures that are retried, or that cost something.
    Warn,
    /// What an admin wants to see of an ordinary day.
    #[default]
    Info,
    /// Every step of the connection, and the result of every event.
    Debug,
    /// Everything.
    Trace,
}

/// Whether the level may be raised by a variable or the debug log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fixed {
    /// It may.
    #[default]
    No,
    /// No: the administrator fixed the level.
    ByAdministrator,
}
