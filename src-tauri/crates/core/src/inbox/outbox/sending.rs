//! What leaves the outbox, and what becomes of it.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{OptionalExtension, Row, Transaction, TransactionBehavior, params};
use serde_json::{Map, Value};

use super::marks::{self, CHANGES, Changes, OUTBOX_MARKS};
use super::{Overlay, UNDO_DELAY};
use crate::inbox::reading::{self, ITEM_COLUMNS, json};
use crate::inbox::{Inbox, InboxError};
use crate::item::{EpochMillis, Item};
use crate::message::Message;
use crate::outbox::{Action, MAX_BULK, MarkSet, Next, Waiting, Wanted};

/// A row that is due.
struct DueRow {
    row: i64,
    item: i64,
    key: String,
    idempotency_key: String,
    not_before: EpochMillis,
    changes: Changes,
}

impl DueRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            changes: Changes(marks::read(row)?),
            row: row.get("row")?,
            item: row.get("item")?,
            key: row.get("key")?,
            idempotency_key: row.get("idempotency_key")?,
            not_before: row.get("not_before")?,
        })
    }

    fn notification(&self) -> String {
        self.key.strip_prefix("n:").unwrap_or(&self.key).to_owned()
    }
}

impl Inbox {
    /// Returns the next action to send. It is recorded as sent before it is, because its answer may be lost.
    ///
    /// Nothing is sent while the file cannot be used: what is in memory only would be sent again, with another key,
    /// once it is stored.
    ///
    /// # Errors
    ///
    /// When the database fails: then nothing may be sent.
    pub fn next_action(&mut self, now: EpochMillis, wanted: Wanted) -> Result<Next, InboxError> {
        if self.fallback.is_some() {
            return Ok(Next::Nothing);
        }
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        if let Some(action) = again(&transaction)? {
            return Ok(Next::Send(action));
        }
        let unknown = wanted.unknown;
        let mut due = due(&transaction, now, unknown)?.into_iter();
        if let Some(first) = due.next() {
            let fields = first.changes.without(unknown).fields();
            let key = first.idempotency_key.clone();
            let mut notifications = Vec::new();
            let others = due.filter(|row| wanted.bulk && row.changes.without(unknown).fields() == fields);
            for row in std::iter::once(first).chain(others).take(MAX_BULK) {
                send(&transaction, &row, &key, unknown)?;
                notifications.push(row.notification());
            }
            transaction.commit()?;
            return Ok(Next::Send(Action {
                notifications,
                idempotency_key: key,
                changes: fields,
            }));
        }
        let next: Option<EpochMillis> = transaction
            .prepare_cached("SELECT min(not_before) FROM outbox WHERE marks & ~?1 <> 0")?
            .query_row([unknown.bits()], |row| row.get(0))?;
        Ok(next.map_or(Next::Nothing, |at| {
            Next::Later(Duration::from_millis(at.saturating_sub(now).unsigned_abs()))
        }))
    }

    /// Has everything be sent at once that waits so that it can be taken back. Returns whether anything is to be sent.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn release_actions(&mut self) -> Result<bool, InboxError> {
        self.db
            .execute("UPDATE outbox SET not_before = 0 WHERE not_before > 0", [])?;
        Ok(self
            .db
            .query_row("SELECT EXISTS (SELECT 1 FROM outbox)", [], |row| row.get(0))?)
    }

    /// Records what the server made of an action. Refused notifications get the server's marks again, and the reason;
    /// marks that the server ignored stay on this computer. Returns the items.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn finish_action(
        &mut self,
        action: &Action,
        refused: &BTreeMap<String, Message>,
        ignored: MarkSet,
    ) -> Result<Vec<Item>, InboxError> {
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let sql = format!(
            "DELETE FROM outbox WHERE sent = 1 AND idempotency_key = ?1 RETURNING {OUTBOX_MARKS}, settled, item"
        );
        // Of an item that was deleted meanwhile, there is none.
        let ended: Vec<(Changes, i64)> = transaction
            .prepare_cached(&sql)?
            .query_map([&action.idempotency_key], |row| {
                Ok((marks::read_changes(row)?, row.get("item")?))
            })?
            .collect::<Result<_, _>>()?;
        let mut taken = MarkSet::NONE;
        let sql = format!("SELECT {ITEM_COLUMNS} FROM item WHERE id = ?1 AND deleted_at IS NULL");
        let mut items = Vec::new();
        for (changes, item) in ended {
            let overlay = Overlay::of(&transaction, item);
            // Those of an item that was deleted or posted anew meanwhile are gone.
            overlay.keep_server_marks()?;
            let key: String = transaction
                .prepare_cached("SELECT key FROM item WHERE id = ?1")?
                .query_row([item], |row| row.get(0))?;
            if let Some(reason) = key.strip_prefix("n:").and_then(|id| refused.get(id)) {
                if !changes.is_empty() {
                    let sql = "INSERT OR REPLACE INTO refusal (item, reason, marks) VALUES (?1, ?2, ?3)";
                    transaction.prepare_cached(sql)?.execute(params![
                        item,
                        json(reason),
                        changes.set().bits()
                    ])?;
                }
                overlay.renew(overlay.servers()?)?;
            } else {
                taken = taken.with(changes.set());
                confirm(&overlay, changes, ignored)?;
            }
            items.push(item);
        }
        transaction
            .prepare_cached("UPDATE account SET kept_marks = (kept_marks & ~?1) | ?2")?
            .execute([taken.without(ignored).bits(), ignored.bits()])?;
        let mut finished = Vec::with_capacity(items.len());
        for item in items {
            let mut statement = transaction.prepare_cached(&sql)?;
            finished.extend(statement.query_row([item], reading::item).optional()?);
        }
        transaction.commit()?;
        Ok(finished)
    }

    /// Has an action that had no effect be sent again in another form. The marks of `kept` stay here because the server
    /// does not know them, until it is known to do so.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn take_back_action(&mut self, kept: MarkSet) -> Result<(), InboxError> {
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute("UPDATE account SET kept_marks = kept_marks | ?1", [kept.bits()])?;
        let items: Vec<i64> = transaction
            .prepare_cached("SELECT item FROM outbox WHERE sent = 1")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for item in items {
            let overlay = Overlay::of(&transaction, item);
            overlay.keep_server_marks()?;
            let effective = overlay.effective()?;
            transaction
                .prepare_cached("DELETE FROM outbox WHERE item = ?1 AND sent = 1")?
                .execute([item])?;
            overlay.wait_for(effective, None)?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Returns how much waits to be sent, and what stays here.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn waiting_actions(&self) -> Result<Waiting, InboxError> {
        let sql = "SELECT kept_marks,
                 (SELECT count(DISTINCT item) FROM outbox WHERE marks & ~?1 & ~kept_marks <> 0) FROM account";
        Ok(self
            .db
            .prepare_cached(sql)?
            .query_row([MarkSet::SEEN.bits()], |row| {
                Ok(Waiting {
                    kept: MarkSet::from_bits(row.get(0)?),
                    items: row.get::<_, i64>(1)?.unsigned_abs(),
                })
            })?)
    }
}

/// The request that may have reached the server before.
fn again(transaction: &Transaction<'_>) -> Result<Option<Action>, InboxError> {
    let sql = format!(
        "SELECT {OUTBOX_MARKS}, outbox.id AS row, item, not_before, key, idempotency_key
         FROM outbox JOIN item ON item.id = outbox.item WHERE sent = 1 ORDER BY outbox.id"
    );
    let rows: Vec<DueRow> = transaction
        .prepare_cached(&sql)?
        .query_map([], DueRow::read)?
        .collect::<Result<_, _>>()?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let changes: Map<String, Value> = first.changes.fields();
    let same = rows
        .iter()
        .filter(|row| row.idempotency_key == first.idempotency_key);
    Ok(Some(Action {
        notifications: same.map(DueRow::notification).collect(),
        idempotency_key: first.idempotency_key.clone(),
        changes,
    }))
}

/// The rows that are due, in order, and not more than two requests could send.
fn due(transaction: &Transaction<'_>, now: EpochMillis, unknown: MarkSet) -> Result<Vec<DueRow>, InboxError> {
    // A row that waits longer than any action does was stored before the clock was set back.
    let sql = format!(
        "SELECT {OUTBOX_MARKS}, outbox.id AS row, item, not_before, key, idempotency_key
         FROM outbox JOIN item ON item.id = outbox.item
         WHERE sent = 0 AND marks & ~?3 <> 0 AND (not_before <= ?1 OR not_before > ?1 + ?2)
         ORDER BY outbox.id LIMIT {limit}",
        limit = 2 * MAX_BULK
    );
    let mut statement = transaction.prepare_cached(&sql)?;
    let rows = statement.query_map(params![now, UNDO_DELAY, unknown.bits()], DueRow::read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Records a row as sent, without the marks that the server does not know, which wait in another row.
fn send(transaction: &Transaction<'_>, row: &DueRow, key: &str, unknown: MarkSet) -> Result<(), InboxError> {
    transaction
        .prepare_cached("UPDATE outbox SET sent = 1, idempotency_key = ?2 WHERE id = ?1")?
        .execute(params![row.row, key])?;
    let left = row.changes.without(MarkSet::ALL.without(unknown));
    if left.is_empty() {
        return Ok(());
    }
    for (place, change) in CHANGES.iter().enumerate() {
        if unknown.contains(MarkSet::of(place)) {
            let sql = format!("UPDATE outbox SET {change} = NULL WHERE id = ?1");
            transaction.prepare_cached(&sql)?.execute([row.row])?;
        }
    }
    Overlay::of(transaction, row.item).open(left, row.not_before)
}

fn confirm(overlay: &Overlay<'_>, changes: Changes, ignored: MarkSet) -> Result<(), InboxError> {
    let effective = overlay.effective()?;
    let servers = overlay.servers()?.after(changes.without(ignored));
    overlay.set_servers(servers)?;
    if changes.without(MarkSet::ALL.without(ignored)).is_empty() {
        overlay.renew(servers)?;
        return Ok(());
    }
    overlay.wait_for(effective, None)
}
