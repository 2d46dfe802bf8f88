//! Rows into items, pages and counts.

use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

use super::{Inbox, InboxError};
use crate::protocol::{Counts, InboxFilter, InboxPage, InboxQuery, Item, ItemKind, Priority};

/// What [`item`] reads, in its order.
pub(super) const ITEM_COLUMNS: &str = "key, kind, title, body, category, priority, actor, link, actions, progress, \
     created_at, received_at, sort_at, seen_at, read_at, archived_at, alert, id";

/// A page is what a window shows a few times over; more at once only makes it slow.
const LARGEST_PAGE: u32 = 500;

impl Inbox {
    /// A page, newest first by the server's time, where that is not ahead of the time at which it came.
    ///
    /// # Errors
    ///
    /// When the database refuses. A `after` that no page gave is taken as the beginning.
    pub fn page(&self, query: &InboxQuery) -> Result<InboxPage, InboxError> {
        let which = match query.filter {
            InboxFilter::Inbox => "archived_at IS NULL AND deleted_at IS NULL",
            InboxFilter::Unread => "read_at IS NULL AND archived_at IS NULL AND deleted_at IS NULL",
            InboxFilter::Archived => "archived_at IS NOT NULL AND deleted_at IS NULL",
        };
        let after = query.after.as_deref().and_then(|after| {
            let (sort_at, id) = after.split_once('-')?;
            Some((sort_at.parse::<i64>().ok()?, id.parse::<i64>().ok()?))
        });
        let (sort_at, id) = after.unwrap_or((i64::MAX, i64::MAX));
        let limit = query.limit.clamp(1, LARGEST_PAGE);
        let sql = format!(
            "SELECT {ITEM_COLUMNS} FROM item WHERE {which} AND (sort_at, id) < (?1, ?2)
             ORDER BY sort_at DESC, id DESC LIMIT ?3"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        // One more than asked for tells whether there is another page.
        let rows = statement.query_map(params![sort_at, id, limit + 1], |row| {
            Ok((item(row)?, row.get::<_, i64>("id")?))
        })?;
        let mut items = rows.collect::<Result<Vec<_>, _>>()?;
        let asked = limit as usize;
        let more = items.len() > asked;
        items.truncate(asked);
        let next = items
            .last()
            .filter(|_| more)
            .map(|(item, id)| format!("{}-{id}", item.sort_at));
        Ok(InboxPage {
            items: items.into_iter().map(|(item, _)| item).collect(),
            next,
        })
    }

    /// The item of a key.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub fn item(&self, key: &str) -> Result<Option<Item>, InboxError> {
        let sql = format!("SELECT {ITEM_COLUMNS} FROM item WHERE key = ?1 AND deleted_at IS NULL");
        Ok(self.db.prepare_cached(&sql)?.query_row([key], item).optional()?)
    }

    /// The inbox in numbers.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub fn counts(&self) -> Result<Counts, InboxError> {
        let count = |which: &str| -> Result<u32, InboxError> {
            let sql =
                format!("SELECT count(*) FROM item WHERE {which} archived_at IS NULL AND deleted_at IS NULL");
            Ok(self.db.prepare_cached(&sql)?.query_row([], |row| row.get(0))?)
        };
        Ok(Counts {
            unseen: count("seen_at IS NULL AND")?,
            unread: count("read_at IS NULL AND")?,
            total: count("")?,
        })
    }
}

pub(super) fn item(row: &Row<'_>) -> rusqlite::Result<Item> {
    let kind: String = row.get(1)?;
    let actions: String = row.get(8)?;
    Ok(Item {
        key: row.get(0)?,
        kind: self::kind(&kind),
        title: row.get(2)?,
        body: row.get(3)?,
        category: row.get(4)?,
        priority: match row.get::<_, i64>(5)? {
            0 => Priority::Low,
            1 => Priority::Normal,
            2 => Priority::High,
            _ => Priority::Urgent,
        },
        actor: row.get(6)?,
        link: row.get(7)?,
        // A row is never lost for the sake of its buttons.
        actions: serde_json::from_str(&actions).unwrap_or_default(),
        progress: row.get(9)?,
        created_at: row.get(10)?,
        received_at: row.get(11)?,
        sort_at: row.get(12)?,
        seen_at: row.get(13)?,
        read_at: row.get(14)?,
        archived_at: row.get(15)?,
        alert: row.get(16)?,
    })
}

const KINDS: [(&str, ItemKind); 8] = [
    ("notification", ItemKind::Notification),
    ("announcement", ItemKind::Announcement),
    ("maintenance", ItemKind::Maintenance),
    ("workflowRunning", ItemKind::WorkflowRunning),
    ("workflowCompleted", ItemKind::WorkflowCompleted),
    ("workflowFailed", ItemKind::WorkflowFailed),
    ("gap", ItemKind::Gap),
    ("unreadable", ItemKind::Unreadable),
];

/// A kind that a newer version wrote is shown as the usual one.
pub(super) fn kind(word: &str) -> ItemKind {
    KINDS
        .iter()
        .find(|(known, _)| *known == word)
        .map_or(ItemKind::Notification, |(_, kind)| *kind)
}

pub(super) fn kind_word(kind: ItemKind) -> &'static str {
    KINDS
        .iter()
        .find(|(_, candidate)| *candidate == kind)
        .map_or("notification", |(word, _)| word)
}

pub(super) fn priority_rank(priority: Priority) -> i64 {
    match priority {
        Priority::Low => 0,
        Priority::Normal => 1,
        Priority::High => 2,
        Priority::Urgent => 3,
    }
}

/// Our own lists and maps always serialise; an empty text would be read back as a mistake, so it is a valid one.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}
