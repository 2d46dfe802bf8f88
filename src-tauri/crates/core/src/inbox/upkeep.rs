//! Retention, and the removal of deleted content from the disk: in small steps, each in a separate transaction, so that
//! storing events never waits for long.

use rusqlite::params;

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

/// The retention period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Days after arrival for which read items are kept.
    pub days: u32,
    /// The maximum number of items.
    pub items: u32,
}

impl Default for Retention {
    /// 90 days, because people look for last quarter's items. The number is more than anybody scrolls through, and some
    /// tens of megabytes.
    fn default() -> Self {
        Self {
            days: 90,
            items: 20_000,
        }
    }
}

/// One pass through the inbox that removes items beyond the retention period.
#[derive(Debug, Clone)]
pub struct Sweep {
    retention: Retention,
    now: EpochMillis,
    pass: Pass,
    /// The next step begins after this row, given by its time of arrival and number.
    after: (EpochMillis, i64),
}

/// The phases of a sweep, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Items that were read long ago, and expired items.
    Old,
    /// The oldest items beyond the maximum number, except unread urgent ones and those that the user still needs.
    Over,
    /// Those too, if there are still too many.
    UrgentOver,
    /// The keys of deleted items, and digests without members.
    Tombstones,
    /// Logged events as old as items that were read.
    Log,
}

/// The result of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swept {
    /// The keys of the removed items.
    pub removed: Vec<String>,
    /// Whether the sweep is complete.
    pub done: bool,
}

/// The fields of an item that decide about its retention.
#[derive(Debug, Clone, Copy)]
struct Row {
    id: i64,
    received_at: EpochMillis,
    expires_at: Option<EpochMillis>,
    /// Read or archived, and neither flagged, snoozed nor to be acknowledged.
    is_read: bool,
    /// Urgent, flagged, snoozed or to be acknowledged.
    is_urgent: bool,
}

impl Sweep {
    /// Starts a sweep. `now` must be a time that both this computer's clock and the server's have reached, so that a
    /// clock that is ahead removes nothing.
    pub fn new(retention: Retention, now: EpochMillis) -> Self {
        Self {
            retention,
            now,
            pass: Pass::Old,
            after: BEGINNING,
        }
    }

    /// Whether this phase removes the item.
    fn removes(&self, row: Row) -> bool {
        match self.pass {
            Pass::Old => {
                let expired = row
                    .expires_at
                    .is_some_and(|at| at <= self.now - EXPIRED_DAYS * DAY);
                let old = row.received_at <= self.now - i64::from(self.retention.days) * DAY;
                expired || (old && row.is_read)
            }
            Pass::Over => row.is_read || !row.is_urgent,
            Pass::UrgentOver => true,
            Pass::Tombstones | Pass::Log => false,
        }
    }

    /// Continues with the next phase; returns whether there is one.
    fn advance(&mut self) -> bool {
        self.after = BEGINNING;
        let next = match self.pass {
            Pass::Old => Pass::Over,
            Pass::Over => Pass::UrgentOver,
            Pass::UrgentOver => Pass::Tombstones,
            Pass::Tombstones => Pass::Log,
            Pass::Log => return false,
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
            Pass::Old | Pass::Over | Pass::UrgentOver => self.sweep_items(sweep)?,
        };
        let done = !more && !sweep.advance();
        Ok(Swept { removed, done })
    }

    /// Removes items. Returns the removed keys, and whether the phase continues.
    fn sweep_items(&mut self, sweep: &mut Sweep) -> Result<(Vec<String>, bool), InboxError> {
        let kept: i64 = self
            .db
            .query_row("SELECT kept FROM tally", [], |row| row.get(0))?;
        let excess = usize::try_from(kept - i64::from(sweep.retention.items)).unwrap_or(0);
        let most = match sweep.pass {
            Pass::Old => usize::MAX,
            Pass::Over | Pass::UrgentOver | Pass::Tombstones | Pass::Log => excess,
        };
        if most == 0 {
            return Ok((Vec::new(), false));
        }
        let rows = self.rows_after(sweep.after)?;
        let more = rows.len() == MAX_STEP_ROWS as usize;
        let going: Vec<_> = rows
            .iter()
            .filter(|row| sweep.removes(**row))
            .take(most)
            .collect();
        let mut removed = Vec::with_capacity(going.len());
        if !going.is_empty() {
            let transaction = self.db.transaction()?;
            for row in &going {
                removed.extend(super::change::erase_row(&transaction, row.id, sweep.now)?);
            }
            transaction.commit()?;
            self.erased = true;
        }
        if let Some(last) = rows.last() {
            sweep.after = (last.received_at, last.id);
        }
        Ok((removed, more && going.len() < most))
    }

    fn rows_after(&self, after: (EpochMillis, i64)) -> Result<Vec<Row>, InboxError> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, received_at, expires_at,
                 (read_at IS NOT NULL OR archived_at IS NOT NULL) AND flagged_at IS NULL AND snoozed_until IS NULL
                     AND NOT pinned,
                 priority = 3 OR flagged_at IS NOT NULL OR snoozed_until IS NOT NULL OR pinned FROM item
             WHERE deleted_at IS NULL AND (received_at, id) > (?1, ?2) ORDER BY received_at, id LIMIT ?3",
        )?;
        let rows = statement.query_map(params![after.0, after.1, MAX_STEP_ROWS], |row| {
            Ok(Row {
                id: row.get(0)?,
                received_at: row.get(1)?,
                expires_at: row.get(2)?,
                is_read: row.get(3)?,
                is_urgent: row.get(4)?,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_depends_on_age_reading_and_urgency() {
        let now = 1000 * DAY;
        let retention = Retention { days: 90, items: 10 };
        let row = |days_ago: i64, is_read, is_urgent| Row {
            id: 1,
            received_at: now - days_ago * DAY,
            expires_at: None,
            is_read,
            is_urgent,
        };
        let expired = |days_ago: i64| Row {
            expires_at: Some(now - days_ago * DAY),
            ..row(8, false, true)
        };
        let table = [
            (Pass::Old, row(89, true, false), false),
            (Pass::Old, row(90, true, false), true),
            (Pass::Old, row(90, true, true), true),
            (Pass::Old, row(900, false, false), false),
            (Pass::Old, expired(6), false),
            (Pass::Old, expired(7), true),
            (Pass::Over, row(1, false, false), true),
            (Pass::Over, row(1, true, true), true),
            (Pass::Over, row(900, false, true), false),
            (Pass::UrgentOver, row(900, false, true), true),
        ];
        for (pass, row, removed) in table {
            let sweep = Sweep {
                pass,
                ..Sweep::new(retention, now)
            };
            assert_eq!(sweep.removes(row), removed, "{pass:?} {row:?}");
        }
    }
}
