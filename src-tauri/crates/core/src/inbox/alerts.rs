//! The rows of alerts: candidates, the decisions about them, and the answers of the notification service.
//!
//! A row is written in the transaction that stores its item. A pending alert is requested from the service, and becomes
//! `shown` or part of a digest in the transaction that records the answer. If the process dies before that, the row is
//! still pending and the next start requests it again.

mod due;
mod record;
mod rows;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Effect, Inbox, InboxError, Now, Origin, columns, reading};
use crate::alerts::{Decision, DigestKind, Verdict};
use crate::item::{AlertState, EpochMillis, Item, Priority, Reason};
use crate::ports::NotificationHandle;

use due::MAX_DISPLAYED_DIGESTS;
pub use due::{Due, DueQuery, ShowRequest, Target};
pub(super) use record::LateAnswer;
pub use record::Recorded;
pub(super) use rows::{AlertRow, copy_answers, copy_digests, insert, row};

/// Rows are numbered by the millisecond times this. The number is unique even when the file could not be read to find
/// the last one.
const NUMBERS_PER_MILLISECOND: i64 = 1_000;

/// Alerts kept for each item. A server may post one item every minute for years, and older alerts serve no diagnosis.
const MAX_ITEM_ALERTS: u32 = 20;

/// One alert, for diagnosis and tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRecord {
    /// The item's key.
    pub item: String,
    /// Its state.
    pub state: AlertState,
    /// Why it has that state.
    pub reason: Reason,
    /// The digest that includes it.
    pub digest: Option<i64>,
    /// Its own notification, while that may be on screen.
    pub handle: Option<NotificationHandle>,
    /// When the decision was made, in milliseconds since 1970.
    pub decided_at: EpochMillis,
    /// When the service answered, in milliseconds since 1970.
    pub answered_at: Option<EpochMillis>,
}

/// One digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestRecord {
    /// Its row number.
    pub id: i64,
    /// How many items it announced.
    pub members: u32,
    /// Its notification, while that may be on screen.
    pub handle: Option<NotificationHandle>,
    /// When the service answered, in milliseconds since 1970.
    pub answered_at: EpochMillis,
}

/// The unanswered requests of this run of the app. Row numbers do not change when the inbox moves to memory and back.
#[derive(Debug, Default)]
pub(super) struct Asked {
    alerts: HashSet<i64>,
    digests: HashMap<i64, DigestRequest>,
    /// The last row number that was given out.
    last: i64,
    /// Alerts up to this number were resumed at the start, or after the service came back.
    resumed: i64,
}

/// A digest that was requested and has no answer.
#[derive(Debug, Clone, Copy)]
struct DigestRequest {
    collection: DigestKind,
    /// The range of its members' row numbers.
    first: i64,
    last: i64,
    members: u32,
    asked_at: EpochMillis,
}

impl Asked {
    /// Whether every request is answered.
    pub(super) fn is_idle(&self) -> bool {
        self.alerts.is_empty() && self.digests.is_empty()
    }

    /// Returns the next number of an alert or a digest.
    fn number(&mut self, now: EpochMillis) -> i64 {
        self.last = (self.last + 1).max(now.saturating_mul(NUMBERS_PER_MILLISECOND));
        self.last
    }

    /// Returns the alerts that were requested one by one, as a JSON list.
    fn alone(&self) -> String {
        let asked: Vec<i64> = self.alerts.iter().copied().collect();
        reading::json(&asked)
    }

    fn forget(&mut self) {
        self.alerts.clear();
        self.digests.clear();
    }

    /// Continues after the numbers that the other has used.
    pub(super) fn continue_from(&mut self, other: &Self) {
        self.last = self.last.max(other.last);
    }

    /// Returns how many requests the service has not answered.
    fn count(&self) -> usize {
        self.alerts.len() + self.digests.len()
    }

    /// Returns the row number up to which members of a collection belong to a digest that was already requested.
    fn floor(&self, collection: DigestKind) -> i64 {
        let of_collection = self.digests.values().filter(|ask| ask.collection == collection);
        of_collection.map(|ask| ask.last).max().unwrap_or(0)
    }
}

/// A post whose alert is decided at the end of its batch.
#[derive(Debug)]
pub(super) struct UndecidedAlert {
    pub(super) key: String,
    pub(super) made_at: Option<EpochMillis>,
    pub(super) fingerprint: i64,
    pub(super) missed: bool,
    pub(super) origin: Origin,
    /// Its index in the effects of the batch.
    pub(super) place: usize,
    /// Whether the key was unknown before, so that there are no earlier alerts.
    pub(super) is_new: bool,
    /// What the post itself stored, unless an earlier change was applied to it as well.
    pub(super) stored: Option<Stored>,
}

/// What the decision depends on and [`Item`] does not contain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored {
    pub(super) row: i64,
    pub(super) expires_at: Option<EpochMillis>,
}

fn handle(row: &Row<'_>) -> rusqlite::Result<Option<NotificationHandle>> {
    let service: Option<String> = row.get("service")?;
    let id: Option<u32> = row.get("notification")?;
    Ok(service
        .zip(id)
        .map(|(service, id)| NotificationHandle { service, id }))
}

/// Decides about alerts at the end of a batch. `decide` is called for each item that is news and still exists; an
/// earlier alert that is no longer wanted is suppressed, or marked to be withdrawn. Returns the decided alerts by key.
pub(super) fn decide_alerts(
    db: &Connection,
    asked: &mut Asked,
    now: Now,
    news: &[UndecidedAlert],
    filed: &mut [Effect],
    mut decide: impl FnMut(&Item, Option<EpochMillis>, &UndecidedAlert) -> Decided,
) -> Result<Decisions, InboxError> {
    // Of several posts of a key only the last counts; keys are handled in the order of their last posts.
    let mut last: HashMap<&str, usize> = HashMap::new();
    for (place, news) in news.iter().enumerate() {
        last.insert(&news.key, place);
    }
    // How many effects of the batch concern each key.
    let mut touched: HashMap<String, usize> = HashMap::new();
    for key in filed.iter().filter_map(Effect::key) {
        *touched.entry(key.to_owned()).or_default() += 1;
    }
    let mut decided = HashMap::new();
    let asked_alone = asked.alone();
    for (place, news) in news.iter().enumerate() {
        if last.get(news.key.as_str()) != Some(&place) {
            continue;
        }
        // An item that only its post touched is as the post stored it, so it need not be read again.
        let as_posted = news.stored.filter(|_| touched.get(&news.key) == Some(&1));
        let as_posted = as_posted.zip(filed.get(news.place).and_then(Effect::item));
        let is_as_posted = as_posted.is_some();
        let (stored, item) = match as_posted {
            Some((stored, item)) => (stored, Cow::Borrowed(item)),
            None => match load_item(db, &news.key)? {
                Some((stored, item)) => (stored, Cow::Owned(item)),
                None => continue,
            },
        };
        if !news.is_new {
            suppress_open(db, stored.row, &Reason::Replaced)?;
        }
        let (alert, was_decided) = match decide(&item, stored.expires_at, news) {
            Decided::Now(decision) => (
                AlertRow::decided(asked.number(now.here), decision, now.here),
                false,
            ),
            Decided::Before(alert) => (*alert, true),
        };
        let is_unread = item.read_at.is_none() && item.archived_at.is_none() && item.snoozed_until.is_none();
        let is_settled = is_as_posted && is_unread && !was_decided;
        insert(
            db,
            stored.row,
            item.priority,
            stored.expires_at,
            &alert,
            was_decided,
        )?;
        if !news.is_new {
            drop_old(db, stored.row, &asked_alone)?;
        }
        decided.insert(news.key.clone(), (news.fingerprint, alert.id));
        if is_settled {
            touched.remove(&news.key);
            if let Some(item) = filed.get_mut(news.place).and_then(Effect::item_mut) {
                item.alert = Some(alert.item_alert());
            }
        }
    }
    settle_touched(db, &touched, &decided, filed)?;
    Ok(decided)
}

/// Suppresses or marks the alerts of these keys that are no longer wanted, and reads the decided ones again for the
/// items of the batch.
fn settle_touched(
    db: &Connection,
    touched: &HashMap<String, usize>,
    decided: &Decisions,
    filed: &mut [Effect],
) -> Result<(), InboxError> {
    for key in touched.keys() {
        settle(db, key)?;
    }
    for item in filed.iter_mut().filter_map(Effect::item_mut) {
        if touched.contains_key(&item.key)
            && let Some((_, number)) = decided.get(&item.key)
        {
            item.alert = row(db, *number)?.map(AlertRow::item_alert);
        }
    }
    Ok(())
}

/// Fingerprint and alert number of each key that was decided about.
pub(super) type Decisions = HashMap<String, (i64, i64)>;

/// Where a decision comes from.
pub(super) enum Decided {
    /// It was made now.
    Now(Decision),
    /// It was made in memory while the file was unusable; this is the alert's state since.
    Before(Box<AlertRow>),
}

/// Reads an item after its batch, with what the decision depends on; `None` if it is deleted.
fn load_item(db: &Connection, key: &str) -> Result<Option<(Stored, Item)>, InboxError> {
    let sql = format!(
        "SELECT {} FROM item WHERE key = ?1 AND deleted_at IS NULL",
        reading::ITEM_COLUMNS
    );
    Ok(db
        .prepare_cached(&sql)?
        .query_row([key], |row| {
            let stored = Stored {
                row: row.get("id")?,
                expires_at: row.get("expires_at")?,
            };
            Ok((stored, reading::item(row)?))
        })
        .optional()?)
}

/// Suppresses the pending alerts of an item.
fn suppress_open(db: &Connection, item: i64, reason: &Reason) -> Result<(), InboxError> {
    db.prepare_cached(
        "UPDATE alert SET state = 'suppressed', reason = ?2
         WHERE item = ?1 AND state IN ('pending', 'failed')",
    )?
    .execute(params![item, reading::json(reason)])?;
    Ok(())
}

/// Deletes the oldest alerts of an item, except those whose display or withdrawal was requested.
fn drop_old(db: &Connection, item: i64, asked: &str) -> Result<(), InboxError> {
    db.prepare_cached(
        "DELETE FROM alert
         WHERE item = ?1 AND id <= (SELECT id FROM alert WHERE item = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)
             AND state NOT IN ('pending', 'failed') AND NOT (state = 'withdrawn' AND notification IS NOT NULL)
             AND id NOT IN (SELECT value FROM json_each(?3))",
    )?
    .execute(params![item, MAX_ITEM_ALERTS, asked])?;
    Ok(())
}

/// Drops the alerts of an erased item if none of them may be on screen. Returns whether none is left.
pub(super) fn drop_settled(db: &Connection, item: i64) -> Result<bool, InboxError> {
    db.prepare_cached(
        "DELETE FROM alert WHERE item = ?1 AND NOT EXISTS (SELECT 1 FROM alert AS other
             WHERE other.item = ?1 AND (other.notification IS NOT NULL OR other.digest IS NOT NULL))",
    )?
    .execute([item])?;
    let left = "SELECT EXISTS (SELECT 1 FROM alert WHERE item = ?1)";
    Ok(!db
        .prepare_cached(left)?
        .query_row([item], |row| row.get::<_, bool>(0))?)
}

/// Updates the alerts of a changed item: one that is read, archived, snoozed or deleted is no longer shown, and a
/// waiting alert takes over the priority and expiry that the item has now.
pub(super) fn settle(db: &Connection, key: &str) -> Result<(), InboxError> {
    let item: Option<(i64, Option<i64>, i64, Option<i64>)> = db
        .prepare_cached(
            "SELECT id, CASE WHEN deleted_at IS NOT NULL THEN 0 WHEN coalesce(read_at, archived_at) IS NOT NULL THEN 1
                 WHEN snoozed_until IS NOT NULL THEN 2 END, priority, expires_at
             FROM item WHERE key = ?1",
        )?
        .query_row([key], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((id, handled, priority, expires_at)) = item else {
        return Ok(());
    };
    let handled = handled.map(|which| match which {
        0 => Reason::Deleted,
        1 => Reason::Read,
        _ => Reason::Snoozed,
    });
    if let Some(reason) = handled {
        db.prepare_cached(RECONCILE_ONE)?
            .execute(params![id, reading::json(&reason)])?;
    } else {
        db.prepare_cached(
            "UPDATE alert SET priority = ?2, expires_at = ?3
             WHERE item = ?1 AND state IN ('pending', 'failed') AND (priority, expires_at) IS NOT (?2, ?3)",
        )?
        .execute(params![id, priority, expires_at])?;
    }
    Ok(())
}

/// A shown alert keeps its handle and is withdrawn by it later; one that was not shown is suppressed.
const RECONCILE_ONE: &str = "UPDATE alert SET
         state = CASE WHEN state IN ('pending', 'failed') THEN 'suppressed' ELSE 'withdrawn' END, reason = ?2
     WHERE item = ?1 AND state IN ('pending', 'failed', 'shown', 'inDigest')";

/// Like [`settle`], for all items that are read.
pub(super) fn reconcile_read(db: &Connection) -> Result<(), InboxError> {
    db.prepare_cached(
        "UPDATE alert SET
             state = CASE WHEN state IN ('pending', 'failed') THEN 'suppressed' ELSE 'withdrawn' END, reason = ?1
         WHERE state IN ('pending', 'failed', 'shown', 'inDigest')
             AND EXISTS (SELECT 1 FROM item WHERE item.id = alert.item AND read_at IS NOT NULL)",
    )?
    .execute([reading::json(&Reason::Read)])?;
    Ok(())
}

impl Inbox {
    /// Returns all alerts, oldest first.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn alerts(&self) -> Result<Vec<AlertRecord>, InboxError> {
        let mut statement = self.db.prepare_cached(
            "SELECT key, state, coalesce(CASE WHEN state = 'failed' THEN failure END, reason) AS reason, digest,
                 service, notification, decided_at, answered_at
             FROM alert JOIN item ON item.id = alert.item ORDER BY alert.id",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(AlertRecord {
                item: row.get("key")?,
                state: columns::state(&row.get::<_, String>("state")?),
                reason: columns::reason(&row.get::<_, String>("reason")?),
                digest: row.get("digest")?,
                handle: handle(row)?,
                decided_at: row.get("decided_at")?,
                answered_at: row.get("answered_at")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns all digests that were answered, oldest first.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn digests(&self) -> Result<Vec<DigestRecord>, InboxError> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, members, service, notification, answered_at FROM digest ORDER BY id",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(DigestRecord {
                id: row.get("id")?,
                members: row.get("members")?,
                handle: handle(row)?,
                answered_at: row.get("answered_at")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Drops the oldest digests that have no members left, at most `most`. Returns whether any were dropped.
    pub(super) fn drop_digests(&mut self, most: u32) -> Result<bool, InboxError> {
        let dropped = self
            .db
            .prepare_cached(
                "DELETE FROM digest WHERE id IN (SELECT id FROM digest
                     WHERE id <= (SELECT id FROM digest ORDER BY id DESC LIMIT 1 OFFSET ?1)
                         AND NOT EXISTS (SELECT 1 FROM alert WHERE alert.digest = digest.id) ORDER BY id LIMIT ?2)",
            )?
            .execute([MAX_DISPLAYED_DIGESTS, most])?;
        Ok(dropped > 0)
    }

    /// Continues numbering after the highest number in the database.
    pub(super) fn read_numbers(&mut self) -> Result<(), InboxError> {
        let last: i64 = self.db.query_row(
            "SELECT max(coalesce((SELECT max(id) FROM alert), 0), coalesce((SELECT max(id) FROM digest), 0))",
            [],
            |row| row.get(0),
        )?;
        self.asked.last = self.asked.last.max(last);
        Ok(())
    }
}

fn digest_kind_of(verdict: Verdict) -> Option<DigestKind> {
    match verdict {
        Verdict::Digest(collection) => Some(collection),
        Verdict::Show | Verdict::Suppress => None,
    }
}

fn priority_of(rank: i64) -> Priority {
    match rank {
        0 => Priority::Low,
        1 => Priority::Normal,
        2 => Priority::High,
        _ => Priority::Urgent,
    }
}
