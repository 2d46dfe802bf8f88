//! Who shows notifications on this system, and the window that a click on one opens.

use std::io;
use std::sync::Arc;

use gloria_core::paths::Paths;
use gloria_core::ports::{Notifications, PanicReports, WindowPort};
use gloria_words::Words;
use tauri::AppHandle;

use crate::window;

#[cfg(not(target_os = "linux"))]
mod plugin;

/// The notifications of the session that the app runs in.
#[cfg(target_os = "linux")]
pub(crate) fn notifications(
    _: &AppHandle,
    paths: &Paths,
    words: &Arc<Words>,
    panics: &PanicReports,
) -> io::Result<Arc<dyn Notifications>> {
    use gloria_desktop::{Identity, SessionNotifications};

    /// The size that services scale down from.
    const ICON: &[u8] = include_bytes!("../../icons/128x128.png");

    let icon = paths.data.join("icon.png");
    let identity = Identity::find(gloria_program::process::variable, &icon, ICON);
    Ok(Arc::new(SessionNotifications::new(
        identity,
        words.clone(),
        panics,
    )))
}

/// The system's own, through tauri's plugin.
#[cfg(not(target_os = "linux"))]
pub(crate) fn notifications(
    app: &AppHandle,
    _: &Paths,
    words: &Arc<Words>,
    panics: &PanicReports,
) -> io::Result<Arc<dyn Notifications>> {
    Ok(Arc::new(plugin::PluginNotifications::new(
        app,
        words.clone(),
        panics,
    )?))
}

/// The plugin is needed where the app does not speak to the session itself.
#[cfg(target_os = "linux")]
pub(crate) fn with_plugin<R: tauri::Runtime>(builder: tauri::Builder<R>) -> tauri::Builder<R> {
    builder
}

/// The plugin is needed where the app does not speak to the session itself.
#[cfg(not(target_os = "linux"))]
pub(crate) fn with_plugin<R: tauri::Runtime>(builder: tauri::Builder<R>) -> tauri::Builder<R> {
    builder.plugin(tauri_plugin_notification::init())
}

/// The window, for the core.
#[derive(Debug)]
pub(crate) struct Window(pub(crate) AppHandle);

impl WindowPort for Window {
    fn open(&self, activation_token: Option<String>) {
        window::open_soon(&self.0, activation_token);
    }
}
