//! What waits for a page that may stop reading.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Updates and events that may wait for the page. A page that has stopped reading must not block answers, so more are
/// dropped, and the page is notified that some are missing.
const QUEUE_CAPACITY: usize = 256;

/// A bounded queue for a reader that may stop reading.
pub(super) struct Queue<T> {
    waiting: Mutex<Waiting<T>>,
    changed: Notify,
}

struct Waiting<T> {
    messages: VecDeque<T>,
    /// Messages that were dropped after those in the queue.
    missed: u64,
    closed: bool,
}

#[derive(Debug, PartialEq)]
pub(super) enum Queued<T> {
    Message(T),
    Missed(u64),
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            waiting: Mutex::new(Waiting {
                messages: VecDeque::new(),
                missed: 0,
                closed: false,
            }),
            changed: Notify::new(),
        }
    }
}

impl<T> Queue<T> {
    fn waiting(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a message, which stands for as many as `count` says if it is dropped.
    pub(super) fn push(&self, message: T, count: impl FnOnce(&T) -> u64) {
        {
            let mut waiting = self.waiting();
            if waiting.closed {
                return;
            }
            if waiting.missed > 0 || waiting.messages.len() >= QUEUE_CAPACITY {
                waiting.missed += count(&message);
            } else {
                waiting.messages.push_back(message);
            }
        }
        self.changed.notify_one();
    }

    pub(super) fn close(&self) {
        self.waiting().closed = true;
        self.changed.notify_one();
    }

    fn pop(&self) -> Option<Option<Queued<T>>> {
        let mut waiting = self.waiting();
        if let Some(message) = waiting.messages.pop_front() {
            return Some(Some(Queued::Message(message)));
        }
        if waiting.missed > 0 {
            return Some(Some(Queued::Missed(std::mem::take(&mut waiting.missed))));
        }
        waiting.closed.then_some(None)
    }

    /// The next message; `None` once the queue is closed and empty. Cancel-safe.
    pub(super) async fn next(&self) -> Option<Queued<T>> {
        loop {
            // There is only one reader, so no other can take the notification.
            if let Some(queued) = self.pop() {
                return queued;
            }
            self.changed.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_that_stands_still_learns_how_much_it_missed_and_goes_on() {
        let queue = Queue::default();
        for number in 0..QUEUE_CAPACITY + 3 {
            queue.push(number, |_| 1);
        }
        for number in 0..QUEUE_CAPACITY {
            assert_eq!(queue.next().await, Some(Queued::Message(number)));
        }
        queue.push(0, |_| 1000); // Missed as well.
        assert_eq!(queue.next().await, Some(Queued::Missed(1003)));
        queue.push(1, |_| 1);
        queue.close();
        queue.push(2, |_| 1); // Too late.
        assert_eq!(queue.next().await, Some(Queued::Message(1)));
        assert_eq!(queue.next().await, None);
        assert_eq!(queue.next().await, None);
    }
}
