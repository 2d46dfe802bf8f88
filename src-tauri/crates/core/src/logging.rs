//! How much is logged. The core decides that from settings and from what the user asks for; the program around it
//! configures its log accordingly.

use serde::{Deserialize, Serialize};

#[cfg(test)]
use ts_rs::TS;

/// The least important that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What failed and cannot be mended by the app.
    Error,
    /// What failed and is tried again, or costs something.
    Warn,
    /// What an administrator wants to know of an ordinary day.
    #[default]
    Info,
    /// Each step of the connection, and what becomes of each event.
    Debug,
    /// Everything.
    Trace,
}

/// Whether something beside the setting may have more logged: a variable, or the debug log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fixed {
    /// It may.
    #[default]
    No,
    /// The administrator fixed the level.
    ByAdministrator,
}
