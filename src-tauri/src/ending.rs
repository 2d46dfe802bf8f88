//! Ending the app.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gloria_core::CoreHandle;
use tauri::async_runtime::{self, JoinHandle};
use tauri::{AppHandle, Manager as _, State};
use tokio::time::timeout;

/// The core ends within a quarter of a second, whatever hangs. One that does not is broken, and the next start finds
/// everything as after a kill.
const STOP_TIMEOUT: Duration = Duration::from_millis(260);

/// How long the socket may take to end after the core.
const SOCKET_END_TIMEOUT: Duration = Duration::from_millis(10);

/// How long the end may take until the process is ended from within, the window system's part included: with what that
/// takes a third of a second, which is about as long as nobody notices.
const QUIT_TIMEOUT: Duration = Duration::from_millis(280);

/// The task that answers on the socket, which takes its file away when it ends.
pub(crate) struct SocketTask(Mutex<Option<JoinHandle<()>>>);

impl SocketTask {
    pub(crate) fn new(task: JoinHandle<()>) -> Self {
        Self(Mutex::new(Some(task)))
    }
}

/// Hangs up, keeps what came, and ends the app, whatever hangs.
pub(crate) fn quit(app: &AppHandle, core: CoreHandle) {
    tracing::info!("the app ends");
    gloria_program::end_process_within(QUIT_TIMEOUT);
    let app = app.clone();
    async_runtime::spawn(async move {
        // A core that has ended already needs no stop.
        if timeout(STOP_TIMEOUT, core.stop()).await.is_err() {
            tracing::warn!("not everything could be finished; the next start goes on with it");
        }
        let task: State<'_, SocketTask> = app.state();
        let task = task.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            // It ends with the core. A file that stays is of no harm.
            let _ = timeout(SOCKET_END_TIMEOUT, task).await;
        }
        app.exit(0);
    });
}
