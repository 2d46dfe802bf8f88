//! The Credential Manager, which never prompts.

use std::collections::HashMap;

use gloria_core::ports::SecretError;
use keyring::Entry;

use super::{Request, SERVICE, refusal};

pub(super) fn entry(address: &str, _: &Request, _: impl Fn() -> bool) -> Result<Entry, SecretError> {
    // Sets up the store that keyring-core then uses.
    if Entry::store_status().is_err() {
        return Err(refusal(keyring::Error::NoDefaultStore));
    }
    // The store's own default would let the token roam to every machine of the domain.
    let modifiers = HashMap::from([("persistence", "Local")]);
    let inner = keyring_core::Entry::new_with_modifiers(SERVICE, address, &modifiers).map_err(refusal)?;
    Ok(Entry { inner })
}

/// An entry is found and read by one call.
pub(super) fn has_vanished(_: &keyring::Error) -> bool {
    false
}
