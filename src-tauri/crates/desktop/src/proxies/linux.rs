//! Asks the desktop portal, which GNOME and KDE implement, for static settings and scripts.

use std::time::Duration;

use gloria_core::ports::ProxyRoute;
use url::Url;
use zbus::blocking::connection::Builder;

use super::lists;

/// The portal may have to start, and then to download a script.
const METHOD_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) fn resolve(bus: Option<&str>, origin: &Url) -> Vec<ProxyRoute> {
    match look_up(bus, origin) {
        Ok(addresses) => lists::of_addresses(addresses.iter().map(String::as_str)),
        // Most window managers have no portal; a server does not even have a session.
        Err(error) => {
            tracing::debug!(%error, "no desktop portal says which proxy to use");
            Vec::new()
        }
    }
}

fn look_up(bus: Option<&str>, origin: &Url) -> zbus::Result<Vec<String>> {
    let builder = match bus {
        Some(address) => Builder::address(address)?,
        None => Builder::session()?,
    };
    let connection = builder.method_timeout(METHOD_TIMEOUT).build()?;
    let reply = connection.call_method(
        Some("org.freedesktop.portal.Desktop"),
        "/org/freedesktop/portal/desktop",
        Some("org.freedesktop.portal.ProxyResolver"),
        "Lookup",
        &origin.as_str(),
    )?;
    reply.body().deserialize()
}
