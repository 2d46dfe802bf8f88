//! The session bus, as far as GTK has it: the app's own calls are in `gloria_desktop`.

use gtk::gio::{BusType, Cancellable, bus_get};

/// Lets the app outlive the session bus. GTK shares one connection with the whole process, and by default that sends
/// SIGTERM to the process when the bus ends: events would go unheard for the rest of the session.
pub(crate) fn outlive() {
    // Answered on the main thread, where a bus that does not answer keeps nothing up.
    bus_get(
        BusType::Session,
        Cancellable::NONE,
        |connection| match connection {
            Ok(connection) => connection.set_exit_on_close(false),
            // Without a bus there is none to outlive.
            Err(error) => tracing::debug!(%error, "GTK has no session bus"),
        },
    );
}
