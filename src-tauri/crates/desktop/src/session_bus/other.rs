//! Windows and macOS always have a tray.

pub(super) fn wait_for_tray_host() -> Result<(), String> {
    Ok(())
}
