//! The current inbox, the state of its file, and inboxes of previous accounts that are not completely stored.

mod trouble;

use tokio::time::Instant;

use crate::account::Entry;
use crate::inbox::{InboxError, InboxThread, Opened};
use crate::message::Message;
use trouble::StorageTrouble;
pub(super) use trouble::{Report, Retry, STORAGE_RETRY_INTERVAL};

/// The inbox of a previous account whose file could not be used: its contents are stored once that is possible.
#[derive(Debug)]
struct Unstored {
    account: Entry,
    inbox: InboxThread,
    trouble: StorageTrouble,
}

/// The current inbox, and the state of its file.
#[derive(Debug)]
pub(super) struct Store {
    inbox: InboxThread,
    /// The last id that is known to be stored.
    cursor: Option<String>,
    /// What had to be done to the inbox file.
    problem: Option<Message>,
    /// Set while the inbox is in memory because its file cannot be used.
    trouble: Option<StorageTrouble>,
    /// Inboxes of previous accounts that are not completely stored.
    unstored: Vec<Unstored>,
}

/// An inbox that replaces another.
#[derive(Debug)]
pub(super) struct Next {
    inbox: InboxThread,
    trouble: Option<StorageTrouble>,
    problem: Option<Message>,
}

impl Next {
    /// Wraps an inbox that was just opened.
    ///
    /// # Errors
    ///
    /// When the system cannot start a thread.
    pub(super) fn of(opened: Opened) -> Result<Self, InboxError> {
        let trouble = StorageTrouble::of(&opened, Instant::now());
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

    /// Returns the stored cursor.
    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    pub(super) fn set_cursor(&mut self, cursor: Option<String>) {
        self.cursor = cursor;
    }

    pub(super) fn is_in_trouble(&self) -> bool {
        self.trouble.is_some()
    }

    /// Whether the stream has to wait for the file, because the cursor is not known.
    pub(super) fn holds_stream(&self) -> bool {
        self.trouble.as_ref().is_some_and(StorageTrouble::holds_stream)
    }

    /// Returns why events cannot be stored, if the user has to act.
    pub(super) fn needs_user(&self) -> Option<&Message> {
        self.trouble.as_ref().and_then(StorageTrouble::needs_user)
    }

    pub(super) fn retry_due(&self) -> Option<Instant> {
        self.trouble.as_ref().map(StorageTrouble::retry_at)
    }

    pub(super) fn unstored_due(&self) -> Option<Instant> {
        self.unstored.iter().map(|left| left.trouble.retry_at()).min()
    }

    /// Records that the inbox is in memory from now on.
    pub(super) fn on_left_file(&mut self, words: Message, needs_user: bool, now: Instant) {
        let trouble = StorageTrouble::new(words, needs_user, now);
        self.trouble = Some(trouble.after(self.trouble.as_ref()));
    }

    /// Begins a retry of the file; `None` if the file is in use.
    pub(super) fn begin_retry(&mut self, now: Instant) -> Option<Retry> {
        self.trouble.as_mut().map(|trouble| trouble.begin_retry(now))
    }

    /// Records that the file is in use again. Returns what had to be done to it, now or before.
    pub(super) fn on_returned(&mut self, problem: Option<Message>) -> Option<Message> {
        self.trouble = None;
        self.problem = problem.or(self.problem.take());
        self.problem.clone()
    }

    pub(super) fn on_retry_failed(&mut self, words: Message) {
        if let Some(trouble) = &mut self.trouble {
            trouble.on_retry_failed(words);
        }
    }

    /// Returns what has to be reported about the problem, if there is one.
    pub(super) fn take_report(&mut self) -> Option<Report> {
        self.trouble.as_mut().map(StorageTrouble::take_report)
    }

    /// Retries the files of previous accounts that are not completely stored.
    pub(super) async fn retry_unstored(&mut self, now: Instant) {
        for mut left in std::mem::take(&mut self.unstored) {
            if left.trouble.retry_at() <= now {
                left.trouble.begin_retry(now);
                match left.inbox.call(|inbox| inbox.return_to_file()).await {
                    Ok(_) => continue,
                    Err(error) => tracing::warn!(%error, "the inbox of another account is still not stored"),
                }
            }
            self.unstored.push(left);
        }
    }

    /// Removes and returns the inbox of a previous account that is not completely stored.
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

    /// Switches from one account's inbox to another's. One that is not completely stored is kept until it is. Returns
    /// what is wrong with the new file.
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

    /// Releases the file before another core needs it.
    pub(super) fn close(&mut self) {
        self.inbox = InboxThread::closed();
    }

    /// Makes the file fail, for tests.
    #[cfg(test)]
    pub(super) fn fail(&mut self, words: Message) {
        self.on_left_file(words, false, Instant::now());
    }
}
