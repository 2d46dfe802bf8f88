//! What is done while the inbox cannot be stored: the stream stays, alerts go on from memory, the user is told, and the
//! file is tried again until it can be used.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Actor;
use crate::account::Entry;
use crate::inbox::{Arrival, Cursor, Due, Effect, Inbox, InboxError, InboxThread, Opened, notices};
use crate::item::SoundName;
use crate::message::{self, Message};
use crate::metrics::Outcome;
use crate::protocol::NoticeKind;

/// How often a file that cannot be used is tried again: soon enough that nobody waits for it, rarely enough that a busy
/// disk is left alone.
const STORAGE_RETRY_INTERVAL: Duration = Duration::from_secs(30);

/// How often a file is tried while nothing is asked of the server before it can be read.
const BLIND_RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// How long that is done. A backup of a file of megabytes takes seconds; after a minute, what comes is shown rather
/// than not, and what the server sends to those who know no position may be shown again.
const BLIND_TIMEOUT: Duration = Duration::from_secs(60);

/// The inbox is in memory, because its file cannot be used.
#[derive(Debug)]
struct StorageTrouble {
    retry_at: Instant,
    /// Why, for the user.
    words: Message,
    /// It will not pass by itself, as far as can be told.
    needs_user: bool,
    /// The user was notified.
    notified: bool,
    /// Until when the stream waits for the file: it is not known where to go on, nor what was shown already.
    holds_stream_until: Option<Instant>,
}

impl StorageTrouble {
    fn new(words: Message, needs_user: bool) -> Self {
        Self {
            retry_at: Instant::now() + STORAGE_RETRY_INTERVAL,
            words,
            needs_user,
            notified: false,
            holds_stream_until: None,
        }
    }

    /// What keeps an inbox that was opened from its file, if anything does.
    fn of(opened: &Opened) -> Option<Self> {
        let words = opened.problem.clone().filter(|_| opened.inbox.is_aside())?;
        let mut trouble = Self::new(words, !opened.busy);
        if opened.busy && opened.inbox.is_blind() {
            let now = Instant::now();
            trouble.holds_stream_until = Some(now + BLIND_TIMEOUT);
            trouble.retry_at = now + BLIND_RETRY_INTERVAL;
        }
        Some(trouble)
    }
}

/// The inbox of an account that was left while its file could not be used: what it holds is stored once that can be.
#[derive(Debug)]
struct Unstored {
    account: Entry,
    inbox: InboxThread,
    trouble: StorageTrouble,
}

/// The inbox in use, and how it is with its file.
#[derive(Debug)]
pub(super) struct Store {
    inbox: InboxThread,
    /// The last id known to be stored.
    cursor: Option<String>,
    /// What had to be done to the inbox file.
    problem: Option<Message>,
    /// The inbox is in memory, because its file cannot be used.
    trouble: Option<StorageTrouble>,
    /// Inboxes of accounts that were left while they could not be stored.
    unstored: Vec<Unstored>,
}

/// An inbox that takes the place of another.
#[derive(Debug)]
pub(super) struct Next {
    inbox: InboxThread,
    trouble: Option<StorageTrouble>,
    problem: Option<Message>,
}

impl Next {
    /// Of an inbox that was just opened.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread.
    pub(super) fn of(opened: Opened) -> Result<Self, InboxError> {
        let trouble = StorageTrouble::of(&opened);
        Ok(Self {
            problem: opened.problem.filter(|_| trouble.is_none()),
            trouble,
            inbox: InboxThread::spawn(opened.inbox).map_err(InboxError::Folder)?,
        })
    }
}

impl Store {
    pub(super) fn new(next: Next, cursor: Option<String>) -> Self {
        Self {
            inbox: next.inbox,
            cursor,
            problem: next.problem,
            trouble: next.trouble,
            unstored: Vec::new(),
        }
    }

    pub(super) fn inbox(&self) -> &InboxThread {
        &self.inbox
    }

    /// Where the stream is, as far as that is stored.
    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    pub(super) fn set_cursor(&mut self, cursor: Option<String>) {
        self.cursor = cursor;
    }

    pub(super) fn is_in_trouble(&self) -> bool {
        self.trouble.is_some()
    }

    /// The stream waits for the file: it is not known where to go on.
    pub(super) fn holds_stream(&self) -> bool {
        let until = self
            .trouble
            .as_ref()
            .and_then(|trouble| trouble.holds_stream_until);
        until.is_some()
    }

    /// Why what comes cannot be kept, where the user has to mend that.
    pub(super) fn needs_user(&self) -> Option<&Message> {
        let trouble = self.trouble.as_ref().filter(|trouble| trouble.needs_user);
        trouble.map(|trouble| &trouble.words)
    }

    pub(super) fn retry_due(&self) -> Option<Instant> {
        self.trouble.as_ref().map(|trouble| trouble.retry_at)
    }

    pub(super) fn unstored_due(&self) -> Option<Instant> {
        self.unstored.iter().map(|left| left.trouble.retry_at).min()
    }

    /// The inbox of an account that was left and is not stored yet.
    pub(super) fn take_unstored(&mut self, account: &Entry) -> Option<Next> {
        let mut all = self.unstored.iter();
        let place = all.position(|left| left.account.folder() == account.folder())?;
        let left = self.unstored.swap_remove(place);
        Some(Next {
            inbox: left.inbox,
            trouble: Some(left.trouble),
            problem: None,
        })
    }

    /// Leaves the inbox of one account for another; one that could not be stored is kept until it can. Answers with
    /// what is wrong with the file.
    pub(super) fn switch(&mut self, next: Next, before: Option<Entry>) -> Option<Message> {
        let inbox = std::mem::replace(&mut self.inbox, next.inbox);
        if let Some((trouble, account)) = std::mem::replace(&mut self.trouble, next.trouble).zip(before) {
            self.unstored.push(Unstored {
                account,
                inbox,
                trouble,
            });
        }
        self.problem.clone_from(&next.problem);
        next.problem
    }

    /// Gives the file back before another core needs it.
    pub(super) fn close(&mut self) {
        self.inbox = InboxThread::closed();
    }

    /// Makes a trouble up.
    #[cfg(test)]
    pub(super) fn fail(&mut self, words: Message) {
        self.trouble = Some(StorageTrouble::new(words, false));
    }
}

/// What is tried where the file cannot be used. One that was made anew can fail as well, in another way, and is left
/// alone then until the next try: the trouble of a disk must not be taken for that of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remedy {
    NewFile,
    Memory,
}

/// What filing a batch came to.
pub(super) struct Stored {
    pub(super) filed: Vec<Effect>,
    pub(super) sounds: Vec<SoundName>,
    /// What is to be shown; none where that could not be read.
    pub(super) due: Vec<Due>,
    /// The places of the events that had not come before.
    pub(super) first: Vec<usize>,
}

impl Stored {
    /// Adds what the events from this place on came to.
    fn extend(&mut self, later: Self, place: usize) {
        self.first
            .extend(later.first.into_iter().map(|first| place + first));
        self.filed.extend(later.filed);
        self.sounds.extend(later.sounds);
        self.due.extend(later.due);
    }
}

impl Actor {
    /// Stores a batch, in memory where the file cannot be used. An event that cannot be stored anywhere is found by
    /// halving, given up and said. `None` when nothing can be stored at all.
    pub(super) async fn store_events(&mut self, arrivals: Vec<Arrival>, cursor: Cursor) -> Option<Stored> {
        let mut stored = Stored {
            filed: Vec::new(),
            sounds: Vec::new(),
            due: Vec::new(),
            first: Vec::new(),
        };
        // Of the first event of the batch that is on.
        let mut place = 0;
        let mut batches = vec![(arrivals, cursor)];
        while let Some((arrivals, cursor)) = batches.pop() {
            let shared: Arc<[Arrival]> = arrivals.into();
            let mut result = self.store_batch(&shared, &cursor).await;
            for next in [Remedy::NewFile, Remedy::Memory] {
                if let Err(error) = &result
                    && error.is_about_storage()
                {
                    self.on_storage_trouble(error, next).await;
                    result = self.store_batch(&shared, &cursor).await;
                }
            }
            match result {
                Ok(batch) => {
                    stored.extend(batch, place);
                    place += shared.len();
                }
                Err(InboxError::Closed) => return None,
                Err(error) => match halves(&shared, &cursor) {
                    Some([first, second]) => batches.extend([second, first]),
                    // One event alone is refused.
                    None => {
                        if let Some(batch) = self.give_up(&shared, &cursor, &error).await {
                            stored.extend(batch, place);
                        }
                        place += 1;
                    }
                },
            }
        }
        Some(stored)
    }

    /// Does something with the inbox, in memory where its file turns out not to be usable.
    ///
    /// # Errors
    ///
    /// What the work answers there.
    pub(super) async fn with_inbox<T: Send + 'static>(
        &mut self,
        work: impl Fn(&mut Inbox) -> Result<T, InboxError> + Clone + Send + 'static,
    ) -> Result<T, InboxError> {
        let mut result = self.store.inbox.call(work.clone()).await;
        for next in [Remedy::NewFile, Remedy::Memory] {
            if let Err(error) = &result
                && error.is_about_storage()
            {
                self.on_storage_trouble(error, next).await;
                result = self.store.inbox.call(work.clone()).await;
            }
        }
        result
    }

    async fn store_batch(
        &mut self,
        arrivals: &Arc<[Arrival]>,
        cursor: &Cursor,
    ) -> Result<Stored, InboxError> {
        let (now, mut gate, mut query) = (self.server_now(), self.gate(), self.due_query());
        let (arrivals, moved) = (Arc::clone(arrivals), cursor.clone());
        let (filed, first, gate, due) = self
            .store
            .inbox
            .call(move |inbox| {
                let filed = inbox.file(&arrivals, moved, now, |posted| gate.decide(posted))?;
                let first = inbox.take_first();
                query.collecting.extend(&gate.collected);
                // Of the next transaction: the batch is stored whether or not this can be read.
                let due = inbox.due(&query);
                Ok((filed, first, gate, due))
            })
            .await?;
        self.alerts.on_decided(&gate, Instant::now());
        let due = due.map_err(|error| self.on_due_failed(&error)).ok();
        match cursor {
            Cursor::Stays => {}
            Cursor::At(id) => self.store.cursor = Some(id.clone()),
            Cursor::Nowhere => self.store.cursor = None,
        }
        Ok(Stored {
            filed,
            sounds: gate.sounds,
            due: due.into_iter().collect(),
            first,
        })
    }

    /// Stores in the place of an event that cannot be stored that this is so. Where not even that can be stored it is
    /// the file that refuses, and the event is kept in memory.
    async fn give_up(
        &mut self,
        arrivals: &Arc<[Arrival]>,
        cursor: &Cursor,
        error: &InboxError,
    ) -> Option<Stored> {
        let arrival = arrivals.first()?;
        let instead = Arc::from([notices::refused(arrival)]);
        if let Ok(mut stored) = self.store_batch(&instead, cursor).await {
            // The event itself had no effect.
            stored.first.clear();
            tracing::error!(id = %arrival.event_id, %error, "an event that cannot be stored is given up");
            self.meters.events(Outcome::Failed, 1, None);
            return Some(stored);
        }
        self.on_storage_trouble(error, Remedy::Memory).await;
        self.store_batch(arrivals, cursor).await.ok()
    }

    /// The file cannot be used: the inbox goes on in memory. A file that is damaged or gone may be made anew at once.
    async fn on_storage_trouble(&mut self, error: &InboxError, next: Remedy) {
        tracing::error!(%error, "the inbox file cannot be used; the inbox goes on in memory");
        let words = self.storage_words(error);
        // A copy of a damaged file would be as damaged, and of one that refuses what it is given as unwilling.
        let copy = !matches!(error, InboxError::Damaged | InboxError::Database(_));
        let result = self.store.inbox.call(move |inbox| inbox.leave_file(copy)).await;
        if let Err(error) = result {
            tracing::error!(%error, "not even memory can be used for the inbox");
        }
        // What another program holds is free again in a moment, mostly.
        let needs_user = !matches!(error, InboxError::Busy);
        let notified = self
            .store
            .trouble
            .as_ref()
            .is_some_and(|trouble| trouble.notified);
        self.store.trouble = Some(StorageTrouble {
            notified,
            ..StorageTrouble::new(words, needs_user)
        });
        if next == Remedy::NewFile && matches!(error, InboxError::Damaged | InboxError::Gone) {
            self.retry_storage().await;
        } else {
            self.publish_storage();
        }
    }

    /// Tries the file again, and asks the server for what was too much to be remembered.
    pub(super) async fn retry_storage(&mut self) {
        let Some(trouble) = &mut self.store.trouble else {
            return;
        };
        let now = Instant::now();
        let until = trouble.holds_stream_until;
        trouble.holds_stream_until = until.filter(|until| now < *until);
        trouble.retry_at = now
            + if trouble.holds_stream_until.is_some() {
                BLIND_RETRY_INTERVAL
            } else {
                STORAGE_RETRY_INTERVAL
            };
        let returned = self
            .store
            .inbox
            .call(|inbox| {
                let returned = inbox.return_to_file()?;
                Ok((returned, inbox.cursor()?))
            })
            .await;
        match returned {
            Ok((returned, cursor)) => {
                tracing::info!(ask_again = returned.ask_again, "the inbox file is in use again");
                self.meters.events(Outcome::Failed, returned.given_up, None);
                self.store.trouble = None;
                // What was pending there and is not in memory.
                self.alerts.poll_soon();
                self.accounts.save_unsaved();
                self.store.problem = returned.problem.or(self.store.problem.take());
                self.readers
                    .set_notice(NoticeKind::Storage, self.store.problem.clone());
                self.publish_connection();
                self.readers.publish_inbox_changed();
                let counts = self.store.inbox.call(|inbox| inbox.counts()).await;
                self.on_counts(counts);
                if returned.ask_again {
                    self.store.cursor = cursor;
                    // Whoever signed out meanwhile stays signed out.
                    if self.link.is_wanted() {
                        self.open_stream();
                    }
                }
            }
            Err(error) => {
                let words = self.storage_words(&error);
                if let Some(trouble) = &mut self.store.trouble {
                    trouble.words = words;
                    // What passes by itself, as a rule, is not the user's yet.
                    trouble.needs_user |= trouble.holds_stream_until.is_none();
                }
                self.publish_storage();
                if until.is_some_and(|until| until <= now) && self.link.is_wanted() {
                    self.open_stream();
                }
            }
        }
    }

    /// Tries the files of accounts that were left before everything was stored.
    pub(super) async fn retry_unstored(&mut self, now: Instant) {
        for mut left in std::mem::take(&mut self.store.unstored) {
            if left.trouble.retry_at <= now {
                left.trouble.retry_at = now + STORAGE_RETRY_INTERVAL;
                match left.inbox.call(|inbox| inbox.return_to_file()).await {
                    Ok(_) => continue,
                    Err(error) => tracing::warn!(%error, "the inbox of another account is still not stored"),
                }
            }
            self.store.unstored.push(left);
        }
    }

    fn storage_words(&self, error: &InboxError) -> Message {
        let legacy = self.setup.paths.legacy_inbox();
        match &self.account {
            Some(account) if !legacy.exists() => error.advised(&account.inbox()),
            Some(_) | None => error.advised(&legacy),
        }
    }

    /// Tells of the trouble wherever somebody looks, and where nobody does by one notification.
    pub(super) fn publish_storage(&mut self) {
        let Some(trouble) = &mut self.store.trouble else {
            return;
        };
        let problem = trouble.words.clone();
        let notify = trouble.needs_user && !trouble.notified;
        trouble.notified |= notify;
        self.readers.set_notice(
            NoticeKind::Storage,
            Some(message::notice_storage(problem.clone(), STORAGE_RETRY_INTERVAL)),
        );
        self.publish_connection();
        if notify {
            self.show(message::needs_you(), message::storage_needs_you(problem));
        }
    }
}

/// A batch in two, of which the second moves the cursor; `None` where there is only one event. Between them the cursor
/// stays: its ids are the whole batch's.
fn halves(arrivals: &[Arrival], cursor: &Cursor) -> Option<[(Vec<Arrival>, Cursor); 2]> {
    let (first, second) = arrivals.split_at(arrivals.len() / 2);
    (!first.is_empty()).then(|| [(first.to_vec(), Cursor::Stays), (second.to_vec(), cursor.clone())])
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
        let inbox = actor.store.inbox.clone();
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
