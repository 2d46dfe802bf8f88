//! What a window has of the core, whether that runs in the same process or in another.
//!
//! Everything that crosses is JSON as `gloria-core` defines it in its module `protocol`. Only the page reads it, and
//! the page can tell by the version of the protocol whether it understands the rest.

use std::fmt;

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::BoxStream;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::protocol::Presence;
use crate::window::{AppState, Json};
use crate::{AppWindow, CallError};

/// The way from a window to a core. Errors are `CommandError`s of the core.
pub trait Link: fmt::Debug + Send + Sync {
    /// The whole state, and everything after it.
    fn attach(&self) -> BoxFuture<'_, Result<AppState, Value>>;

    /// Executes one of the core's commands. What it changed was published before it answers; answer and updates go
    /// different ways, so that a page may have either of them first.
    fn call<'a>(&'a self, name: &'a str, request: Value) -> BoxFuture<'a, Result<Json, Value>>;

    /// The server's events of the types that are chosen by their names, until it is dropped. The choice may change
    /// meanwhile.
    fn listen(&self, types: watch::Receiver<Vec<String>>) -> BoxStream<'static, Json>;

    /// Reports what the window system says of the window; `None` once there is none, or it is hidden.
    fn presence(&self, presence: Option<Presence>) -> BoxFuture<'_, ()>;
}

/// What a page is answered while there is no app to ask.
pub fn restarting() -> Value {
    json!({"code": "restarting", "message": {"id": "error-restarting", "args": {}}})
}

/// The core of another process.
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
            // An app that has gone takes nobody for present.
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
