//! Toasts through tauri's notification plugin.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::mpsc::{self, Sender};
use std::thread;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_core::CoreHandle;
use gloria_core::ports::{PanicReports, Toast, ToastError, Toasts};
use gloria_desktop::session_bus;
use tauri::AppHandle;
use tauri_plugin_notification::NotificationExt as _;
use tokio::sync::oneshot;

use crate::window;

/// Where the plugin keeps the item's key in a toast.
const ITEM: &str = "item";

/// What the thread is asked to do.
enum Order {
    Show(Toast, oneshot::Sender<Result<(), ToastError>>),
    Withdraw(String),
}

/// A thread that shows toasts one after another: the services behind them are asked with calls that wait.
#[derive(Debug)]
pub(crate) struct PluginToasts {
    orders: Sender<Order>,
}

impl PluginToasts {
    /// Starts the thread.
    pub(crate) fn new(app: AppHandle, panics: &PanicReports) -> std::io::Result<Self> {
        let (orders, receiver) = mpsc::channel();
        let guard = panics.guard("toasts");
        thread::Builder::new().name("toasts".into()).spawn(move || {
            let _guard = guard;
            while let Ok(order) = receiver.recv() {
                match order {
                    // Whoever asked may not wait for the answer.
                    Order::Show(toast, answer) => drop(answer.send(show(&app, &toast))),
                    Order::Withdraw(item) => withdraw(&app, &item),
                }
            }
        })?;
        Ok(Self { orders })
    }
}

impl Toasts for PluginToasts {
    fn show(&self, toast: Toast) -> BoxFuture<'static, Result<(), ToastError>> {
        let (sender, answer) = oneshot::channel();
        let sent = self.orders.send(Order::Show(toast, sender));
        async move {
            let ended = || ToastError::Failed("the thread for toasts has ended".into());
            sent.map_err(|_| ended())?;
            answer.await.map_err(|_| ended())?
        }
        .boxed()
    }

    /// Windows and macOS keep a toast until it goes by itself: the plugin has no way to take it back there.
    fn withdraw(&self, item: &str) {
        // Without its thread there is no toast to take back either.
        drop(self.orders.send(Order::Withdraw(item.to_owned())));
    }
}

fn show(app: &AppHandle, toast: &Toast) -> Result<(), ToastError> {
    let text = session_bus::notification_service()?;
    let builder = app
        .notification()
        .builder()
        .title(&toast.title)
        .body(text.of(&toast.body));
    // The app plays its own sound, or none.
    let mut builder = builder.silent();
    if let Some(item) = &toast.item {
        builder = builder.id(toast_id(item)).extra(ITEM, item);
    }
    builder
        .show()
        .map_err(|error| ToastError::Failed(error.to_string()))
}

fn withdraw(app: &AppHandle, item: &str) {
    if let Err(error) = app.notification().remove_active(vec![toast_id(item)]) {
        tracing::debug!(%error, "a toast was not taken back");
    }
}

/// The plugin knows toasts by numbers. Two items on screen at once that share one would go together, which costs a
/// toast of an item that is in the inbox all the same.
fn toast_id(item: &str) -> i32 {
    let mut hasher = DefaultHasher::new();
    item.hash(&mut hasher);
    // The upper half is as good as all of it.
    u32::try_from(hasher.finish() >> 32)
        .unwrap_or_default()
        .cast_signed()
}

/// A click on a toast opens the window on its item.
pub(crate) fn follow_clicks(app: &AppHandle, core: CoreHandle) {
    let window_of = app.clone();
    let followed = app.notification().on_action(move |performed| {
        let key = performed
            .notification()
            .and_then(|notification| notification.extra().get(ITEM))
            .and_then(|item| item.as_str())
            .map(str::to_owned);
        let (app, core) = (window_of.clone(), core.clone());
        tauri::async_runtime::spawn(async move {
            if core.item_show(key).await.is_ok() {
                window::open_soon(&app);
            }
        });
    });
    if let Err(error) = followed {
        tracing::warn!(%error, "clicks on toasts cannot be followed");
    }
}
