//! Reads rows as items, pages and counts.

use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Inbox, InboxError, columns};
use crate::alerts::words::item_alert;
use crate::item::{Counts, EpochMillis, InboxView, Item, ItemAlert, ItemKind, ItemWords, Priority};

macro_rules! own_columns {
    () => {
        "key, kind, title, body, category, priority, actor, link, actions, progress, created_at, received_at, pinned, \
         sort_at, id, seen_at, read_at, archived_at, flagged_at, snoozed_until, ack_required, acknowledged_at, \
         expires_at, group_key, version, "
    };
}

/// The columns that [`item`] reads, in order.
pub(super) const ITEM_COLUMNS: &str = concat!(
    own_columns!(),
    "(SELECT state FROM alert WHERE alert.item = item.id ORDER BY alert.id DESC LIMIT 1) AS alert_state, \
     (SELECT coalesce(CASE WHEN state = 'failed' THEN failure END, reason) FROM alert \
         WHERE alert.item = item.id ORDER BY alert.id DESC LIMIT 1) AS alert_reason, \
     EXISTS (SELECT 1 FROM outbox WHERE outbox.item = item.id \
         AND outbox.marks & ~outbox.settled & ~1 & ~(SELECT kept_marks FROM account) <> 0) AS pending, \
     (SELECT reason FROM refusal WHERE refusal.item = item.id) AS refused"
);

/// The same for an item whose alert is decided later in the transaction.
pub(super) const UNDECIDED_COLUMNS: &str = concat!(
    own_columns!(),
    "NULL AS alert_state, NULL AS alert_reason, 0 AS pending, NULL AS refused"
);

/// An item with all that the server sent about it.
#[derive(Debug, Clone, PartialEq)]
pub struct WholeItem {
    /// The item.
    pub item: Item,
    /// Fields that this version does not know, as far as they were kept.
    pub unknown_fields: Map<String, Value>,
}

/// A page of all items.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemsPage {
    /// The items, those that came first first.
    pub items: Vec<WholeItem>,
    /// The `after` of the next page; absent on the last.
    pub next: Option<i64>,
}

impl Inbox {
    /// Returns the item of a key.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn item(&self, key: &str) -> Result<Option<Item>, InboxError> {
        let sql = format!("SELECT {ITEM_COLUMNS} FROM item WHERE key = ?1 AND deleted_at IS NULL");
        Ok(self.db.prepare_cached(&sql)?.query_row([key], item).optional()?)
    }

    /// Returns a page of all items in the order in which they came, those of every view. An item is on one page only,
    /// however it changes meanwhile.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn items_after(&self, after: i64, limit: u32) -> Result<ItemsPage, InboxError> {
        let sql = format!(
            "SELECT {ITEM_COLUMNS}, extra FROM item WHERE id > ?1 AND deleted_at IS NULL ORDER BY id LIMIT ?2"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map(params![after, limit], |row| {
            Ok((row.get("id")?, whole_item(row)?))
        })?;
        let rows: Vec<(i64, WholeItem)> = rows.collect::<Result<_, _>>()?;
        let next = rows.last().filter(|_| rows.len() == limit as usize);
        Ok(ItemsPage {
            next: next.map(|(id, _)| *id),
            items: rows.into_iter().map(|(_, item)| item).collect(),
        })
    }

    /// Returns the counts of the inbox.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn counts(&self) -> Result<Counts, InboxError> {
        Ok(self
            .db
            .prepare_cached("SELECT unseen, unread, total FROM tally")?
            .query_row([], |row| {
                Ok(Counts {
                    unseen: row.get(0)?,
                    unread: row.get(1)?,
                    total: row.get(2)?,
                })
            })?)
    }
}

/// The position of an item in every list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) pinned: bool,
    pub(super) sort_at: EpochMillis,
    /// The row number: among items of the same time, the higher one is first.
    pub(super) id: i64,
}

impl Place {
    pub(super) const ABOVE_ALL: Self = Self {
        pinned: true,
        sort_at: i64::MAX,
        id: i64::MAX,
    };

    /// Encodes it as text that sorts in the same order.
    fn sort(self) -> String {
        format!(
            "{}{:016x}{:016x}",
            u8::from(self.pinned),
            ordered(self.sort_at),
            ordered(self.id)
        )
    }

    pub(super) fn parse(sort: &str) -> Option<Self> {
        let number = |digits: &str| {
            let number = u64::from_str_radix(digits, 16).ok()?;
            Some((number ^ SIGN).cast_signed())
        };
        Some(Self {
            pinned: sort.get(..1)? == "1",
            sort_at: number(sort.get(1..17)?)?,
            id: number(sort.get(17..)?)?,
        })
    }
}

/// Inverting the sign bit makes negative numbers sort before positive ones as unsigned numbers.
const SIGN: u64 = 1 << 63;

fn ordered(number: i64) -> u64 {
    number.cast_unsigned() ^ SIGN
}

/// Reads the newest alert of the item.
fn alert(row: &Row<'_>) -> rusqlite::Result<Option<ItemAlert>> {
    let state: Option<String> = row.get("alert_state")?;
    let reason: Option<String> = row.get("alert_reason")?;
    Ok(state
        .zip(reason)
        .map(|(state, reason)| item_alert(columns::state(&state), columns::reason(&reason))))
}

pub(super) fn item(row: &Row<'_>) -> rusqlite::Result<Item> {
    let kind: String = row.get(1)?;
    let actions: String = row.get(8)?;
    let place = Place {
        pinned: row.get(12)?,
        sort_at: row.get(13)?,
        id: row.get(14)?,
    };
    let marks = Marks {
        read_at: row.get(16)?,
        archived_at: row.get(17)?,
        flagged_at: row.get(18)?,
        snoozed_until: row.get(19)?,
    };
    let refused: Option<String> = row.get("refused")?;
    let (title, title_words) = columns::phrase(row.get(2)?).into_parts();
    let (body, body_words) = columns::phrase(row.get(3)?).into_parts();
    Ok(Item {
        key: row.get(0)?,
        kind: self::kind(&kind),
        title,
        body,
        words: title_words.map(|title| ItemWords {
            title,
            body: body_words,
        }),
        category: row.get(4)?,
        priority: match row.get::<_, i64>(5)? {
            0 => Priority::Low,
            1 => Priority::Normal,
            2 => Priority::High,
            _ => Priority::Urgent,
        },
        actor: row.get(6)?,
        link: row.get(7)?,
        // Unreadable buttons must not make the row unreadable.
        actions: serde_json::from_str(&actions).unwrap_or_default(),
        progress: row.get(9)?,
        created_at: row.get(10)?,
        received_at: row.get(11)?,
        sort: place.sort(),
        pinned: place.pinned,
        views: marks.views(),
        seen_at: row.get(15)?,
        read_at: marks.read_at,
        archived_at: marks.archived_at,
        flagged_at: marks.flagged_at,
        snoozed_until: marks.snoozed_until,
        ack_required: row.get(20)?,
        acknowledged_at: row.get(21)?,
        expires_at: row.get(22)?,
        group_key: row.get(23)?,
        version: row.get(24)?,
        alert: alert(row)?,
        pending: row.get("pending")?,
        refused: refused.and_then(|reason| serde_json::from_str(&reason).ok()),
    })
}

/// Reads an item and its column `extra`.
fn whole_item(row: &Row<'_>) -> rusqlite::Result<WholeItem> {
    let item = item(row)?;
    let extra: String = row.get("extra")?;
    let unknown_fields = match item.kind {
        // What the app counts there is no field of the server's.
        ItemKind::Gap | ItemKind::Unreadable => Map::new(),
        ItemKind::Notification
        | ItemKind::Announcement
        | ItemKind::Maintenance
        | ItemKind::WorkflowRunning
        | ItemKind::WorkflowCompleted
        | ItemKind::WorkflowFailed => serde_json::from_str(&extra).unwrap_or_default(),
    };
    Ok(WholeItem { item, unknown_fields })
}

/// The marks that decide which views contain an item.
struct Marks {
    read_at: Option<EpochMillis>,
    archived_at: Option<EpochMillis>,
    flagged_at: Option<EpochMillis>,
    snoozed_until: Option<EpochMillis>,
}

impl Marks {
    /// Returns the views that contain an item that is not deleted. The conditions of the module `page` must match.
    fn views(&self) -> Vec<InboxView> {
        let mut views = match (self.read_at, self.snoozed_until, self.archived_at) {
            (_, _, Some(_)) => vec![InboxView::Archived],
            (_, Some(_), None) => vec![InboxView::Snoozed],
            (None, None, None) => vec![InboxView::Inbox, InboxView::Unread],
            (Some(_), None, None) => vec![InboxView::Inbox],
        };
        if self.flagged_at.is_some() {
            views.push(InboxView::Flagged);
        }
        views
    }
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

/// Parses a kind. One of a newer version is shown as an ordinary notification.
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

/// The app's lists and maps always serialise; if one did not, `null` would at least be valid JSON.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}
