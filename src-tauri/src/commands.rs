//! What the page may ask of the shell: to attach to the core, and the core's commands by name.

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use gloria_core::protocol::{CommandError, WINDOW_SHOWS};
use serde_json::Value;
use tauri::ipc::{Channel, Invoke};
use tauri::{AppHandle, State};

use crate::forwarding::{CoreLink, replace_forwarding};
use crate::window;

/// All commands. src-tauri/permissions/window.toml allows them to the window, and no other.
pub(crate) fn handler() -> impl Fn(Invoke<tauri::Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![attach, call]
}

#[tauri::command]
async fn attach(
    app: AppHandle,
    link: State<'_, CoreLink>,
    updates: Channel<Value>,
) -> Result<Value, CommandError> {
    let state = link.attach().await?;
    replace_forwarding(&app, Some(tokio::spawn(forward(state.updates, updates))));
    Ok(state.snapshot)
}

async fn forward(mut updates: BoxStream<'static, Value>, window: Channel<Value>) {
    while let Some(update) = updates.next().await {
        if window.send(update).is_err() {
            return;
        }
    }
}

/// The core's dispatcher reads the name and the request; nothing of either is known here.
#[tauri::command]
async fn call(
    app: AppHandle,
    link: State<'_, CoreLink>,
    name: String,
    request: Value,
) -> Result<Value, CommandError> {
    if name == WINDOW_SHOWS {
        // Also while the core is busy: the page is there.
        window::on_page_report(&app);
    }
    link.call(&name, request).await
}
