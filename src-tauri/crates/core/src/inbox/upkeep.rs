//! What keeps the inbox from growing for ever, and what was deleted from staying on the disk: small steps, each a
//! transaction of its own, so that filing never waits for long.

use rusqlite::params;

use super::{Inbox, InboxError, journal};
use crate::item::EpochMillis;

const DAY: EpochMillis = 24 * 60 * 60 * 1000;

/// Rows that a step looks at: about a millisecond, and some more where all of them go.
const MAX_STEP_ROWS: u32 = 100;

/// What has expired is of no use, but somebody may have seen it and look for it within the week.
const EXPIRED_DAYS: i64 = 7;

/// How long the key of a deleted item is remembered. Servers that replay what is older than a season, and from before
/// the cursor, are not known.
const MAX_TOMBSTONE_DAYS: i64 = 90;

/// How many of them, as many as there are events remembered: a replay that reaches further back is not recognised by
/// its events either.
const MAX_TOMBSTONES: i64 = 50_000;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// What was read, this long after it came.
    pub days: u32,
    /// Items in all.
    pub items: u32,
}

impl Default for Retention {
    /// A season, as people look for last quarter's; and more than anybody scrolls through, some tens of megabytes at
    /// most.
    fn default() -> Self {
        Self {
            days: 90,
            items: 20_000,
        }
    }
}

/// One look through the inbox for what is not kept any longer.
#[derive(Debug, Clone)]
pub struct Sweep {
    retention: Retention,
    now: EpochMillis,
    pass: Pass,
    /// The row after which the next step begins: when it came, and its number.
    after: (EpochMillis, i64),
}

/// What a sweep looks for, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// What was read long ago, and what has expired.
    Old,
    /// What is over the number of items, the oldest first, but for what is urgent and unread.
    Over,
    /// What is still over it.
    UrgentOver,
    /// The keys of what was deleted, and digests of which nothing else is left.
    Tombstones,
}

/// What a step came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swept {
    /// The keys of the items that are gone.
    pub removed: Vec<String>,
    /// There is nothing left to do.
    pub done: bool,
}

/// An item as far as its keeping depends on it.
#[derive(Debug, Clone, Copy)]
struct Row {
    id: i64,
    received_at: EpochMillis,
    expires_at: Option<EpochMillis>,
    is_read: bool,
    is_urgent: bool,
}

impl Sweep {
    /// Begins to look. `now` is a time that both this computer's clock and the server's have reached, so that a clock
    /// that is ahead removes nothing.
    pub fn new(retention: Retention, now: EpochMillis) -> Self {
        Self {
            retention,
            now,
            pass: Pass::Old,
            after: BEGINNING,
        }
    }

    /// Whether the item goes in this pass.
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
            Pass::Tombstones => false,
        }
    }

    /// Goes on to the next pass; says whether there was one.
    fn advance(&mut self) -> bool {
        self.after = BEGINNING;
        let next = match self.pass {
            Pass::Old => Pass::Over,
            Pass::Over => Pass::UrgentOver,
            Pass::UrgentOver => Pass::Tombstones,
            Pass::Tombstones => return false,
        };
        self.pass = next;
        true
    }
}

const BEGINNING: (EpochMillis, i64) = (i64::MIN, i64::MIN);

impl Inbox {
    /// Takes the next step of a sweep.
    ///
    /// # Errors
    ///
    /// When the database refuses: then nothing is removed by this step.
    pub fn sweep(&mut self, sweep: &mut Sweep) -> Result<Swept, InboxError> {
        // What is in memory alone has bounds of its own, and the file has to be read again.
        if self.aside.is_some() {
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
            Pass::Old | Pass::Over | Pass::UrgentOver => self.sweep_items(sweep)?,
        };
        let done = !more && !sweep.advance();
        Ok(Swept { removed, done })
    }

    /// Answers what went and whether the pass goes on.
    fn sweep_items(&mut self, sweep: &mut Sweep) -> Result<(Vec<String>, bool), InboxError> {
        let kept: i64 = self
            .db
            .query_row("SELECT kept FROM tally", [], |row| row.get(0))?;
        let excess = usize::try_from(kept - i64::from(sweep.retention.items)).unwrap_or(0);
        let most = match sweep.pass {
            Pass::Old => usize::MAX,
            Pass::Over | Pass::UrgentOver | Pass::Tombstones => excess,
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
            "SELECT id, received_at, expires_at, read_at IS NOT NULL OR archived_at IS NOT NULL, priority = 3 FROM item
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

    /// Answers whether there is more to drop.
    fn drop_tombstones(&mut self, now: EpochMillis) -> Result<bool, InboxError> {
        let gone: i64 = self
            .db
            .query_row("SELECT gone FROM tally", [], |row| row.get(0))?;
        // Over the number, the oldest go whatever their age.
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

    /// Takes what was deleted off the disk as well: overwritten pages are brought to the file, and the log that still
    /// has them as they were is emptied. One that is long is emptied in any case, before a commit has to. Answers
    /// whether that is done; a reader may stand in the way for a moment.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub fn settle(&mut self) -> Result<bool, InboxError> {
        let Some(place) = self.place.as_ref().filter(|_| self.aside.is_none()) else {
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
