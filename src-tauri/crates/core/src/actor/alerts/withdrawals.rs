//! Notifications that are being withdrawn. A withdrawal has no answer; most services report that they closed the
//! notification.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::ports::NotificationHandle;

/// After this time, a withdrawal has certainly been sent. If it were recorded at once and the app ended before sending
/// it, the next start would not know that the notification is still on screen.
const SENT_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(super) struct Withdrawals(HashMap<NotificationHandle, Instant>);

impl Withdrawals {
    /// Adds a withdrawal. Returns `false` if it was already requested.
    pub(super) fn begin(&mut self, handle: &NotificationHandle, now: Instant) -> bool {
        let is_new = !self.0.contains_key(handle);
        if is_new {
            self.0.insert(handle.clone(), now + SENT_TIMEOUT);
        }
        is_new
    }

    /// Handles the service's report that the notification is closed.
    pub(super) fn on_closed(&mut self, handle: &NotificationHandle) {
        self.0.remove(handle);
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.0.values().min().copied()
    }

    /// Removes and returns withdrawals that were certainly sent, to be recorded.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<NotificationHandle> {
        self.0
            .extract_if(|_, due| *due <= now)
            .map(|(handle, _)| handle)
            .collect()
    }

    /// Removes all entries, because another account's rows are used from now on.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
