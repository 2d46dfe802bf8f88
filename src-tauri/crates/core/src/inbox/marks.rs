//! Marks that the user sets on items.

use rusqlite::{OptionalExtension, TransactionBehavior, params};

use super::outbox::{Overlay, UNDO_DELAY};
use super::reading::{self, ITEM_COLUMNS};
use super::{Inbox, InboxError, alerts};
use crate::item::{EpochMillis, Item, Mark};

impl Inbox {
    /// Sets a mark on items and returns those that changed; unknown keys are ignored.
    ///
    /// # Errors
    ///
    /// When the database fails: then no mark is set.
    pub fn mark(&mut self, keys: &[String], mark: Mark, now: EpochMillis) -> Result<Vec<Item>, InboxError> {
        let change = match mark {
            Mark::Seen => "seen_at = coalesce(seen_at, ?1)",
            Mark::Read => "seen_at = coalesce(seen_at, ?1), read_at = coalesce(read_at, ?1)",
            Mark::Unread => "read_at = NULL",
            Mark::Archived => {
                "seen_at = coalesce(seen_at, ?1), read_at = coalesce(read_at, ?1), \
                 archived_at = coalesce(archived_at, ?1), snoozed_until = NULL, snoozed_to = NULL"
            }
            Mark::Unarchived => "archived_at = NULL",
            Mark::Flagged => "flagged_at = coalesce(flagged_at, ?1)",
            Mark::Unflagged => "flagged_at = NULL",
            Mark::Snoozed(_) => {
                "seen_at = coalesce(seen_at, ?1), archived_at = NULL, snoozed_until = ?3, snoozed_to = ?4"
            }
            Mark::Unsnoozed => "snoozed_until = NULL, snoozed_to = NULL",
            Mark::Acknowledged => {
                "seen_at = coalesce(seen_at, ?1), read_at = coalesce(read_at, ?1), \
                 acknowledged_at = coalesce(acknowledged_at, ?1)"
            }
            Mark::Unacknowledged => "acknowledged_at = NULL",
        };
        let not_before = match mark {
            Mark::Archived => now + UNDO_DELAY,
            Mark::Seen
            | Mark::Read
            | Mark::Unread
            | Mark::Unarchived
            | Mark::Flagged
            | Mark::Unflagged
            | Mark::Snoozed(_)
            | Mark::Unsnoozed
            | Mark::Acknowledged
            | Mark::Unacknowledged => now,
        };
        let update = format!("UPDATE item SET {change} WHERE key = ?2 AND deleted_at IS NULL");
        let select = format!("SELECT {ITEM_COLUMNS} FROM item WHERE key = ?1 AND deleted_at IS NULL");
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut changed = Vec::new();
        for key in keys {
            let overlay = Overlay::before_action(&transaction, key)?;
            let mut update = transaction.prepare_cached(&update)?;
            if let Mark::Snoozed(until) = mark {
                let wall = until.wall.map(|wall| wall.to_string());
                update.execute(params![now, key, until.at, wall])?;
            } else {
                update.execute(params![now, key])?;
            }
            if let Some(overlay) = overlay {
                overlay.after_action(not_before)?;
            }
            let mut statement = transaction.prepare_cached(&select)?;
            changed.extend(statement.query_row([key], reading::item).optional()?);
            alerts::settle(&transaction, key)?;
        }
        transaction.commit()?;
        if let Some(fallback) = &mut self.fallback {
            fallback.marked(keys, mark, now);
        }
        Ok(changed)
    }

    /// Marks everything in the inbox as seen. Returns how many items changed.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn mark_all_seen(&mut self, now: EpochMillis) -> Result<usize, InboxError> {
        let changed = self.mark_all("seen_at IS NULL", "seen_at = ?1", now, now)?;
        if let Some(fallback) = &mut self.fallback {
            fallback.all_seen(now);
        }
        Ok(changed)
    }

    /// Marks everything in the inbox as read. Returns how many items changed.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn mark_all_read(&mut self, now: EpochMillis) -> Result<usize, InboxError> {
        let changed = self.mark_all(
            "read_at IS NULL",
            "read_at = ?1, seen_at = coalesce(seen_at, ?1)",
            now,
            now + UNDO_DELAY,
        )?;
        if let Some(fallback) = &mut self.fallback {
            fallback.all_read(now);
        }
        Ok(changed)
    }

    /// The items are those that match now, whatever arrives before it is sent.
    fn mark_all(
        &mut self,
        which: &str,
        change: &str,
        now: EpochMillis,
        not_before: EpochMillis,
    ) -> Result<usize, InboxError> {
        let which =
            format!("{which} AND archived_at IS NULL AND snoozed_until IS NULL AND deleted_at IS NULL");
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let keys: Vec<String> = transaction
            .prepare_cached(&format!("SELECT key FROM item WHERE {which}"))?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut overlays = Vec::with_capacity(keys.len());
        for key in &keys {
            overlays.extend(Overlay::before_action(&transaction, key)?);
        }
        let changed =
            transaction.execute(&format!("UPDATE item SET {change} WHERE {which}"), params![now])?;
        for overlay in overlays {
            overlay.after_action(not_before)?;
        }
        alerts::reconcile_read(&transaction)?;
        transaction.commit()?;
        Ok(changed)
    }
}
