//! The time when data last arrived from the server, kept across restarts.

use std::time::Duration;

use tokio::time::Instant;

use crate::item::EpochMillis;

/// How often to store the time: a crash loses at most this much, and not every heartbeat causes a write.
const STORE_INTERVAL: Duration = Duration::from_secs(60);

/// The parts of it besides the stream's status.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The value of earlier streams.
    before: Option<EpochMillis>,
    stored: Option<EpochMillis>,
    stored_at: Option<Instant>,
}

impl Heard {
    /// `stored` is the value from an earlier run.
    pub(super) fn new(stored: Option<EpochMillis>) -> Self {
        Self {
            before: stored,
            stored,
            stored_at: None,
        }
    }

    /// Returns the time, including the stream's own value.
    pub(super) fn last(&self, stream: Option<EpochMillis>) -> Option<EpochMillis> {
        stream.max(self.before)
    }

    /// Keeps the value of a stream that is about to end.
    pub(super) fn keep(&mut self, stream: Option<EpochMillis>) {
        self.before = self.last(stream);
    }

    /// Returns the value to store, if it has changed.
    pub(super) fn unstored(&self, stream: Option<EpochMillis>) -> Option<EpochMillis> {
        self.last(stream).filter(|at| Some(*at) > self.stored)
    }

    /// Whether it was stored, or storing it failed, a moment ago.
    pub(super) fn is_recent(&self, now: Instant) -> bool {
        self.stored_at.is_some_and(|at| now < at + STORE_INTERVAL)
    }

    /// Records that the value was stored, or that storing it failed.
    pub(super) fn on_stored(&mut self, at: Option<EpochMillis>, now: Instant) {
        self.stored_at = Some(now);
        self.stored = at.or(self.stored);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_news_is_stored_and_once_a_minute() {
        let (mut heard, now) = (Heard::new(Some(10)), Instant::now());
        assert_eq!(heard.unstored(None), None, "it is there already");
        assert_eq!(heard.unstored(Some(5)), None);
        assert_eq!(heard.unstored(Some(20)), Some(20));
        heard.on_stored(Some(20), now);
        assert_eq!(heard.unstored(Some(20)), None);
        assert!(heard.is_recent(now + Duration::from_secs(59)));
        assert!(!heard.is_recent(now + STORE_INTERVAL));
        heard.on_stored(None, now);
        assert_eq!(
            heard.unstored(Some(30)),
            Some(30),
            "what was refused is tried again"
        );
    }

    #[test]
    fn the_word_of_a_stream_that_ended_is_kept() {
        let mut heard = Heard::new(None);
        heard.keep(Some(30));
        heard.keep(None);
        assert_eq!((heard.last(None), heard.last(Some(40))), (Some(30), Some(40)));
    }
}
