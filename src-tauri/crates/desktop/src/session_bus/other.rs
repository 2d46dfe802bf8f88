//! Windows and macOS bring both along.

use gloria_core::ports::NotificationError;

use super::BodyText;

pub(super) fn notification_service() -> Result<BodyText, NotificationError> {
    Ok(BodyText::Plain)
}

pub(super) fn wait_for_tray_host() -> Result<(), String> {
    Ok(())
}
