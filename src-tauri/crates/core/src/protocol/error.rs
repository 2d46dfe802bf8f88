//! Why a command failed.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::message::Message;

#[cfg(test)]
use ts_rs::TS;

/// Why a command failed: a code for programs and a message for the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[cfg_attr(test, derive(TS))]
#[error("{message}")]
pub struct CommandError {
    /// The code, which is the same in every version.
    pub code: CommandErrorCode,
    /// The message for the user. It may quote the request, so it is sent only to the caller, and never logged.
    pub message: Message,
}

/// The kinds of [`CommandError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum CommandErrorCode {
    /// There is no command of this name.
    UnknownCommand,
    /// The request has another form than the command requires.
    InvalidRequest,
    /// A value that was entered is invalid.
    Refused,
    /// The item does not exist, or has no such link.
    Gone,
    /// A newer search has begun, so nobody waits for the answer of this one.
    Superseded,
    /// The inbox failed.
    Inbox,
    /// The link could not be opened.
    NotOpened,
    /// The core had an internal error and is about to start again.
    Restarting,
    /// The core has ended.
    Stopped,
    /// The answer could not be written as JSON.
    Unwritable,
}
