//! The interface of a window to a core, in this process or another.
//!
//! Everything that crosses a link is JSON as [`crate::protocol`] defines it. It is not parsed on the way: only the page
//! reads it, and decides by [`crate::protocol::PROTOCOL_VERSION`] whether it understands the rest.

use std::fmt;

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{BoxStream, StreamExt as _, unfold};
use serde_json::Value;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use crate::alerts::presence::WindowPresence;
use crate::handle::{CoreHandle, to_json};
use crate::listeners::{EventListener, EventTypes};
use crate::protocol::{CommandError, Revised, Update};

/// A window's connection to a core.
pub trait Link: fmt::Debug + Send + Sync {
    /// The whole state, and the updates that follow.
    fn attach(&self) -> BoxFuture<'_, Result<LinkState, CommandError>>;

    /// Calls one of [`crate::protocol::COMMANDS`]. Its changes were published before it answers; but answers and
    /// updates use separate channels, so a page may receive either first.
    fn call<'a>(&'a self, name: &'a str, request: Value) -> BoxFuture<'a, Result<Value, CommandError>>;

    /// The server's events of the selected types as [`crate::protocol::ListenerMessage`]s, until the stream is dropped.
    /// The selection may change meanwhile.
    fn listen(&self, types: watch::Receiver<EventTypes>) -> BoxStream<'static, Value>;

    /// Reports the state of the window to the core; `None` once there is none.
    fn window_presence(&self, presence: Option<WindowPresence>) -> BoxFuture<'_, Result<(), CommandError>>;
}

/// The state at one revision, and the updates that follow.
pub struct LinkState {
    /// A [`crate::protocol::Snapshot`].
    pub snapshot: Value,
    /// [`Revised`] updates. Ends with the core.
    pub updates: BoxStream<'static, Value>,
}

impl fmt::Debug for LinkState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The snapshot contains texts of notifications, which must not be logged.
        formatter.debug_struct("LinkState").finish_non_exhaustive()
    }
}

/// A core in this process.
impl Link for CoreHandle {
    fn attach(&self) -> BoxFuture<'_, Result<LinkState, CommandError>> {
        async {
            let attached = CoreHandle::attach(self).await?;
            Ok(LinkState {
                snapshot: to_json(&attached.snapshot)?,
                updates: updates(attached.updates),
            })
        }
        .boxed()
    }

    fn call<'a>(&'a self, name: &'a str, request: Value) -> BoxFuture<'a, Result<Value, CommandError>> {
        self.dispatch(name, request).boxed()
    }

    fn listen(&self, mut types: watch::Receiver<EventTypes>) -> BoxStream<'static, Value> {
        let chosen = *types.borrow_and_update();
        events(self.listeners.listen(chosen), types)
    }

    fn window_presence(&self, presence: Option<WindowPresence>) -> BoxFuture<'_, Result<(), CommandError>> {
        async move { Ok(CoreHandle::window_presence(self, presence).await?) }.boxed()
    }
}

/// The events as JSON. The stream ends with the core, or when the sender of `types` is dropped.
fn events(listener: EventListener, types: watch::Receiver<EventTypes>) -> BoxStream<'static, Value> {
    unfold((listener, types), async |(mut listener, mut types)| {
        loop {
            let message = tokio::select! {
                // First, so that no event of an unwanted type follows.
                biased;
                changed = types.changed() => {
                    changed.ok()?;
                    listener.set_types(*types.borrow_and_update());
                    continue;
                }
                message = listener.next() => message?,
            };
            let json = to_json(&message)
                .inspect_err(|error| tracing::error!(code = ?error.code, "an event could not be written"))
                .ok()?;
            return Some((json, (listener, types)));
        }
    })
    .boxed()
}

/// The updates as JSON. After a lag the stream ends, so that the reader attaches again: the gap in the revisions would
/// show only with the next update, which may be hours away.
fn updates(receiver: Receiver<Revised>) -> BoxStream<'static, Value> {
    unfold(receiver, async |mut receiver| {
        let revised = match receiver.recv().await {
            Ok(revised) => revised,
            Err(RecvError::Lagged(missed)) => {
                tracing::debug!(missed, "a window was too slow for all updates");
                Revised {
                    revision: 0,
                    update: Update::Missed,
                }
            }
            Err(RecvError::Closed) => return None,
        };
        let json = to_json(&revised)
            .inspect_err(|error| tracing::error!(code = ?error.code, "an update could not be written"))
            .ok()?;
        Some((json, receiver))
    })
    .boxed()
}
