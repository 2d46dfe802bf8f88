//! The freedesktop.org services of a D-Bus session.

use std::time::Duration;

use gloria_core::doctor::Probed;
use tokio::time::timeout;
use zbus::blocking::Connection;
use zbus::blocking::fdo::DBusProxy;
use zbus::connection::Builder;
use zbus::names::BusName;

/// The registry of StatusNotifierItems; the tray hosts of today's desktops all use this name.
const TRAY_HOST: &str = "org.kde.StatusNotifierWatcher";

/// A panel answers within milliseconds, and is not started for it.
const SURVEY_TIMEOUT: Duration = Duration::from_secs(3);

/// Connects on the tokio runtime that this is called on. By itself each connection would have a thread of its own.
///
/// # Errors
/// When the bus is not there or refuses.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn connect(bus: Builder<'_>) -> zbus::Result<zbus::Connection> {
    let connection = bus.internal_executor(false).build().await?;
    let executor = connection.executor().clone();
    // Waits until nobody else has the connection, and has it no longer itself.
    let dropped = connection.clone().graceful_shutdown();
    tokio::spawn(async move {
        tokio::pin!(dropped);
        // Also after the bus is gone: a signal stream that is dropped then queues a task that has the connection, and
        // the socket would stay open until somebody runs that task.
        loop {
            tokio::select! {
                () = &mut dropped => break,
                () = executor.tick() => {}
            }
        }
        while !executor.is_empty() {
            executor.tick().await;
        }
    });
    Ok(connection)
}

/// Whether there is a registry of icons with a panel that shows them. Without a bus there is none.
pub(crate) async fn survey_tray_host() -> Probed<bool> {
    match timeout(SURVEY_TIMEOUT, has_tray_host()).await {
        Ok(has) => Probed::Seen(has.unwrap_or(false)),
        Err(_) => Probed::Hangs(SURVEY_TIMEOUT),
    }
}

async fn has_tray_host() -> zbus::Result<bool> {
    let bus = connect(Builder::session()?).await?;
    let names = zbus::fdo::DBusProxy::new(&bus).await?;
    if !names.name_has_owner(BusName::from_static_str(TRAY_HOST)?).await? {
        return Ok(false);
    }
    let registry = zbus::Proxy::new(&bus, TRAY_HOST, "/StatusNotifierWatcher", TRAY_HOST).await?;
    // Registries without this property are panels themselves.
    let has_panel = registry.get_property("IsStatusNotifierHostRegistered").await;
    Ok(has_panel.unwrap_or(true))
}

pub(super) fn wait_for_tray_host() -> Result<(), String> {
    let connection = Connection::session().map_err(|error| error.to_string())?;
    wait_for_name(&connection, TRAY_HOST).map_err(|error| error.to_string())
}

/// Subscribes before it asks, so that a name that appears in between is not missed.
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
