//! The Keychain of macOS. It may prompt, and does not signal that beforehand.

use gloria_core::ports::SecretError;
use keyring::Entry;

use super::{Request, SERVICE, refusal};

/// Items of the keychain have no limit that a token reaches.
pub(super) const MAX_ENTRY_BYTES: Option<usize> = None;

pub(super) fn entry(address: &str, _: &Request, _: impl Fn() -> bool) -> Result<Entry, SecretError> {
    Entry::new(SERVICE, address).map_err(refusal)
}

/// An entry that is locked prompts when it is used.
#[expect(clippy::unnecessary_wraps, reason = "other systems can refuse")]
pub(super) fn unlock(_: impl Fn() -> bool) -> Result<(), SecretError> {
    Ok(())
}

/// An entry is found and read with one call.
pub(super) fn has_vanished(_: &keyring::Error) -> bool {
    false
}
