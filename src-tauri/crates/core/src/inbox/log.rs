//! The log of the server's events, each as listeners get it, for `gloria replay`. Text that was deleted from an item is
//! deleted here as well.

use rusqlite::{Transaction, params};

use super::{Arrival, Inbox, InboxError};
use crate::event::Event;
use crate::item::EpochMillis;
use crate::listeners::{EventTypes, server_event};
use crate::protocol::{EventType, ReceivedEvent, ServerEvent};

/// The maximum number of logged events: as many as are remembered to recognise a replay. At a kilobyte each, which is
/// much, that is 50 MB.
const MAX_LOGGED_EVENTS: i64 = 50_000;

/// In memory nobody can read the log, because `gloria replay` reads the file; what is to be repeated in the file later
/// is in the journal.
const MAX_LOGGED_IN_MEMORY: i64 = 100;

/// Selects logged events.
#[derive(Debug, Clone, Copy)]
pub struct LogQuery {
    /// Only those that came at this time or later.
    pub since: Option<EpochMillis>,
    /// Only those of these types.
    pub types: EventTypes,
    /// The `next` of the page before; 0 for the first page.
    pub after: i64,
    /// The maximum number of events.
    pub limit: u32,
}

/// A page of the log, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct LogPage {
    /// The events.
    pub events: Vec<LoggedEvent>,
    /// Events of this page of which only the type is left.
    pub erased: u64,
    /// The `after` of the query for the next page; absent on the last.
    pub next: Option<i64>,
}

/// A logged event.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedEvent {
    /// When it came, by this computer's clock.
    pub received_at: EpochMillis,
    /// The event.
    pub event: ReceivedEvent,
}

/// Whether events of a type are logged. Those about the stream itself say nothing afterwards.
fn is_logged(event_type: EventType) -> bool {
    match event_type {
        EventType::Heartbeat | EventType::ConnectionEstablished => false,
        EventType::NotificationCreated
        | EventType::NotificationUpdated
        | EventType::NotificationDeleted
        | EventType::UserStatusChanged
        | EventType::UserUpdated
        | EventType::WorkflowStarted
        | EventType::WorkflowCompleted
        | EventType::WorkflowFailed
        | EventType::SystemAnnouncement
        | EventType::SystemMaintenance
        | EventType::Error
        | EventType::StreamGap => true,
    }
}

/// Logs the first occurrence of an event that is no list, after it took effect. Of one that came after the deletion of
/// its item no text is stored.
pub(super) fn add(
    transaction: &Transaction<'_>,
    arrival: &Arrival,
    event: &Event,
    now: EpochMillis,
) -> Result<(), InboxError> {
    let Some(event) = server_event(event).filter(|event| is_logged(event.event_type())) else {
        return Ok(());
    };
    let event_type = event.event_type().name();
    let data = serde_json::to_string(&event)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    transaction
        .prepare_cached(
            "INSERT INTO log (type, item, received_at, event_id, missed, data)
             VALUES (?1, ?2, ?3, ?4, ?5, CASE WHEN ?1 <> 'notification.deleted'
                 AND EXISTS (SELECT 1 FROM item WHERE key = ?2 AND deleted_at IS NOT NULL) THEN NULL ELSE ?6 END)",
        )?
        .execute(params![
            event_type,
            event.item_key(),
            now,
            arrival.event_id,
            arrival.missed,
            data
        ])?;
    Ok(())
}

/// Erases what is logged of an item, except that it was deleted.
pub(super) fn erase(transaction: &Transaction<'_>, key: &str) -> Result<(), InboxError> {
    transaction
        .prepare_cached(
            "UPDATE log SET data = NULL
             WHERE item = ?1 AND data IS NOT NULL AND type <> 'notification.deleted'",
        )?
        .execute([key])?;
    Ok(())
}

/// Drops the oldest events beyond the limit.
pub(super) fn drop_surplus(transaction: &Transaction<'_>, is_in_memory: bool) -> Result<(), InboxError> {
    let kept = if is_in_memory {
        MAX_LOGGED_IN_MEMORY
    } else {
        MAX_LOGGED_EVENTS
    };
    transaction
        .prepare_cached("DELETE FROM log WHERE id <= (SELECT max(id) FROM log) - ?1")?
        .execute([kept])?;
    Ok(())
}

impl Inbox {
    /// Returns a page of the log.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn logged(&self, query: &LogQuery) -> Result<LogPage, InboxError> {
        let types = EventType::ALL
            .iter()
            .filter(|event_type| query.types.contains(**event_type));
        let types: Vec<_> = types.map(|event_type| event_type.name()).collect();
        let types = serde_json::Value::from(types).to_string();
        let mut statement = self.db.prepare_cached(
            "SELECT id, received_at, event_id, missed, data FROM log
             WHERE id > ?1 AND received_at >= ?2 AND type IN (SELECT value FROM json_each(?3)) ORDER BY id LIMIT ?4",
        )?;
        let since = query.since.unwrap_or(EpochMillis::MIN);
        let mut rows = statement.query(params![query.after, since, types, query.limit])?;
        let (mut events, mut erased, mut last) = (Vec::new(), 0, None);
        while let Some(row) = rows.next()? {
            last = Some(row.get(0)?);
            // An event in another format, by another version, is as good as erased.
            let event: Option<ServerEvent> = row
                .get::<_, Option<String>>(4)?
                .and_then(|data| serde_json::from_str(&data).ok());
            let Some(event) = event else {
                erased += 1;
                continue;
            };
            let event_id: String = row.get(2)?;
            events.push(LoggedEvent {
                received_at: row.get(1)?,
                event: ReceivedEvent {
                    event,
                    last_event_id: Some(event_id).filter(|id| !id.is_empty()),
                    missed: row.get(3)?,
                    replayed: true,
                },
            });
        }
        let is_full = events.len() as u64 + erased == u64::from(query.limit);
        Ok(LogPage {
            events,
            erased,
            next: last.filter(|_| is_full),
        })
    }

    /// Drops the oldest logged events that came before a time, at most this many. Returns whether there may be more.
    pub(super) fn drop_logged(&mut self, before: EpochMillis, most: u32) -> Result<bool, InboxError> {
        let dropped = self
            .db
            .prepare_cached(
                "DELETE FROM log WHERE id IN
                     (SELECT id FROM log WHERE received_at <= ?1 ORDER BY received_at, id LIMIT ?2)",
            )?
            .execute(params![before, most])?;
        self.erased |= dropped > 0;
        Ok(dropped == most as usize)
    }
}
