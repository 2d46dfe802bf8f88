//! The [`Link`] of a window to the core in the same process.

use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, stream};
use gloria_core::alerts::presence::WindowPresence;
use gloria_core::protocol::{CommandError, EventType};
use gloria_core::{CoreHandle, EventTypes, LinkState};
use gloria_ipc::Link;
use gloria_ipc::protocol::Presence;
use gloria_ipc::window::{AppState, Json, json_of};
use serde::Deserialize as _;
use serde_json::Value;
use tokio::sync::watch;

/// A core in this process.
#[derive(Debug, Clone)]
pub struct InProcess(pub CoreHandle);

impl Link for InProcess {
    fn attach(&self) -> BoxFuture<'_, Result<AppState, Value>> {
        async {
            let LinkState { snapshot, updates } =
                gloria_core::Link::attach(&self.0).await.map_err(error_of)?;
            Ok(AppState {
                snapshot: json_of(&snapshot),
                updates: updates.map(|update| json_of(&update)).boxed(),
            })
        }
        .boxed()
    }

    fn call<'a>(&'a self, name: &'a str, request: Value) -> BoxFuture<'a, Result<Json, Value>> {
        async move {
            let answer = self.0.dispatch(name, request).await.map_err(error_of)?;
            Ok(json_of(&answer))
        }
        .boxed()
    }

    fn listen(&self, mut names: watch::Receiver<Vec<String>>) -> BoxStream<'static, Json> {
        let (types, chosen) = watch::channel(types_of(&names.borrow_and_update()));
        let events = gloria_core::Link::listen(&self.0, chosen);
        // The choice and the events end together: with the sender of `types`, which the stream has.
        stream::unfold((events, names, types), async |(mut events, mut names, types)| {
            loop {
                tokio::select! {
                    // First, so that no event of a type follows that is no longer chosen.
                    biased;
                    changed = names.changed() => {
                        changed.ok()?;
                        types.send_replace(types_of(&names.borrow_and_update()));
                    }
                    event = events.next() => return Some((json_of(&event?), (events, names, types))),
                }
            }
        })
        .boxed()
    }

    fn presence(&self, presence: Option<Presence>) -> BoxFuture<'_, ()> {
        async move {
            // A restarted core takes over the presence of the previous one; a core that ends does not need it.
            let _ = self.0.window_presence(presence.map(presence_of)).await;
        }
        .boxed()
    }
}

/// A name that this version does not know chooses nothing.
fn types_of(names: &[String]) -> EventTypes {
    names
        .iter()
        .filter_map(|name| EventType::deserialize(Value::from(name.as_str())).ok())
        .collect()
}

fn presence_of(presence: Presence) -> WindowPresence {
    let since = |since: u64| Instant::now().checked_sub(Duration::from_millis(since));
    WindowPresence {
        focused: presence.focused,
        visible: presence.visible,
        last_input: presence.since_input.and_then(since),
    }
}

fn error_of(error: CommandError) -> Value {
    serde_json::to_value(error).unwrap_or_else(|_| gloria_ipc::link::restarting())
}

#[cfg(test)]
mod tests {
    use gloria_core::CoreError;

    use super::*;

    #[test]
    fn the_page_says_that_it_is_there_by_the_same_command() {
        assert_eq!(
            gloria_ipc::protocol::WINDOW_SHOWS,
            gloria_core::protocol::WINDOW_SHOWS
        );
    }

    #[test]
    fn a_window_without_an_app_answers_as_a_core_that_restarts() {
        let error = CommandError::from(CoreError::Restarting);
        assert_eq!(error_of(error), gloria_ipc::link::restarting());
    }
}
