//! The Secret Service of the freedesktop.org specification: GNOME Keyring, KWallet, KeePassXC.

use std::collections::HashMap;

use gloria_core::message;
use gloria_core::ports::SecretError;
use keyring::Entry;
use keyring_core::Error;
use keyring_core::api::CredentialStoreApi;
use secret_service::EncryptionType;
use secret_service::blocking::SecretService;
use zbus::DBusError as _;
use zbus_secret_service_keyring_store::Store;

use super::{Request, SERVICE, refusal};

/// GNOME Keyring and `KWallet` store megabytes.
pub(super) const MAX_ENTRY_BYTES: Option<usize> = None;

/// Uses a new connection for each call: the keyring's daemon may have been started, stopped or replaced since the last.
pub(super) fn entry(
    address: &str,
    request: &Request,
    prompts: impl Fn() -> bool,
) -> Result<Entry, SecretError> {
    if is_locked(address, request).map_err(absent)? && !prompts() {
        return Err(SecretError::Locked);
    }
    let label = format!("Gloria Notify: {address}");
    let modifiers = HashMap::from([("label", label.as_str())]);
    let store = Store::new().map_err(refusal)?;
    let inner = store.build(SERVICE, address, Some(&modifiers)).map_err(refusal)?;
    Ok(Entry { inner })
}

/// Unlocks the collection that new entries are stored in.
pub(super) fn unlock(prompts: impl Fn() -> bool) -> Result<(), SecretError> {
    // No secret is sent over this connection, so it needs no encryption.
    let service = SecretService::connect(EncryptionType::Plain).map_err(absent)?;
    let collection = service.get_default_collection().map_err(absent)?;
    if !collection.is_locked().map_err(absent)? {
        return Ok(());
    }
    if !prompts() {
        return Err(SecretError::Locked);
    }
    match collection.unlock() {
        Err(secret_service::Error::Prompt | secret_service::Error::Locked) => Err(SecretError::Locked),
        unlocked => unlocked.map_err(absent),
    }
}

/// Whether the call would have to unlock something; never prompts.
fn is_locked(address: &str, request: &Request) -> Result<bool, secret_service::Error> {
    // No secret is sent over this connection, so it needs no encryption.
    let service = SecretService::connect(EncryptionType::Plain)?;
    match request {
        Request::Load
        | Request::LoadWithoutPrompt
        | Request::Forget
        | Request::ForgetWithoutPrompt
        | Request::ForgetIf(_) => {
            let attributes = HashMap::from([("service", SERVICE), ("username", address)]);
            Ok(!service.search_items(attributes)?.locked.is_empty())
        }
        Request::Unlock | Request::Store(_) => service.get_default_collection()?.is_locked(),
    }
}

fn absent(error: secret_service::Error) -> SecretError {
    if matches!(error, secret_service::Error::NoResult) {
        return SecretError::Unavailable(message::keyring_none().into());
    }
    SecretError::Unavailable(message::keyring_start_one(error.to_string()).into())
}

/// Whether the result of a search does not exist any more. GNOME Keyring and `KWallet` answer with the bus's error for
/// an object without the interface, or with the specification's own.
pub(super) fn has_vanished(error: &Error) -> bool {
    let Error::PlatformFailure(cause) = error else {
        return false;
    };
    let name = match cause.downcast_ref() {
        Some(secret_service::Error::Zbus(zbus::Error::MethodError(name, ..))) => name.to_string(),
        Some(secret_service::Error::Zbus(zbus::Error::FDO(error))) => error.name().to_string(),
        Some(secret_service::Error::ZbusFdo(error)) => error.name().to_string(),
        Some(_) | None => return false,
    };
    matches!(
        name.as_str(),
        "org.freedesktop.DBus.Error.UnknownInterface"
            | "org.freedesktop.DBus.Error.UnknownMethod"
            | "org.freedesktop.DBus.Error.UnknownObject"
            | "org.freedesktop.Secret.Error.NoSuchObject"
    )
}
