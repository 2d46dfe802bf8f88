//! Why a command was not done.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::message::Message;

#[cfg(test)]
use ts_rs::TS;

/// Why a command was not done: a code for programs and a message for the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[cfg_attr(test, derive(TS))]
#[error("{message}")]
pub struct CommandError {
    /// What it is, the same in every version.
    pub code: CommandErrorCode,
    /// The message for the user. It may quote the request, so it goes only to the caller and to no log.
    pub message: Message,
}

/// What a [`CommandError`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum CommandErrorCode {
    /// There is no command of this name.
    UnknownCommand,
    /// The request is not what the command takes.
    InvalidRequest,
    /// What was typed cannot be used.
    Refused,
    /// There is no such item, or it has no such link.
    Gone,
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
