//! What the user should know about this machine.

use crate::message::Message;
use serde::Serialize;

#[cfg(test)]
use ts_rs::TS;

/// Something about this machine that the user should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// What it is about; at most one notice of each kind stands at a time.
    pub kind: NoticeKind,
    /// What happened and what to do.
    pub message: Message,
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum NoticeKind {
    /// The inbox cannot be written or read.
    Storage,
    /// The token cannot be kept.
    Keyring,
    /// No sound device.
    Sound,
    /// No notification service.
    Notifications,
    /// The desktop has no tray.
    Tray,
    /// A settings file with mistakes in it.
    Settings,
    /// The core broke and started again, or is about to.
    Internal,
    /// The data folder cannot be locked.
    Lock,
}
