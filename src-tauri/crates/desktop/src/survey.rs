//! What this desktop has to show and play notifications with, looked at once and without showing any.

use gloria_core::doctor::{NotificationsSeen, Probed};
use gloria_core::ports::SoundError;

/// The service that shows notifications. Must be called on a tokio runtime.
pub async fn notification_service() -> Probed<NotificationsSeen> {
    #[cfg(target_os = "linux")]
    return crate::notifications::survey().await;
    #[cfg(not(target_os = "linux"))]
    Probed::Untried
}

/// Whether the desktop shows tray icons. Must be called on a tokio runtime.
pub async fn tray_host() -> Probed<bool> {
    #[cfg(target_os = "linux")]
    return crate::session_bus::survey_tray_host().await;
    // Windows and macOS always do.
    #[cfg(not(target_os = "linux"))]
    Probed::Seen(true)
}

/// Whether the default sound device can be opened. Nothing is heard.
pub async fn sound_device() -> Probed<Result<(), SoundError>> {
    crate::sounds::survey().await
}
