//! Toasts through tauri's notification plugin.

use std::sync::mpsc::{self, Sender};
use std::thread;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_core::CoreHandle;
use gloria_core::ports::{Toast, ToastError, Toasts};
use gloria_desktop::session_bus;
use tauri::AppHandle;
use tauri_plugin_notification::NotificationExt as _;
use tokio::sync::oneshot;

use crate::window;

/// Where the plugin keeps the item's key in a toast.
const ITEM: &str = "item";

type Answer = oneshot::Sender<Result<(), ToastError>>;

/// A thread that shows toasts one after another: the services behind them are asked with calls that wait.
#[derive(Debug)]
pub(crate) struct PluginToasts {
    orders: Sender<(Toast, Answer)>,
}

impl PluginToasts {
    /// Starts the thread.
    pub(crate) fn new(app: AppHandle) -> std::io::Result<Self> {
        let (orders, receiver) = mpsc::channel::<(Toast, Answer)>();
        thread::Builder::new().name("toasts".into()).spawn(move || {
            while let Ok((toast, answer)) = receiver.recv() {
                // Whoever asked may not wait for the answer.
                let _ = answer.send(show(&app, &toast));
            }
        })?;
        Ok(Self { orders })
    }
}

impl Toasts for PluginToasts {
    fn show(&self, toast: Toast) -> BoxFuture<'static, Result<(), ToastError>> {
        let (sender, answer) = oneshot::channel();
        let sent = self.orders.send((toast, sender));
        async move {
            let ended = || ToastError::Failed("the thread for toasts has ended".into());
            sent.map_err(|_| ended())?;
            answer.await.map_err(|_| ended())?
        }
        .boxed()
    }

    fn withdraw(&self, _item: &str) {}
}

fn show(app: &AppHandle, toast: &Toast) -> Result<(), ToastError> {
    let text = session_bus::notification_service()?;
    let mut builder = app
        .notification()
        .builder()
        .title(&toast.title)
        .body(text.of(&toast.body));
    // The app plays its own sound, or none.
    builder = builder.silent();
    if let Some(item) = &toast.item {
        builder = builder.extra(ITEM, item);
    }
    builder
        .show()
        .map_err(|error| ToastError::Failed(error.to_string()))
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
