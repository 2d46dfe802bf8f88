//! When something was heard last, over restarts too.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::Actor;
use crate::connection::epoch_millis;
use crate::protocol::EpochMillis;

/// How often it is stored: a crash loses no more of it, and a disk is not written for every heartbeat.
const STORE_INTERVAL: Duration = Duration::from_secs(60);

/// What is known of it beside the stream's own word.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// By a stream before the present one.
    pub(super) before: Option<EpochMillis>,
    stored: Option<EpochMillis>,
    stored_at: Option<Instant>,
}

impl Heard {
    pub(super) fn stored(at: Option<EpochMillis>) -> Self {
        Self {
            before: at,
            stored: at,
            stored_at: None,
        }
    }
}

impl Actor {
    /// When the last byte came from the server in use.
    pub(super) fn last_heard(&self) -> Option<SystemTime> {
        let now = self
            .stream
            .as_ref()
            .and_then(|running| running.handle.last_heard());
        let before = self
            .heard
            .before
            .and_then(|at| UNIX_EPOCH.checked_add(Duration::from_millis(u64::try_from(at).ok()?)));
        now.max(before)
    }

    /// Keeps the word of a stream that is about to end.
    pub(super) fn keep_heard(&mut self) {
        self.heard.before = self.last_heard().map(epoch_millis);
    }

    /// Stores it, unless it was stored a moment ago.
    pub(super) async fn store_heard(&mut self, interval: Duration) {
        let heard = self.last_heard().map(epoch_millis);
        let recent = self.heard.stored_at.is_some_and(|at| at.elapsed() < interval);
        let (Some(at), false) = (heard.filter(|_| heard > self.heard.stored), recent) else {
            return;
        };
        self.heard.stored_at = Some(Instant::now());
        match self.inbox.call(move |inbox| inbox.set_heard_at(at)).await {
            Ok(()) => self.heard.stored = Some(at),
            // It is worth no call of the user; what is in the way of storing is met by the next event.
            Err(error) => tracing::debug!(%error, "it is not stored when something was heard last"),
        }
    }

    pub(super) async fn store_heard_at_leisure(&mut self) {
        self.store_heard(STORE_INTERVAL).await;
    }
}
