//! GTK's connection to the session bus. The app's own calls are in `gloria_desktop`.

use gtk::gio::{BusType, Cancellable, bus_get};

/// Lets the process outlive the session bus. By default, GTK's shared connection ends the process with SIGTERM when the
/// bus ends.
pub(crate) fn outlive() {
    // Asynchronous, so that a bus that does not answer blocks nothing.
    bus_get(
        BusType::Session,
        Cancellable::NONE,
        |connection| match connection {
            Ok(connection) => connection.set_exit_on_close(false),
            // Without a bus there is nothing to do.
            Err(error) => tracing::debug!(%error, "GTK has no session bus"),
        },
    );
}
