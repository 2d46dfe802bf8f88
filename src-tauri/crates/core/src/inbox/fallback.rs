//! The inbox in memory while its file cannot be used: operations are journalled within limits, and repeated in the file
//! once that is writable again.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::alerts::{self, AlertRow, Decided, Decisions, LateAnswer};
use super::{Arrival, Inbox, InboxError, Posted, copy_all, notices};
use super::{Cursor, Now};
use crate::alerts::{Decision, Verdict};
use crate::backfill::Progress;
use crate::item::{EpochMillis, Mark, Reason};
use crate::message::Message;

/// The maximum number of journalled events. A user gets a few hundred a day; further ones are requested from the server
/// again, because the cursor in the file is still before them.
const MAX_JOURNAL_EVENTS: usize = 10_000;

/// The maximum size of their data in bytes: small compared with the app's other memory.
const MAX_JOURNAL_BYTES: usize = 16 << 20;

/// How many keys with alerts are kept besides the journal, so that a repetition from the server does not alert again.
const MAX_SHOWN: usize = 10_000;

/// The largest file that is copied to memory. With a larger one, the list shows only what arrives from then on.
const MAX_COPIED_BYTES: i64 = 64 << 20;

/// How long a retry waits for another process. New events wait as long.
const RETRY_BUSY_TIMEOUT: Duration = Duration::from_millis(250);

/// The decision about an item that alerted in memory but did not fit into the journal.
const SHOWN_BEFORE: Decision = Decision {
    verdict: Verdict::Suppress,
    reason: Reason::ShownBefore,
};

/// What was done in memory since the file became unusable.
#[derive(Debug, Default)]
pub(super) struct Fallback {
    journal: VecDeque<Entry>,
    events: usize,
    bytes: usize,
    /// Whether the journal was full, so that the rest has to be requested from the server.
    dropped: bool,
    /// Whether memory contains everything that the file contained.
    whole: bool,
    /// Whether memory contains nothing of an existing file, not even the cursor.
    file_unread: bool,
    shown: Shown,
    /// Answers of the notification service about alerts that only the file has.
    answers: Vec<LateAnswer>,
}

/// One operation that was done in memory.
#[derive(Debug)]
enum Entry {
    Filed {
        connection: i64,
        now: Now,
        arrivals: Arc<[Arrival]>,
        cursor: Cursor,
        /// The alerts that were decided, by key. Their later states are in the rows in memory.
        alerts: Decisions,
    },
    Marked(Vec<String>, Mark, EpochMillis),
    /// Snoozed items returned, with the alerts that were decided.
    Woken(Now, Decisions),
    AllSeen(EpochMillis),
    AllRead(EpochMillis),
}

/// Alerts that were shown for items that fit neither into the file nor into the journal: keys and fingerprints, of
/// which the oldest are removed first.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// Fingerprint and alert number.
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

    /// Adds the entries of a later failure of the file.
    fn extend(&mut self, mut later: Self) {
        for key in later.order {
            if let Some(alert) = later.by_key.remove(&key) {
                self.add(key, alert);
            }
        }
    }

    /// Whether this item alerted with this content.
    pub(super) fn has(&self, key: &str, fingerprint: i64) -> bool {
        self.by_key
            .get(key)
            .is_some_and(|(known, _)| *known == fingerprint)
    }

    /// Removes alerts that still wait to be shown: they alert when the server sends their items again.
    fn retain_done(&mut self, memory: &Connection) -> Result<(), InboxError> {
        let mut waiting = Vec::new();
        for (key, (_, number)) in &self.by_key {
            // A row that did not fit into memory is old enough to be final.
            if alerts::row(memory, *number)?.is_some_and(|row| !row.is_done()) {
                waiting.push(key.clone());
            }
        }
        for key in waiting {
            self.forget(&key);
        }
        Ok(())
    }

    /// Forgets an item that is stored now.
    pub(super) fn forget(&mut self, key: &str) {
        if self.by_key.remove(key).is_some() {
            self.order.retain(|other| other != key);
        }
    }
}

/// How the file came back into use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returned {
    /// Whether the journal was incomplete, so that the stream has to reconnect and resume from the cursor in the file.
    pub ask_again: bool,
    /// What happened to the file, for the user.
    pub problem: Option<Message>,
    /// How many events the file permanently rejects. Each is replaced by a row that reports it.
    pub given_up: u64,
}

impl Fallback {
    /// Returns a fallback for a file that could not be read at all. Its cursor may be behind what arrives meanwhile, so
    /// events are requested again from there.
    pub(super) fn file_unread() -> Self {
        Self {
            file_unread: true,
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

    /// Handles an entry whose content the file rejects: splits the entry in halves, or replaces a single event by a row
    /// that reports it. Returns how many events were replaced. If the file rejects that row too, or a mark, the cause
    /// is the file: the entry stays, and so does the inbox in memory.
    fn skip_refused(
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
            let cursor = cursor_in_file(cursor, dropped);
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
        let halves = [half(second, cursor.clone()), half(first, Cursor::Unchanged)];
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

    pub(super) fn woken(&mut self, now: Now, alerts: Decisions) {
        self.push(Entry::Woken(now, alerts));
    }

    pub(super) fn all_seen(&mut self, now: EpochMillis) {
        self.push(Entry::AllSeen(now));
    }

    pub(super) fn all_read(&mut self, now: EpochMillis) {
        self.push(Entry::AllRead(now));
    }

    /// Stores an answer of the service about an alert that only the file has. There are never more of these than
    /// requests that were unanswered when the file became unusable.
    pub(super) fn answered(&mut self, answer: LateAnswer) {
        self.answers.push(answer);
    }
}

/// Returns the rows that the alerts of a batch have in memory, by the key of their item.
fn decided_rows(
    db: &Connection,
    alerts: &Decisions,
) -> Result<HashMap<String, Option<AlertRow>>, InboxError> {
    let rows = alerts.iter();
    rows.map(|(key, (_, number))| Ok((key.clone(), alerts::row(db, *number)?)))
        .collect()
}

/// Returns the cursor with which the file repeats an entry. Events after a gap in the journal may be stored, but the
/// cursor must not move past the gap. A page is stored, but the file asks for it again itself: the numbers of rows by
/// which an entry counts as overtaken are those of the memory.
fn cursor_in_file(cursor: &Cursor, dropped: bool) -> Cursor {
    if dropped {
        return Cursor::Unchanged;
    }
    match cursor {
        Cursor::Backfilled(Progress::Page { .. } | Progress::FromBeginning) => Cursor::Unchanged,
        Cursor::Unchanged
        | Cursor::At(_)
        | Cursor::Reset
        | Cursor::Backfilled(Progress::Shown | Progress::GivenUp | Progress::NoList) => cursor.clone(),
    }
}

/// Returns what became of an alert in memory.
fn as_before(rows: &HashMap<String, Option<AlertRow>>, posted: &Posted<'_>) -> Decided {
    match rows.get(&posted.item.key).cloned().flatten() {
        Some(row) => Decided::Before(Box::new(row)),
        None => Decided::Now(SHOWN_BEFORE),
    }
}

impl Entry {
    /// Returns how many events the entry contains, and roughly how many bytes.
    fn size(&self) -> (usize, usize) {
        match self {
            Self::Filed { arrivals, .. } => (
                arrivals.len(),
                arrivals.iter().map(|arrival| arrival.bytes + 512).sum(),
            ),
            Self::Marked(keys, ..) => (1, keys.iter().map(String::len).sum()),
            Self::Woken(_, alerts) => (1, alerts.keys().map(String::len).sum()),
            Self::AllSeen(..) | Self::AllRead(..) => (1, 0),
        }
    }
}

impl Inbox {
    /// Whether the inbox is in memory because its file cannot be used.
    pub fn is_in_fallback(&self) -> bool {
        self.fallback.is_some()
    }

    /// Whether the content of the file is unknown.
    pub(crate) fn is_file_unread(&self) -> bool {
        self.fallback
            .as_ref()
            .is_some_and(|fallback| fallback.file_unread)
    }

    /// Continues in memory because the file cannot be used, with a copy of its content if `copy` is set.
    ///
    /// # Errors
    ///
    /// When not even an inbox in memory can be created.
    pub fn fall_back_to_memory(&mut self, copy: bool) -> Result<(), InboxError> {
        if self.fallback.is_some() {
            return Ok(());
        }
        let copied = if copy { self.copied() } else { None };
        let prepared = copied.and_then(|db| Self::prepare(db, &self.server, None).ok());
        let whole = prepared.is_some();
        let memory = match prepared {
            Some(memory) => memory,
            None => {
                let memory = Self::prepare(Connection::open_in_memory()?, &self.server, None)?;
                memory.continue_from(&self.db)?;
                memory
            }
        };
        // What arrives next still arrives over the same server connection.
        (self.db, self.serial) = (memory.db, memory.serial);
        self.fallback = Some(Fallback {
            whole,
            ..Fallback::default()
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

    /// Tries to use the file again, and repeats in it what was done in memory. Nothing alerts a second time.
    ///
    /// # Errors
    ///
    /// While the file cannot be used: the inbox stays in memory and loses nothing.
    pub fn return_to_file(&mut self) -> Result<Returned, InboxError> {
        let (Some(place), Some(fallback)) = (self.place.clone(), &self.fallback) else {
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
            Err(error) if place.needs_new_file(&error) => {
                let opened = Self::rebuild(&place)?;
                if opened.inbox.is_in_fallback() {
                    return Err(error);
                }
                (opened.inbox, opened.problem)
            }
            Err(error) => return Err(error),
        };
        let is_copied = gone && fallback.whole;
        if is_copied {
            // Memory has the content of the file and everything since, including the cursor.
            copy_all(&self.db, &mut file.db)?;
            file = Self::prepare(file.db, &self.server, Some(&place))?;
        }
        let dropped = fallback.dropped;
        file.asked.continue_from(&self.asked);
        let given_up = self.replay_journal(&mut file, dropped || is_copied)?;
        self.replay_answers(&mut file)?;
        file.connection = self.connection;
        // The server may not have repeated everything of an earlier failure yet.
        file.shown = std::mem::take(&mut self.shown);
        if let Some(mut fallback) = self.fallback.take() {
            fallback.shown.retain_done(&self.db)?;
            file.shown.extend(fallback.shown);
        }
        file.lock = self.lock.take();
        let numbers = std::mem::replace(&mut file.asked, std::mem::take(&mut self.asked));
        file.asked.continue_from(&numbers);
        *self = file;
        Ok(Returned {
            ask_again: dropped,
            problem,
            given_up,
        })
    }

    /// Repeats the journal in the file. Each finished entry is removed, so that nothing is lost or repeated twice if
    /// the disk becomes full halfway. Returns how many events the file permanently rejected.
    fn replay_journal(&mut self, file: &mut Self, dropped: bool) -> Result<u64, InboxError> {
        let Some(fallback) = &mut self.fallback else {
            return Ok(0);
        };
        let mut given_up = 0;
        alerts::copy_digests(&self.db, &file.db)?;
        // Before the marks, which would suppress alerts that are pending in the file but were shown meanwhile.
        alerts::copy_answers(&self.db, &file.db)?;
        while let Some(entry) = fallback.journal.front() {
            let done = match entry {
                Entry::Filed {
                    connection,
                    now,
                    arrivals,
                    cursor,
                    alerts,
                } => {
                    file.connection = *connection;
                    let is_page = matches!(cursor, Cursor::Backfilled(_));
                    let cursor = cursor_in_file(cursor, dropped);
                    let rows = decided_rows(&self.db, alerts)?;
                    let filed = file.file_decided(arrivals, cursor, *now, |posted| as_before(&rows, posted));
                    // The file asks for it again itself, and then it alerted before.
                    for (key, alert) in alerts.iter().filter(|_| is_page && filed.is_ok()) {
                        if file.item(key)?.is_none() {
                            fallback.shown.add(key.clone(), *alert);
                        }
                    }
                    filed.map(drop)
                }
                Entry::Woken(now, alerts) => {
                    let rows = decided_rows(&self.db, alerts)?;
                    file.wake_decided(*now, |posted| as_before(&rows, posted))
                        .map(drop)
                }
                Entry::Marked(keys, mark, now) => file.mark(keys, *mark, *now).map(drop),
                Entry::AllSeen(now) => file.mark_all_seen(*now).map(drop),
                Entry::AllRead(now) => file.mark_all_read(*now).map(drop),
            };
            match done {
                Ok(()) => {
                    fallback.pop();
                }
                Err(InboxError::Database(error)) => {
                    given_up += fallback.skip_refused(file, error, dropped)?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(given_up)
    }

    /// Copies to the file the answers of the notification service about alerts that only the file has.
    fn replay_answers(&mut self, file: &mut Self) -> Result<(), InboxError> {
        let Some(fallback) = &mut self.fallback else {
            return Ok(());
        };
        while let Some(answer) = fallback.answers.last() {
            file.apply(answer)?;
            fallback.answers.pop();
        }
        Ok(())
    }
}
