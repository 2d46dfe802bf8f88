//! Commands by name, with requests and answers as JSON, for a window in this or another process.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{CoreError, CoreHandle};
use crate::item::{Counts, Item, SoundName};
use crate::message::{self, Refusal};
use crate::protocol::{
    AccountChoice, AccountForm, CommandError, CommandErrorCode, DoctorReport, FollowRequest, InboxPage,
    InboxQuery, MarkRequest, Marked, PastedPage, PauseRequest, PersonAnswer, PreferencesForm, SignInForm,
    SignInOffer, SignInQuery, SignOutForm, SnoozeRequest, SupportReport, TestReport, WindowView,
    for_each_command,
};

/// How much of an unknown name an error quotes.
const MAX_QUOTED_NAME: usize = 64;

impl From<CoreError> for CommandError {
    fn from(error: CoreError) -> Self {
        let code = match &error {
            CoreError::Stopped => CommandErrorCode::Stopped,
            CoreError::Restarting => CommandErrorCode::Restarting,
            CoreError::Invalid(_) => CommandErrorCode::Refused,
            CoreError::Inbox(_) => CommandErrorCode::Inbox,
            CoreError::Open(_) => CommandErrorCode::NotOpened,
            CoreError::Gone => CommandErrorCode::Gone,
            CoreError::Superseded => CommandErrorCode::Superseded,
        };
        Self {
            code,
            message: error.message(),
        }
    }
}

/// Calls a command of the core that takes either `null` or a request of a type.
macro_rules! call {
    ($core:ident.$name:ident, (), $request:ident) => {{
        parsed::<()>($request)?;
        $core.$name().await
    }};
    ($core:ident.$name:ident, $type:tt, $request:ident) => {
        $core.$name(parsed::<$type>($request)?).await
    };
}

macro_rules! dispatcher {
    ($($(#[$doc:meta])* $name:ident: $request:tt => $response:ty,)*) => {
        impl CoreHandle {
            /// Runs the command of this name, one of [`crate::protocol::COMMANDS`]. Its changes are published before it
            /// answers. It runs to its end even if nobody waits for the answer any more.
            ///
            /// # Errors
            ///
            /// When there is no such command, the request has another form, or the command failed.
            pub async fn dispatch(&self, name: &str, request: Value) -> Result<Value, CommandError> {
                match name {
                    $(stringify!($name) => {
                        let answer: $response = call!(self.$name, $request, request)?;
                        to_json(&answer)
                    })*
                    unknown => Err(unknown_command(unknown)),
                }
            }
        }
    };
}

for_each_command!(dispatcher);

fn parsed<T: DeserializeOwned>(request: Value) -> Result<T, CommandError> {
    serde_json::from_value(request).map_err(|error| CommandError {
        code: CommandErrorCode::InvalidRequest,
        message: Refusal::within(&error).unwrap_or_else(|| message::error_invalid_request(error.to_string())),
    })
}

/// As JSON, for a reader that may be in another process.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<Value, CommandError> {
    serde_json::to_value(value).map_err(|error| CommandError {
        code: CommandErrorCode::Unwritable,
        message: message::error_unwritable(error.to_string()),
    })
}

fn unknown_command(name: &str) -> CommandError {
    let quoted: String = name.chars().take(MAX_QUOTED_NAME).collect();
    CommandError {
        code: CommandErrorCode::UnknownCommand,
        message: message::error_unknown_command(quoted.escape_debug().to_string()),
    }
}
