//! The warning of the system that memory is low, by GLib, where the service `org.freedesktop.LowMemoryMonitor` runs.

use std::sync::Once;

use gtk::gio::{BusType, Cancellable, MemoryMonitor, bus_get};
use gtk::glib::prelude::ObjectExt as _;
use tauri::AppHandle;
use tokio::sync::Notify;

/// Reports warnings to those that wait at that moment.
static LOW: Notify = Notify::const_new();

static WATCHED: Once = Once::new();

/// Watches for warnings from now on.
pub(super) fn watch(app: &AppHandle) {
    WATCHED.call_once(|| {
        if let Err(error) = app.run_on_main_thread(connect) {
            tracing::debug!(%error, "warnings of low memory are not received");
        }
    });
}

/// Waits for a warning.
pub(super) async fn low() {
    LOW.notified().await;
}

fn connect() {
    // GLib's connection to the system bus would end this process with the bus.
    bus_get(BusType::System, Cancellable::NONE, |connection| {
        if let Ok(connection) = connection {
            connection.set_exit_on_close(false);
        }
    });
    let monitor = MemoryMonitor::dup_default();
    monitor.connect("low-memory-warning", false, |_| {
        LOW.notify_waiters();
        None
    });
    // It is needed until the process ends.
    std::mem::forget(monitor);
}
