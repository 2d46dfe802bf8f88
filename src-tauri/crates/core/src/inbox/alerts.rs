//! What may alert, what was decided about it, and what the notification service answered, as rows.
//!
//! A row is written in the transaction that files its item. What is pending is asked for, and becomes `shown` or part
//! of a digest by the transaction that records the answer: whatever ends the process before that leaves it pending,
//! and the next start asks again.

mod due;
mod record;
mod rows;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Effect, Inbox, InboxError, Now, columns, reading};
use crate::alerts::{Collection, Decision, Verdict};
use crate::item::{AlertState, EpochMillis, Item, Priority, Reason};
use crate::ports::NotificationHandle;

use due::MAX_STANDING_DIGESTS;
pub use due::{Ask, Due, DueQuery, Target};
pub(super) use record::LateAnswer;
pub use record::Recorded;
pub(super) use rows::{AlertRow, copy_answers, copy_digests, insert, row};

/// Times of making by which rows are numbered: a number is unique also where the file could not be read.
const NUMBERS_PER_MILLISECOND: i64 = 1_000;

/// Alerts of one item that are kept: a server may post an item anew every minute for years, and nobody looks further
/// back.
const MAX_ITEM_ALERTS: u32 = 20;

/// One alert, for diagnosis and tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRecord {
    /// The item's key.
    pub item: String,
    /// Where it stands.
    pub state: AlertState,
    /// Why.
    pub reason: Reason,
    /// The digest that it belongs to.
    pub digest: Option<i64>,
    /// The notification that shows it by itself, while that may be on screen.
    pub handle: Option<NotificationHandle>,
    /// When it was decided about.
    pub decided_at: EpochMillis,
    /// When the service answered.
    pub answered_at: Option<EpochMillis>,
}

/// One digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestRecord {
    /// Its number.
    pub id: i64,
    /// How many items it announced.
    pub members: u32,
    /// The notification that shows it, while that may be on screen.
    pub handle: Option<NotificationHandle>,
    /// When the service answered.
    pub answered_at: EpochMillis,
}

/// What this run of the app asks of the service and has no answer for. Numbers of rows stay the same when the inbox
/// goes to memory and comes back.
#[derive(Debug, Default)]
pub(super) struct Asked {
    alerts: HashSet<i64>,
    digests: HashMap<i64, DigestAsk>,
    /// The newest number given.
    last: i64,
    /// What was resumed or waited for the service: up to this number.
    resumed: i64,
}

/// A digest without an answer.
#[derive(Debug, Clone, Copy)]
struct DigestAsk {
    collection: Collection,
    /// The numbers of its members lie between these.
    first: i64,
    last: i64,
    members: u32,
    asked_at: EpochMillis,
}

impl Asked {
    /// The next number of an alert or a digest.
    fn number(&mut self, now: EpochMillis) -> i64 {
        self.last = (self.last + 1).max(now.saturating_mul(NUMBERS_PER_MILLISECOND));
        self.last
    }

    /// What is asked for by itself, as a list in JSON.
    fn alone(&self) -> String {
        let asked: Vec<i64> = self.alerts.iter().copied().collect();
        reading::json(&asked)
    }

    fn forget(&mut self) {
        self.alerts.clear();
        self.digests.clear();
    }

    /// Gives no number that the other gave.
    pub(super) fn go_on_from(&mut self, other: &Self) {
        self.last = self.last.max(other.last);
    }

    /// How many notifications the service owes an answer for.
    fn count(&self) -> usize {
        self.alerts.len() + self.digests.len()
    }

    /// Up to this number the members of a collection belong to a digest that is asked for.
    fn floor(&self, collection: Collection) -> i64 {
        let of_collection = self.digests.values().filter(|ask| ask.collection == collection);
        of_collection.map(|ask| ask.last).max().unwrap_or(0)
    }
}

/// A post whose alert is decided once its batch is folded.
#[derive(Debug)]
pub(super) struct News {
    pub(super) key: String,
    pub(super) made_at: Option<EpochMillis>,
    pub(super) fingerprint: i64,
    pub(super) missed: bool,
    /// Which of the batch's effects it is.
    pub(super) place: usize,
    /// Nothing was known of the key: it has no earlier alerts.
    pub(super) is_new: bool,
    /// What was stored by the post itself, where no change that came before it was applied.
    pub(super) stored: Option<Stored>,
}

/// What decides about an alert and is no part of the item.
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

/// After a batch: what its items' alerts are now. `decide` is asked for each that is news and still there, and what
/// was alerted before and needs it no more is suppressed or due to be withdrawn. Answers the decided alerts by key.
pub(super) fn fold(
    db: &Connection,
    asked: &mut Asked,
    now: Now,
    news: &[News],
    filed: &mut [Effect],
    mut decide: impl FnMut(&Item, Option<EpochMillis>, &News) -> Decided,
) -> Result<Decisions, InboxError> {
    // The last post of a key is the one that counts, in the order of the last posts.
    let mut last: HashMap<&str, usize> = HashMap::new();
    for (place, news) in news.iter().enumerate() {
        last.insert(&news.key, place);
    }
    // How often the batch touched each key.
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
        // What nothing else touched is as its post stored it, and is not read again.
        let as_posted = news.stored.filter(|_| touched.get(&news.key) == Some(&1));
        let as_posted = as_posted.zip(filed.get(news.place).and_then(Effect::item));
        let is_as_posted = as_posted.is_some();
        let (stored, item) = match as_posted {
            Some((stored, item)) => (stored, Cow::Borrowed(item)),
            None => match fresh(db, &news.key)? {
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
        let is_unread = item.read_at.is_none() && item.archived_at.is_none();
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
    Ok(decided)
}

/// Fingerprint and alert of each key that was decided about.
pub(super) type Decisions = HashMap<String, (i64, i64)>;

/// What was decided about an alert.
pub(super) enum Decided {
    /// Just now.
    Now(Decision),
    /// In memory, while the file could not be used; this became of it since.
    Before(Box<AlertRow>),
}

/// An item as it is after its batch, with what decides about its alert; `None` when it is deleted.
fn fresh(db: &Connection, key: &str) -> Result<Option<(Stored, Item)>, InboxError> {
    let sql = format!(
        "SELECT {}, expires_at FROM item WHERE key = ?1 AND deleted_at IS NULL",
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

/// What waits to be shown for an item is not shown.
fn suppress_open(db: &Connection, item: i64, reason: &Reason) -> Result<(), InboxError> {
    db.prepare_cached(
        "UPDATE alert SET state = 'suppressed', reason = ?2
         WHERE item = ?1 AND state IN ('pending', 'failed')",
    )?
    .execute(params![item, reading::json(reason)])?;
    Ok(())
}

/// Drops the oldest alerts of an item, but for those that the service is still asked to show or to take back.
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

/// Brings the alerts of a changed item into line with it: what is read, archived or deleted is not shown any more, and
/// what waits goes by its priority and its expiry as they are now.
pub(super) fn settle(db: &Connection, key: &str) -> Result<(), InboxError> {
    let item: Option<(i64, bool, bool, i64, Option<i64>)> = db
        .prepare_cached(
            "SELECT id, read_at IS NOT NULL OR archived_at IS NOT NULL, deleted_at IS NOT NULL, priority, expires_at
             FROM item WHERE key = ?1",
        )?
        .query_row([key], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })
        .optional()?;
    let Some((id, is_handled, is_deleted, priority, expires_at)) = item else {
        return Ok(());
    };
    if is_handled || is_deleted {
        let reason = if is_deleted { Reason::Deleted } else { Reason::Read };
        db.prepare_cached(SETTLE_ONE)?
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

/// What was shown is due to be withdrawn, by the handle that stays in its row; what was not is suppressed.
const SETTLE_ONE: &str = "UPDATE alert SET
         state = CASE WHEN state IN ('pending', 'failed') THEN 'suppressed' ELSE 'withdrawn' END, reason = ?2
     WHERE item = ?1 AND state IN ('pending', 'failed', 'shown', 'inDigest')";

/// As [`settle`], for everything that is read.
pub(super) fn settle_read(db: &Connection) -> Result<(), InboxError> {
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
    /// All alerts, the oldest first.
    ///
    /// # Errors
    ///
    /// When the database refuses.
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

    /// All digests that were answered, the oldest first.
    ///
    /// # Errors
    ///
    /// When the database refuses.
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

    /// Drops the oldest digests of which no member is left, up to this many. Answers whether there were any.
    pub(super) fn drop_digests(&mut self, most: u32) -> Result<bool, InboxError> {
        let dropped = self
            .db
            .prepare_cached(
                "DELETE FROM digest WHERE id IN (SELECT id FROM digest
                     WHERE id <= (SELECT id FROM digest ORDER BY id DESC LIMIT 1 OFFSET ?1)
                         AND NOT EXISTS (SELECT 1 FROM alert WHERE alert.digest = digest.id) ORDER BY id LIMIT ?2)",
            )?
            .execute([MAX_STANDING_DIGESTS, most])?;
        Ok(dropped > 0)
    }

    /// Continues the numbers of what is in the database.
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

fn is_collected(verdict: Verdict) -> Option<Collection> {
    match verdict {
        Verdict::Collect(collection) => Some(collection),
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
