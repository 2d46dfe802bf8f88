//! Marks that the user sets on items.

use rusqlite::{OptionalExtension, params};

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
        let sql = format!(
            "UPDATE item SET {change} WHERE key = ?2 AND deleted_at IS NULL RETURNING {ITEM_COLUMNS}"
        );
        let transaction = self.db.transaction()?;
        let mut changed = Vec::new();
        for key in keys {
            let mut statement = transaction.prepare_cached(&sql)?;
            let row = if let Mark::Snoozed(until) = mark {
                let wall = until.wall.map(|wall| wall.to_string());
                statement.query_row(params![now, key, until.at, wall], reading::item)
            } else {
                statement.query_row(params![now, key], reading::item)
            };
            changed.extend(row.optional()?);
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
        let changed = self.mark_all("seen_at IS NULL", "seen_at = ?1", now)?;
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
        )?;
        if let Some(fallback) = &mut self.fallback {
            fallback.all_read(now);
        }
        Ok(changed)
    }

    fn mark_all(&mut self, which: &str, change: &str, now: EpochMillis) -> Result<usize, InboxError> {
        let sql = format!(
            "UPDATE item SET {change}
             WHERE {which} AND archived_at IS NULL AND snoozed_until IS NULL AND deleted_at IS NULL"
        );
        let transaction = self.db.transaction()?;
        let changed = transaction.execute(&sql, params![now])?;
        alerts::reconcile_read(&transaction)?;
        transaction.commit()?;
        Ok(changed)
    }
}
