//! The display that windows are shown on.

/// Opens the display, without which tauri would panic. Call it on the main thread.
///
/// # Errors
/// A sentence for the user who started the app.
pub(crate) fn open_display() -> Result<(), String> {
    if gtk::init().is_ok() {
        return Ok(());
    }
    let names: Vec<_> = ["WAYLAND_DISPLAY", "DISPLAY"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok().map(|value| (name, value)))
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    Err(if names.is_empty() {
        "there is no display, for neither WAYLAND_DISPLAY nor DISPLAY is set; start it in a desktop session"
            .to_owned()
    } else {
        format!(
            "the display cannot be opened ({}); start it in a desktop session",
            names.join(", ")
        )
    })
}
