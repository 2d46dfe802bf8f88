//! The access token that the app gives to another process of the user, so that one process renews the sign-in for all.
//!
//! It is never part of a `Value`, which prints what it contains.

use std::path::Path;
use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use tokio::time::timeout;

use crate::client::{AppConnection, BusyWait, refusal};
use crate::protocol::ACCESS_TOKEN;
use crate::{AskError, CallError};

/// How long the app may take to greet. One that hangs greets nobody, and costs a command this much, after which it
/// renews by itself. A busy computer takes a second.
pub const GREETING_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the app, once it has greeted, may take to answer, which includes a renewal. As long as a command would wait
/// for the lock that the app has meanwhile: one that gave up earlier would renew a second time.
pub const ACCESS_TIMEOUT: Duration = Duration::from_secs(35);

/// The answer to a request for an access token. It prints no token.
#[derive(Debug, Serialize, Deserialize)]
pub struct AccessLine {
    /// The request's.
    pub id: u64,
    /// The token.
    #[serde(
        default,
        rename = "ok",
        skip_serializing_if = "Option::is_none",
        serialize_with = "exposed"
    )]
    pub token: Option<SecretString>,
    /// Or a `CommandError` of the core.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub error: Value,
}

/// Only for the socket.
fn exposed<S: Serializer>(token: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    match token {
        Some(token) => serializer.serialize_str(token.expose_secret()),
        None => serializer.serialize_none(),
    }
}

/// Asks the app for this data folder for an access token of its sign-in at this API address.
///
/// # Errors
/// When no app is running, it does not greet or answer in time, or it has no token for this address.
pub async fn ask_for_access(data: &Path, address: &str) -> Result<SecretString, CallError> {
    let busy = BusyWait::new();
    loop {
        let greeted = timeout(GREETING_TIMEOUT, AppConnection::open(data)).await;
        let mut app = greeted.unwrap_or(Err(AskError::Silent))?;
        let asked = timeout(ACCESS_TIMEOUT, ask(&mut app, address)).await;
        match asked.unwrap_or_else(|_| Err(AskError::Silent.into())) {
            // It finds that out only when it knows what is asked.
            Err(CallError::Ask(refused @ AskError::Refused(_))) => busy.wait(refused).await?,
            asked => return asked,
        }
    }
}

async fn ask(app: &mut AppConnection, address: &str) -> Result<SecretString, CallError> {
    let (id, line) = app.exchange(ACCESS_TOKEN, &address.into()).await?;
    let line = Zeroizing::new(line);
    match serde_json::from_slice(&line) {
        Ok(AccessLine {
            id: of,
            token: Some(token),
            ..
        }) if of == id => Ok(token),
        Ok(AccessLine { error, .. }) if error.is_object() => Err(CallError::Command(error)),
        Ok(_) | Err(_) => Err(refusal(&line).into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_passes_and_never_prints() {
        let line = AccessLine {
            id: 7,
            token: Some("s3cret".into()),
            error: Value::Null,
        };
        assert!(!format!("{line:?}").contains("s3cret"));
        let sent = serde_json::to_value(&line).unwrap();
        assert_eq!(sent, json!({"id": 7, "ok": "s3cret"}));
        let read: AccessLine = serde_json::from_value(sent).unwrap();
        assert_eq!(read.token.unwrap().expose_secret(), "s3cret");
        let refused: AccessLine =
            serde_json::from_value(json!({"id": 7, "error": {"code": "refused"}})).unwrap();
        assert!(refused.token.is_none() && refused.error.is_object());
    }
}
