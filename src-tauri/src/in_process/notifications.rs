//! Notifications through tauri's plugin, which passes them to the system and reports only clicks.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_core::ports::{
    Answer, Delivery, NotificationError, NotificationEvent, NotificationHandle, NotificationRequest,
    Notifications, PanicReports, ServiceState, send_reply,
};
use gloria_words::Words;
use tauri::AppHandle;
use tauri_plugin_notification::NotificationExt as _;
use tokio::sync::mpsc as events;
use tokio::sync::oneshot;

/// The field in which the plugin keeps the number of a notification.
const NUMBER: &str = "number";

/// Events that may wait for a busy core: more than anybody clicks.
const EVENT_CAPACITY: usize = 64;

type Outcome = Result<Answer, NotificationError>;
type Watcher = Arc<Mutex<Option<events::Sender<NotificationEvent>>>>;

/// A request to the thread.
enum Order {
    Show(NotificationRequest, oneshot::Sender<Outcome>),
    Withdraw(u32),
}

/// A thread that shows notifications one after another, because the plugin's calls block.
#[derive(Debug)]
pub(super) struct PluginNotifications {
    orders: Sender<Order>,
    words: Arc<Words>,
    run: String,
    watcher: Watcher,
}

impl PluginNotifications {
    /// Starts the thread.
    pub(super) fn new(app: &AppHandle, words: Arc<Words>, panics: &PanicReports) -> std::io::Result<Self> {
        let (orders, receiver) = mpsc::channel();
        let guard = panics.guard("notifications");
        let watcher = Watcher::default();
        let run = format!("run-{:016x}", RandomState::new().hash_one(std::process::id()));
        publish_clicks(app, run.clone(), watcher.clone());
        let (app, of_run) = (app.clone(), run.clone());
        thread::Builder::new()
            .name("notifications".into())
            .spawn(move || {
                let _guard = guard;
                while let Ok(order) = receiver.recv() {
                    match order {
                        Order::Show(request, answer) => send_reply(answer, show(&app, &of_run, &request)),
                        Order::Withdraw(id) => withdraw(&app, id),
                    }
                }
            })?;
        Ok(Self {
            orders,
            words,
            run,
            watcher,
        })
    }
}

impl Notifications for PluginNotifications {
    fn show(&self, request: NotificationRequest) -> BoxFuture<'static, Outcome> {
        let (sender, answer) = oneshot::channel();
        let sent = self.orders.send(Order::Show(
            request.in_words(|phrase| self.words.phrase(phrase)),
            sender,
        ));
        async move {
            sent.map_err(|_| NotificationError::Lost)?;
            answer.await.map_err(|_| NotificationError::Lost)?
        }
        .boxed()
    }

    /// Does nothing: the plugin cannot withdraw notifications on Windows and macOS.
    fn withdraw(&self, handle: NotificationHandle) {
        if handle.service == self.run {
            // Fails only if the thread is gone; then nothing is shown either.
            let _ = self.orders.send(Order::Withdraw(handle.id));
        }
    }

    fn watch(&self) -> events::Receiver<NotificationEvent> {
        let (watcher, receiver) = events::channel(EVENT_CAPACITY);
        // There is room: it is new.
        let _ = watcher.try_send(NotificationEvent::Service(ServiceState::Ready));
        *lock(&self.watcher) = Some(watcher);
        receiver
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn show(app: &AppHandle, run: &str, request: &NotificationRequest) -> Outcome {
    static LAST_ID: AtomicU32 = AtomicU32::new(0);
    let replaced = request.replaces.as_ref().filter(|handle| handle.service == run);
    let id = replaced.map_or_else(|| LAST_ID.fetch_add(1, Ordering::Relaxed) + 1, |handle| handle.id);
    let builder = app
        .notification()
        .builder()
        .id(id.cast_signed())
        .extra(NUMBER, id)
        .title(request.title.to_string())
        .body(request.body.to_string());
    // The app plays its own sound, or none.
    builder
        .silent()
        .show()
        .map_err(|error| NotificationError::Refused(error.to_string()))?;
    Ok(Answer {
        handle: NotificationHandle {
            service: run.to_owned(),
            id,
        },
        delivery: Delivery::HandedOver,
    })
}

fn withdraw(app: &AppHandle, id: u32) {
    if let Err(error) = app.notification().remove_active(vec![id.cast_signed()]) {
        tracing::debug!(%error, "a notification was not taken back");
    }
}

/// Reports which notification was clicked.
fn publish_clicks(app: &AppHandle, run: String, watcher: Watcher) {
    let followed = app.notification().on_action(move |performed| {
        let id = performed
            .notification()
            .and_then(|notification| notification.extra().get(NUMBER))
            .and_then(|number| number.as_u64())
            .and_then(|id| u32::try_from(id).ok());
        let Some(id) = id else { return };
        if let Some(watcher) = &*lock(&watcher) {
            let handle = NotificationHandle {
                service: run.clone(),
                id,
            };
            // A core that has left this many clicks unread is not running any more.
            drop(watcher.try_send(NotificationEvent::Activated {
                handle,
                activation_token: None,
            }));
        }
    });
    if let Err(error) = followed {
        tracing::warn!(%error, "clicks on notifications cannot be followed");
    }
}
