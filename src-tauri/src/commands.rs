//! The window's commands: to attach to the core, to listen to events, and to call the core's commands by name.

use gloria_ipc::protocol::WINDOW_SHOWS;
use gloria_ipc::window::Json;
use serde_json::Value;
use tauri::ipc::{Channel, Invoke, InvokeError};
use tauri::{AppHandle, Webview};

use crate::forwarding::Forwarding;
use crate::window;

/// All commands. src-tauri/permissions/window.toml allows them to the window, and no other.
pub(crate) fn handler() -> impl Fn(Invoke<tauri::Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![attach, call, listen, received]
}

#[tauri::command]
async fn attach(app: AppHandle, updates: Channel<Json>) -> Result<Json, Value> {
    Forwarding::of(&app).attach(updates).await
}

/// Sets the types of events that the page listens to. The page names the same channel as long as it listens to any, so
/// that nothing is lost when only the types change; the channel ends with the last type.
#[tauri::command]
async fn listen(
    app: AppHandle,
    webview: Webview,
    types: Vec<String>,
    events: String,
) -> Result<(), InvokeError> {
    Forwarding::of(&app).listen(types, events, webview)
}

/// The page has received this many messages of a channel in total.
#[tauri::command]
async fn received(app: AppHandle, channel: u32, count: u64) -> Result<(), Value> {
    Forwarding::of(&app).on_received(channel, count);
    Ok(())
}

#[tauri::command]
async fn call(app: AppHandle, name: String, request: Value) -> Result<Json, Value> {
    if name == WINDOW_SHOWS {
        // Recorded even if the core is busy, because it shows that the page is alive.
        window::on_page_report(&app);
    }
    Forwarding::of(&app).call(&name, request).await
}
