//! One call to the keyring, on a thread that may block.

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

/// The service of all entries. It must never change, because tokens would be lost.
const SERVICE: &str = "com.gloriasystem.notify";

/// Searches for an entry that other programs change at the same time. Each but the last may find an entry that is
/// removed before it can be read; more in a row are no race but a broken keyring.
const MAX_SEARCHES: usize = 5;

/// Why a search and the call after it failed.
enum Failure {
    /// Another program removed or replaced the entry between the two.
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

/// Runs a request, for as long as it takes. `prompts` is called before it waits for the user, and returns whether it
/// may.
///
/// The Secret Service finds an entry with one call and reads it with another. Without a new search, `gloria logout` and
/// the app that moves a token to an account's entry would make each other fail.
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
        Request::Load | Request::LoadWithoutPrompt => load(&entry),
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

/// Converts a keyring's error. Some errors contain the secret, so only certain ones are quoted.
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
