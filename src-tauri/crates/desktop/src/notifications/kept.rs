//! The connection of one run of the program, which the next run in the same process goes on with.
//!
//! Notifications belong to the name of a connection: with its end GNOME removes them, and dunst reports clicks to that
//! name alone.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use tokio::sync::watch;

/// A connection to the session bus that nobody uses. Clones share it.
#[derive(Debug, Clone)]
pub struct KeptConnection(Arc<watch::Sender<Option<OwnedFd>>>);

impl Default for KeptConnection {
    fn default() -> Self {
        Self::new(None)
    }
}

impl KeptConnection {
    /// With the one of the run before, if there is one.
    pub fn new(socket: Option<OwnedFd>) -> Self {
        Self(Arc::new(watch::Sender::new(socket)))
    }

    /// Waits until somebody has left one.
    pub async fn left(&self) {
        // The sender lives as long as this.
        let _ = self.0.subscribe().wait_for(Option::is_some).await;
    }

    /// The one that was left.
    pub fn take(&self) -> Option<OwnedFd> {
        let mut taken = None;
        self.0.send_modify(|kept| taken = kept.take());
        taken
    }

    pub(super) fn leave(&self, socket: OwnedFd) {
        self.0.send_replace(Some(socket));
    }
}
