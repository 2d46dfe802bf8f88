//! Opens the display on which windows are shown.

use gloria_text::message::{self, Message};

/// The app's id, which is also the name of its desktop entry: by this, desktops know which app a window belongs to.
const APP_ID: &str = "com.gloriasystem.notify";

/// Opens the display, without which tauri would panic. Call it on the main thread.
///
/// # Errors
/// The message for the user who started the app, if it cannot be opened.
pub(crate) fn open_display() -> Result<(), Message> {
    // Wayland's app id, and on X11 the name of the window's class; GTK takes the latter itself from the former, with
    // a capital.
    gtk::glib::set_prgname(Some(APP_ID));
    if gtk::init().is_ok() {
        gtk::gdk::set_program_class(APP_ID);
        return Ok(());
    }
    let names: Vec<_> = ["WAYLAND_DISPLAY", "DISPLAY"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok().map(|value| (name, value)))
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    Err(if names.is_empty() {
        message::start_no_display()
    } else {
        message::start_display_closed(names.join(", "))
    })
}
