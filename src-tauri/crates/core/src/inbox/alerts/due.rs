//! What is pending and due: the one question behind replays, bursts, a start after a kill and a service that is back.

use rusqlite::{OptionalExtension as _, TransactionBehavior, params};

use super::{DigestAsk, Inbox, InboxError, handle, priority_of};
use crate::alerts::Collection;
use crate::alerts::digest::{self, Members};
use crate::inbox::{Now, columns, reading};
use crate::item::{EpochMillis, Priority, Reason, SoundReason};
use crate::message::Phrase;
use crate::ports::{NotificationHandle, ServiceState, Subject};

/// Notifications whose service has not answered yet. What is over it stays a row, so that a service that is slow gets
/// no queue that bursts out when it goes on.
const MAX_UNANSWERED: usize = 16;

/// Items stored longer ago than this, and shown only now, are announced in a digest, because they are old.
const LATE_AGE: EpochMillis = 2 * 60 * 1000;

/// More than this that waited for the service, or for the app to start, have one digest.
const MAX_RESUMED_ALONE: i64 = 5;

/// Once it may have been another's fault.
const MAX_SUSPECTED: u32 = 2;

/// Digests that are looked at for whether all their members are read; of older ones no service keeps a notification.
pub(super) const MAX_STANDING_DIGESTS: u32 = 100;

/// What is asked for what is due.
#[derive(Debug, Clone)]
pub struct DueQuery {
    /// The moment.
    pub now: Now,
    /// Collections that more may come to.
    pub collecting: Vec<Collection>,
    /// What was decided about the sound of what the user looks at; `None` when the inbox is not in view.
    pub in_view: Option<SoundReason>,
    /// How the service is.
    pub service: ServiceState,
}

/// What a notification speaks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// One alert, by its number, and its item's key.
    Alert(i64, String),
    /// A digest, by its number.
    Digest(i64),
}

impl Target {
    /// What a click on it leads to.
    pub(crate) fn subject(&self) -> Subject {
        match self {
            Self::Alert(_, key) => Subject::Item(key.clone()),
            Self::Digest(number) => Subject::Digest(*number),
        }
    }
}

/// A notification to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// What it speaks for.
    pub target: Target,
    /// One line.
    pub title: Phrase,
    /// A few lines.
    pub body: Phrase,
    /// How urgent it is.
    pub priority: Priority,
    /// The notification whose place it takes.
    pub replaces: Option<NotificationHandle>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Due {
    /// Notifications to ask for, in this order.
    pub asks: Vec<Ask>,
    /// Notifications to withdraw. They are due until [`Inbox::record_withdrawn`].
    pub withdrawals: Vec<NotificationHandle>,
    /// The highest priority of what was collected or waited and alerts now: it has one sound together.
    pub sound: Option<Priority>,
    /// What was decided about rows without asking: readers have to read them anew.
    pub settled: bool,
    /// There is more to ask for once the service has answered.
    pub more: bool,
}

/// What waits and may be asked for now.
const OPEN: &str = "state = 'pending' AND collection IS ?1 AND id > ?2";

/// The same without what is asked for by itself: the number of each, as a list in JSON.
const OPEN_AND_NOT_ASKED: &str = "state = 'pending' AND collection IS ?1 AND id > ?2
     AND id NOT IN (SELECT value FROM json_each(?3))";

impl Inbox {
    /// What is pending and due, in bounds; what is answered with counts as asked for until its answer is recorded.
    ///
    /// # Errors
    ///
    /// When the database refuses: then nothing counts as asked for.
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
            // It shows what it was asked when it goes on, or is known: nothing more is asked of it.
            ServiceState::Hanging | ServiceState::Unknown => return Ok(due),
            ServiceState::Absent | ServiceState::Ready | ServiceState::Paused => {}
        }
        due.settled |= self.settle_due(query)?;
        if query.service == ServiceState::Absent {
            return Ok(due);
        }
        let mut digests = Vec::new();
        for collection in Collection::ALL {
            if !query.collecting.contains(&collection) {
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

    /// What is due and is not to be shown any more, or cannot be.
    fn settle_due(&mut self, query: &DueQuery) -> Result<bool, InboxError> {
        let mut changed = 0;
        let (floors, asked) = (self.due_collections(&query.collecting), self.asked.alone());
        let in_view = query
            .in_view
            .map(|sound| reading::json(&Reason::InView { sound }));
        let absent = (query.service == ServiceState::Absent).then(|| reading::json(&Reason::NoService));
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (word, floor) in floors {
            let settle = |change: &str, which: &str, value: &dyn rusqlite::ToSql| {
                let sql = format!("UPDATE alert SET {change} WHERE {OPEN_AND_NOT_ASKED} {which}");
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

    /// The collections to which nothing more comes, as they are stored, with the numbers up to which they are asked
    /// for.
    fn due_collections(&self, collecting: &[Collection]) -> Vec<(Option<&'static str>, i64)> {
        let collected = Collection::ALL
            .into_iter()
            .filter(|collection| !collecting.contains(collection))
            .map(|collection| {
                (
                    Some(columns::collection_word(collection)),
                    self.asked.floor(collection),
                )
            });
        // What is asked for by itself is known by its number.
        collected.chain([(None, 0)]).collect()
    }

    /// The digest of a collection, or `None` where there is nothing or so little that each is shown by itself.
    fn collected(
        &mut self,
        collection: Collection,
        now: &Now,
        due: &mut Due,
    ) -> Result<Option<(Ask, DigestAsk)>, InboxError> {
        let (word, floor) = (columns::collection_word(collection), self.asked.floor(collection));
        let (count, urgent, rank, first, last) = self
            .db
            .prepare_cached(&format!(
                "SELECT count(*), coalesce(sum(priority = 3), 0), coalesce(max(priority), 0), coalesce(min(id), 0),
                     coalesce(max(id), 0)
                 FROM alert WHERE {OPEN}"
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
        if count <= collection.max_alone() {
            self.db
                .prepare_cached(&format!("UPDATE alert SET collection = NULL WHERE {OPEN}"))?
                .execute(params![word, floor])?;
            // They alert now, whenever they came.
            let loudest = priority_of(rank);
            due.sound = Some(due.sound.map_or(loudest, |known| known.max(loudest)));
            return Ok(None);
        }
        let title = |order: &str| -> Result<Phrase, InboxError> {
            let sql = format!(
                "SELECT item.title FROM item JOIN
                     (SELECT item FROM alert WHERE {OPEN} ORDER BY {order} LIMIT 1) AS newest
                 ON newest.item = item.id"
            );
            let title = self
                .db
                .prepare_cached(&sql)?
                .query_row(params![word, floor], |row| row.get(0));
            Ok(columns::phrase(title.optional()?.unwrap_or_default()))
        };
        let members = Members {
            count,
            urgent,
            priority: priority_of(rank),
            newest: title("id DESC")?,
            pressing: title("priority DESC, id DESC")?,
        };
        let (title, body) = digest::compose(collection, &members);
        let ask = Ask {
            target: Target::Digest(self.asked.number(now.here)),
            title: title.into(),
            body: body.into(),
            priority: members.priority,
            replaces: None,
        };
        let digest = DigestAsk {
            collection,
            first,
            last,
            members: count,
            asked_at: now.here,
        };
        Ok(Some((ask, digest)))
    }

    /// What is shown by itself: what is urgent first.
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
            asks.push(Ask {
                target: Target::Alert(number, row.get(1)?),
                title: columns::phrase(row.get(2)?),
                body: columns::phrase(row.get(3)?),
                priority: priority_of(row.get(4)?),
                replaces: None,
            });
        }
        for mut ask in asks {
            if let Target::Alert(number, key) = &ask.target {
                ask.replaces = self.standing(key)?;
                if *number <= self.asked.resumed {
                    due.sound = Some(due.sound.map_or(ask.priority, |known| known.max(ask.priority)));
                }
                self.asked.alerts.insert(*number);
            }
            due.asks.push(ask);
        }
        Ok(())
    }

    /// The notification of an item that may be on screen.
    fn standing(&self, key: &str) -> Result<Option<NotificationHandle>, InboxError> {
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

    /// Notifications that may be on screen and whose items are read or gone.
    fn withdrawals(&self) -> Result<Vec<NotificationHandle>, InboxError> {
        let mut statement = self.db.prepare_cached(
            "SELECT service, notification FROM alert WHERE state = 'withdrawn' AND notification IS NOT NULL
             UNION ALL
             SELECT service, notification FROM
                 (SELECT * FROM digest WHERE notification IS NOT NULL ORDER BY id DESC LIMIT ?1) AS standing
             WHERE NOT EXISTS (SELECT 1 FROM alert WHERE alert.digest = standing.id AND state = 'inDigest')",
        )?;
        let rows = statement.query_map([MAX_STANDING_DIGESTS], handle)?;
        let mut withdrawals = rows.collect::<Result<Vec<_>, _>>()?;
        withdrawals.dedup();
        Ok(withdrawals.into_iter().flatten().collect())
    }

    /// The app broke while these were asked for. One of them may be why; one that is asked for again and breaks it once
    /// more is given up.
    ///
    /// # Errors
    ///
    /// When the database refuses.
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

    /// The app starts, or the service is back: what waits since before is due, in a digest where it is no news any more
    /// or too much. What the service did not show is tried again.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub fn resume_alerts(&mut self, now: Now, collecting: &[Collection]) -> Result<(), InboxError> {
        let (floors, asked) = (self.due_collections(collecting), self.asked.alone());
        // A digest that is asked for has its members between two numbers: nothing may come between them.
        let (late, urgent) = (
            self.asked.floor(Collection::Late),
            self.asked.floor(Collection::Urgent),
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
                     WHERE {OPEN_AND_NOT_ASKED} AND priority = 3 AND id > ?4"
                ),
                params![word, floor, asked, urgent],
            )?;
            // A clock that was set since tells nothing; what seems to come from the future is as old as any.
            transaction.execute(
                &format!(
                    "UPDATE alert SET collection = 'late'
                     WHERE {OPEN_AND_NOT_ASKED} AND priority < 3 AND id > ?4
                         AND decided_at NOT BETWEEN ?5 - ?6 AND ?5 + ?6"
                ),
                params![word, floor, asked, late, now.here, LATE_AGE],
            )?;
        }
        const ALONE: &str = "state = 'pending' AND collection IS NULL AND id > ?2
             AND id NOT IN (SELECT value FROM json_each(?1))";
        let alone: i64 = transaction.query_row(
            &format!("SELECT count(*) FROM alert WHERE {ALONE}"),
            params![asked, late],
            |row| row.get(0),
        )?;
        if alone > MAX_RESUMED_ALONE {
            transaction.execute(
                &format!("UPDATE alert SET collection = 'late' WHERE {ALONE} AND priority < 3"),
                params![asked, late],
            )?;
        }
        transaction.commit()?;
        self.asked.resumed = self.asked.last;
        Ok(())
    }
}
