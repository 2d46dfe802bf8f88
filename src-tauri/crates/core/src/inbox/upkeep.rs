//! Retention, and the removal of deleted content from the disk: in small steps, each in a separate transaction, so that
//! storing events never waits for long.

mod categories;

use std::collections::HashMap;

use rusqlite::{Transaction, params};

pub use self::categories::CategoryLimit;
use self::categories::Limits;

use super::{Inbox, InboxError, journal};
use crate::item::EpochMillis;

const DAY: EpochMillis = 24 * 60 * 60 * 1000;

/// How many rows a step examines, which takes about a millisecond, or a few if all of them are removed.
const MAX_STEP_ROWS: u32 = 100;

/// An expired item is useless, but the user may have seen it and look for it within the week.
const EXPIRED_DAYS: i64 = 7;

/// How long the key of a deleted item is stored. No known server replays events that are older, and from before the
/// cursor.
const MAX_TOMBSTONE_DAYS: i64 = 90;

/// The maximum number of such keys: as many as recorded events, because a longer replay is not recognised by its events
/// either.
const MAX_TOMBSTONES: i64 = 50_000;

/// Logged events that a step drops when the file is too large: a few hundred kilobytes.
const MAX_STEP_LOGGED: u32 = 500;

/// How much of the inbox is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Days after arrival for which read items are kept.
    pub days: u32,
    /// The maximum number of items of a category; those without one count as one.
    pub items: u32,
    /// The maximum size of what the file contains, with the log.
    pub megabytes: u32,
}

impl Default for Retention {
    /// 90 days, because people look for last quarter's items. The number is more than anybody scrolls through, and some
    /// tens of megabytes. The size is what nobody misses on a disk.
    fn default() -> Self {
        Self {
            days: 90,
            items: 20_000,
            megabytes: 500,
        }
    }
}

impl Retention {
    fn max_bytes(self) -> u64 {
        u64::from(self.megabytes) * 1_000_000
    }
}

/// One pass through the inbox that removes items beyond the retention period.
#[derive(Debug, Clone)]
pub struct Sweep {
    retention: Retention,
    /// The limits of categories that have their own.
    limits: Limits,
    now: EpochMillis,
    pass: Pass,
    /// The next step begins after this row, given by its time of arrival and number.
    after: (EpochMillis, i64),
    /// The items of each category that the first phase has left, and later those beyond the maximum number.
    categories: HashMap<Option<String>, u32>,
}

/// The phases of a sweep, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Items that were read long ago, and expired items. Counts the others.
    Old,
    /// The oldest items of a category beyond the maximum number, except unread urgent ones.
    Over,
    /// Those too, if there are still too many.
    UrgentOver,
    /// The keys of deleted items, and digests without members.
    Tombstones,
    /// Logged events as old as items that were read.
    Log,
    /// The oldest logged events, while the file contains too much.
    LogTooLarge,
    /// Read items, oldest first, while it does.
    ReadTooLarge,
    /// Unread ones.
    UnreadTooLarge,
    /// Urgent ones.
    UrgentTooLarge,
}

/// The result of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swept {
    /// The keys of the removed items.
    pub removed: Vec<String>,
    /// Whether the sweep is complete.
    pub done: bool,
    /// Whether a complete sweep has left more than the maximum size, which only what is never removed can be.
    pub too_large: bool,
}

/// The fields of an item that decide about its retention.
#[derive(Debug, Clone, Default)]
struct Row {
    id: i64,
    received_at: EpochMillis,
    expires_at: Option<EpochMillis>,
    category: Option<String>,
    /// Read or archived.
    is_read: bool,
    is_urgent: bool,
    /// Flagged or snoozed: the user wants it.
    is_wanted: bool,
    /// The server wants the user to acknowledge it, which is still to be done.
    is_to_be_acknowledged: bool,
}

impl Sweep {
    /// Starts a sweep. `now` must be a time that both this computer's clock and the server's have reached, so that a
    /// clock that is ahead removes nothing.
    pub fn new(retention: Retention, now: EpochMillis) -> Self {
        Self {
            retention,
            limits: Limits::default(),
            now,
            pass: Pass::Old,
            after: BEGINNING,
            categories: HashMap::new(),
        }
    }

    /// The same with other limits for some categories.
    #[must_use]
    pub fn with_limits(mut self, limits: &[CategoryLimit]) -> Self {
        self.limits = Limits::new(limits);
        self
    }

    /// Whether this phase removes the item. What the user flagged or snoozed is never removed, what is to be
    /// acknowledged only once it has expired.
    fn removes(&self, row: &Row) -> bool {
        if row.is_wanted {
            return false;
        }
        let is_over = || {
            let category = self.limits.counted(row.category.as_deref());
            self.categories.get(&category).is_some_and(|over| *over > 0)
        };
        let is_free = !row.is_to_be_acknowledged;
        match self.pass {
            Pass::Old => {
                let expired = row
                    .expires_at
                    .is_some_and(|at| at <= self.now - EXPIRED_DAYS * DAY);
                let days = self.limits.days(row.category.as_deref());
                let old = row.received_at <= self.now - i64::from(days.unwrap_or(self.retention.days)) * DAY;
                expired || (old && row.is_read && is_free)
            }
            Pass::Over => is_free && (row.is_read || !row.is_urgent) && is_over(),
            Pass::UrgentOver => is_free && is_over(),
            Pass::ReadTooLarge => is_free && row.is_read,
            Pass::UnreadTooLarge => is_free && !row.is_urgent,
            Pass::UrgentTooLarge => is_free,
            Pass::Tombstones | Pass::Log | Pass::LogTooLarge => false,
        }
    }

    /// Counts an item that this phase removes, or leaves.
    fn count(&mut self, row: &Row, removed: bool) {
        match (self.pass, removed) {
            (Pass::Old, false) => {
                let category = self.limits.counted(row.category.as_deref());
                *self.categories.entry(category).or_default() += 1;
            }
            (Pass::Over | Pass::UrgentOver, true) => {
                let category = self.limits.counted(row.category.as_deref());
                if let Some(over) = self.categories.get_mut(&category) {
                    *over = over.saturating_sub(1);
                }
            }
            (
                Pass::Old
                | Pass::Over
                | Pass::UrgentOver
                | Pass::Tombstones
                | Pass::Log
                | Pass::LogTooLarge
                | Pass::ReadTooLarge
                | Pass::UnreadTooLarge
                | Pass::UrgentTooLarge,
                _,
            ) => {}
        }
    }

    /// Continues with the next phase; returns whether there is one.
    fn advance(&mut self) -> bool {
        self.after = BEGINNING;
        let next = match self.pass {
            Pass::Old => {
                for (category, kept) in &mut self.categories {
                    let items = self.limits.items(category.as_deref());
                    *kept = kept.saturating_sub(items.unwrap_or(self.retention.items));
                }
                self.categories.retain(|_, over| *over > 0);
                Pass::Over
            }
            Pass::Over => Pass::UrgentOver,
            Pass::UrgentOver => Pass::Tombstones,
            Pass::Tombstones => Pass::Log,
            Pass::Log => Pass::LogTooLarge,
            Pass::LogTooLarge => Pass::ReadTooLarge,
            Pass::ReadTooLarge => Pass::UnreadTooLarge,
            Pass::UnreadTooLarge => Pass::UrgentTooLarge,
            Pass::UrgentTooLarge => return false,
        };
        self.pass = next;
        true
    }
}

const BEGINNING: (EpochMillis, i64) = (i64::MIN, i64::MIN);

impl Inbox {
    /// Runs the next step of a sweep.
    ///
    /// # Errors
    ///
    /// When the database fails: then this step removes nothing.
    pub fn sweep(&mut self, sweep: &mut Sweep) -> Result<Swept, InboxError> {
        // In memory other bounds apply, and the file has to be read again afterwards.
        if self.fallback.is_some() {
            return Ok(Swept {
                removed: Vec::new(),
                done: true,
                too_large: false,
            });
        }
        let (removed, more) = match sweep.pass {
            Pass::Tombstones => {
                let more = self.drop_tombstones(sweep.now)?;
                (Vec::new(), self.drop_digests(MAX_STEP_ROWS)? || more)
            }
            Pass::Log => {
                let before = sweep.now - i64::from(sweep.retention.days) * DAY;
                (Vec::new(), self.drop_logged(before, MAX_STEP_ROWS)?)
            }
            Pass::LogTooLarge => {
                let drops = self.is_larger_than(sweep.retention)?;
                let more = drops && self.drop_logged(EpochMillis::MAX, MAX_STEP_LOGGED)?;
                (Vec::new(), more)
            }
            Pass::Over | Pass::UrgentOver if sweep.categories.values().all(|over| *over == 0) => {
                (Vec::new(), false)
            }
            Pass::ReadTooLarge | Pass::UnreadTooLarge | Pass::UrgentTooLarge
                if !self.is_larger_than(sweep.retention)? =>
            {
                (Vec::new(), false)
            }
            Pass::Old
            | Pass::Over
            | Pass::UrgentOver
            | Pass::ReadTooLarge
            | Pass::UnreadTooLarge
            | Pass::UrgentTooLarge => self.sweep_items(sweep)?,
        };
        let done = !more && !sweep.advance();
        Ok(Swept {
            removed,
            done,
            too_large: done && self.is_larger_than(sweep.retention)?,
        })
    }

    /// Whether the file contains more than its maximum size. Pages that are free do not count: they are used again.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn is_larger_than(&self, retention: Retention) -> Result<bool, InboxError> {
        let pragma = |name| {
            let value = self
                .db
                .pragma_query_value(None, name, |row| row.get::<_, i64>(0))?;
            Ok::<_, InboxError>(value.unsigned_abs())
        };
        let used = pragma("page_count")?.saturating_sub(pragma("freelist_count")?);
        Ok(used * pragma("page_size")? > retention.max_bytes())
    }

    /// Removes items. Returns the removed keys, and whether the phase continues.
    fn sweep_items(&mut self, sweep: &mut Sweep) -> Result<(Vec<String>, bool), InboxError> {
        let rows = self.rows_after(sweep.after)?;
        let more = rows.len() == MAX_STEP_ROWS as usize;
        // The sweep continues from before this step if the database fails.
        let mut next = sweep.clone();
        let mut going = Vec::new();
        for row in &rows {
            let removes = next.removes(row);
            next.count(row, removes);
            if removes {
                going.push(row.id);
            }
            next.after = (row.received_at, row.id);
        }
        let mut removed = Vec::with_capacity(going.len());
        if !going.is_empty() {
            let transaction = self.db.transaction()?;
            for row in going {
                removed.extend(super::change::erase_row(&transaction, row, sweep.now)?);
                // The answer to a request may still need them.
                if self.asked.is_idle() && super::alerts::drop_settled(&transaction, row)? {
                    move_key(&transaction, row)?;
                }
            }
            transaction.commit()?;
            self.erased = true;
        }
        *sweep = next;
        Ok((removed, more))
    }

    fn rows_after(&self, after: (EpochMillis, i64)) -> Result<Vec<Row>, InboxError> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, received_at, expires_at, category, read_at IS NOT NULL OR archived_at IS NOT NULL, priority = 3,
                 flagged_at IS NOT NULL OR snoozed_until IS NOT NULL,
                 ack_required <> 0 AND acknowledged_at IS NULL AND archived_at IS NULL FROM item
             WHERE deleted_at IS NULL AND (received_at, id) > (?1, ?2) ORDER BY received_at, id LIMIT ?3",
        )?;
        let rows = statement.query_map(params![after.0, after.1, MAX_STEP_ROWS], |row| {
            Ok(Row {
                id: row.get(0)?,
                received_at: row.get(1)?,
                expires_at: row.get(2)?,
                category: row.get(3)?,
                is_read: row.get(4)?,
                is_urgent: row.get(5)?,
                is_wanted: row.get(6)?,
                is_to_be_acknowledged: row.get(7)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Drops keys of deleted items. Returns whether there are more to drop.
    fn drop_tombstones(&mut self, now: EpochMillis) -> Result<bool, InboxError> {
        let gone: i64 = self
            .db
            .query_row("SELECT gone FROM tally", [], |row| row.get(0))?;
        // Beyond the maximum number, the oldest are dropped at any age.
        let before = if gone > MAX_TOMBSTONES {
            i64::MAX
        } else {
            now - MAX_TOMBSTONE_DAYS * DAY
        };
        let most = i64::from(MAX_STEP_ROWS);
        let most = if gone > MAX_TOMBSTONES {
            most.min(gone - MAX_TOMBSTONES)
        } else {
            most
        };
        let dropped = self
            .db
            .prepare_cached(
                "DELETE FROM item WHERE id IN (SELECT id FROM item WHERE deleted_at IS NOT NULL AND deleted_at <= ?1
                     ORDER BY deleted_at, id LIMIT ?2)",
            )?
            .execute([before, most])?;
        Ok(dropped > 0)
    }

    /// Removes deleted content from the disk: copies overwritten pages to the file and empties the log, which still
    /// contains their old content. A long log is emptied in any case, so that no commit has to do it. Returns whether
    /// that is done; a reader may prevent it for a moment.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn settle(&mut self) -> Result<bool, InboxError> {
        let Some(place) = self.place.as_ref().filter(|_| self.fallback.is_none()) else {
            return Ok(true);
        };
        if !self.erased && journal::log_size(&place.file) <= journal::MAX_QUIET_LOG {
            return Ok(true);
        }
        // Does not wait for readers, because new events would wait as well.
        self.db.busy_timeout(std::time::Duration::ZERO)?;
        let blocked = self
            .db
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        self.db.busy_timeout(super::BUSY_TIMEOUT)?;
        let done = !blocked?;
        self.erased = !done;
        Ok(done)
    }
}

/// Moves the key of an erased item behind all rows. Where its content was, it would keep a page in use almost alone,
/// because SQLite joins pages only when rows leave them. One that has an action to be sent stays.
fn move_key(transaction: &Transaction<'_>, row: i64) -> Result<(), InboxError> {
    transaction
        .prepare_cached(
            "UPDATE item SET id = (SELECT max(id) FROM item) + 1
             WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM outbox WHERE item = ?1)
                 AND NOT EXISTS (SELECT 1 FROM server_mark WHERE item = ?1)
                 AND NOT EXISTS (SELECT 1 FROM refusal WHERE item = ?1)",
        )?
        .execute([row])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_depends_on_age_reading_urgency_and_marks() {
        let now = 1000 * DAY;
        let retention = Retention {
            items: 10,
            ..Retention::default()
        };
        let row = |days_ago: i64, is_read, is_urgent| Row {
            received_at: now - days_ago * DAY,
            is_read,
            is_urgent,
            ..Row::default()
        };
        let expired = |days_ago: i64| Row {
            expires_at: Some(now - days_ago * DAY),
            ..row(8, false, true)
        };
        let wanted = |row: Row| Row {
            is_wanted: true,
            ..row
        };
        let required = |row: Row| Row {
            is_to_be_acknowledged: true,
            ..row
        };
        let other = |row: Row| Row {
            category: Some("other".into()),
            ..row
        };
        let table = [
            (Pass::Old, row(89, true, false), false),
            (Pass::Old, row(90, true, false), true),
            (Pass::Old, row(90, true, true), true),
            (Pass::Old, row(900, false, false), false),
            (Pass::Old, wanted(row(900, true, false)), false),
            (Pass::Old, required(row(900, true, false)), false),
            (Pass::Old, expired(6), false),
            (Pass::Old, expired(7), true),
            (Pass::Old, wanted(expired(7)), false),
            (Pass::Old, required(expired(7)), true),
            (Pass::Over, row(1, false, false), true),
            (Pass::Over, row(1, true, true), true),
            (Pass::Over, other(row(1, true, false)), false),
            (Pass::Over, row(900, false, true), false),
            (Pass::UrgentOver, row(900, false, true), true),
            (Pass::UrgentOver, wanted(row(900, true, false)), false),
            (Pass::UrgentOver, required(row(900, true, false)), false),
            (Pass::ReadTooLarge, row(1, true, true), true),
            (Pass::ReadTooLarge, row(900, false, false), false),
            (Pass::UnreadTooLarge, row(1, false, false), true),
            (Pass::UnreadTooLarge, row(900, false, true), false),
            (Pass::UrgentTooLarge, row(1, false, true), true),
            (Pass::UrgentTooLarge, wanted(row(900, true, false)), false),
            (Pass::UrgentTooLarge, required(row(900, true, false)), false),
        ];
        for (pass, row, removed) in table {
            let mut sweep = Sweep::new(retention, now);
            (sweep.pass, sweep.categories) = (pass, HashMap::from([(None, 5)]));
            assert_eq!(sweep.removes(&row), removed, "{pass:?} {row:?}");
        }
    }
}
