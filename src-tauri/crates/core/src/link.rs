//! What a window has of the core, wherever that runs.
//!
//! Everything that crosses a link is JSON as [`crate::protocol`] defines it. It is not made into types on the way: only
//! the page reads it, and the page can tell by [`crate::protocol::PROTOCOL_VERSION`] whether it understands the rest.

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

/// The way from a window to a core.
pub trait Link: fmt::Debug + Send + Sync {
    /// The whole state, and everything after it.
    fn attach(&self) -> BoxFuture<'_, Result<LinkState, CommandError>>;

    /// Does one of [`crate::protocol::COMMANDS`]. What it changed was published before it answers; answer and updates
    /// go different ways, so that a page may have either of them first.
    fn call<'a>(&'a self, name: &'a str, request: Value) -> BoxFuture<'a, Result<Value, CommandError>>;

    /// The server's events of the types that are chosen, as [`crate::protocol::ListenerMessage`]s, until it is dropped.
    /// The choice may change meanwhile.
    fn listen(&self, types: watch::Receiver<EventTypes>) -> BoxStream<'static, Value>;

    /// Tells the core what the window system says of the window; `None` once there is none.
    fn window_presence(&self, presence: Option<WindowPresence>) -> BoxFuture<'_, Result<(), CommandError>>;
}

/// The state at one revision, and everything after it.
pub struct LinkState {
    /// A [`crate::protocol::Snapshot`].
    pub snapshot: Value,
    /// [`Revised`] updates. It ends when there is no core any more.
    pub updates: BoxStream<'static, Value>,
}

impl fmt::Debug for LinkState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The snapshot holds texts of notifications.
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
                // First, so that nothing follows that is not wanted any more.
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

/// The updates as JSON. After a lag the reader attaches again. It would see by the next revision that some are missing,
/// but the next may be hours away.
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
