//! The [`Link`] to the current agent, which may be replaced by another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use gloria_files::logging::{Fixed, LogLevel};
use gloria_ipc::protocol::Presence;
use gloria_ipc::window::{AppState, Json, missed_update};
use gloria_ipc::{AppWindow, Link};
use gloria_program::Logs;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;

/// Clones share the connection.
#[derive(Debug, Clone)]
pub(super) struct AgentLink {
    agent: watch::Sender<AppWindow>,
    /// Its level is the one in the settings when the page last attached.
    log: Logs,
    /// The last reported presence, and when it was reported.
    presence: Arc<Mutex<Option<(Presence, Instant)>>>,
}

impl AgentLink {
    pub(super) fn new(agent: AppWindow, log: Logs) -> Self {
        Self {
            agent: watch::Sender::new(agent),
            log,
            presence: Arc::default(),
        }
    }

    /// Replaces the agent. The new one is sent the window's presence, and the page attaches to it.
    pub(super) async fn set(&self, agent: AppWindow) {
        let last = *self.presence.lock().unwrap_or_else(PoisonError::into_inner);
        Link::presence(&agent, last.map(|(presence, at)| later(presence, at))).await;
        self.agent.send_replace(agent);
    }

    fn now(&self) -> AppWindow {
        self.agent.borrow().clone()
    }
}

/// The log settings in a snapshot of the core.
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

/// The presence now, if there was no input since it was reported.
fn later(presence: Presence, at: Instant) -> Presence {
    let passed = u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX);
    Presence {
        since_input: presence.since_input.map(|since| since.saturating_add(passed)),
        ..presence
    }
}

impl Link for AgentLink {
    fn attach(&self) -> BoxFuture<'_, Result<AppState, Value>> {
        let mut agents = self.agent.subscribe();
        let agent = agents.borrow_and_update().clone();
        async move {
            let AppState { snapshot, updates } = Link::attach(&agent).await?;
            if let Ok(LogState { preferences }) = serde_json::from_str(snapshot.get()) {
                let (level, fixed) = preferences.level();
                self.log.set_level(level, fixed);
            }
            // The updates end with one that makes the page attach again; otherwise it would keep showing the old state.
            let next_agent = stream::once(async move {
                // An error means that the link is gone, and so is the page.
                let _ = agents.changed().await;
                missed_update()
            });
            Ok(AppState {
                snapshot,
                updates: updates.chain(next_agent).boxed(),
            })
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
        *self.presence.lock().unwrap_or_else(PoisonError::into_inner) =
            presence.map(|presence| (presence, Instant::now()));
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
