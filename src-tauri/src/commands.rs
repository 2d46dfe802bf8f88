//! The commands of the UI, each handed to the core as it is.

use std::sync::Mutex;

use gloria_core::item::{Counts, Item, SoundName};
use gloria_core::protocol::{
    AccountForm, FollowRequest, InboxPage, InboxQuery, MarkRequest, Marked, PauseRequest, PersonAnswer,
    PreferencesForm, Revised, Snapshot, TestReport, Update, WindowView,
};
use gloria_core::{CoreError, CoreHandle};
use serde::Serialize;
use tauri::ipc::{Channel, Invoke};
use tauri::{AppHandle, Manager as _, State};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use crate::window;

/// What the UI is told when a command failed: words for the user.
#[derive(Debug, Serialize)]
pub(crate) struct CommandError {
    message: String,
}

impl From<CoreError> for CommandError {
    fn from(error: CoreError) -> Self {
        Self {
            message: error.to_string(),
        }
    }
}

type Answer<T> = Result<T, CommandError>;
type Core<'a> = State<'a, CoreHandle>;

/// All commands: `attach`, and those of the protocol's list.
pub(crate) fn handler() -> impl Fn(Invoke<tauri::Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        attach,
        inbox_page,
        inbox_item,
        inbox_mark,
        inbox_mark_all_read,
        inbox_mark_all_seen,
        item_follow,
        connection_retry,
        connection_disconnect,
        connection_test,
        account_save,
        account_sign_out,
        account_confirm,
        preferences_save,
        sound_preview,
        sounds_pause,
        window_shows,
    ]
}

/// The task that sends updates to the window. There is one window, so there is one at most.
#[derive(Default)]
struct Forwarding(Mutex<Option<JoinHandle<()>>>);

/// Ends the sending of updates, when the window is gone or attaches anew.
pub(crate) fn stop_forwarding(app: &AppHandle) {
    replace_forwarding(app, None);
}

fn replace_forwarding(app: &AppHandle, task: Option<JoinHandle<()>>) {
    app.manage(Forwarding::default());
    let forwarding: State<'_, Forwarding> = app.state();
    let mut current = forwarding
        .0
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(former) = std::mem::replace(&mut *current, task) {
        former.abort();
    }
}

#[tauri::command]
async fn attach(app: AppHandle, core: Core<'_>, updates: Channel<Revised>) -> Answer<Snapshot> {
    let attached = core.attach().await?;
    replace_forwarding(&app, Some(tokio::spawn(forward(attached.updates, updates))));
    Ok(attached.snapshot)
}

/// After a lag the UI attaches again. It would see by the next revision that some are missing, but the next may be
/// hours away.
async fn forward(mut updates: Receiver<Revised>, window: Channel<Revised>) {
    loop {
        match updates.recv().await {
            Ok(revised) => {
                if window.send(revised).is_err() {
                    return;
                }
            }
            Err(RecvError::Lagged(missed)) => {
                tracing::debug!(missed, "the window was too slow for all updates");
                let missed = Revised {
                    revision: 0,
                    update: Update::Missed,
                };
                if window.send(missed).is_err() {
                    return;
                }
            }
            Err(RecvError::Closed) => return,
        }
    }
}

#[tauri::command]
async fn inbox_page(core: Core<'_>, request: InboxQuery) -> Answer<InboxPage> {
    Ok(core.inbox_page(request).await?)
}

#[tauri::command]
async fn inbox_item(core: Core<'_>, request: String) -> Answer<Option<Item>> {
    Ok(core.inbox_item(request).await?)
}

#[tauri::command]
async fn inbox_mark(core: Core<'_>, request: MarkRequest) -> Answer<Marked> {
    Ok(core.inbox_mark(request).await?)
}

#[tauri::command]
async fn inbox_mark_all_read(core: Core<'_>) -> Answer<Counts> {
    Ok(core.inbox_mark_all_read().await?)
}

#[tauri::command]
async fn inbox_mark_all_seen(core: Core<'_>) -> Answer<Counts> {
    Ok(core.inbox_mark_all_seen().await?)
}

#[tauri::command]
async fn item_follow(core: Core<'_>, request: FollowRequest) -> Answer<()> {
    Ok(core.item_follow(request).await?)
}

#[tauri::command]
async fn connection_retry(core: Core<'_>) -> Answer<()> {
    Ok(core.connection_retry().await?)
}

#[tauri::command]
async fn connection_disconnect(core: Core<'_>) -> Answer<()> {
    Ok(core.connection_disconnect().await?)
}

#[tauri::command]
async fn connection_test(core: Core<'_>, request: AccountForm) -> Answer<TestReport> {
    Ok(core.connection_test(request).await?)
}

#[tauri::command]
async fn account_save(core: Core<'_>, request: AccountForm) -> Answer<()> {
    Ok(core.account_save(request).await?)
}

#[tauri::command]
async fn account_sign_out(core: Core<'_>) -> Answer<()> {
    Ok(core.account_sign_out().await?)
}

#[tauri::command]
async fn account_confirm(core: Core<'_>, request: PersonAnswer) -> Answer<()> {
    Ok(core.account_confirm(request).await?)
}

#[tauri::command]
async fn preferences_save(core: Core<'_>, request: PreferencesForm) -> Answer<()> {
    Ok(core.preferences_save(request).await?)
}

#[tauri::command]
async fn sound_preview(core: Core<'_>, request: SoundName) -> Answer<()> {
    Ok(core.sound_preview(request).await?)
}

#[tauri::command]
async fn sounds_pause(core: Core<'_>, request: PauseRequest) -> Answer<()> {
    Ok(core.sounds_pause(request).await?)
}

#[tauri::command]
async fn window_shows(app: AppHandle, core: Core<'_>, request: WindowView) -> Answer<()> {
    // Also while the core is busy: the page is there.
    window::on_page_report(&app);
    Ok(core.window_shows(request).await?)
}
