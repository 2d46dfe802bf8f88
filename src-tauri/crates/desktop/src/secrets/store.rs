//! One call to the keyring, on a thread that may wait.

use gloria_core::message;
use gloria_core::ports::SecretError;
use gloria_core::token::Token;
use keyring::{Entry, Error};
use secrecy::zeroize::Zeroizing;

use super::{Outcome, Request};

#[cfg(target_os = "linux")]
#[path = "store/linux.rs"]
mod system;
#[cfg(target_os = "windows")]
#[path = "store/windows.rs"]
mod system;
#[cfg(not(any(target_os = "linux", target_os = "windows")))]
#[path = "store/other.rs"]
mod system;

/// The service under which all tokens are kept. It never changes, or tokens would be lost.
const SERVICE: &str = "com.gloriasystem.notify";

/// Searches for an entry that other programs change at the same time. Each search but the last may find what one of
/// them removes before it can be read; more in a row is no race but a broken keyring.
const MAX_SEARCHES: usize = 5;

/// Why one search and the call after it failed.
enum Failure {
    /// Another program removed or replaced the entry between the search and the call.
    Vanished,
    Refused(SecretError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if system::has_vanished(&error) {
            return Self::Vanished;
        }
        Self::Refused(refusal(error))
    }
}

/// Does as asked, for as long as it takes. `prompts` is asked before it waits for a person, and says whether it may.
///
/// The Secret Service finds an entry by one call and reads it by another: `gloria logout` and the app that moves the
/// token to the account's entry would fail each other without a new search.
pub(super) fn perform(address: &str, request: &Request, prompts: &dyn Fn() -> bool) -> Outcome {
    for _ in 0..MAX_SEARCHES {
        match attempt(address, request, prompts) {
            Ok(found) => return Ok(found),
            Err(Failure::Vanished) => {}
            Err(Failure::Refused(error)) => return Err(error),
        }
    }
    Err(SecretError::Unavailable(message::keyring_inconsistent().into()))
}

fn attempt(address: &str, request: &Request, prompts: &dyn Fn() -> bool) -> Result<Option<Token>, Failure> {
    let entry = system::entry(address, request, prompts).map_err(Failure::Refused)?;
    match request {
        Request::Load | Request::Look => load(&entry),
        Request::Store(token) => {
            entry.set_secret(token.expose().as_bytes())?;
            Ok(None)
        }
        Request::Forget => match entry.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error.into()),
        },
    }
}

fn load(entry: &Entry) -> Result<Option<Token>, Failure> {
    let bytes = match entry.get_secret() {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(Error::NoEntry) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let token = str::from_utf8(&bytes)
        .ok()
        .and_then(|text| Token::parse(text).ok());
    match token {
        Some(token) => Ok(Some(token)),
        None => Err(Failure::Refused(unreadable())),
    }
}

fn unreadable() -> SecretError {
    SecretError::Refused(message::keyring_no_token().into())
}

/// What a keyring's error means. Some errors carry the secret itself, so only chosen ones are quoted.
fn refusal(error: Error) -> SecretError {
    match error {
        Error::NoStorageAccess(_) => SecretError::Locked,
        Error::TooLong(_, limit) => SecretError::Refused(message::keyring_too_long(limit).into()),
        Error::Ambiguous(_) => SecretError::Refused(message::keyring_several().into()),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => unreadable(),
        Error::Invalid(what, why) => SecretError::Refused(format!("{what}: {why}").into()),
        Error::PlatformFailure(cause) => SecretError::Unavailable(cause.to_string().into()),
        error @ (Error::NoEntry
        | Error::BadStoreFormat(_)
        | Error::NoDefaultStore
        | Error::NotSupportedByStore(_)
        | _) => SecretError::Unavailable(error.to_string().into()),
    }
}
