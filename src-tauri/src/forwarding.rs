//! The way to the core, and the one task that sends its updates to the window.

use std::sync::{Arc, Mutex, PoisonError};

use gloria_core::Link;
use tauri::{AppHandle, Manager as _, State};
use tokio::task::JoinHandle;

/// The way to the core.
pub(crate) type CoreLink = Arc<dyn Link>;

/// The task that sends updates to the window. There is one window, so there is one at most.
#[derive(Default)]
struct Forwarding(Mutex<Option<JoinHandle<()>>>);

/// Ends the sending of updates, when the window is gone or attaches anew.
pub(crate) fn stop_forwarding(app: &AppHandle) {
    replace_forwarding(app, None);
}

/// Sends updates by this task from now on, in place of the one before.
pub(crate) fn replace_forwarding(app: &AppHandle, task: Option<JoinHandle<()>>) {
    app.manage(Forwarding::default());
    let forwarding: State<'_, Forwarding> = app.state();
    let mut current = forwarding.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(former) = std::mem::replace(&mut *current, task) {
        former.abort();
    }
}
