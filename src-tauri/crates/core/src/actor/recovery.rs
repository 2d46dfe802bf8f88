//! Handles an inbox that cannot be stored: the stream stays open, alerts continue from memory, the user is notified,
//! and the file is retried until it is usable.

use tokio::time::Instant;

use super::Actor;
use super::storage::STORAGE_RETRY_INTERVAL;
use crate::inbox::{Inbox, InboxError};
use crate::message::{self, Message};
use crate::metrics::Outcome;
use crate::protocol::NoticeKind;

/// What to try if the file cannot be used. A file that was created anew can also fail, in another way, and is not
/// touched again until the next retry, because a failing disk must not be mistaken for a bad event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    NewFile,
    Memory,
}

impl Actor {
    /// Runs `work` on the inbox, and again in memory if its file turns out to be unusable.
    ///
    /// # Errors
    ///
    /// The error of the work in memory.
    pub(super) async fn with_inbox<T: Send + 'static>(
        &mut self,
        work: impl Fn(&mut Inbox) -> Result<T, InboxError> + Clone + Send + 'static,
    ) -> Result<T, InboxError> {
        let mut result = self.store.inbox().call(work.clone()).await;
        for next in [Remedy::NewFile, Remedy::Memory] {
            if let Err(error) = &result
                && error.is_storage_failure()
            {
                self.on_storage_trouble(error, next).await;
                result = self.store.inbox().call(work.clone()).await;
            }
        }
        result
    }

    /// Continues in memory if the file cannot be used. A damaged or missing file may be created anew at once.
    pub(super) async fn on_storage_trouble(&mut self, error: &InboxError, next: Remedy) {
        tracing::error!(%error, "the inbox file cannot be used; the inbox goes on in memory");
        let words = self.storage_words(error);
        // A copy of a damaged file would be damaged too, and a copy of a file that rejects data would reject it too.
        let copy = !matches!(error, InboxError::Damaged | InboxError::Database(_));
        let result = self
            .store
            .inbox()
            .call(move |inbox| inbox.fall_back_to_memory(copy))
            .await;
        if let Err(error) = result {
            tracing::error!(%error, "not even memory can be used for the inbox");
        }
        // A lock of another process is usually released in a moment.
        let needs_user = !matches!(error, InboxError::Busy);
        self.store.on_left_file(words, needs_user, Instant::now());
        if next == Remedy::NewFile && matches!(error, InboxError::Damaged | InboxError::Gone) {
            self.retry_storage().await;
        } else {
            self.publish_storage();
        }
    }

    /// Tries the file again, and requests from the server what did not fit into the journal.
    pub(super) async fn retry_storage(&mut self) {
        let Some(retry) = self.store.begin_retry(Instant::now()) else {
            return;
        };
        let returning = self.store.inbox().call(|inbox| {
            let returned = inbox.return_to_file()?;
            Ok((returned, inbox.cursor()?))
        });
        match returning.await {
            Ok((returned, cursor)) => {
                tracing::info!(ask_again = returned.ask_again, "the inbox file is in use again");
                self.meters.events(Outcome::Failed, returned.given_up, None);
                let problem = self.store.on_returned(returned.problem);
                // For alerts that are pending in the file but not in memory.
                self.alerts.poll_soon();
                self.outgoing.on_stored();
                self.backfilling.on_inbox();
                self.accounts.save_unsaved();
                self.readers.set_notice(NoticeKind::Storage, problem);
                self.publish_connection();
                self.readers.publish_inbox_changed();
                let counts = self.store.inbox().call(|inbox| inbox.counts()).await;
                self.on_counts(counts);
                if returned.ask_again {
                    self.store.set_cursor(cursor);
                    // A user who signed out meanwhile stays signed out.
                    if self.link.is_wanted() {
                        self.open_stream();
                    }
                }
            }
            Err(error) => {
                let words = self.storage_words(&error);
                self.store.on_retry_failed(words);
                self.publish_storage();
                if retry.ends_hold && self.link.is_wanted() {
                    self.open_stream();
                }
            }
        }
    }

    fn storage_words(&self, error: &InboxError) -> Message {
        let legacy = self.setup.paths.legacy_inbox();
        match &self.account {
            Some(account) if !legacy.exists() => error.message_with_advice(&account.inbox()),
            Some(_) | None => error.message_with_advice(&legacy),
        }
    }

    /// Shows the problem in the window, and in one notification if the user does not look at the window.
    pub(super) fn publish_storage(&mut self) {
        let Some(report) = self.store.take_report() else {
            return;
        };
        let notice = message::notice_storage(report.words.clone(), STORAGE_RETRY_INTERVAL);
        self.readers.set_notice(NoticeKind::Storage, Some(notice));
        self.publish_connection();
        if report.notify {
            self.show(message::needs_you(), message::storage_needs_you(report.words));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::super::Ending;
    use super::super::tests::setup;
    use super::*;
    use crate::handle::inlet;

    #[tokio::test]
    async fn an_inbox_that_panics_ends_the_core_so_that_another_takes_over() {
        let home = tempfile::tempdir().unwrap();
        let mut actor = Actor::new(setup(home.path())).unwrap();
        let inbox = actor.store.inbox().clone();
        let (_handle, mut inlet) = inlet();
        let panicking = async {
            let answer = inbox.call(|_| -> Result<(), InboxError> { panic!("as the test wants") });
            assert!(matches!(answer.await, Err(InboxError::Closed)));
            std::future::pending::<()>().await;
        };
        tokio::select! {
            ended = timeout(Duration::from_secs(20), actor.run(&mut inlet)) => {
                assert_eq!(ended, Ok(Ending::Broken("the inbox")));
            }
            () = panicking => {}
        }
    }
}
