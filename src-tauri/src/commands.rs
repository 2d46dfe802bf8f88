//! What the page may ask of the shell: to attach to the core, and the core's commands by name.

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use gloria_core::EventTypes;
use gloria_core::protocol::{CommandError, EventType, WINDOW_SHOWS};
use serde_json::Value;
use tauri::ipc::{Channel, Invoke};
use tauri::{AppHandle, State};
use tokio::sync::watch;

use crate::forwarding::{CoreLink, Listening, change_listening, replace_forwarding};
use crate::window;

/// All commands. src-tauri/permissions/window.toml allows them to the window, and no other.
pub(crate) fn handler() -> impl Fn(Invoke<tauri::Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![attach, call, listen]
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

/// Sends what comes until it ends, or the page is gone.
async fn forward(mut updates: BoxStream<'static, Value>, window: Channel<Value>) {
    while let Some(update) = updates.next().await {
        if window.send(update).is_err() {
            return;
        }
    }
}

/// The page listens to these types of events from now on, and to no other. It gives the same channel each time, so that
/// nothing is lost where only the types change; another channel is that of another page.
#[tauri::command]
async fn listen(
    app: AppHandle,
    link: State<'_, CoreLink>,
    types: Vec<EventType>,
    events: Channel<Value>,
) -> Result<(), CommandError> {
    let types: EventTypes = types.into_iter().collect();
    change_listening(&app, |current| {
        if types.is_empty() {
            return None;
        }
        let current = current.filter(|current| current.channel == events.id() && !current.task.is_finished());
        Some(match current {
            Some(current) => {
                current.types.send_replace(types);
                current
            }
            None => {
                let channel = events.id();
                let (sender, receiver) = watch::channel(types);
                let task = tokio::spawn(forward(link.listen(receiver), events));
                Listening {
                    channel,
                    types: sender,
                    task,
                }
            }
        })
    });
    Ok(())
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
