//! Stores events as rows: each batch is one transaction, which moves the cursor too.

use std::sync::Arc;

use rusqlite::{OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::alerts::{self, Decided, UndecidedAlert};
use super::arrival::{Arrival, Cursor, Effect, FirstOccurrence, Now, Origin, Posted};
use super::{Inbox, InboxError, log, notices, reading};
use crate::alerts::Decision;
use crate::event::{Event, Field, Post};
use crate::fingerprint::fingerprint;
use crate::item::{EpochMillis, Item, ItemKind, Reason};
use crate::message;
use crate::protocol::OwnUser;

/// How many events are stored to recognise replays. The server's own history is far shorter; an older replay is
/// recognised only by the key of its item.
const MAX_REMEMBERED_EVENTS: i64 = 50_000;

/// Items in memory while the file cannot be used, beyond those copied from it. Bounds the memory when a disk is full
/// for weeks.
const MAX_ITEMS_IN_MEMORY: i64 = 50_000;

/// Whether an event arrived before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// No.
    New,
    /// On an earlier connection: a replay, or a server that numbers its events anew for each connection.
    EarlierConnection,
    /// On this connection.
    ThisConnection,
}

impl Inbox {
    /// Stores a batch in one transaction and moves the cursor. `decide` is called for each item that is news once the
    /// whole batch is stored, and its decisions are stored in the same transaction.
    ///
    /// # Errors
    ///
    /// When the database fails: then nothing of the batch took effect and the cursor did not move.
    pub fn file(
        &mut self,
        arrivals: &Arc<[Arrival]>,
        cursor: Cursor,
        now: Now,
        mut decide: impl FnMut(&Posted<'_>) -> Decision,
    ) -> Result<Vec<Effect>, InboxError> {
        self.file_decided(arrivals, cursor, now, |posted| Decided::Now(decide(posted)))
    }

    pub(super) fn file_decided(
        &mut self,
        arrivals: &Arc<[Arrival]>,
        cursor: Cursor,
        now: Now,
        mut decide: impl FnMut(&Posted<'_>) -> Decided,
    ) -> Result<Vec<Effect>, InboxError> {
        // On Unix, writes to a deleted file succeed, and everything is lost when the process ends.
        if self.fallback.is_none() && self.place.as_ref().is_some_and(|place| !place.file.exists()) {
            return Err(InboxError::Gone);
        }
        let (connection, shown, asked) = (self.connection, &self.shown, &mut self.asked);
        let person = self.person.as_deref();
        // A transaction that begins with a read fails at once if another process writes in between, instead of waiting.
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut filed = Vec::with_capacity(arrivals.len());
        let (mut news, mut first, mut overtaken) = (Vec::new(), Vec::new(), self.overtaken);
        for (place, arrival) in arrivals.iter().enumerate() {
            let Some(event) = &arrival.event else {
                filed.push(Effect::Nothing);
                continue;
            };
            let mut writer = EventWriter {
                transaction: &transaction,
                now,
                arrival,
                seen: Seen::New,
                place: 0,
            };
            match arrival.origin {
                Origin::Stream if matches!(event, Event::Heartbeat) => {}
                Origin::Stream => (writer.seen, writer.place) = writer.remember(arrival, connection)?,
                Origin::Page { place, .. } => {
                    writer.place = place;
                    writer.seen = writer.remember_entry(event, connection)?;
                }
            }
            let is_repeated = match arrival.origin {
                // Within one connection, an event is identified by its own id.
                Origin::Stream => arrival.own_id && writer.seen == Seen::ThisConnection,
                Origin::Page { .. } => writer.seen != Seen::New,
            };
            if is_repeated {
                filed.push(Effect::Nothing);
                continue;
            }
            for (part, event) in event.parts().iter().enumerate() {
                let before = filed.len();
                if overtaken.may_repeat() && writer.is_overtaken(event)? {
                    overtaken.has_entry = true;
                    filed.push(Effect::Nothing);
                } else if let Some(effect) = writer.begins_backfill(event, connection)? {
                    filed.push(effect);
                } else {
                    writer.apply(event, &mut news, &mut filed)?;
                }
                let effect = filed[before..].iter().any(|filed| *filed != Effect::Nothing)
                    || writer.follows_its_page(event)?;
                if is_first(writer.seen, arrival, event, effect) {
                    first.push(FirstOccurrence { place, part });
                    writer.store_person(event, person)?;
                    log::add(&transaction, arrival, event, now.here)?;
                }
            }
        }
        if let Cursor::Backfilled(progress) = &cursor {
            let arrival = Arrival::of_app();
            let writer = EventWriter {
                transaction: &transaction,
                now,
                arrival: &arrival,
                seen: Seen::New,
                place: 0,
            };
            writer.advance_backfill(progress, overtaken.has_entry, &mut news, &mut filed)?;
        }
        let decide = |item: &Item, expires_at, news: &UndecidedAlert| {
            decide(&Posted {
                item,
                made_at: news.made_at,
                expires_at,
                missed: news.missed,
                origin: news.origin,
                shown_before: shown.has(&item.key, news.fingerprint),
                returns: false,
            })
        };
        let alerts = alerts::decide_alerts(&transaction, asked, now, &news, &mut filed, decide)?;
        store_cursor(&transaction, &cursor)?;
        drop_surplus(&transaction, self.fallback.is_some())?;
        log::drop_surplus(&transaction, self.fallback.is_some())?;
        transaction.commit()?;
        self.overtaken = overtaken.after(&cursor);
        self.first = first;
        self.erased |= filed.iter().any(|filed| matches!(filed, Effect::Removed(_)))
            || arrivals
                .iter()
                .any(|arrival| matches!(arrival.event, Some(Event::NotificationDeleted { .. })));
        for key in alerts.keys() {
            self.shown.forget(key);
        }
        if let Some(fallback) = &mut self.fallback {
            fallback.filed(self.connection, now, arrivals, cursor, alerts);
        }
        Ok(filed)
    }

    /// Removes and returns the first occurrences in the last batch, in order, for event listeners.
    pub(crate) fn take_first_occurrences(&mut self) -> Vec<FirstOccurrence> {
        std::mem::take(&mut self.first)
    }

    /// Sets the server's id of this account's user: changes of that user's name and status are stored, others are not.
    pub(crate) fn set_person(&mut self, user: Option<String>) {
        self.person = user;
    }

    /// Returns the name and status that the server last sent for this account's user.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub(crate) fn own_user(&self) -> Result<OwnUser, InboxError> {
        let sql = "SELECT person_name, person_status FROM account";
        Ok(self.db.query_row(sql, [], |row| {
            Ok(OwnUser {
                name: row.get(0)?,
                status: row.get(1)?,
            })
        })?)
    }

    /// Returns the event id to resume after.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn cursor(&self) -> Result<Option<String>, InboxError> {
        Ok(self
            .db
            .query_row("SELECT cursor FROM account", [], |row| row.get(0))?)
    }

    /// Returns when data last arrived from this server, in milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn heard_at(&self) -> Result<Option<EpochMillis>, InboxError> {
        Ok(self
            .db
            .query_row("SELECT heard_at FROM account", [], |row| row.get(0))?)
    }

    /// Stores when data last arrived.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub(crate) fn set_heard_at(&mut self, at: EpochMillis) -> Result<(), InboxError> {
        self.db.execute("UPDATE account SET heard_at = ?1", [at])?;
        Ok(())
    }

    /// Sets the cursor of a new client; an existing one is kept.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub(crate) fn set_initial_cursor(&mut self, position: &str) -> Result<(), InboxError> {
        if self.cursor()?.is_none() {
            self.set_cursor(position)?;
        }
        Ok(())
    }

    pub(super) fn set_cursor(&mut self, cursor: &str) -> Result<(), InboxError> {
        self.db.execute("UPDATE account SET cursor = ?1", [cursor])?;
        Ok(())
    }

    /// Begins a new connection: events that were seen on an earlier one are replays.
    pub fn begin_connection(&mut self) {
        self.connection += 1;
    }
}

fn store_cursor(transaction: &Transaction<'_>, cursor: &Cursor) -> Result<(), InboxError> {
    let id = match cursor {
        Cursor::Unchanged | Cursor::Backfilled(_) => return Ok(()),
        Cursor::At(id) => Some(id),
        Cursor::Reset => None,
    };
    // If types are excluded, their events have to be requested from the first position at which they were excluded.
    transaction
        .prepare_cached(
            "UPDATE account SET cursor = ?1,
                 filtered_from = CASE WHEN types = '' THEN NULL ELSE coalesce(filtered_from, ?1) END",
        )?
        .execute([id])?;
    Ok(())
}

/// Deletes the oldest recorded events beyond the limit, and of an inbox in memory the oldest items too.
fn drop_surplus(transaction: &Transaction<'_>, is_in_memory: bool) -> Result<(), InboxError> {
    transaction
        .prepare_cached("DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - ?1")?
        .execute([MAX_REMEMBERED_EVENTS])?;
    if is_in_memory {
        transaction
            .prepare_cached("DELETE FROM item WHERE id <= (SELECT max(id) FROM item) - ?1")?
            .execute([MAX_ITEMS_IN_MEMORY])?;
    }
    Ok(())
}

/// Whether an event is passed to listeners, which excludes repetitions. An event without its own id may equal another
/// one. On the same connection it is a second event; on a later one it is a state that the server sends to every client
/// that connects, and is passed on only if it had an effect, or describes a user who may have changed in between.
///
/// What a page contains is no event.
fn is_first(seen: Seen, arrival: &Arrival, event: &Event, effect: bool) -> bool {
    if arrival.origin != Origin::Stream {
        return false;
    }
    match seen {
        // A repeated post is recognised by its item, even under the id that the stream resumed after.
        Seen::New => effect || !matches!(event, Event::Posted(_)),
        Seen::ThisConnection => !arrival.own_id,
        Seen::EarlierConnection => effect || (!arrival.own_id && matches!(event, Event::UserChanged(_))),
    }
}

fn is_unreadable(event: &Event) -> bool {
    match event {
        Event::Unreadable(_) => true,
        Event::Posted(post) => post.kind == ItemKind::Unreadable,
        Event::NotificationUpdated(_)
        | Event::NotificationDeleted { .. }
        | Event::Several(_)
        | Event::ConnectionEstablished(_)
        | Event::Heartbeat
        | Event::UserChanged(_)
        | Event::Gap { .. }
        | Event::ServerError(_) => false,
    }
}

pub(super) struct EventWriter<'a> {
    pub(super) transaction: &'a Transaction<'a>,
    pub(super) now: Now,
    pub(super) arrival: &'a Arrival,
    pub(super) seen: Seen,
    /// The row of the event in the order of first arrivals.
    pub(super) place: i64,
}

impl EventWriter<'_> {
    /// Records the event, and returns whether it arrived before. An event without its own id is identified by its
    /// content, because the inherited id differs on the next connection.
    fn remember(&self, arrival: &Arrival, connection: i64) -> Result<(Seen, i64), InboxError> {
        let id = if arrival.own_id {
            arrival.event_id.as_str()
        } else {
            ""
        };
        let inserted = self
            .transaction
            .prepare_cached(
                "INSERT INTO event (event_id, fingerprint, type, received_at, connection)
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (event_id, fingerprint) DO NOTHING",
            )?
            .execute(params![
                id,
                arrival.fingerprint,
                arrival.event_type,
                self.now.here,
                connection
            ])?;
        if inserted > 0 {
            return Ok((Seen::New, self.transaction.last_insert_rowid()));
        }
        let (row, on): (i64, i64) = self
            .transaction
            .prepare_cached("SELECT id, connection FROM event WHERE event_id = ?1 AND fingerprint = ?2")?
            .query_row(params![id, arrival.fingerprint], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        if on == connection {
            return Ok((Seen::ThisConnection, row));
        }
        self.transaction
            .prepare_cached("UPDATE event SET connection = ?2 WHERE id = ?1")?
            .execute([row, connection])?;
        Ok((Seen::EarlierConnection, row))
    }

    /// Records an entry of a page that cannot be read, so that it is counted once however often its page comes. Other
    /// entries are recognised by their items. It is no event that came, and has no time of arrival.
    fn remember_entry(&self, event: &Event, connection: i64) -> Result<Seen, InboxError> {
        if !is_unreadable(event) {
            return Ok(Seen::New);
        }
        let inserted = self
            .transaction
            .prepare_cached(
                "INSERT INTO event (event_id, fingerprint, type, received_at, connection)
                 VALUES ('', ?1, '', 0, ?2) ON CONFLICT (event_id, fingerprint) DO NOTHING",
            )?
            .execute([self.arrival.fingerprint, connection])?;
        Ok(if inserted > 0 {
            Seen::New
        } else {
            Seen::EarlierConnection
        })
    }

    fn apply(
        &self,
        event: &Event,
        news: &mut Vec<UndecidedAlert>,
        filed: &mut Vec<Effect>,
    ) -> Result<(), InboxError> {
        match event {
            Event::Posted(post) => self.post(post, news, filed)?,
            Event::NotificationUpdated(change) => filed.push(self.change(change)?),
            Event::NotificationDeleted { id, version } => filed.push(match self.arrival.origin {
                Origin::Stream => self.deleted(id, *version)?,
                Origin::Page { place, .. } => self.deleted_in_page(id, *version, place)?,
            }),
            Event::Unreadable(unreadable) => {
                let id = unreadable.id.as_deref();
                // An event may contain several items.
                let name = fingerprint(id.unwrap_or_default(), "") ^ self.arrival.fingerprint;
                let why = message::unreadable_without_text();
                self.post(
                    &notices::unreadable(id, &self.arrival.event_id, name, why),
                    news,
                    filed,
                )?;
            }
            // A list was split into its parts by the caller.
            Event::Several(_)
            | Event::ConnectionEstablished(_)
            | Event::Heartbeat
            | Event::UserChanged(_)
            // It only begins to catch up.
            | Event::Gap { .. }
            | Event::ServerError(_) => filed.push(Effect::Nothing),
        }
        Ok(())
    }

    /// Whether a page brought what the event posts before the stream did. A page is no event, so that the listeners and
    /// the log do not have it.
    fn follows_its_page(&self, event: &Event) -> Result<bool, InboxError> {
        let (Origin::Stream, Seen::New, Event::Posted(post)) = (self.arrival.origin, self.seen, event) else {
            return Ok(false);
        };
        Ok(self
            .transaction
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM item WHERE key = ?1 AND deleted_at IS NULL)
                     AND NOT EXISTS (SELECT 1 FROM log WHERE item = ?1 AND data IS NOT NULL)",
            )?
            .query_row([&post.key], |row| row.get(0))?)
    }

    /// Whether the stream posts now what the first list brought just before, as something old, because nothing says
    /// when it was made. Nothing was done with it since.
    pub(super) fn is_live_after_its_page(&self, post: &Post) -> Result<bool, InboxError> {
        let is_live = self.arrival.origin == Origin::Stream && self.seen == Seen::New;
        if !is_live || post.created_at.is_some() {
            return Ok(false);
        }
        Ok(self
            .transaction
            .prepare_cached(
                "SELECT coalesce(read_at, archived_at, flagged_at, snoozed_until, acknowledged_at) IS NULL
                     AND (SELECT reason FROM alert WHERE alert.item = item.id ORDER BY alert.id DESC LIMIT 1) IS ?2
                 FROM item WHERE key = ?1",
            )?
            .query_row(params![post.key, reading::json(&Reason::Old)], |row| row.get(0))
            .optional()?
            .unwrap_or(false))
    }

    /// Begins to catch up if the event reports a gap; `None` if it reports none.
    fn begins_backfill(&self, event: &Event, connection: i64) -> Result<Option<Effect>, InboxError> {
        let made;
        let gap = match event {
            Event::Gap { from, to } => {
                made = notices::gap(from.as_ref(), to.as_ref(), self.now.here);
                &made
            }
            Event::Posted(post) if post.kind == ItemKind::Gap => post,
            Event::Posted(_)
            | Event::Unreadable(_)
            | Event::NotificationUpdated(_)
            | Event::NotificationDeleted { .. }
            | Event::Several(_)
            | Event::ConnectionEstablished(_)
            | Event::Heartbeat
            | Event::UserChanged(_)
            | Event::ServerError(_) => return Ok(None),
        };
        self.begin_backfill(gap, connection).map(Some)
    }

    /// Stores changes of the account's own user.
    fn store_person(&self, event: &Event, person: Option<&str>) -> Result<(), InboxError> {
        let Event::UserChanged(user) = event else {
            return Ok(());
        };
        if person != Some(&*user.user_id) {
            return Ok(());
        }
        for (change, sql) in [
            (&user.name, "UPDATE account SET person_name = ?1"),
            (&user.status, "UPDATE account SET person_status = ?1"),
        ] {
            if *change != Field::Absent {
                self.transaction.prepare_cached(sql)?.execute([change.value()])?;
            }
        }
        Ok(())
    }
}
