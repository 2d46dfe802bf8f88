//! Events into rows: each batch is one transaction that ends with the cursor.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{OptionalExtension, Transaction, named_params, params};

use super::aside::{Alerts, MAX_ITEMS_IN_MEMORY};
use super::reading::{self, ITEM_COLUMNS};
use super::{Inbox, InboxError};
use crate::event::{Change, Event, Post};
use crate::protocol::{EpochMillis, Item, ItemKind, Mark};

/// How many events are remembered to know a replay. The server's own history is far shorter; beyond this only an
/// item's key tells that it came before.
const REMEMBERED_EVENTS: i64 = 50_000;

/// An event that arrived, decoded or not.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The last event id when it came; empty where the server gives none.
    pub event_id: String,
    /// See [`fingerprint`].
    pub fingerprint: i64,
    /// The event's type.
    pub event_type: String,
    /// What it means; `None` when it is unknown or a mistake, which still moves the cursor.
    pub event: Option<Event>,
    /// How large its data was.
    pub bytes: usize,
}

/// What becomes of the id to resume after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// It stays.
    Stays,
    /// The stream is at this id.
    At(String),
    /// The server took its ids back: there is nothing to resume after.
    Nowhere,
}

/// A posted item whose alert is to be decided.
#[derive(Debug)]
pub struct Posted<'a> {
    /// The item as it is stored.
    pub item: &'a Item,
    /// What came.
    pub post: &'a Post,
    /// The same was alerted already, while it could not be stored.
    pub shown_before: bool,
}

/// What an arrival did.
#[derive(Debug, Clone, PartialEq)]
pub enum Filed {
    /// A new item, or a workflow that reached its end: it may alert.
    Posted(Item),
    /// An item has changed and does not alert.
    Changed(Item),
    /// An item is gone.
    Removed(String),
    /// It came before, or means nothing to the inbox.
    Nothing,
}

/// A number that tells contents apart. FNV-1a, because it has to stay the same in every version of the app.
pub fn fingerprint(event_type: &str, data: &str) -> i64 {
    let bytes = event_type.bytes().chain([0]).chain(data.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.cast_signed()
}

impl Inbox {
    /// Files a batch in one transaction and moves the cursor. `alert` is asked for the words to keep with each posted
    /// item, and only for those.
    ///
    /// # Errors
    ///
    /// When the database refuses: then nothing of the batch took effect and the cursor is where it was.
    pub fn file(
        &mut self,
        arrivals: &Arc<[Arrival]>,
        cursor: Cursor,
        now: EpochMillis,
        mut alert: impl FnMut(&Posted<'_>) -> String,
    ) -> Result<Vec<Filed>, InboxError> {
        // A file that was deleted can be written on, and all of it is gone when the process ends.
        if self.aside.is_none() && self.file.as_deref().is_some_and(|path: &Path| !path.exists()) {
            return Err(InboxError::Gone);
        }
        let (source, shown) = (self.source, &self.shown);
        let transaction = self.db.transaction()?;
        let mut filed = Vec::with_capacity(arrivals.len());
        let mut alerts = Alerts::new();
        for arrival in arrivals.iter() {
            let filing = Filing {
                transaction: &transaction,
                source,
                now,
            };
            let mut decide = |item: &Item, post: &Post| {
                let words = alert(&Posted {
                    item,
                    post,
                    shown_before: shown.has(&item.key, arrival.fingerprint),
                });
                alerts.insert(item.key.clone(), (arrival.fingerprint, words.clone()));
                words
            };
            filed.extend(match &arrival.event {
                Some(event) if filing.is_first_time(arrival)? => filing.take(event, &mut decide)?,
                _ => vec![Filed::Nothing],
            });
        }
        let moved = match &cursor {
            Cursor::Stays => None,
            Cursor::At(id) => Some(Some(id)),
            Cursor::Nowhere => Some(None),
        };
        if let Some(moved) = moved {
            transaction
                .prepare_cached("UPDATE source SET cursor = ?1 WHERE id = ?2")?
                .execute(params![moved, source])?;
        }
        transaction
            .prepare_cached("DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - ?1")?
            .execute([REMEMBERED_EVENTS])?;
        if self.aside.is_some() {
            transaction
                .prepare_cached("DELETE FROM item WHERE id <= (SELECT max(id) FROM item) - ?1")?
                .execute([MAX_ITEMS_IN_MEMORY])?;
        }
        transaction.commit()?;
        for key in alerts.keys() {
            self.shown.forget(key);
        }
        if let Some(aside) = &mut self.aside {
            aside.filed(&self.address, now, arrivals, cursor, alerts);
        }
        Ok(filed)
    }

    /// The id to resume after.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub fn cursor(&self) -> Result<Option<String>, InboxError> {
        Ok(self
            .db
            .query_row("SELECT cursor FROM source WHERE id = ?1", [self.source], |row| {
                row.get(0)
            })?)
    }

    /// When something was heard last of this server.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub fn heard_at(&self) -> Result<Option<EpochMillis>, InboxError> {
        Ok(self.db.query_row(
            "SELECT heard_at FROM source WHERE id = ?1",
            [self.source],
            |row| row.get(0),
        )?)
    }

    /// Notes when something was heard last.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub fn set_heard_at(&mut self, at: EpochMillis) -> Result<(), InboxError> {
        self.db.execute(
            "UPDATE source SET heard_at = ?1 WHERE id = ?2",
            params![at, self.source],
        )?;
        Ok(())
    }

    /// Begins without a position, where the server knows the stored one no more.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub fn forget_cursor(&mut self) -> Result<(), InboxError> {
        self.db
            .execute("UPDATE source SET cursor = NULL WHERE id = ?1", [self.source])?;
        Ok(())
    }

    pub(super) fn set_cursor(&mut self, cursor: &str) -> Result<(), InboxError> {
        self.db.execute(
            "UPDATE source SET cursor = ?1 WHERE id = ?2",
            params![cursor, self.source],
        )?;
        Ok(())
    }

    /// Looks at another server's items and cursor from now on.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub fn switch_source(&mut self, address: &str) -> Result<(), InboxError> {
        self.use_source(address)
    }

    /// Replaces the words kept with an item about its alert.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub fn correct_alert(&mut self, key: &str, alert: &str) -> Result<Option<Item>, InboxError> {
        if let Some(aside) = &mut self.aside {
            aside.corrected(key, alert);
        }
        let sql = format!(
            "UPDATE item SET alert = ?3 WHERE source = ?1 AND key = ?2 AND deleted_at IS NULL
             RETURNING {ITEM_COLUMNS}"
        );
        Ok(self
            .db
            .query_row(&sql, params![self.source, key, alert], reading::item)
            .optional()?)
    }

    /// Sets a mark on items; unknown keys are passed over. Answers with the items that changed.
    ///
    /// # Errors
    ///
    /// When the database refuses: then no mark is set.
    pub fn mark(&mut self, keys: &[String], mark: Mark, now: EpochMillis) -> Result<Vec<Item>, InboxError> {
        let change = match mark {
            Mark::Seen => "seen_at = coalesce(seen_at, ?3)",
            Mark::Read => "seen_at = coalesce(seen_at, ?3), read_at = coalesce(read_at, ?3)",
            Mark::Unread => "read_at = NULL",
            Mark::Archived => {
                "seen_at = coalesce(seen_at, ?3), read_at = coalesce(read_at, ?3), archived_at = coalesce(archived_at, ?3)"
            }
            Mark::Unarchived => "archived_at = NULL",
        };
        let sql = format!(
            "UPDATE item SET {change} WHERE source = ?1 AND key = ?2 AND deleted_at IS NULL RETURNING {ITEM_COLUMNS}"
        );
        let source = self.source;
        let transaction = self.db.transaction()?;
        let mut changed = Vec::new();
        for key in keys {
            let mut statement = transaction.prepare_cached(&sql)?;
            // The time stays unused where the change has none; SQLite still counts the parameter.
            let row = if statement.parameter_count() == 3 {
                statement
                    .query_row(params![source, key, now], reading::item)
                    .optional()?
            } else {
                statement
                    .query_row(params![source, key], reading::item)
                    .optional()?
            };
            changed.extend(row);
        }
        transaction.commit()?;
        if let Some(aside) = &mut self.aside {
            aside.marked(&self.address, keys, mark, now);
        }
        Ok(changed)
    }

    /// Everything in the inbox was on screen.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub fn mark_all_seen(&mut self, now: EpochMillis) -> Result<usize, InboxError> {
        let changed = self.mark_all("seen_at IS NULL", "seen_at = ?2", now)?;
        if let Some(aside) = &mut self.aside {
            aside.all_seen(&self.address, now);
        }
        Ok(changed)
    }

    /// Everything in the inbox is read.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub fn mark_all_read(&mut self, now: EpochMillis) -> Result<usize, InboxError> {
        let changed = self.mark_all(
            "read_at IS NULL",
            "read_at = ?2, seen_at = coalesce(seen_at, ?2)",
            now,
        )?;
        if let Some(aside) = &mut self.aside {
            aside.all_read(&self.address, now);
        }
        Ok(changed)
    }

    fn mark_all(&mut self, which: &str, change: &str, now: EpochMillis) -> Result<usize, InboxError> {
        let sql = format!(
            "UPDATE item SET {change} WHERE source = ?1 AND {which} AND archived_at IS NULL AND deleted_at IS NULL"
        );
        Ok(self.db.execute(&sql, params![self.source, now])?)
    }
}

struct Filing<'a> {
    transaction: &'a Transaction<'a>,
    source: i64,
    now: EpochMillis,
}

impl Filing<'_> {
    /// Remembers the event; false when it was remembered already. An event without an id is always new here, and is
    /// known by its item's key alone.
    fn is_first_time(&self, arrival: &Arrival) -> Result<bool, InboxError> {
        if arrival.event_id.is_empty() || matches!(arrival.event, Some(Event::Heartbeat)) {
            return Ok(true);
        }
        let inserted = self
            .transaction
            .prepare_cached(
                "INSERT INTO event (source, event_id, fingerprint, type, received_at) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                self.source,
                arrival.event_id,
                arrival.fingerprint,
                arrival.event_type,
                self.now
            ])?;
        Ok(inserted == 1)
    }

    fn take(
        &self,
        event: &Event,
        alert: &mut dyn FnMut(&Item, &Post) -> String,
    ) -> Result<Vec<Filed>, InboxError> {
        match event {
            Event::Posted(post) => self.post(post, alert),
            Event::NotificationUpdated(change) => {
                Ok(vec![self.change(change)?.map_or(Filed::Nothing, Filed::Changed)])
            }
            Event::NotificationDeleted { id } => Ok(vec![self.delete(id)?]),
            Event::Several(events) => {
                let mut filed = Vec::new();
                for event in events {
                    filed.extend(self.take(event, alert)?);
                }
                Ok(filed)
            }
            Event::ConnectionEstablished(_)
            | Event::Heartbeat
            | Event::UserChanged { .. }
            | Event::Gap { .. }
            | Event::ServerError(_)
            | Event::Unreadable(_) => Ok(vec![Filed::Nothing]),
        }
    }

    fn post(
        &self,
        post: &Post,
        alert: &mut dyn FnMut(&Item, &Post) -> String,
    ) -> Result<Vec<Filed>, InboxError> {
        let mut filed = Vec::new();
        if let Some(older) = &post.supersedes
            && matches!(self.delete(older)?, Filed::Removed(_))
        {
            filed.push(Filed::Removed(older.clone()));
        }
        let is_workflow = matches!(
            post.kind,
            ItemKind::WorkflowRunning | ItemKind::WorkflowCompleted | ItemKind::WorkflowFailed
        );
        // A workflow has one item for its whole life; reaching its end is news again. Everything else is posted once.
        let conflict = if is_workflow {
            "DO UPDATE SET kind = excluded.kind, title = excluded.title, body = excluded.body,
                 priority = excluded.priority, link = coalesce(excluded.link, link), progress = excluded.progress,
                 extra = excluded.extra, created_at = excluded.created_at, received_at = excluded.received_at,
                 seen_at = excluded.seen_at, read_at = excluded.read_at, archived_at = NULL, alert = ''
             WHERE deleted_at IS NULL AND (kind = 'workflowRunning' OR kind = excluded.kind)"
        } else {
            "DO NOTHING"
        };
        let sql = format!(
            "INSERT INTO item (source, key, kind, title, body, category, priority, actor, link, actions, progress,
                 group_key, extra, created_at, received_at, expires_at, seen_at, read_at, alert)
             VALUES (:source, :key, :kind, :title, :body, :category, :priority, :actor, :link, :actions, :progress,
                 :group_key, :extra, :created_at, :now, :expires_at, :handled, :handled, '')
             ON CONFLICT (source, key) {conflict} RETURNING {ITEM_COLUMNS}"
        );
        // That a workflow began is progress, not news: it neither counts nor alerts.
        let handled = (post.kind == ItemKind::WorkflowRunning).then_some(self.now);
        let item = self
            .transaction
            .prepare_cached(&sql)?
            .query_row(
                named_params! {
                    ":source": self.source,
                    ":key": post.key,
                    ":kind": reading::kind_word(post.kind),
                    ":title": post.title,
                    ":body": post.body,
                    ":category": post.category,
                    ":priority": reading::priority_rank(post.priority),
                    ":actor": post.actor,
                    ":link": post.link,
                    ":actions": reading::json(&post.actions),
                    ":progress": post.progress,
                    ":group_key": post.group_key,
                    ":extra": reading::json(&post.extra),
                    // A server's clock ahead of ours must not pin an item to the top of the list for days.
                    ":created_at": post.created_at.unwrap_or(self.now).min(self.now),
                    ":now": self.now,
                    ":expires_at": post.expires_at,
                    ":handled": handled,
                },
                reading::item,
            )
            .optional()?;
        let Some(mut item) = item else {
            filed.push(Filed::Nothing);
            return Ok(filed);
        };
        item.alert = alert(&item, post);
        self.transaction
            .prepare_cached("UPDATE item SET alert = ?1 WHERE source = ?2 AND key = ?3")?
            .execute(params![item.alert, self.source, item.key])?;
        filed.push(if handled.is_some() {
            Filed::Changed(item)
        } else {
            Filed::Posted(item)
        });
        Ok(filed)
    }

    fn change(&self, change: &Change) -> Result<Option<Item>, InboxError> {
        let sql = format!(
            "UPDATE item SET title = coalesce(:title, title), body = coalesce(:body, body),
                 category = coalesce(:category, category), priority = coalesce(:priority, priority),
                 link = coalesce(:link, link), actions = coalesce(:actions, actions),
                 seen_at = coalesce(seen_at, :seen, :read, :archived), read_at = coalesce(read_at, :read, :archived),
                 archived_at = coalesce(archived_at, :archived)
             WHERE source = :source AND key = :key AND deleted_at IS NULL RETURNING {ITEM_COLUMNS}"
        );
        let item = self
            .transaction
            .prepare_cached(&sql)?
            .query_row(
                named_params! {
                    ":source": self.source,
                    ":key": change.key,
                    ":title": change.title.value(),
                    ":body": change.body.value(),
                    ":category": change.category.value(),
                    ":priority": change.priority.value().copied().map(reading::priority_rank),
                    ":link": change.link.value(),
                    ":actions": change.actions.value().map(reading::json),
                    ":seen": change.seen_at.value(),
                    ":read": change.read_at.value(),
                    ":archived": change.archived_at.value(),
                },
                reading::item,
            )
            .optional()?;
        Ok(item)
    }

    /// Erases an item's content and leaves its key. An item that is not here yet leaves its key too: events may come
    /// out of order, and what was deleted must not appear afterwards.
    fn delete(&self, key: &str) -> Result<Filed, InboxError> {
        let existed = self
            .transaction
            .prepare_cached(
                "UPDATE item SET deleted_at = ?3, title = '', body = '', actions = '[]', extra = '{}', link = NULL,
                     actor = NULL WHERE source = ?1 AND key = ?2 AND deleted_at IS NULL",
            )?
            .execute(params![self.source, key, self.now])?;
        if existed == 1 {
            return Ok(Filed::Removed(key.to_owned()));
        }
        self.transaction
            .prepare_cached(
                "INSERT INTO item (source, key, kind, title, body, priority, actions, extra, created_at, received_at,
                     deleted_at, alert)
                 VALUES (?1, ?2, 'notification', '', '', 1, '[]', '{}', ?3, ?3, ?3, '') ON CONFLICT DO NOTHING",
            )?
            .execute(params![self.source, key, self.now])?;
        Ok(Filed::Nothing)
    }
}
