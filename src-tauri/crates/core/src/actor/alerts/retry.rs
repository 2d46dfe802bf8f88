//! Schedules the repetition of failed requests to the notification service.

use std::time::Duration;

use tokio::time::Instant;

/// A service that refused once, as GNOME does above a number of simultaneous requests, usually accepts a moment later.
const MIN_INTERVAL: Duration = Duration::from_secs(5);

/// Long enough not to burden a service that always refuses; short enough that the user need not wait long after it
/// recovers.
const MAX_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// Repeats failed requests. Otherwise they would be repeated only after the next successful one, which may never come.
#[derive(Debug, Default)]
pub(super) struct Retry {
    due: Option<Instant>,
    /// Failures since the last success.
    failures: u32,
}

impl Retry {
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Handles a failed request. Several failures of one attempt count as one.
    pub(super) fn on_failure(&mut self, now: Instant) {
        if self.due.is_none() {
            let interval = MIN_INTERVAL.saturating_mul(2_u32.saturating_pow(self.failures));
            self.due = Some(now + interval.min(MAX_INTERVAL));
            self.failures = self.failures.saturating_add(1);
        }
    }

    /// Resets the interval, because the service restarted or showed something, and failed requests are repeated now.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Whether failed requests are due now. Resets the timer.
    pub(super) fn take_due(&mut self, now: Instant) -> bool {
        self.due.take_if(|due| *due <= now).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_comes_later_each_time_and_soon_again_after_a_success() {
        let mut retry = Retry::default();
        let mut waits = Vec::new();
        for _ in 0..9 {
            let now = Instant::now();
            retry.on_failure(now);
            retry.on_failure(now + Duration::from_secs(1));
            let due = retry.due().unwrap();
            assert!(!retry.take_due(now));
            assert!(retry.take_due(due));
            assert_eq!(retry.due(), None);
            waits.push(due.duration_since(now).as_secs());
        }
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
        retry.reset();
        retry.on_failure(Instant::now());
        assert_eq!(retry.due(), Some(Instant::now() + MIN_INTERVAL));
    }
}
