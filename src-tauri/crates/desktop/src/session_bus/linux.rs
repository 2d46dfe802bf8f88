//! The freedesktop.org services of a D-Bus session.

use gloria_core::ports::NotificationError;
use zbus::blocking::Connection;
use zbus::blocking::fdo::DBusProxy;
use zbus::names::BusName;

use super::BodyText;

const NOTIFICATIONS: &str = "org.freedesktop.Notifications";

/// Where StatusNotifierItems announce themselves; every tray host on today's desktops is found under this name.
const TRAY_HOST: &str = "org.kde.StatusNotifierWatcher";

pub(super) fn notification_service() -> Result<BodyText, NotificationError> {
    let connection = Connection::session().map_err(|_| NotificationError::NoService)?;
    let path = "/org/freedesktop/Notifications";
    let reply = connection.call_method(
        Some(NOTIFICATIONS),
        path,
        Some(NOTIFICATIONS),
        "GetCapabilities",
        &(),
    );
    let capabilities: Vec<String> = match reply {
        Ok(reply) => reply
            .body()
            .deserialize()
            .map_err(|error| NotificationError::Refused(error.to_string()))?,
        Err(zbus::Error::MethodError(name, ..)) if name.as_str().ends_with("ServiceUnknown") => {
            return Err(NotificationError::NoService);
        }
        Err(error) => return Err(NotificationError::Refused(error.to_string())),
    };
    let markup = capabilities.iter().any(|capability| capability == "body-markup");
    Ok(if markup { BodyText::Markup } else { BodyText::Plain })
}

pub(super) fn wait_for_tray_host() -> Result<(), String> {
    let connection = Connection::session().map_err(|error| error.to_string())?;
    wait_for_name(&connection, TRAY_HOST).map_err(|error| error.to_string())
}

/// Listens first and asks then, so that a name that appears in between is not missed.
fn wait_for_name(connection: &Connection, name: &'static str) -> zbus::Result<()> {
    let bus = DBusProxy::new(connection)?;
    let changes = bus.receive_name_owner_changed_with_args(&[(0, name)])?;
    if bus.name_has_owner(BusName::from_static_str(name)?)? {
        return Ok(());
    }
    for change in changes {
        if change.args()?.new_owner().is_some() {
            return Ok(());
        }
    }
    Err(zbus::Error::Failure("the session bus went away".into()))
}
