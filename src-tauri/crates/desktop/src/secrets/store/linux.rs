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

/// A new connection for each call: the keyring's daemon may have come, gone or been replaced since the last.
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

/// Whether the call would have to unlock something, found out without asking anybody.
fn is_locked(address: &str, request: &Request) -> Result<bool, secret_service::Error> {
    // No secret passes through this connection, so it needs no key.
    let service = SecretService::connect(EncryptionType::Plain)?;
    match request {
        Request::Load | Request::Look | Request::Forget => {
            let attributes = HashMap::from([("service", SERVICE), ("username", address)]);
            Ok(!service.search_items(attributes)?.locked.is_empty())
        }
        Request::Store(_) => service.get_default_collection()?.is_locked(),
    }
}

fn absent(error: secret_service::Error) -> SecretError {
    if matches!(error, secret_service::Error::NoResult) {
        return SecretError::Unavailable(message::keyring_none().into());
    }
    SecretError::Unavailable(message::keyring_start_one(error.to_string()).into())
}

/// Whether what a search found is not there any more. GNOME Keyring and `KWallet` name it by what the bus says of an
/// object without the interface, or by the specification's own error.
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
