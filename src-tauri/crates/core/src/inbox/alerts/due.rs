//! The query for alerts that are pending and due. It serves replays, bursts, a start after a crash, and a service that
//! is back.

use rusqlite::{OptionalExtension as _, TransactionBehavior, params};

use super::{DigestRequest, Inbox, InboxError, handle, priority_of};
use crate::alerts::DigestKind;
use crate::alerts::digest::{self, DigestMembers};
use crate::inbox::{Now, columns, reading};
use crate::item::{EpochMillis, Priority, Reason, SoundReason};
use crate::message::Phrase;
use crate::ports::{NotificationHandle, ServiceState, Subject};

/// The maximum number of unanswered requests. The rest stays in the database, so that a slow service does not build up
/// a queue and show all of it at once when it recovers.
const MAX_UNANSWERED: usize = 16;

/// In milliseconds. An item that was stored longer ago than this and is shown only now is not news any more, and is
/// added to a digest.
const LATE_AGE: EpochMillis = 2 * 60 * 1000;

/// If more alerts than this waited for the service, or for the app to start, they share one digest.
const MAX_RESUMED_SINGLE: i64 = 5;

/// After this many crashes while the same alert was requested, it is suppressed. The first crash may have another
/// cause.
const MAX_SUSPECTED: u32 = 2;

/// How many digests are checked for whether all their members are read. No service keeps notifications of older ones.
pub(super) const MAX_DISPLAYED_DIGESTS: u32 = 100;

/// What decides which alerts are due.
#[derive(Debug, Clone)]
pub struct DueQuery {
    /// The current time.
    pub now: Now,
    /// Collections that are still growing, and are not shown yet.
    pub open_digests: Vec<DigestKind>,
    /// What was decided about the sound for items that the user is looking at; `None` when the inbox is not in view.
    pub in_view: Option<SoundReason>,
    /// The state of the notification service.
    pub service: ServiceState,
}

/// What a notification announces.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// One alert: its row number and the key of its item.
    Alert(i64, String),
    /// A digest: its row number.
    Digest(i64),
}

impl Target {
    /// Returns what a click on the notification opens.
    pub(crate) fn subject(&self) -> Subject {
        match self {
            Self::Alert(_, key) => Subject::Item(key.clone()),
            Self::Digest(number) => Subject::Digest(*number),
        }
    }
}

/// A notification to request from the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShowRequest {
    /// What it announces.
    pub target: Target,
    /// A single line.
    pub title: Phrase,
    /// A few lines.
    pub body: Phrase,
    /// How urgent it is.
    pub priority: Priority,
    /// The notification that it replaces.
    pub replaces: Option<NotificationHandle>,
}

/// What has to be done now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Due {
    /// Notifications to request, in this order.
    pub asks: Vec<ShowRequest>,
    /// Notifications to withdraw. They stay due until [`Inbox::record_withdrawn`].
    pub withdrawals: Vec<NotificationHandle>,
    /// The highest priority among the digests and delayed alerts that are due: they share one sound.
    pub sound: Option<Priority>,
    /// Whether rows were decided without a request, so that views of them are out of date.
    pub settled: bool,
    /// Whether more is due once the service has answered.
    pub more: bool,
}

/// Alerts that wait and may be requested now.
const PENDING: &str = "state = 'pending' AND collection IS ?1 AND id > ?2";

/// The same without those that were requested one by one, given as a JSON list of their numbers.
const PENDING_NOT_REQUESTED: &str = "state = 'pending' AND collection IS ?1 AND id > ?2
     AND id NOT IN (SELECT value FROM json_each(?3))";

impl Inbox {
    /// Returns the alerts that are pending and due, within limits. They count as requested until their answers are
    /// recorded.
    ///
    /// # Errors
    ///
    /// When the database fails: then nothing counts as requested.
    pub fn due(&mut self, query: &DueQuery) -> Result<Due, InboxError> {
        let mut due = Due {
            withdrawals: self.withdrawals()?,
            ..Due::default()
        };
        let has_pending: bool = self
            .db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM alert WHERE state = 'pending')")?
            .query_row([], |row| row.get(0))?;
        match query.service {
            _ if !has_pending => return Ok(due),
            // Until the service has recovered, or its state is known, no more is requested.
            ServiceState::Hanging | ServiceState::Unknown => return Ok(due),
            ServiceState::Absent | ServiceState::Ready | ServiceState::Paused => {}
        }
        due.settled |= self.suppress_due(query)?;
        if query.service == ServiceState::Absent {
            return Ok(due);
        }
        let mut digests = Vec::new();
        for collection in DigestKind::ALL {
            if !query.open_digests.contains(&collection) {
                digests.extend(self.collected(collection, &query.now, &mut due)?);
            }
        }
        self.alone(&mut due)?;
        for (ask, digest) in digests {
            if self.asked.count() >= MAX_UNANSWERED {
                due.more = true;
                break;
            }
            if let Target::Digest(number) = ask.target {
                self.asked.digests.insert(number, digest);
            }
            let loudest = due.sound.map_or(ask.priority, |known| known.max(ask.priority));
            due.sound = Some(loudest);
            due.asks.push(ask);
        }
        Ok(due)
    }

    /// Suppresses alerts that are due but must not be shown any more, or cannot be.
    fn suppress_due(&mut self, query: &DueQuery) -> Result<bool, InboxError> {
        let mut changed = 0;
        let (floors, asked) = (self.due_digest_kinds(&query.open_digests), self.asked.alone());
        let in_view = query
            .in_view
            .map(|sound| reading::json(&Reason::InView { sound }));
        let absent = (query.service == ServiceState::Absent).then(|| reading::json(&Reason::NoService));
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (word, floor) in floors {
            let settle = |change: &str, which: &str, value: &dyn rusqlite::ToSql| {
                let sql = format!("UPDATE alert SET {change} WHERE {PENDING_NOT_REQUESTED} {which}");
                transaction
                    .prepare_cached(&sql)?
                    .execute(params![word, floor, asked, value])
            };
            changed += settle(
                "state = 'suppressed', reason = json_object('why', 'expired', 'at', expires_at)",
                "AND expires_at <= ?4",
                &query.now.server,
            )?;
            if let Some(reason) = &in_view {
                changed += settle(
                    "state = 'suppressed', reason = ?4",
                    "AND priority < 3 AND item NOT IN (SELECT id FROM item WHERE kind = 'gap')",
                    reason,
                )?;
            }
            if let Some(failure) = &absent {
                changed += settle("state = 'failed', failure = ?4", "", failure)?;
            }
        }
        transaction.commit()?;
        Ok(changed > 0)
    }

    /// Returns the collections that no longer grow, with their names in the database, each with the number up to which
    /// it was already requested.
    fn due_digest_kinds(&self, open_digests: &[DigestKind]) -> Vec<(Option<&'static str>, i64)> {
        let collected = DigestKind::ALL
            .into_iter()
            .filter(|collection| !open_digests.contains(collection))
            .map(|collection| {
                (
                    Some(columns::digest_kind_word(collection)),
                    self.asked.floor(collection),
                )
            });
        // Single requests are excluded by their numbers instead.
        collected.chain([(None, 0)]).collect()
    }

    /// Returns the digest of a collection; `None` if it has so few members that each is shown by itself.
    fn collected(
        &mut self,
        collection: DigestKind,
        now: &Now,
        due: &mut Due,
    ) -> Result<Option<(ShowRequest, DigestRequest)>, InboxError> {
        let (word, floor) = (
            columns::digest_kind_word(collection),
            self.asked.floor(collection),
        );
        let (count, urgent, rank, first, last) = self
            .db
            .prepare_cached(&format!(
                "SELECT count(*), coalesce(sum(priority = 3), 0), coalesce(max(priority), 0), coalesce(min(id), 0),
                     coalesce(max(id), 0)
                 FROM alert WHERE {PENDING}"
            ))?
            .query_row(params![word, floor], |row| {
                Ok((
                    row.get::<_, u32>(0)?,
                    row.get::<_, u32>(1)?,
                    row.get::<_, i64>(2)?,
                    row.get::<_, i64>(3)?,
                    row.get::<_, i64>(4)?,
                ))
            })?;
        if count == 0 {
            return Ok(None);
        }
        if count <= collection.max_single() {
            self.db
                .prepare_cached(&format!("UPDATE alert SET collection = NULL WHERE {PENDING}"))?
                .execute(params![word, floor])?;
            // They get a sound now, however old they are.
            let loudest = priority_of(rank);
            due.sound = Some(due.sound.map_or(loudest, |known| known.max(loudest)));
            return Ok(None);
        }
        let title = |order: &str| -> Result<Phrase, InboxError> {
            let sql = format!(
                "SELECT item.title FROM item JOIN
                     (SELECT item FROM alert WHERE {PENDING} ORDER BY {order} LIMIT 1) AS newest
                 ON newest.item = item.id"
            );
            let title = self
                .db
                .prepare_cached(&sql)?
                .query_row(params![word, floor], |row| row.get(0));
            Ok(columns::phrase(title.optional()?.unwrap_or_default()))
        };
        let members = DigestMembers {
            count,
            urgent,
            priority: priority_of(rank),
            newest: title("id DESC")?,
            pressing: title("priority DESC, id DESC")?,
        };
        let (title, body) = digest::compose(collection, &members);
        let ask = ShowRequest {
            target: Target::Digest(self.asked.number(now.here)),
            title: title.into(),
            body: body.into(),
            priority: members.priority,
            replaces: None,
        };
        let digest = DigestRequest {
            collection,
            first,
            last,
            members: count,
            asked_at: now.here,
        };
        Ok(Some((ask, digest)))
    }

    /// Adds the alerts that are shown one by one, urgent ones first.
    fn alone(&mut self, due: &mut Due) -> Result<(), InboxError> {
        let room = MAX_UNANSWERED.saturating_sub(self.asked.count());
        let limit = i64::try_from(room + self.asked.alerts.len() + 1).unwrap_or(i64::MAX);
        let mut statement = self.db.prepare_cached(
            "SELECT alert.id, key, title, body, item.priority FROM alert JOIN item ON item.id = alert.item
             WHERE state = 'pending' AND collection IS NULL AND deleted_at IS NULL
             ORDER BY alert.priority = 3 DESC, alert.id LIMIT ?1",
        )?;
        let mut rows = statement.query([limit])?;
        let mut asks = Vec::new();
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            if self.asked.alerts.contains(&number) {
                continue;
            }
            if asks.len() == room {
                due.more = true;
                break;
            }
            asks.push(ShowRequest {
                target: Target::Alert(number, row.get(1)?),
                title: columns::phrase(row.get(2)?),
                body: columns::phrase(row.get(3)?),
                priority: priority_of(row.get(4)?),
                replaces: None,
            });
        }
        for mut ask in asks {
            if let Target::Alert(number, key) = &ask.target {
                ask.replaces = self.displayed_notification(key)?;
                if *number <= self.asked.resumed {
                    due.sound = Some(due.sound.map_or(ask.priority, |known| known.max(ask.priority)));
                }
                self.asked.alerts.insert(*number);
            }
            due.asks.push(ask);
        }
        Ok(())
    }

    /// Returns the notification of an item that may still be on screen.
    fn displayed_notification(&self, key: &str) -> Result<Option<NotificationHandle>, InboxError> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT service, notification FROM alert
                 WHERE item = (SELECT id FROM item WHERE key = ?1) AND state = 'shown' AND notification IS NOT NULL
                 ORDER BY id DESC LIMIT 1",
            )?
            .query_row([key], handle)
            .optional()?
            .flatten())
    }

    /// Returns the notifications that may be on screen although their items are read or gone.
    fn withdrawals(&self) -> Result<Vec<NotificationHandle>, InboxError> {
        let mut statement = self.db.prepare_cached(
            "SELECT service, notification FROM alert WHERE state = 'withdrawn' AND notification IS NOT NULL
             UNION ALL
             SELECT service, notification FROM
                 (SELECT * FROM digest WHERE notification IS NOT NULL ORDER BY id DESC LIMIT ?1) AS standing
             WHERE NOT EXISTS (SELECT 1 FROM alert WHERE alert.digest = standing.id AND state = 'inDigest')",
        )?;
        let rows = statement.query_map([MAX_DISPLAYED_DIGESTS], handle)?;
        let mut withdrawals = rows.collect::<Result<Vec<_>, _>>()?;
        withdrawals.dedup();
        Ok(withdrawals.into_iter().flatten().collect())
    }

    /// Called after a crash with the alerts that were requested at that time: one of them may be the cause. An alert
    /// that was requested at [`MAX_SUSPECTED`] crashes is given up.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub(crate) fn suspect_alerts(&mut self, numbers: &[i64]) -> Result<(), InboxError> {
        let transaction = self.db.transaction()?;
        let numbers = reading::json(&numbers);
        transaction.execute(
            "UPDATE alert SET suspected = suspected + 1 WHERE id IN (SELECT value FROM json_each(?1))",
            [&numbers],
        )?;
        transaction.execute(
            "UPDATE alert SET state = 'failed', failure = ?2
             WHERE state = 'pending' AND suspected >= ?3 AND id IN (SELECT value FROM json_each(?1))",
            params![numbers, reading::json(&Reason::Broke), MAX_SUSPECTED],
        )?;
        transaction.commit()?;
        Ok(())
    }

    /// Called when the app starts and when the service is back. Alerts that waited become due; they share a digest if
    /// they are too old or too many. Failed requests are due again.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn resume_alerts(&mut self, now: Now, open_digests: &[DigestKind]) -> Result<(), InboxError> {
        let (floors, asked) = (self.due_digest_kinds(open_digests), self.asked.alone());
        // The members of a requested digest are a range of numbers, which no other alert may enter.
        let (late, urgent) = (
            self.asked.floor(DigestKind::Late),
            self.asked.floor(DigestKind::Urgent),
        );
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute(
            "UPDATE alert SET state = 'pending', failure = NULL
             WHERE state = 'failed' AND failure IS NOT ?1",
            [reading::json(&Reason::Broke)],
        )?;
        for (word, floor) in floors {
            transaction.execute(
                &format!(
                    "UPDATE alert SET collection = 'urgent'
                     WHERE {PENDING_NOT_REQUESTED} AND priority = 3 AND id > ?4"
                ),
                params![word, floor, asked, urgent],
            )?;
            // A clock that was set back makes items seem to come from the future; these count as old.
            transaction.execute(
                &format!(
                    "UPDATE alert SET collection = 'late'
                     WHERE {PENDING_NOT_REQUESTED} AND priority < 3 AND id > ?4
                         AND decided_at NOT BETWEEN ?5 - ?6 AND ?5 + ?6"
                ),
                params![word, floor, asked, late, now.here, LATE_AGE],
            )?;
        }
        const PENDING_SINGLE: &str = "state = 'pending' AND collection IS NULL AND id > ?2
             AND id NOT IN (SELECT value FROM json_each(?1))";
        let alone: i64 = transaction.query_row(
            &format!("SELECT count(*) FROM alert WHERE {PENDING_SINGLE}"),
            params![asked, late],
            |row| row.get(0),
        )?;
        if alone > MAX_RESUMED_SINGLE {
            transaction.execute(
                &format!("UPDATE alert SET collection = 'late' WHERE {PENDING_SINGLE} AND priority < 3"),
                params![asked, late],
            )?;
        }
        transaction.commit()?;
        self.asked.resumed = self.asked.last;
        Ok(())
    }
}
