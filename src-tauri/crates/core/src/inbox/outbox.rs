//! The user's actions that the server does not have yet.
//!
//! The columns of an item have the effective marks: the server's, with the user's actions on top. While an item has
//! actions, `server_mark` has the server's. A row of `outbox` is what one request changes of an item. At most one row
//! of an item is still open; it is the difference between what the user sees and what the server has, or will have once
//! it answers. So a newer action makes an older one void, and an action that is taken back in time is never sent.
//!
//! Here is what stands on top of what; `sending` has what leaves, and what becomes of it.

mod marks;
mod sending;

use rusqlite::{OptionalExtension, Transaction, params, params_from_iter};

use super::InboxError;
use crate::item::EpochMillis;
use crate::outbox::MarkSet;
use marks::{Changes, ITEM_MARKS, Marks, OUTBOX_MARKS, READ, SEEN, SNOOZED};

/// How long an action that can be taken back waits before it is sent: as long as the window offers that.
pub(super) const UNDO_DELAY: EpochMillis = 10_000;

/// Whether the server knows an item by its key and can take actions for it.
fn is_the_servers(key: &str) -> bool {
    key.starts_with("n:")
}

/// One item during a transaction.
#[derive(Clone)]
pub(super) struct Overlay<'a> {
    transaction: &'a Transaction<'a>,
    item: i64,
    /// The marks before the change: the server's before its own, the effective ones before the user's.
    before: Option<Marks>,
    /// Until when the user snoozed it, and what the clock on the wall shows then.
    snoozed: (Option<EpochMillis>, Option<String>),
}

impl<'a> Overlay<'a> {
    fn of(transaction: &'a Transaction<'a>, item: i64) -> Self {
        Self {
            transaction,
            item,
            before: None,
            snoozed: (None, None),
        }
    }

    /// Begins an action of the user on an item, before its marks change. `None` if nothing of it is sent.
    pub(super) fn before_action(
        transaction: &'a Transaction<'a>,
        key: &str,
    ) -> Result<Option<Self>, InboxError> {
        if !is_the_servers(key) {
            return Ok(None);
        }
        let item: Option<i64> = transaction
            .prepare_cached("SELECT id FROM item WHERE key = ?1 AND deleted_at IS NULL")?
            .query_row([key], |row| row.get(0))
            .optional()?;
        let Some(item) = item else {
            return Ok(None);
        };
        let overlay = Self::of(transaction, item);
        overlay.keep_server_marks()?;
        Ok(Some(Self {
            before: Some(overlay.effective()?),
            ..overlay
        }))
    }

    fn keep_server_marks(&self) -> Result<(), InboxError> {
        let sql = format!(
            "INSERT OR IGNORE INTO server_mark (item, {ITEM_MARKS}) SELECT id, {ITEM_MARKS} FROM item WHERE id = ?1"
        );
        self.transaction.prepare_cached(&sql)?.execute([self.item])?;
        Ok(())
    }

    /// Ends an action, after the item's marks have changed. It is sent at `not_before` or later.
    pub(super) fn after_action(self, not_before: EpochMillis) -> Result<(), InboxError> {
        let effective = self.effective()?;
        if let Some(before) = self.before {
            // Opening an item to read why it was not done must not remove the reason.
            self.transaction
                .prepare_cached("DELETE FROM refusal WHERE item = ?1 AND marks & ?2 <> 0")?
                .execute([self.item, effective.since(before).set().bits()])?;
        }
        self.wait_for(effective, Some(not_before))
    }

    /// Takes the user's actions away for a change by the server. `None` if there are none.
    pub(super) fn lift(transaction: &'a Transaction<'a>, key: &str) -> Result<Option<Self>, InboxError> {
        let found = transaction
            .prepare_cached(
                "SELECT item.id, snoozed_until, snoozed_to FROM item
                 WHERE key = ?1 AND EXISTS (SELECT 1 FROM server_mark WHERE server_mark.item = item.id)",
            )?
            .query_row([key], |row| {
                Ok((row.get::<_, i64>(0)?, (row.get(1)?, row.get(2)?)))
            })
            .optional()?;
        let Some((item, snoozed)) = found else {
            return Ok(None);
        };
        let overlay = Self::of(transaction, item);
        let marks = overlay.servers()?;
        overlay.set_effective(marks)?;
        Ok(Some(Self {
            before: Some(marks),
            snoozed,
            ..overlay
        }))
    }

    /// Puts the user's actions on top of what the server has made of the item.
    pub(super) fn lay(self) -> Result<(), InboxError> {
        let marks = self.effective()?;
        self.set_servers(marks)?;
        if let Some(before) = self.before {
            self.settle(marks.since(before).set())?;
        }
        let effective = self.renew(marks)?;
        let (until, wall) = &self.snoozed;
        if until.is_some() && effective.snoozed_until() == *until {
            self.transaction
                .prepare_cached("UPDATE item SET snoozed_to = ?2 WHERE id = ?1")?
                .execute(params![self.item, wall])?;
        }
        Ok(())
    }

    /// Has these marks of actions that were sent follow the server's events: they say what became of the action, and
    /// what came after it, which its answer does not.
    fn settle(&self, changed: MarkSet) -> Result<(), InboxError> {
        self.transaction
            .prepare_cached("UPDATE outbox SET settled = settled | ?2 WHERE item = ?1 AND sent = 1")?
            .execute([self.item, changed.bits()])?;
        Ok(())
    }

    /// Computes the item's marks anew from the server's.
    fn renew(&self, servers: Marks) -> Result<Marks, InboxError> {
        let mut effective = servers;
        for changes in self.changes(false)? {
            effective = effective.after(changes);
        }
        self.set_effective(effective)?;
        self.wait_for(effective, None)?;
        Ok(effective)
    }

    /// Makes the open row the difference between the effective marks and those that the server will have. A row that is
    /// new, or changed by an action, is sent at `not_before` or later.
    fn wait_for(&self, effective: Marks, not_before: Option<EpochMillis>) -> Result<(), InboxError> {
        let mut servers = self.servers()?;
        for changes in self.changes(true)? {
            servers = servers.after(changes);
        }
        let changes = effective.since(servers);
        let open: Option<(i64, EpochMillis)> = self
            .transaction
            .prepare_cached("SELECT id, not_before FROM outbox WHERE item = ?1 AND sent = 0")?
            .query_row([self.item], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        match open {
            Some((row, _)) if changes.is_empty() => {
                self.transaction
                    .prepare_cached("DELETE FROM outbox WHERE id = ?1")?
                    .execute([row])?;
            }
            Some((row, before)) => {
                let not_before = not_before.map_or(before, |later| later.max(before));
                self.transaction
                    .prepare_cached("UPDATE outbox SET not_before = ?2 WHERE id = ?1")?
                    .execute([row, not_before])?;
                self.set(
                    &format!("UPDATE outbox SET ({OUTBOX_MARKS}) = (?2, ?3, ?4, ?5, ?6, ?7) WHERE id = ?1"),
                    row,
                    changes.0,
                )?;
            }
            None if !changes.is_empty() => self.open(changes, not_before.unwrap_or_default())?,
            None => {}
        }
        // Without actions, the item's own marks are the server's.
        self.transaction
            .prepare_cached(
                "DELETE FROM server_mark WHERE item = ?1 AND NOT EXISTS (SELECT 1 FROM outbox WHERE item = ?1)",
            )?
            .execute([self.item])?;
        Ok(())
    }

    /// Adds the item's open row.
    fn open(&self, changes: Changes, not_before: EpochMillis) -> Result<(), InboxError> {
        let sql = format!(
            "INSERT INTO outbox (item, not_before, {OUTBOX_MARKS}) VALUES (?1, {not_before}, ?2, ?3, ?4, ?5, ?6, ?7)"
        );
        self.set(&sql, self.item, changes.0)
    }

    fn effective(&self) -> Result<Marks, InboxError> {
        self.marks(&format!("SELECT {ITEM_MARKS} FROM item WHERE id = ?1"))
    }

    fn servers(&self) -> Result<Marks, InboxError> {
        self.marks(&format!("SELECT {ITEM_MARKS} FROM server_mark WHERE item = ?1"))
    }

    fn marks(&self, sql: &str) -> Result<Marks, InboxError> {
        let mut statement = self.transaction.prepare_cached(sql)?;
        Ok(Marks(statement.query_row([self.item], marks::read)?))
    }

    fn set_effective(&self, marks: Marks) -> Result<(), InboxError> {
        // A time on the wall clock is that of the user's own snooze.
        let sql = format!(
            "UPDATE item SET snoozed_to = CASE WHEN snoozed_until IS ?6 THEN snoozed_to END,
                 ({ITEM_MARKS}) = (?2, ?3, ?4, ?5, ?6, ?7) WHERE id = ?1"
        );
        self.set(&sql, self.item, marks.0)
    }

    fn set_servers(&self, marks: Marks) -> Result<(), InboxError> {
        let sql = format!("UPDATE server_mark SET ({ITEM_MARKS}) = (?2, ?3, ?4, ?5, ?6, ?7) WHERE item = ?1");
        self.set(&sql, self.item, marks.0)
    }

    fn set(
        &self,
        sql: &str,
        row: i64,
        marks: [Option<EpochMillis>; MarkSet::COUNT],
    ) -> Result<(), InboxError> {
        let values = std::iter::once(Some(row)).chain(marks);
        self.transaction
            .prepare_cached(sql)?
            .execute(params_from_iter(values))?;
        Ok(())
    }

    /// The changes of the item's rows in order, or of those that were sent.
    fn changes(&self, sent: bool) -> Result<Vec<Changes>, InboxError> {
        let sql =
            format!("SELECT {OUTBOX_MARKS}, settled FROM outbox WHERE item = ?1 AND sent >= ?2 ORDER BY id");
        let mut statement = self.transaction.prepare_cached(&sql)?;
        let rows = statement.query_map(params![self.item, sent], marks::read_changes)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Follows a snoozed item that has returned unread: at the server it returns at the same time. What the user had read
/// before is not sent any more, or does not count when it is answered.
pub(super) fn wake(transaction: &Transaction<'_>, key: &str) -> Result<(), InboxError> {
    let item: Option<i64> = transaction
        .prepare_cached("SELECT item FROM server_mark WHERE item = (SELECT id FROM item WHERE key = ?1)")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    let Some(item) = item else { return Ok(()) };
    let overlay = Overlay::of(transaction, item);
    let mut servers = overlay.servers()?;
    let mut returned = MarkSet::NONE;
    for place in [SEEN, READ, SNOOZED] {
        servers.0[place] = None;
        returned = returned.with(MarkSet::of(place));
    }
    overlay.settle(returned)?;
    overlay.set_servers(servers)?;
    overlay.wait_for(overlay.effective()?, None)
}

/// Forgets the actions on an item that is gone, or whose content they were not about. One that was sent has no effect
/// any more, but stays until it is answered: sent again, a request has to be the same.
pub(super) fn void(transaction: &Transaction<'_>, item: i64) -> Result<(), InboxError> {
    transaction
        .prepare_cached("UPDATE outbox SET settled = ?2 WHERE item = ?1 AND sent = 1")?
        .execute([item, MarkSet::ALL.bits()])?;
    for sql in [
        "DELETE FROM outbox WHERE item = ?1 AND sent = 0",
        "DELETE FROM server_mark WHERE item = ?1",
        "DELETE FROM refusal WHERE item = ?1",
    ] {
        transaction.prepare_cached(sql)?.execute([item])?;
    }
    Ok(())
}
