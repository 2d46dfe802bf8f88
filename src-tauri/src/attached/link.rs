//! The way to the agent that there is now: one may take the place of another.

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::BoxStream;
use gloria_ipc::protocol::Presence;
use gloria_ipc::window::{AppState, Json};
use gloria_ipc::{AppWindow, Link};
use serde_json::Value;
use tokio::sync::watch;

/// Clones are of the same.
#[derive(Debug, Clone)]
pub(super) struct AgentLink(watch::Sender<AppWindow>);

impl AgentLink {
    pub(super) fn new(agent: AppWindow) -> Self {
        Self(watch::Sender::new(agent))
    }

    /// From now on there is this agent. The page attaches to it by itself, because the updates of the one before ended.
    pub(super) fn set(&self, agent: AppWindow) {
        self.0.send_replace(agent);
    }

    fn now(&self) -> AppWindow {
        self.0.borrow().clone()
    }
}

impl Link for AgentLink {
    fn attach(&self) -> BoxFuture<'_, Result<AppState, Value>> {
        let agent = self.now();
        async move { Link::attach(&agent).await }.boxed()
    }

    fn call<'a>(&'a self, name: &'a str, request: Value) -> BoxFuture<'a, Result<Json, Value>> {
        let agent = self.now();
        async move { Link::call(&agent, name, request).await }.boxed()
    }

    fn listen(&self, types: watch::Receiver<Vec<String>>) -> BoxStream<'static, Json> {
        Link::listen(&self.now(), types)
    }

    fn presence(&self, presence: Option<Presence>) -> BoxFuture<'_, ()> {
        let agent = self.now();
        async move { Link::presence(&agent, presence).await }.boxed()
    }
}
