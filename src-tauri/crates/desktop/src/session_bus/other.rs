//! Windows and macOS bring both along.

use gloria_core::ports::ToastError;

use super::ToastText;

pub(super) fn notification_service() -> Result<ToastText, ToastError> {
    Ok(ToastText::Plain)
}

pub(super) fn wait_for_tray_host() -> Result<(), String> {
    Ok(())
}
