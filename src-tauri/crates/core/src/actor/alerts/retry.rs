//! When what the notification service did not show is asked for again.

use std::time::Duration;

use tokio::time::Instant;

/// A service that refused once, as GNOME does above a number at a time, mostly shows the same a moment later.
const MIN_INTERVAL: Duration = Duration::from_secs(5);

/// A service that refuses always is left in peace, and yet nobody waits longer for what it can show again.
const MAX_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// Without it, what failed would wait for the next success: for ever, where nothing else comes.
#[derive(Debug, Default)]
pub(super) struct Retry {
    due: Option<Instant>,
    /// How often nothing but failures came since.
    failures: u32,
}

impl Retry {
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Something was not shown. Several failures of one attempt count as one.
    pub(super) fn on_failure(&mut self, now: Instant) {
        if self.due.is_none() {
            let interval = MIN_INTERVAL.saturating_mul(2_u32.saturating_pow(self.failures));
            self.due = Some(now + interval.min(MAX_INTERVAL));
            self.failures = self.failures.saturating_add(1);
        }
    }

    /// The service is another one, or shows something again: everything that failed is asked for now.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Whether what failed is to be asked for now.
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
