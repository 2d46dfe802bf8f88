//! The row of an alert as a value: written when the decision is made, and copied from memory to the file.

use rusqlite::{Connection, OptionalExtension as _, named_params};

use super::digest_kind_of;
use crate::alerts::words::item_alert;
use crate::alerts::{Decision, Verdict};
use crate::inbox::{InboxError, columns, reading};
use crate::item::{AlertState, EpochMillis, ItemAlert, Priority, Reason};

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::inbox) struct AlertRow {
    pub(in crate::inbox) id: i64,
    pub(in crate::inbox) state: AlertState,
    reason: Reason,
    failure: Option<String>,
    collection: Option<String>,
    decided_at: EpochMillis,
    answered_at: Option<EpochMillis>,
    delivery: Option<String>,
    service: Option<String>,
    notification: Option<u32>,
    digest: Option<i64>,
}

impl AlertRow {
    pub(in crate::inbox) fn decided(id: i64, decision: Decision, now: EpochMillis) -> Self {
        let state = match decision.verdict {
            Verdict::Show | Verdict::Digest(_) => AlertState::Pending,
            Verdict::Suppress => AlertState::Suppressed,
        };
        let collection = digest_kind_of(decision.verdict);
        Self {
            id,
            state,
            reason: decision.reason,
            failure: None,
            collection: collection.map(|collection| columns::digest_kind_word(collection).to_owned()),
            decided_at: now,
            answered_at: None,
            delivery: None,
            service: None,
            notification: None,
            digest: None,
        }
    }

    pub(in crate::inbox) fn item_alert(self) -> ItemAlert {
        let failure = self.failure.filter(|_| self.state == AlertState::Failed);
        let reason = failure.map_or(self.reason, |failure| columns::reason(&failure));
        item_alert(self.state, reason)
    }

    /// Whether it is final: shown, suppressed or failed.
    pub(in crate::inbox) fn is_done(&self) -> bool {
        !matches!(self.state, AlertState::Pending | AlertState::Failed)
    }
}

const INSERT: &str =
    "INSERT INTO alert (id, item, state, reason, failure, collection, priority, expires_at, decided_at,
         answered_at, delivery, service, notification, digest)
     VALUES (:id, :item, :state, :reason, :failure, :collection, :priority, :expires_at, :decided_at,
         :answered_at, :delivery, :service, :notification, (SELECT id FROM digest WHERE id = :digest))";

const INSERT_OR_UPDATE: &str =
    "INSERT INTO alert (id, item, state, reason, failure, collection, priority, expires_at,
         decided_at, answered_at, delivery, service, notification, digest)
     VALUES (:id, :item, :state, :reason, :failure, :collection, :priority, :expires_at, :decided_at,
         :answered_at, :delivery, :service, :notification, (SELECT id FROM digest WHERE id = :digest))
     ON CONFLICT (id) DO UPDATE SET state = excluded.state, reason = excluded.reason,
         failure = excluded.failure, collection = excluded.collection, answered_at = excluded.answered_at,
         delivery = excluded.delivery, service = excluded.service, notification = excluded.notification,
         digest = excluded.digest
     WHERE item = excluded.item";

/// Writes the row of an item's alert. If it was decided before and half of its batch is already in the file, the row
/// may exist and is updated. A plain insert is used otherwise, because it spares SQLite a copy of the pages that a
/// failed update would have to restore.
pub(in crate::inbox) fn insert(
    db: &Connection,
    item: i64,
    priority: Priority,
    expires_at: Option<EpochMillis>,
    row: &AlertRow,
    may_be_there: bool,
) -> Result<(), InboxError> {
    let sql = if may_be_there { INSERT_OR_UPDATE } else { INSERT };
    db.prepare_cached(sql)?.execute(named_params! {
        ":id": row.id,
        ":item": item,
        ":state": columns::state_word(row.state),
        ":reason": reading::json(&row.reason),
        ":failure": row.failure,
        ":collection": row.collection,
        ":priority": reading::priority_rank(priority),
        ":expires_at": expires_at,
        ":decided_at": row.decided_at,
        ":answered_at": row.answered_at,
        ":delivery": row.delivery,
        ":service": row.service,
        ":notification": row.notification,
        ":digest": row.digest,
    })?;
    Ok(())
}

/// Reads a row by its number.
pub(in crate::inbox) fn row(db: &Connection, id: i64) -> Result<Option<AlertRow>, InboxError> {
    Ok(db
        .prepare_cached(
            "SELECT state, reason, failure, collection, decided_at, answered_at, delivery, service, notification,
                 digest
             FROM alert WHERE id = ?1",
        )?
        .query_row([id], |row| {
            Ok(AlertRow {
                id,
                state: columns::state(&row.get::<_, String>(0)?),
                reason: columns::reason(&row.get::<_, String>(1)?),
                failure: row.get(2)?,
                collection: row.get(3)?,
                decided_at: row.get(4)?,
                answered_at: row.get(5)?,
                delivery: row.get(6)?,
                service: row.get(7)?,
                notification: row.get(8)?,
                digest: row.get(9)?,
            })
        })
        .optional()?)
}

/// Copies digests to the file that were answered while the inbox was in memory.
pub(in crate::inbox) fn copy_digests(from: &Connection, to: &Connection) -> Result<(), InboxError> {
    let newest: i64 = to.query_row("SELECT coalesce(max(id), 0) FROM digest", [], |row| row.get(0))?;
    let mut statement = from.prepare(
        "SELECT id, collection, members, asked_at, answered_at, service, notification FROM digest WHERE id > ?1",
    )?;
    let mut rows = statement.query([newest])?;
    while let Some(row) = rows.next()? {
        to.execute(
            "INSERT INTO digest (id, collection, members, asked_at, answered_at, service, notification)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
            rusqlite::params![
                row.get::<_, i64>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, i64>(3)?,
                row.get::<_, i64>(4)?,
                row.get::<_, Option<String>>(5)?,
                row.get::<_, Option<i64>>(6)?,
            ],
        )?;
    }
    Ok(())
}

/// Copies to the file what happened in memory to alerts that are still open there.
pub(in crate::inbox) fn copy_answers(from: &Connection, to: &Connection) -> Result<(), InboxError> {
    let mut open: Vec<i64> = to
        .prepare("SELECT id FROM alert WHERE state IN ('pending', 'failed')")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    // Alerts of items that were read before the service answered: they are shown now, and have to be withdrawn.
    let mut withdrawn =
        from.prepare("SELECT id FROM alert WHERE state = 'withdrawn' AND notification IS NOT NULL")?;
    for id in withdrawn.query_map([], |row| row.get::<_, i64>(0))? {
        open.push(id?);
    }
    for id in open {
        let Some(known) = row(from, id)? else {
            continue;
        };
        to.prepare_cached(
            "UPDATE alert SET state = :state, reason = :reason, failure = :failure, collection = :collection,
                 answered_at = :answered_at, delivery = :delivery, service = :service,
                 notification = :notification, digest = (SELECT id FROM digest WHERE id = :digest)
             WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": id,
            ":state": columns::state_word(known.state),
            ":reason": reading::json(&known.reason),
            ":failure": known.failure,
            ":collection": known.collection,
            ":answered_at": known.answered_at,
            ":delivery": known.delivery,
            ":service": known.service,
            ":notification": known.notification,
            ":digest": known.digest,
        })?;
    }
    Ok(())
}
