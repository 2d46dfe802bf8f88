//! The inbox in memory while its file cannot be used: what comes is kept there, in bounds, and brought to the file when
//! that can be written again.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::alerts::{self, Decided, Decisions, LateAnswer};
use super::{Arrival, Inbox, InboxError, copy_all, notices};
use super::{Cursor, Now};
use crate::alerts::{Decision, Verdict};
use crate::item::{EpochMillis, Mark, Reason};
use crate::message::Message;

/// Events that are remembered for the file. A person gets a few hundred a day; what is over this is asked of the server
/// again, because the file's cursor is still before it.
const MAX_JOURNAL_EVENTS: usize = 10_000;

/// The same in bytes of their data: little beside what the app takes anyway.
const MAX_JOURNAL_BYTES: usize = 16 << 20;

/// Keys whose alerts are remembered beyond the journal, so that what the server sends again is not shown again.
const MAX_SHOWN: usize = 10_000;

/// The largest file that is copied to memory whole. Beside a larger one the list holds only what comes from then on.
const MAX_COPIED_BYTES: i64 = 64 << 20;

/// How long to wait for another process when looking whether the file can be used again: what comes meanwhile waits.
const RETRY_BUSY_TIMEOUT: Duration = Duration::from_millis(250);

/// About what alerted in memory and was too much to be remembered there.
const SHOWN_BEFORE: Decision = Decision {
    verdict: Verdict::Suppress,
    reason: Reason::ShownBefore,
};

/// What was done in memory since the file was left.
#[derive(Debug, Default)]
pub(super) struct Aside {
    journal: VecDeque<Entry>,
    events: usize,
    bytes: usize,
    /// Something was too much to remember: the server has to be asked for it.
    dropped: bool,
    /// The memory contains everything that the file contained.
    whole: bool,
    /// The memory holds nothing of a file that is there, not even where the stream stood.
    blind: bool,
    shown: Shown,
    /// Answers of the notification service for alerts that the file alone has.
    answers: Vec<LateAnswer>,
}

/// One thing that was done in memory.
#[derive(Debug)]
enum Entry {
    Filed {
        connection: i64,
        now: Now,
        arrivals: Arc<[Arrival]>,
        cursor: Cursor,
        /// The alerts that were decided, by key. What became of them since is in the memory's rows.
        alerts: Decisions,
    },
    Marked(Vec<String>, Mark, EpochMillis),
    AllSeen(EpochMillis),
    AllRead(EpochMillis),
}

/// Alerts that were shown while their items could not be stored and that were too many to remember the items too: key
/// and fingerprint, the oldest forgotten first.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// Fingerprint and alert.
    by_key: HashMap<String, (i64, i64)>,
    order: VecDeque<String>,
}

impl Shown {
    fn add(&mut self, key: String, alert: (i64, i64)) {
        if self.by_key.insert(key.clone(), alert).is_none() {
            self.order.push_back(key);
        }
        while self.by_key.len() > MAX_SHOWN
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_key.remove(&oldest);
        }
    }

    /// Those of a later trouble as well.
    fn extend(&mut self, mut later: Self) {
        for key in later.order {
            if let Some(alert) = later.by_key.remove(&key) {
                self.add(key, alert);
            }
        }
    }

    /// Whether this content of this item was alerted.
    pub(super) fn has(&self, key: &str, fingerprint: i64) -> bool {
        self.by_key
            .get(key)
            .is_some_and(|(known, _)| *known == fingerprint)
    }

    /// Forgets those that wait to be shown: they alert when the server sends them again.
    fn retain_done(&mut self, memory: &Connection) -> Result<(), InboxError> {
        let mut waiting = Vec::new();
        for (key, (_, number)) in &self.by_key {
            // A row that memory had no room for any more is as old as that.
            if alerts::row(memory, *number)?.is_some_and(|row| !row.is_done()) {
                waiting.push(key.clone());
            }
        }
        for key in waiting {
            self.forget(&key);
        }
        Ok(())
    }

    /// It is stored.
    pub(super) fn forget(&mut self, key: &str) {
        if self.by_key.remove(key).is_some() {
            self.order.retain(|other| other != key);
        }
    }
}

/// How the file came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returned {
    /// More came than was remembered: the stream has to begin again after the file's cursor.
    pub ask_again: bool,
    /// What happened to the file, for the user.
    pub problem: Option<Message>,
    /// Events that the file refused for good, each alone: a row in the place of each says so.
    pub given_up: u64,
}

impl Aside {
    /// Of a file that could not be read at all. Its cursor may be before what comes, so it is asked again from there.
    pub(super) fn blind() -> Self {
        Self {
            blind: true,
            dropped: true,
            ..Self::default()
        }
    }

    fn push(&mut self, entry: Entry) {
        let (events, bytes) = entry.size();
        self.events += events;
        self.bytes += bytes;
        self.journal.push_back(entry);
        while (self.events > MAX_JOURNAL_EVENTS || self.bytes > MAX_JOURNAL_BYTES)
            && let Some(oldest) = self.pop()
        {
            self.dropped = true;
            if let Entry::Filed { alerts, .. } = oldest {
                for (key, alert) in alerts {
                    self.shown.add(key, alert);
                }
            }
        }
    }

    fn pop(&mut self) -> Option<Entry> {
        let entry = self.journal.pop_front()?;
        let (events, bytes) = entry.size();
        self.events -= events;
        self.bytes -= bytes;
        Some(entry)
    }

    /// The file refused the next entry over what is in it: its halves are next, and of a single event a row in its
    /// place that says so. Answers how many events were given up. Where the file refuses that row too, or a mark, it is
    /// the file that is wrong: the entry stays, and the inbox in memory.
    fn give_up(
        &mut self,
        file: &mut Inbox,
        error: rusqlite::Error,
        dropped: bool,
    ) -> Result<u64, InboxError> {
        let Some(Entry::Filed {
            connection,
            now,
            arrivals,
            cursor,
            alerts,
        }) = self.journal.front()
        else {
            return Err(InboxError::Database(error));
        };
        let (first, second) = arrivals.split_at(arrivals.len() / 2);
        if first.is_empty() {
            let Some(arrival) = second.first() else {
                return Err(InboxError::Database(error));
            };
            let cursor = if dropped { Cursor::Stays } else { cursor.clone() };
            file.file(&[notices::refused(arrival)].into(), cursor, *now, |_| {
                SHOWN_BEFORE
            })?;
            tracing::error!(id = %arrival.event_id, %error, "an event that cannot be stored is given up");
            self.pop();
            return Ok(1);
        }
        let half = |arrivals: &[Arrival], cursor: Cursor| Entry::Filed {
            connection: *connection,
            now: *now,
            arrivals: arrivals.into(),
            cursor,
            alerts: alerts.clone(),
        };
        let halves = [half(second, cursor.clone()), half(first, Cursor::Stays)];
        self.journal.pop_front();
        for half in halves {
            self.journal.push_front(half);
        }
        Ok(0)
    }

    pub(super) fn filed(
        &mut self,
        connection: i64,
        now: Now,
        arrivals: &Arc<[Arrival]>,
        cursor: Cursor,
        alerts: Decisions,
    ) {
        self.push(Entry::Filed {
            connection,
            now,
            arrivals: Arc::clone(arrivals),
            cursor,
            alerts,
        });
    }

    pub(super) fn marked(&mut self, keys: &[String], mark: Mark, now: EpochMillis) {
        self.push(Entry::Marked(keys.to_owned(), mark, now));
    }

    pub(super) fn all_seen(&mut self, now: EpochMillis) {
        self.push(Entry::AllSeen(now));
    }

    pub(super) fn all_read(&mut self, now: EpochMillis) {
        self.push(Entry::AllRead(now));
    }

    /// The service answered for an alert that the file alone has. There are no more of them than it owed answers when
    /// the file was left.
    pub(super) fn answered(&mut self, answer: LateAnswer) {
        self.answers.push(answer);
    }
}

impl Entry {
    /// How many events it holds, and about how many bytes.
    fn size(&self) -> (usize, usize) {
        match self {
            Self::Filed { arrivals, .. } => (
                arrivals.len(),
                arrivals.iter().map(|arrival| arrival.bytes + 512).sum(),
            ),
            Self::Marked(keys, ..) => (1, keys.iter().map(String::len).sum()),
            Self::AllSeen(..) | Self::AllRead(..) => (1, 0),
        }
    }
}

impl Inbox {
    /// Whether the inbox is in memory because its file cannot be used.
    pub fn is_aside(&self) -> bool {
        self.aside.is_some()
    }

    /// Whether nothing is known of what the file holds.
    pub(crate) fn is_blind(&self) -> bool {
        self.aside.as_ref().is_some_and(|aside| aside.blind)
    }

    /// Leaves the file, which cannot be used, with a copy of what is in it if that is worth having. What comes is kept
    /// in memory from now on.
    ///
    /// # Errors
    ///
    /// When not even memory can be used.
    pub fn leave_file(&mut self, copy: bool) -> Result<(), InboxError> {
        if self.aside.is_some() {
            return Ok(());
        }
        let cursor = self.cursor().ok().flatten();
        let copied = if copy { self.copied() } else { None };
        let prepared = copied.and_then(|db| Self::prepare(db, &self.server, None).ok());
        let whole = prepared.is_some();
        let memory = match prepared {
            Some(memory) => memory,
            None => {
                let mut memory = Self::prepare(Connection::open_in_memory()?, &self.server, None)?;
                if let Some(cursor) = cursor {
                    memory.set_cursor(&cursor)?;
                }
                memory
            }
        };
        // What comes next comes on the same connection.
        (self.db, self.serial) = (memory.db, memory.serial);
        self.aside = Some(Aside {
            whole,
            ..Aside::default()
        });
        Ok(())
    }

    fn copied(&self) -> Option<Connection> {
        let size: i64 = self
            .db
            .query_row(
                "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
                [],
                |row| row.get(0),
            )
            .ok()?;
        if size > MAX_COPIED_BYTES {
            return None;
        }
        let mut memory = Connection::open_in_memory().ok()?;
        copy_all(&self.db, &mut memory).ok()?;
        Some(memory)
    }

    /// Tries to use the file again, and brings to it what came meanwhile. Nothing of it is alerted again.
    ///
    /// # Errors
    ///
    /// While the file cannot be used: the inbox stays in memory, and nothing is lost by trying.
    pub fn return_to_file(&mut self) -> Result<Returned, InboxError> {
        let (Some(place), Some(aside)) = (self.place.clone(), &self.aside) else {
            return Ok(Returned {
                ask_again: false,
                problem: None,
                given_up: 0,
            });
        };
        if let Some(lock) = &mut self.lock {
            lock.renew(&place.file)?;
        }
        let gone = !place.existing().exists();
        let (mut file, problem) = match Self::open_file(&place, RETRY_BUSY_TIMEOUT) {
            Ok(file) => (file, None),
            Err(InboxError::Damaged) => {
                let opened = Self::rebuild(&place)?;
                if opened.inbox.is_aside() {
                    return Err(InboxError::Damaged);
                }
                (opened.inbox, opened.problem)
            }
            Err(error) => return Err(error),
        };
        if gone && aside.whole {
            // Memory has what the file had and all that came since, the cursor too.
            copy_all(&self.db, &mut file.db)?;
            file = Self::prepare(file.db, &self.server, Some(&place))?;
        }
        let dropped = aside.dropped;
        file.asked.go_on_from(&self.asked);
        let given_up = self.bring_to(&mut file, dropped)?;
        self.bring_answers(&mut file)?;
        file.connection = self.connection;
        // The server may not have sent all of an earlier trouble's again yet.
        file.shown = std::mem::take(&mut self.shown);
        if let Some(mut aside) = self.aside.take() {
            aside.shown.retain_done(&self.db)?;
            file.shown.extend(aside.shown);
        }
        file.lock = self.lock.take();
        let numbers = std::mem::replace(&mut file.asked, std::mem::take(&mut self.asked));
        file.asked.go_on_from(&numbers);
        *self = file;
        Ok(Returned {
            ask_again: dropped,
            problem,
            given_up,
        })
    }

    /// Does to the file what was done in memory. What is done is forgotten: a disk that fills up again half way loses
    /// nothing and gets nothing twice. Answers how many events the file refused for good.
    fn bring_to(&mut self, file: &mut Self, dropped: bool) -> Result<u64, InboxError> {
        let Some(aside) = &mut self.aside else {
            return Ok(0);
        };
        let mut given_up = 0;
        alerts::copy_digests(&self.db, &file.db)?;
        // Before the marks, which would take what is pending in the file for what was never shown.
        alerts::copy_answers(&self.db, &file.db)?;
        while let Some(entry) = aside.journal.front() {
            let done = match entry {
                Entry::Filed {
                    connection,
                    now,
                    arrivals,
                    cursor,
                    alerts,
                } => {
                    file.connection = *connection;
                    // With a hole before it, what is remembered may be stored and the cursor may not pass the hole.
                    let cursor = if dropped { Cursor::Stays } else { cursor.clone() };
                    let mut rows = HashMap::new();
                    for (key, (_, number)) in alerts {
                        rows.insert(key, alerts::row(&self.db, *number)?);
                    }
                    file.file_decided(arrivals, cursor, *now, |posted| {
                        match rows.get(&posted.item.key).cloned().flatten() {
                            Some(row) => Decided::Before(Box::new(row)),
                            None => Decided::Now(SHOWN_BEFORE),
                        }
                    })
                    .map(drop)
                }
                Entry::Marked(keys, mark, now) => file.mark(keys, *mark, *now).map(drop),
                Entry::AllSeen(now) => file.mark_all_seen(*now).map(drop),
                Entry::AllRead(now) => file.mark_all_read(*now).map(drop),
            };
            match done {
                Ok(()) => {
                    aside.pop();
                }
                Err(InboxError::Database(error)) => {
                    given_up += aside.give_up(file, error, dropped)?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(given_up)
    }

    /// Brings to the file what the notification service answered meanwhile for alerts that are nowhere else.
    fn bring_answers(&mut self, file: &mut Self) -> Result<(), InboxError> {
        let Some(aside) = &mut self.aside else {
            return Ok(());
        };
        while let Some(answer) = aside.answers.last() {
            file.apply(answer)?;
            aside.answers.pop();
        }
        Ok(())
    }
}
