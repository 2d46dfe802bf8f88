//! The freedesktop.org services of a D-Bus session.

use zbus::blocking::Connection;
use zbus::blocking::fdo::DBusProxy;
use zbus::connection::Builder;
use zbus::names::BusName;

/// The registry of StatusNotifierItems; the tray hosts of today's desktops all use this name.
const TRAY_HOST: &str = "org.kde.StatusNotifierWatcher";

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
