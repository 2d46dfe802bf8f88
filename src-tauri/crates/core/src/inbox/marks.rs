//! What the user does with items.

use rusqlite::{OptionalExtension, params};

use super::reading::{self, ITEM_COLUMNS};
use super::{Inbox, InboxError};
use crate::protocol::{EpochMillis, Item, Mark};

impl Inbox {
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
