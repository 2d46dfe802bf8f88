//! The Credential Manager, which never prompts.

use std::collections::HashMap;

use gloria_core::ports::SecretError;
use keyring::Entry;

use super::{Request, SERVICE, refusal};

/// `CRED_MAX_CREDENTIAL_BLOB_SIZE`.
pub(super) const MAX_ENTRY_BYTES: Option<usize> = Some(2560);

pub(super) fn entry(address: &str, _: &Request, _: impl Fn() -> bool) -> Result<Entry, SecretError> {
    // Creates the store that keyring-core then uses.
    if Entry::store_status().is_err() {
        return Err(refusal(keyring::Error::NoDefaultStore));
    }
    // By default the token would roam to every computer of the domain.
    let modifiers = HashMap::from([("persistence", "Local")]);
    let inner = keyring_core::Entry::new_with_modifiers(SERVICE, address, &modifiers).map_err(refusal)?;
    Ok(Entry { inner })
}

/// It is open while its user is logged in.
#[expect(clippy::unnecessary_wraps, reason = "other systems can refuse")]
pub(super) fn unlock(_: impl Fn() -> bool) -> Result<(), SecretError> {
    Ok(())
}

/// An entry is found and read with one call.
pub(super) fn has_vanished(_: &keyring::Error) -> bool {
    false
}
