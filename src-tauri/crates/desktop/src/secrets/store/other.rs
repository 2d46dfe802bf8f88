//! The Keychain of macOS. It may prompt, and says beforehand neither that it will nor that it would not.

use gloria_core::ports::SecretError;
use keyring::Entry;

use super::{Request, SERVICE, refusal};

pub(super) fn entry(address: &str, _: &Request, _: impl Fn() -> bool) -> Result<Entry, SecretError> {
    Entry::new(SERVICE, address).map_err(refusal)
}

/// An entry is found and read by one call.
pub(super) fn has_vanished(_: &keyring::Error) -> bool {
    false
}
