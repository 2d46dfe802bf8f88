//! The interface of a core to a window, in the same process or in another.
//!
//! All data is JSON as defined by `gloria_core::protocol`. Only the page parses it, and recognises by the protocol's
//! version whether it understands the rest.

use std::fmt;

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::BoxStream;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::protocol::Presence;
use crate::window::{AppState, Json};
use crate::{AppWindow, CallError};

/// A window's connection to a core. Errors are `CommandError`s of the core.
pub trait Link: fmt::Debug + Send + Sync {
    /// Returns the whole state and the updates that follow it.
    fn attach(&self) -> BoxFuture<'_, Result<AppState, Value>>;

    /// Calls one of the core's commands. Updates of what it changed are published before it returns, but travel
    /// separately, so a page may receive them before or after the answer.
    fn call<'a>(&'a self, name: &'a str, request: Value) -> BoxFuture<'a, Result<Json, Value>>;

    /// Streams the server's events of the types with these names, which may change meanwhile.
    fn listen(&self, types: watch::Receiver<Vec<String>>) -> BoxStream<'static, Json>;

    /// Reports the presence of the window; `None` once it is closed or hidden.
    fn presence(&self, presence: Option<Presence>) -> BoxFuture<'_, ()>;
}

/// The error while no core is running.
pub fn restarting() -> Value {
    json!({"code": "restarting", "message": {"id": "error-restarting", "args": {}}})
}

/// A core in another process.
impl Link for AppWindow {
    fn attach(&self) -> BoxFuture<'_, Result<AppState, Value>> {
        async { AppWindow::attach(self).await.map_err(command_error) }.boxed()
    }

    fn call<'a>(&'a self, name: &'a str, request: Value) -> BoxFuture<'a, Result<Json, Value>> {
        async move { AppWindow::call(self, name, request).await.map_err(command_error) }.boxed()
    }

    fn listen(&self, types: watch::Receiver<Vec<String>>) -> BoxStream<'static, Json> {
        AppWindow::listen(self, types)
    }

    fn presence(&self, presence: Option<Presence>) -> BoxFuture<'_, ()> {
        async move {
            // An app that has ended needs no presence.
            let _ = AppWindow::presence(self, presence).await;
        }
        .boxed()
    }
}

fn command_error(error: CallError) -> Value {
    match error {
        CallError::Command(error) => error,
        CallError::Ask(_) => restarting(),
    }
}
