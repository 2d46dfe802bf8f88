//! Notices about this computer.

use crate::message::Message;
use serde::Serialize;

#[cfg(test)]
use ts_rs::TS;

/// Something about this computer that the user should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// Its subject; there is at most one notice of each kind.
    pub kind: NoticeKind,
    /// What happened and what to do.
    pub message: Message,
}

/// The subject of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum NoticeKind {
    /// The inbox cannot be written to or read.
    Storage,
    /// The server refused an action.
    Action,
    /// The inbox is larger than it may be, and nothing of it may be removed.
    Size,
    /// The token cannot be stored.
    Keyring,
    /// No sound device.
    Sound,
    /// No notification service.
    Notifications,
    /// The desktop has no tray.
    Tray,
    /// A settings file has mistakes.
    Settings,
    /// The core crashed and started again, or is about to.
    Internal,
    /// The data folder cannot be locked.
    Lock,
    /// The window could not be opened when it was last asked for.
    Window,
}
