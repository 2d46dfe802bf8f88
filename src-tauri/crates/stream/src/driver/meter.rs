//! Counters of a running stream, readable from other threads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Observer, Step};

/// Counters that the stream writes and its handle reads. They are independent, so no memory order between them is kept.
#[derive(Debug, Default)]
pub(super) struct Meter {
    bytes: AtomicU64,
    events: AtomicU64,
    ignored: AtomicU64,
    /// Milliseconds since the Unix epoch; 0 before the first byte.
    last_heard: AtomicU64,
    /// The newest response's time by the server's clock.
    server_date: Mutex<Option<SystemTime>>,
    observer: OnceLock<Arc<dyn Observer>>,
}

impl Meter {
    pub(super) fn heard(&self, bytes: usize, now: SystemTime) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.last_heard.store(
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            Ordering::Relaxed,
        );
        self.publish_step(Step::Heard { bytes });
    }

    pub(super) fn observe(&self, observer: Arc<dyn Observer>) {
        if self.observer.set(observer).is_err() {
            tracing::warn!("a stream has one observer, and this is its second");
        }
    }

    pub(super) fn publish_step(&self, step: Step<'_>) {
        if let Some(observer) = self.observer.get() {
            observer.observe(step);
        }
    }

    pub(super) fn dispatched(&self, events: usize) {
        self.events.fetch_add(events as u64, Ordering::Relaxed);
    }

    pub(super) fn ignored(&self, messages: u64) {
        self.ignored.fetch_add(messages, Ordering::Relaxed);
    }

    pub(super) fn ignored_so_far(&self) -> u64 {
        self.ignored.load(Ordering::Relaxed)
    }

    pub(super) fn last_heard(&self) -> Option<SystemTime> {
        match self.last_heard.load(Ordering::Relaxed) {
            0 => None,
            millis => UNIX_EPOCH.checked_add(Duration::from_millis(millis)),
        }
    }

    pub(super) fn answered(&self, date: Option<SystemTime>) {
        *self.server_date.lock().unwrap_or_else(PoisonError::into_inner) = date;
    }

    pub(super) fn server_date(&self) -> Option<SystemTime> {
        *self.server_date.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn totals(&self) -> (u64, u64) {
        (
            self.bytes.load(Ordering::Relaxed),
            self.events.load(Ordering::Relaxed),
        )
    }
}
