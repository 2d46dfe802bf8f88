//! The way to the core, and the tasks that send its updates and events to the window: one of each.

use std::sync::{Arc, Mutex, PoisonError};

use gloria_core::{EventTypes, Link};
use tauri::{AppHandle, Manager as _, State};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The way to the core.
pub(crate) type CoreLink = Arc<dyn Link>;

/// The task that sends updates to the window. There is one window, so there is one at most.
#[derive(Default)]
struct Forwarding(Mutex<Option<JoinHandle<()>>>);

/// Ends the sending of updates and events, when the window is gone.
pub(crate) fn stop_forwarding(app: &AppHandle) {
    replace_forwarding(app, None);
    stop_listening(app);
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

/// What the page listens to, and the task that sends it to the channel with this number.
pub(crate) struct Listening {
    pub(crate) channel: u32,
    pub(crate) types: watch::Sender<EventTypes>,
    pub(crate) task: JoinHandle<()>,
}

/// There is one page, so there is one at most.
#[derive(Default)]
struct PageListens(Mutex<Option<Listening>>);

/// Nobody listens any more: the page is gone, or wants nothing.
fn stop_listening(app: &AppHandle) {
    change_listening(app, |_| None);
}

/// Puts another listening, or none, in the place of the one that there is.
pub(crate) fn change_listening(app: &AppHandle, change: impl FnOnce(Option<Listening>) -> Option<Listening>) {
    app.manage(PageListens::default());
    let listens: State<'_, PageListens> = app.state();
    let mut current = listens.0.lock().unwrap_or_else(PoisonError::into_inner);
    *current = change(current.take());
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}
