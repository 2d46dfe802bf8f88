//! One call to the keyring, on a thread that may block.

use gloria_core::grant::Secret;
use gloria_core::message;
use gloria_core::ports::SecretError;
use keyring::{Entry, Error};
use secrecy::zeroize::Zeroizing;

use super::pieces::{self, Contents, Entries};
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

fn attempt(address: &str, request: &Request, prompts: &dyn Fn() -> bool) -> Result<Option<Secret>, Failure> {
    let entries = SystemEntries { request, prompts };
    let limit = system::MAX_ENTRY_BYTES;
    match request {
        Request::Load | Request::LoadWithoutPrompt => load(&entries, address),
        Request::Unlock => {
            system::unlock(prompts).map_err(Failure::Refused)?;
            Ok(None)
        }
        Request::Store(secret) => {
            let bytes = secret.encode();
            pieces::write(&entries, address, &bytes, limit.unwrap_or(usize::MAX))?;
            Ok(None)
        }
        Request::Forget | Request::ForgetWithoutPrompt => {
            pieces::remove(&entries, address, limit)?;
            Ok(None)
        }
        Request::ForgetIf(secret) => {
            if load(&entries, address)?.is_some_and(|known| known.is_same(secret)) {
                pieces::remove(&entries, address, limit)?;
            }
            Ok(None)
        }
    }
}

fn load(entries: &SystemEntries<'_>, address: &str) -> Result<Option<Secret>, Failure> {
    match pieces::read(entries, address)? {
        Contents::Missing => Ok(None),
        Contents::Whole(bytes) => match Secret::decode(&bytes) {
            Some(secret) => Ok(Some(secret)),
            None => Err(Failure::Refused(unreadable())),
        },
        Contents::Damaged => Err(Failure::Refused(unreadable())),
    }
}

/// The entries of the system's keyring, for one request.
struct SystemEntries<'a> {
    request: &'a Request,
    prompts: &'a dyn Fn() -> bool,
}

impl SystemEntries<'_> {
    fn entry(&self, name: &str) -> Result<Entry, Failure> {
        system::entry(name, self.request, self.prompts).map_err(Failure::Refused)
    }
}

impl Entries for SystemEntries<'_> {
    type Error = Failure;

    fn get(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        match self.entry(name)?.get_secret() {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn set(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.entry(name)?.set_secret(bytes)?)
    }

    fn remove(&self, name: &str) -> Result<bool, Failure> {
        match self.entry(name)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(Error::NoEntry) => Ok(false),
            Err(error) => Err(error.into()),
        }
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
