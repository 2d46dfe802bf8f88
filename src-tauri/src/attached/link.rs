//! The way to the agent that there is now: one may take the place of another.

use std::collections::HashMap;

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::BoxStream;
use gloria_files::logging::{Fixed, LogLevel};
use gloria_ipc::protocol::Presence;
use gloria_ipc::window::{AppState, Json};
use gloria_ipc::{AppWindow, Link};
use gloria_program::Logs;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;

/// Clones are of the same.
#[derive(Debug, Clone)]
pub(super) struct AgentLink {
    agent: watch::Sender<AppWindow>,
    /// Has the level of the settings, as it was when the page last attached.
    log: Logs,
}

impl AgentLink {
    pub(super) fn new(agent: AppWindow, log: Logs) -> Self {
        Self {
            agent: watch::Sender::new(agent),
            log,
        }
    }

    /// From now on there is this agent. The page attaches to it by itself, because the updates of the one before ended.
    pub(super) fn set(&self, agent: AppWindow) {
        self.agent.send_replace(agent);
    }

    fn now(&self) -> AppWindow {
        self.agent.borrow().clone()
    }
}

/// What the settings say of the log, in a snapshot of the core.
#[derive(Debug, Deserialize)]
struct LogState {
    preferences: LogPreferences,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogPreferences {
    log_level: LogLevel,
    debug_log_until: Option<i64>,
    locks: HashMap<String, String>,
}

impl LogPreferences {
    fn level(&self) -> (LogLevel, Fixed) {
        let is_fixed = self
            .locks
            .get("log.level")
            .is_some_and(|by| by == "administrator");
        match (is_fixed, self.debug_log_until) {
            (true, _) => (self.log_level, Fixed::ByAdministrator),
            (false, Some(_)) => (self.log_level.max(LogLevel::Debug), Fixed::No),
            (false, None) => (self.log_level, Fixed::No),
        }
    }
}

impl Link for AgentLink {
    fn attach(&self) -> BoxFuture<'_, Result<AppState, Value>> {
        let agent = self.now();
        async move {
            let state = Link::attach(&agent).await?;
            if let Ok(LogState { preferences }) = serde_json::from_str(state.snapshot.get()) {
                let (level, fixed) = preferences.level();
                self.log.set_level(level, fixed);
            }
            Ok(state)
        }
        .boxed()
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_level_is_that_of_the_settings_and_of_the_debug_log_unless_it_is_fixed() {
        for (until, locks, expected) in [
            (json!(null), json!({}), (LogLevel::Warn, Fixed::No)),
            (json!(5), json!({}), (LogLevel::Debug, Fixed::No)),
            (
                json!(5),
                json!({"log.level": "environment"}),
                (LogLevel::Debug, Fixed::No),
            ),
            (
                json!(5),
                json!({"log.level": "administrator"}),
                (LogLevel::Warn, Fixed::ByAdministrator),
            ),
        ] {
            let preferences =
                json!({"logLevel": "warn", "debugLogUntil": until, "locks": locks, "volume": 5});
            let preferences = LogPreferences::deserialize(preferences).expect("preferences");
            assert_eq!(preferences.level(), expected, "{preferences:?}");
        }
    }
}
