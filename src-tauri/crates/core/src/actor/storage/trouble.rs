//! An inbox that is in memory because its file cannot be used: why, and when the file is tried again.

use std::time::Duration;

use tokio::time::Instant;

use crate::inbox::Opened;
use crate::message::Message;

/// How often to try an unusable file again: soon enough that users need not wait for it, rarely enough not to burden a
/// busy disk.
pub(in crate::actor) const STORAGE_RETRY_INTERVAL: Duration = Duration::from_secs(30);

/// How often to try the file while the connection waits for it.
const UNREAD_FILE_RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// How long the connection waits for the file. A backup of a file of megabytes takes seconds. After a minute, showing
/// events matters more, although a server that gets no cursor may send some that were shown before.
const UNREAD_FILE_TIMEOUT: Duration = Duration::from_secs(60);

/// The inbox is in memory because its file cannot be used.
#[derive(Debug)]
pub(super) struct StorageTrouble {
    retry_at: Instant,
    /// Why, for the user.
    words: Message,
    /// Whether the problem will probably not resolve itself.
    needs_user: bool,
    /// Whether the user was notified.
    notified: bool,
    /// Until when the connection waits for the file, because neither the cursor nor what was shown is known.
    holds_stream_until: Option<Instant>,
}

/// A retry of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::actor) struct Retry {
    /// Whether the connection waited for the file and stops waiting now.
    pub(in crate::actor) ends_hold: bool,
}

/// A report about the problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::actor) struct Report {
    /// Why events cannot be stored.
    pub(in crate::actor) words: Message,
    /// Whether to notify the user, which happens once.
    pub(in crate::actor) notify: bool,
}

impl StorageTrouble {
    pub(super) fn new(words: Message, needs_user: bool, now: Instant) -> Self {
        Self {
            retry_at: now + STORAGE_RETRY_INTERVAL,
            words,
            needs_user,
            notified: false,
            holds_stream_until: None,
        }
    }

    /// Returns why an inbox that was just opened is in memory, if it is.
    pub(super) fn of(opened: &Opened, now: Instant) -> Option<Self> {
        let words = opened.problem.clone().filter(|_| opened.inbox.is_in_fallback())?;
        let trouble = Self::new(words, !opened.busy, now);
        let is_file_unread = opened.busy && opened.inbox.is_file_unread();
        Some(if is_file_unread {
            trouble.with_token(now)
        } else {
            trouble
        })
    }

    /// Makes the connection wait for the file.
    fn with_token(self, now: Instant) -> Self {
        Self {
            holds_stream_until: Some(now + UNREAD_FILE_TIMEOUT),
            retry_at: now + UNREAD_FILE_RETRY_INTERVAL,
            ..self
        }
    }

    /// Merges this problem with an earlier one of the same file, so that the user is not notified twice.
    pub(super) fn after(self, before: Option<&Self>) -> Self {
        Self {
            notified: before.is_some_and(|before| before.notified),
            ..self
        }
    }

    pub(super) fn retry_at(&self) -> Instant {
        self.retry_at
    }

    pub(super) fn holds_stream(&self) -> bool {
        self.holds_stream_until.is_some()
    }

    /// Returns the reason, if the user has to act.
    pub(super) fn needs_user(&self) -> Option<&Message> {
        Some(&self.words).filter(|_| self.needs_user)
    }

    /// Begins a retry of the file.
    pub(super) fn begin_retry(&mut self, now: Instant) -> Retry {
        let until = self.holds_stream_until;
        self.holds_stream_until = until.filter(|until| now < *until);
        self.retry_at = now
            + if self.holds_stream() {
                UNREAD_FILE_RETRY_INTERVAL
            } else {
                STORAGE_RETRY_INTERVAL
            };
        Retry {
            ends_hold: until.is_some_and(|until| until <= now),
        }
    }

    /// Handles a failed retry.
    pub(super) fn on_retry_failed(&mut self, words: Message) {
        self.words = words;
        // While the connection waits, the cause usually resolves itself, so the user need not act yet.
        self.needs_user |= !self.holds_stream();
    }

    pub(super) fn take_report(&mut self) -> Report {
        let notify = self.needs_user && !self.notified;
        self.notified |= notify;
        Report {
            words: self.words.clone(),
            notify,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message;

    #[test]
    fn the_stream_waits_for_a_file_for_a_minute_and_then_the_user_is_called_once() {
        let now = Instant::now();
        let mut trouble = StorageTrouble::new(message::storage_full(), false, now).with_token(now);
        let mut tries = 0;
        while trouble.retry_at() < now + UNREAD_FILE_TIMEOUT {
            let retry = trouble.begin_retry(trouble.retry_at());
            assert!(!retry.ends_hold && trouble.holds_stream());
            trouble.on_retry_failed(message::storage_full());
            assert!(!trouble.take_report().notify, "it may well pass by itself");
            tries += 1;
        }
        assert_eq!(tries, 59, "each second");
        assert!(trouble.begin_retry(trouble.retry_at()).ends_hold);
        trouble.on_retry_failed(message::storage_full());
        assert_eq!(trouble.needs_user(), Some(&message::storage_full()));
        assert_eq!(
            trouble.retry_at(),
            now + UNREAD_FILE_TIMEOUT + STORAGE_RETRY_INTERVAL
        );
        assert_eq!(
            [trouble.take_report().notify, trouble.take_report().notify],
            [true, false]
        );
        let next = StorageTrouble::new(message::storage_full(), true, now);
        assert!(
            !next.after(Some(&trouble)).take_report().notify,
            "nor for the next"
        );
    }
}
