//! What the server has and this computer lacks: how far catching up got, and what a page says of items that are known.
//!
//! A page tells what the server's notifications are at the time of the answer, not what happened to them. So it may be
//! older than what has come over the stream since.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::Origin;
use super::alerts::UndecidedAlert;
use super::arrival::{Cursor, Effect, Now};
use super::filing::{EventWriter, Seen};
use super::{Inbox, InboxError, columns, notices};
use crate::backfill::{Missing, Progress};
use crate::event::{Event, Post};
use crate::item::{EpochMillis, ItemWords};
use crate::listeners::server_event;
use crate::message::Message;

/// The row of a gap that is not shown yet.
struct Gap {
    key: String,
    words: ItemWords,
    since: Option<EpochMillis>,
}

impl Inbox {
    /// Returns what is missing. On the first connection, that is everything that the server had before.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn missing(&mut self, now: Now) -> Result<Option<Missing>, InboxError> {
        let is_first: bool = self
            .db
            .query_row("SELECT first_at IS NULL FROM account", [], |row| row.get(0))?;
        if is_first {
            let (key, words) = notices::missing_from_before();
            let transaction = self.db.transaction()?;
            transaction.execute("UPDATE account SET first_at = ?1", [now.here])?;
            transaction.execute(
                "INSERT INTO backfill (id, gaps, pages, items, since, is_first, key, title, body)
                 VALUES (1, 0, 0, 0, ?1, 1, ?2, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE SET after = NULL, is_first = 1, since = coalesce(since, excluded.since)",
                params![now.server, key, stored(Some(words.title)), stored(words.body)],
            )?;
            transaction.commit()?;
        }
        self.known_missing()
    }

    /// Returns what is missing as far as is known: nothing, before the first connection.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn known_missing(&self) -> Result<Option<Missing>, InboxError> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT after, gaps, pages, items, since, is_first, is_shown, (SELECT coalesce(max(id), 0) FROM event),
                     (SELECT coalesce(max(id), 0) FROM log)
                 FROM backfill",
            )?
            .query_row([], |row| {
                Ok(Missing {
                    after: row.get(0)?,
                    gaps: row.get(1)?,
                    pages: row.get(2)?,
                    items: row.get(3)?,
                    since: row.get(4)?,
                    is_first: row.get(5)?,
                    is_shown: row.get(6)?,
                    place: row.get(7)?,
                    logged: row.get(8)?,
                })
            })
            .optional()?)
    }
}

impl Inbox {
    /// Goes on where the file is, in an inbox in memory without what the file contains: in the stream and in catching
    /// up, which the file does again. What came last tells what is old after the next gap.
    pub(super) fn continue_from(&self, file: &Connection) -> Result<(), InboxError> {
        let reached: Result<[Value; 3], _> = file.query_row(
            "SELECT cursor, first_at, coalesce((SELECT max(nullif(received_at, 0)) FROM event), heard_at) FROM account",
            [],
            |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]),
        );
        let Ok(reached) = reached else {
            return self.skip_first_list();
        };
        self.db.execute(
            "UPDATE account SET cursor = ?1, first_at = ?2, heard_at = ?3",
            params_from_iter(reached),
        )?;
        let missing = file.query_row(
            "SELECT after, gaps, pages, items, since, is_first, key, title, body, is_shown FROM backfill",
            [],
            |row| {
                (0..row.as_ref().column_count())
                    .map(|column| row.get(column))
                    .collect::<Result<Vec<Value>, _>>()
            },
        );
        if let Ok(missing) = missing {
            self.db.execute(
                "INSERT INTO backfill (id, after, gaps, pages, items, since, is_first, key, title, body, is_shown)
                 VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                params_from_iter(missing),
            )?;
        }
        Ok(())
    }

    /// For an inbox in memory whose file cannot be read: the list is not asked for as if the account was new. The file
    /// does that if it has to.
    pub(super) fn skip_first_list(&self) -> Result<(), InboxError> {
        self.db.execute("UPDATE account SET first_at = 0", [])?;
        Ok(())
    }
}

/// How often a page is asked for again because the stream has overtaken it. A notification that changes more often than
/// a page takes would be overtaken always; then its entry is used as it is.
const MAX_REPEATS: u32 = 3;

/// What the stream has overtaken of the page that is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Overtaken {
    /// An entry, maybe in a part of the page whose progress is stored with another part.
    pub(super) has_entry: bool,
    /// How often in a row the page was asked for again.
    repeats: u32,
}

impl Overtaken {
    /// Whether the page may be asked for again.
    pub(super) fn may_repeat(self) -> bool {
        self.repeats < MAX_REPEATS
    }

    /// Returns what is overtaken once a batch is stored.
    pub(super) fn after(self, cursor: &Cursor) -> Self {
        let repeats = match cursor {
            Cursor::Backfilled(Progress::Page { .. }) if self.has_entry => self.repeats + 1,
            Cursor::Backfilled(_) => 0,
            Cursor::Unchanged | Cursor::At(_) | Cursor::Reset => self.repeats,
        };
        Self {
            has_entry: self.has_entry && *cursor == Cursor::Unchanged,
            repeats,
        }
    }
}

/// Returns the version of an entry of a page.
fn version(event: &Event) -> Option<i64> {
    match event {
        Event::Posted(post) => post.states.version,
        Event::NotificationDeleted { version, .. } => *version,
        Event::NotificationUpdated(_)
        | Event::Several(_)
        | Event::ConnectionEstablished(_)
        | Event::Heartbeat
        | Event::UserChanged(_)
        | Event::Gap { .. }
        | Event::ServerError(_)
        | Event::Unreadable(_) => None,
    }
}

/// Returns a message of the row of a gap for the database.
fn stored(message: Option<Message>) -> Option<String> {
    message.map(|message| columns::stored("", Some(&message)))
}

impl EventWriter<'_> {
    /// Begins to catch up after a gap. Its row is shown only if that fails. The position to ask after is that of the
    /// account, which moves past the gap later in the same transaction. A row of an earlier gap that is shown goes: one
    /// for both follows.
    ///
    /// Some servers report the same gap on each connection. Whether it is another one, nobody knows, so what is missing
    /// is asked for each time, but there is a row only once.
    pub(super) fn begin_backfill(&self, post: &Post, connection: i64) -> Result<Effect, InboxError> {
        let is_known = self.seen != Seen::New
            || self
                .transaction
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM item WHERE key = ?1)")?
                .query_row([&post.key], |row| row.get(0))?;
        let heard: Option<EpochMillis> = self
            .transaction
            .prepare_cached(
                "SELECT coalesce((SELECT max(nullif(received_at, 0)) FROM event WHERE connection < ?1), heard_at)
                 FROM account",
            )?
            .query_row([connection], |row| row.get(0))?;
        // What came last may be newer than its arrival, because the clocks differ; the gap is behind it.
        let made: Option<EpochMillis> = self
            .transaction
            .prepare_cached("SELECT max(sort_at) FROM item WHERE received_at = ?1 AND deleted_at IS NULL")?
            .query_row([heard], |row| row.get(0))?;
        // By the server's clock.
        let since = heard
            .map(|heard| heard + self.now.server - self.now.here)
            .max(made);
        if is_known {
            self.transaction
                .prepare_cached(
                    "INSERT INTO backfill (id, after, gaps, pages, items, since, is_first)
                     VALUES (1, (SELECT cursor FROM account), 1, 0, 0, ?1, 0)
                     ON CONFLICT (id) DO UPDATE SET gaps = gaps + 1, pages = 0",
                )?
                .execute([since])?;
            return Ok(Effect::Nothing);
        }
        // Of what is missing from before the first connection, it is not known since when.
        let open: Option<(Option<String>, Option<EpochMillis>, bool)> = self
            .transaction
            .prepare_cached(
                "SELECT key, CASE WHEN is_first THEN NULL ELSE since END, is_shown FROM backfill
                 WHERE gaps > 0 OR is_shown",
            )?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let (words, shown) = match open {
            Some((Some(key), since, is_shown)) => {
                let both = notices::gap(None, None, 0);
                let words = notices::missing_words(&both, since, self.now.server);
                (words, is_shown.then_some(key))
            }
            Some((None, ..)) | None => (notices::missing_words(post, since, self.now.server), None),
        };
        let (title, body) = words.map_or((None, None), |words| (Some(words.title), words.body));
        self.transaction
            .prepare_cached(
                "INSERT INTO backfill (id, after, gaps, pages, items, since, is_first, key, title, body)
                 VALUES (1, (SELECT cursor FROM account), 1, 0, 0, ?1, 0, ?2, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE SET gaps = gaps + 1, pages = 0, key = excluded.key, title = excluded.title,
                     body = excluded.body, is_shown = 0",
            )?
            .execute(params![since, post.key, stored(title), stored(body)])?;
        shown.map_or(Ok(Effect::Nothing), |key| self.delete(&key))
    }

    /// Whether the stream has brought something of the entry's notification since the page was asked for that is not
    /// what the entry has. Which of both is newer, the versions tell, or else only another page. One with a lower
    /// version may have a change that the stream has not brought, unless all of a new notification is in the entry.
    /// What is logged without data is of a deleted notification, which comes back only by a higher version.
    pub(super) fn is_overtaken(&self, event: &Event) -> Result<bool, InboxError> {
        let Origin::Page { logged, .. } = self.arrival.origin else {
            return Ok(false);
        };
        let Some(key) = server_event(event).and_then(|event| event.item_key().map(str::to_owned)) else {
            return Ok(false);
        };
        let is_overtaken: Option<bool> = self
            .transaction
            .prepare_cached(
                "SELECT event_id <> ?3 AND (
                     coalesce(json_extract(data, '$.data.version') > ?4, TRUE) AND (
                         ?4 IS NULL OR json_extract(data, '$.data.version') IS NULL
                         OR EXISTS (SELECT 1 FROM item WHERE key = ?2)))
                 FROM log WHERE item = ?2 AND data IS NOT NULL AND id > ?1 ORDER BY id DESC LIMIT 1",
            )?
            .query_row(
                params![logged, key, self.arrival.event_id, version(event)],
                |row| row.get(0),
            )
            .optional()?;
        Ok(is_overtaken.unwrap_or(false))
    }

    /// Applies the progress of catching up, in the transaction that stores its page. A page with an entry that was
    /// overtaken is asked for again.
    pub(super) fn advance_backfill(
        &self,
        progress: &Progress,
        is_overtaken: bool,
        news: &mut Vec<UndecidedAlert>,
        filed: &mut Vec<Effect>,
    ) -> Result<(), InboxError> {
        match progress {
            Progress::Page { .. } if is_overtaken => {}
            Progress::Page {
                gaps,
                next,
                is_last,
                items,
            } => {
                self.transaction
                    .prepare_cached(
                        "UPDATE backfill SET after = coalesce(?1, after), pages = pages + 1, items = items + ?2",
                    )?
                    .execute(params![next, items])?;
                if *is_last {
                    self.end_backfill(*gaps, filed)?;
                }
            }
            Progress::FromBeginning => {
                self.transaction
                    .prepare_cached("UPDATE backfill SET after = NULL, pages = pages + 1")?
                    .execute([])?;
            }
            Progress::Shown => self.show_gap(news, filed)?,
            // No gap was there: only what the server had before the first connection is not to be had.
            Progress::NoList if self.end_backfill(0, filed)? => {}
            Progress::GivenUp | Progress::NoList => {
                self.show_gap(news, filed)?;
                self.transaction
                    .prepare_cached("DELETE FROM backfill")?
                    .execute([])?;
            }
        }
        Ok(())
    }

    /// Ends it, unless there was another gap since the last page was asked for; returns whether it did. Nothing is
    /// missing any more, so the row of the gap goes.
    fn end_backfill(&self, gaps: u32, filed: &mut Vec<Effect>) -> Result<bool, InboxError> {
        let ended: Option<Option<String>> = self
            .transaction
            .prepare_cached("DELETE FROM backfill WHERE gaps = ?1 RETURNING key")?
            .query_row([gaps], |row| row.get(0))
            .optional()?;
        let Some(key) = ended else {
            return Ok(false);
        };
        let was_shown: bool = self
            .transaction
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM item WHERE key = ?1 AND deleted_at IS NULL)")?
            .query_row([&key], |row| row.get(0))?;
        if let Some(key) = key.filter(|_| was_shown) {
            filed.push(self.delete(&key)?);
        }
        Ok(true)
    }

    /// Shows the gap in the list, where the notifications would be.
    fn show_gap(&self, news: &mut Vec<UndecidedAlert>, filed: &mut Vec<Effect>) -> Result<(), InboxError> {
        let gap = self
            .transaction
            .prepare_cached(
                "UPDATE backfill SET is_shown = 1 WHERE is_shown = 0 AND key IS NOT NULL
                 RETURNING key, title, body, since",
            )?
            .query_row([], |row| {
                let [title, body] = [1, 2].map(|column| row.get::<_, Option<String>>(column));
                let (title, body) = (title?, body?);
                Ok(Gap {
                    key: row.get(0)?,
                    words: ItemWords {
                        title: title
                            .as_deref()
                            .and_then(columns::message)
                            .unwrap_or_else(notices::missing_title),
                        body: body.as_deref().and_then(columns::message),
                    },
                    since: row.get(3)?,
                })
            })
            .optional()?;
        match gap {
            Some(gap) => self.post(&notices::missing(gap.key, gap.words, gap.since), news, filed),
            None => Ok(()),
        }
    }

    /// Handles a notification that the server's list calls deleted. What it does not say with a higher version does not
    /// take away what came over the stream since.
    pub(super) fn deleted_in_page(
        &self,
        key: &str,
        version: Option<i64>,
        place: i64,
    ) -> Result<Effect, InboxError> {
        let known: Option<(Option<i64>, i64)> = self
            .transaction
            .prepare_cached("SELECT version, posted_by FROM item WHERE key = ?1 AND deleted_at IS NULL")?
            .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((known, posted_by)) = known else {
            // The stream may bring an older event of it yet.
            return match version {
                Some(_) => self.deleted(key, version),
                None => Ok(Effect::Nothing),
            };
        };
        let is_newer = match (version, known) {
            (Some(version), Some(known)) => version > known,
            (None, Some(_)) => false,
            (_, None) => posted_by <= place,
        };
        if !is_newer {
            return Ok(Effect::Nothing);
        }
        let effect = self.delete(key)?;
        self.transaction
            .prepare_cached("UPDATE item SET version = coalesce(?2, version) WHERE key = ?1")?
            .execute(params![key, version])?;
        Ok(effect)
    }
}
