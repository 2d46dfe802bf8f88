//! Changes and deletions by the server, including those of items that have not arrived yet.

use rusqlite::{OptionalExtension, Transaction, named_params, params};

use super::Effect;
use super::filing::{EventWriter, Seen};
use super::outbox::{self, Overlay};
use super::reading::{self, ITEM_COLUMNS};
use super::{InboxError, alerts, columns, log};
use crate::event::{Change, Field};
use crate::item::{EpochMillis, Item};

/// How many changes of items that have not arrived are kept. If events are out of order, the item follows within
/// seconds; otherwise the server never sends it.
const MAX_EARLY_CHANGES: i64 = 1_000;

impl EventWriter<'_> {
    /// Applies a change. A replayed one is applied again except for its marks. Changes are replayed in their order, so
    /// the result is the same; this also suits a server that numbers its events anew for each connection. Marks that
    /// the user set since then stay, and so does what was posted since then.
    pub(super) fn change(&self, change: &Change) -> Result<Effect, InboxError> {
        let known = self.version(&change.key)?;
        if known.zip(change.version).is_some_and(|(known, new)| known >= new) {
            return Ok(Effect::Nothing);
        }
        let change = if known.is_some() && change.version.is_some() {
            // The version says whether it is news, whichever connection it came on.
            change.clone()
        } else {
            if self.seen == Seen::EarlierConnection
                && self.arrival.own_id
                && self.is_before_post(&change.key)?
            {
                return Ok(Effect::Nothing);
            }
            match self.seen {
                Seen::New | Seen::ThisConnection => change.clone(),
                Seen::EarlierConnection => Change {
                    seen_at: Field::Absent,
                    read_at: Field::Absent,
                    archived_at: Field::Absent,
                    flagged_at: Field::Absent,
                    snoozed_until: Field::Absent,
                    acknowledged_at: Field::Absent,
                    ..change.clone()
                },
            }
        };
        let before = self.item(&change.key)?;
        let changed = self.apply_change(&change)?;
        Ok(match (before, changed) {
            (before, Some(item)) if before.as_ref() == Some(&item) => Effect::Nothing,
            (_, Some(item)) => Effect::Changed(item),
            (_, None) => {
                self.keep_early(change)?;
                Effect::Nothing
            }
        })
    }

    /// Returns the version of what the server said last about the item.
    fn version(&self, key: &str) -> Result<Option<i64>, InboxError> {
        Ok(self
            .transaction
            .prepare_cached("SELECT version FROM item WHERE key = ?1")?
            .query_row([key], |row| row.get(0))
            .optional()?
            .flatten())
    }

    /// Whether the server said something of this version, or of a later one, about the item before.
    fn is_outdated(&self, key: &str, version: Option<i64>) -> Result<bool, InboxError> {
        let Some(version) = version else { return Ok(false) };
        Ok(self.version(key)?.is_some_and(|known| known >= version))
    }

    /// Whether the item was posted again after the first arrival of the event.
    fn is_before_post(&self, key: &str) -> Result<bool, InboxError> {
        let posted_by: Option<i64> = self
            .transaction
            .prepare_cached("SELECT posted_by FROM item WHERE key = ?1")?
            .query_row([key], |row| row.get(0))
            .optional()?;
        Ok(posted_by.is_some_and(|posted_by| posted_by > self.place))
    }

    fn item(&self, key: &str) -> Result<Option<Item>, InboxError> {
        let sql = format!("SELECT {ITEM_COLUMNS} FROM item WHERE key = ?1 AND deleted_at IS NULL");
        Ok(self
            .transaction
            .prepare_cached(&sql)?
            .query_row([key], reading::item)
            .optional()?)
    }

    /// Applies a change under the user's actions that the server does not have yet.
    pub(super) fn apply_change(&self, change: &Change) -> Result<Option<Item>, InboxError> {
        let overlay = Overlay::lift(self.transaction, &change.key)?;
        let changed = self.apply_bare_change(change)?;
        match overlay {
            Some(overlay) => {
                overlay.lay()?;
                self.item(&change.key)
            }
            None => Ok(changed),
        }
    }

    fn apply_bare_change(&self, change: &Change) -> Result<Option<Item>, InboxError> {
        // The title is never removed: an item without a title could not be shown.
        let sql = format!(
            "UPDATE item SET title = coalesce(:title, title),
                 body = CASE WHEN :clears_body THEN '' ELSE coalesce(:body, body) END,
                 category = CASE WHEN :clears_category THEN NULL ELSE coalesce(:category, category) END,
                 priority = coalesce(:priority, priority),
                 actor = CASE WHEN :clears_actor THEN NULL ELSE coalesce(:actor, actor) END,
                 link = CASE WHEN :clears_link THEN NULL ELSE coalesce(:link, link) END,
                 actions = coalesce(:actions, actions),
                 expires_at = CASE WHEN :clears_expiry THEN NULL ELSE coalesce(:expires, expires_at) END,
                 seen_at = CASE WHEN :clears_seen THEN NULL
                     ELSE coalesce(seen_at, :seen, :read, :archived) END,
                 read_at = CASE WHEN :clears_read THEN NULL ELSE coalesce(read_at, :read, :archived) END,
                 archived_at = CASE WHEN :clears_archived THEN NULL ELSE coalesce(archived_at, :archived) END,
                 flagged_at = CASE WHEN :clears_flag THEN NULL ELSE coalesce(flagged_at, :flagged) END,
                 snoozed_until = CASE WHEN :clears_snooze THEN NULL ELSE coalesce(:snoozed, snoozed_until) END,
                 snoozed_to = CASE WHEN NOT :clears_snooze AND coalesce(:snoozed, snoozed_until) IS snoozed_until
                     THEN snoozed_to END,
                 ack_required = coalesce(:ack_required, ack_required),
                 acknowledged_at = CASE WHEN :clears_ack THEN NULL
                     ELSE coalesce(acknowledged_at, :acknowledged) END,
                 version = coalesce(:version, version)
             WHERE key = :key AND deleted_at IS NULL RETURNING {ITEM_COLUMNS}"
        );
        let no_actions = Vec::new();
        let actions = match &change.actions {
            Field::Absent => None,
            Field::Null => Some(&no_actions),
            Field::Value(actions) => Some(actions),
        };
        let priority = match change.priority {
            Field::Absent => None,
            Field::Null => Some(crate::item::Priority::default()),
            Field::Value(priority) => Some(priority),
        };
        let ack_required = match change.ack_required {
            Field::Absent => None,
            Field::Null => Some(false),
            Field::Value(required) => Some(required),
        };
        // A time that has passed returns it at once, and an archived item is in no list to return to.
        let snoozed = change
            .snoozed_until
            .value()
            .copied()
            .filter(|at| *at > self.now.server);
        let wakes = !change.snoozed_until.is_absent() && snoozed.is_none();
        let clears_snooze = wakes || change.archived_at.value().is_some();
        Ok(self
            .transaction
            .prepare_cached(&sql)?
            .query_row(
                named_params! {
                    ":key": change.key,
                    ":title": change.title.value().map(|title| columns::stored(title, None)),
                    ":body": change.body.value().map(|body| columns::stored(body, None)),
                    ":clears_body": is_null(&change.body),
                    ":category": change.category.value(),
                    ":clears_category": is_null(&change.category),
                    ":priority": priority.map(reading::priority_rank),
                    ":actor": change.actor.value(),
                    ":clears_actor": is_null(&change.actor),
                    ":link": change.link.value(),
                    ":clears_link": is_null(&change.link),
                    ":actions": actions.map(reading::json),
                    ":expires": change.expires_at.value(),
                    ":clears_expiry": is_null(&change.expires_at),
                    ":seen": change.seen_at.value(),
                    ":clears_seen": is_null(&change.seen_at),
                    ":read": change.read_at.value(),
                    ":clears_read": is_null(&change.read_at),
                    ":archived": change.archived_at.value(),
                    ":clears_archived": is_null(&change.archived_at),
                    ":flagged": change.flagged_at.value(),
                    ":clears_flag": is_null(&change.flagged_at),
                    ":snoozed": snoozed,
                    ":clears_snooze": clears_snooze,
                    ":ack_required": ack_required,
                    ":acknowledged": change.acknowledged_at.value(),
                    ":clears_ack": is_null(&change.acknowledged_at),
                    ":version": change.version,
                },
                reading::item,
            )
            .optional()?)
    }

    /// Stores a change of an item that has not arrived, merged with earlier ones.
    fn keep_early(&self, change: Change) -> Result<(), InboxError> {
        let is_deleted: bool = self
            .transaction
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM item WHERE key = ?1)")?
            .query_row([&change.key], |row| row.get(0))?;
        if is_deleted {
            return Ok(());
        }
        let key = change.key.clone();
        let merged = match self.early(&key)? {
            Some(before)
                if before
                    .version
                    .zip(change.version)
                    .is_some_and(|(known, new)| known >= new) =>
            {
                return Ok(());
            }
            Some(before) => before.followed_by(change),
            None => change,
        };
        self.transaction
            .prepare_cached(
                "INSERT INTO early (key, change) VALUES (?1, ?2)
                 ON CONFLICT (key) DO UPDATE SET change = excluded.change",
            )?
            .execute(params![key, reading::json(&merged)])?;
        self.transaction
            .prepare_cached("DELETE FROM early WHERE id <= (SELECT max(id) FROM early) - ?1")?
            .execute([MAX_EARLY_CHANGES])?;
        Ok(())
    }

    fn early(&self, key: &str) -> Result<Option<Change>, InboxError> {
        let text: Option<String> = self
            .transaction
            .prepare_cached("SELECT change FROM early WHERE key = ?1")?
            .query_row([key], |row| row.get(0))
            .optional()?;
        // A change in another format, by an older version, is ignored.
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Returns the item after the changes that arrived before it, if there were any.
    pub(super) fn apply_early(&self, key: &str) -> Result<Option<Item>, InboxError> {
        let Some(change) = self.early(key)? else {
            return Ok(None);
        };
        self.transaction
            .prepare_cached("DELETE FROM early WHERE key = ?1")?
            .execute([key])?;
        if self.is_outdated(key, change.version)? {
            return Ok(None);
        }
        self.apply_change(&change)
    }

    /// Handles a deletion. A replayed one that has its own id is ignored, because the item may have been posted again
    /// after it.
    pub(super) fn deleted(&self, key: &str, version: Option<i64>) -> Result<Effect, InboxError> {
        if self.is_outdated(key, version)? {
            return Ok(Effect::Nothing);
        }
        if version.is_none() && self.arrival.own_id && self.seen == Seen::EarlierConnection {
            return Ok(Effect::Nothing);
        }
        let effect = self.delete(key)?;
        if version.is_some() {
            self.transaction
                .prepare_cached("UPDATE item SET version = ?2 WHERE key = ?1")?
                .execute(params![key, version])?;
        }
        Ok(effect)
    }

    /// Erases an item's content and keeps its key. The key of an item that has not arrived is stored too, because
    /// events may arrive out of order and a deleted item must not appear afterwards.
    pub(super) fn delete(&self, key: &str) -> Result<Effect, InboxError> {
        let row: Option<i64> = self
            .transaction
            .prepare_cached("SELECT id FROM item WHERE key = ?1 AND deleted_at IS NULL")?
            .query_row([key], |row| row.get(0))
            .optional()?;
        let existed = match row {
            Some(row) => erase_row(self.transaction, row, self.now.here)?.is_some(),
            None => false,
        };
        self.transaction
            .prepare_cached("DELETE FROM early WHERE key = ?1")?
            .execute([key])?;
        // Changes of an item that has not come are logged too.
        log::erase(self.transaction, key)?;
        if existed {
            return Ok(Effect::Removed(key.to_owned()));
        }
        self.transaction
            .prepare_cached(
                "INSERT INTO item (key, kind, title, body, priority, actions, extra, created_at, sort_at,
                     received_at, deleted_at)
                 VALUES (?1, 'notification', '', '', 1, '[]', '{}', ?2, ?2, ?2, ?2) ON CONFLICT DO NOTHING",
            )?
            .execute(params![key, self.now.server])?;
        Ok(Effect::Nothing)
    }
}

/// Erases a row's content and keeps its key. Returns the key.
pub(super) fn erase_row(
    transaction: &Transaction<'_>,
    row: i64,
    now: EpochMillis,
) -> Result<Option<String>, InboxError> {
    let key: Option<String> = transaction
        .prepare_cached(
            "UPDATE item SET deleted_at = ?2, title = '', body = '', actions = '[]', extra = '{}', link = NULL,
                 actor = NULL, category = NULL, progress = NULL, group_key = NULL, snoozed_until = NULL,
                 snoozed_to = NULL, content = coalesce(content, 0)
             WHERE id = ?1 AND deleted_at IS NULL RETURNING key",
        )?
        .query_row([row, now], |row| row.get(0))
        .optional()?;
    if let Some(key) = &key {
        outbox::void(transaction, row)?;
        alerts::settle(transaction, key)?;
        log::erase(transaction, key)?;
    }
    Ok(key)
}

fn is_null<T>(field: &Field<T>) -> bool {
    match field {
        Field::Null => true,
        Field::Absent | Field::Value(_) => false,
    }
}

impl Change {
    /// Merges two changes; the later one wins.
    fn followed_by(self, later: Self) -> Self {
        fn last<T>(before: Field<T>, later: Field<T>) -> Field<T> {
            if later.is_absent() { before } else { later }
        }
        // Archiving implies reading, so it sets the time of reading if there is none.
        let read_at = match (&later.read_at, &later.archived_at) {
            (Field::Absent, Field::Value(at)) => Field::Value(*at),
            _ => later.read_at,
        };
        Self {
            key: later.key,
            title: last(self.title, later.title),
            body: last(self.body, later.body),
            category: last(self.category, later.category),
            priority: last(self.priority, later.priority),
            actor: last(self.actor, later.actor),
            link: last(self.link, later.link),
            actions: last(self.actions, later.actions),
            expires_at: last(self.expires_at, later.expires_at),
            seen_at: last(self.seen_at, later.seen_at),
            read_at: last(self.read_at, read_at),
            archived_at: last(self.archived_at, later.archived_at),
            flagged_at: last(self.flagged_at, later.flagged_at),
            snoozed_until: last(self.snoozed_until, later.snoozed_until),
            ack_required: last(self.ack_required, later.ack_required),
            acknowledged_at: last(self.acknowledged_at, later.acknowledged_at),
            version: later.version.or(self.version),
        }
    }
}
