//! Stores the answers of the notification service.

use rusqlite::{OptionalExtension as _, TransactionBehavior, params};

use super::{DigestRequest, Inbox, InboxError, Target, handle};
use crate::inbox::columns;
use crate::inbox::reading::{self, ITEM_COLUMNS};
use crate::item::{EpochMillis, Item, Reason};
use crate::ports::{Answer, Delivery, NotificationError, NotificationHandle, Subject};

/// More than any service keeps: GNOME Shell keeps 24 for each application, and Windows 20.
const MAX_ON_SCREEN: u32 = 200;

/// What a recorded answer changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recorded {
    /// The item, if the alert was shown by itself and the item still exists.
    pub item: Option<Item>,
    /// Many items have changed.
    pub many: bool,
}

/// An answer whose row cannot be reached, because the inbox is in memory without a copy of the file.
#[derive(Debug, Clone)]
pub(in crate::inbox) struct LateAnswer {
    target: Target,
    digest: Option<DigestRequest>,
    outcome: Result<Answer, Reason>,
    at: EpochMillis,
}

fn delivery_word(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Shown => "shown",
        Delivery::Queued => "queued",
        Delivery::HandedOver => "handedOver",
    }
}

impl From<&NotificationError> for Reason {
    fn from(error: &NotificationError) -> Self {
        match error {
            NotificationError::NoService => Self::NoService,
            NotificationError::Refused(message) => Self::Refused {
                message: message.clone(),
            },
            NotificationError::Lost => Self::Lost,
        }
    }
}

impl Inbox {
    /// Records the service's answer, or why it is certain that nothing is shown. A notification whose item was read or
    /// deleted meanwhile is marked to be withdrawn.
    ///
    /// # Errors
    ///
    /// When the database fails: the alert still counts as requested, and the answer may be recorded again.
    pub fn record(
        &mut self,
        target: &Target,
        outcome: &Result<Answer, Reason>,
        now: EpochMillis,
    ) -> Result<Recorded, InboxError> {
        let digest = match target {
            Target::Alert(..) => None,
            Target::Digest(number) => self.asked.digests.get(number).copied(),
        };
        let answer = LateAnswer {
            target: target.clone(),
            digest,
            outcome: outcome.clone(),
            at: now,
        };
        let recorded = self.apply(&answer)?;
        match target {
            Target::Alert(number, _) => {
                self.asked.alerts.remove(number);
            }
            Target::Digest(number) => {
                self.asked.digests.remove(number);
            }
        }
        if recorded.is_none()
            && let Some(fallback) = &mut self.fallback
        {
            fallback.answered(answer);
        }
        Ok(recorded.unwrap_or_default())
    }

    /// Applies an answer. Returns `None` if its row is not in this database.
    pub(in crate::inbox) fn apply(&mut self, answer: &LateAnswer) -> Result<Option<Recorded>, InboxError> {
        match (&answer.target, answer.digest) {
            (Target::Alert(number, key), _) => self.apply_to_alert(*number, key, &answer.outcome, answer.at),
            (Target::Digest(number), Some(digest)) => {
                self.apply_to_digest(*number, digest, &answer.outcome, answer.at)
            }
            (Target::Digest(_), None) => Ok(Some(Recorded::default())),
        }
    }

    fn apply_to_alert(
        &mut self,
        number: i64,
        key: &str,
        outcome: &Result<Answer, Reason>,
        at: EpochMillis,
    ) -> Result<Option<Recorded>, InboxError> {
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let changed = match outcome {
            Ok(Answer { handle, delivery }) => {
                // The notification that was replaced has the same number in the service, and must not be withdrawn any
                // more.
                transaction
                    .prepare_cached(
                        "UPDATE alert SET notification = NULL WHERE notification = ?1 AND service = ?2 AND id <> ?3",
                    )?
                    .execute(params![handle.id, handle.service, number])?;
                transaction
                    .prepare_cached(
                        "UPDATE alert SET state = CASE WHEN state IN ('pending', 'failed') THEN 'shown'
                                 WHEN state = 'suppressed' THEN 'withdrawn' ELSE state END,
                             failure = NULL, answered_at = ?2, delivery = ?3, service = ?4, notification = ?5
                         WHERE id = ?1",
                    )?
                    .execute(params![
                        number,
                        at,
                        delivery_word(*delivery),
                        handle.service,
                        handle.id
                    ])?
            }
            Err(reason) => {
                transaction
                    .prepare_cached(
                        "UPDATE alert SET state = 'failed', failure = ?2
                         WHERE id = ?1 AND state IN ('pending', 'failed')",
                    )?
                    .execute(params![number, reading::json(reason)])?
                    + usize::from(exists(&transaction, number)?)
            }
        };
        let sql = format!("SELECT {ITEM_COLUMNS} FROM item WHERE key = ?1 AND deleted_at IS NULL");
        let item = transaction
            .prepare_cached(&sql)?
            .query_row([key], reading::item)
            .optional()?;
        transaction.commit()?;
        Ok((changed > 0).then_some(Recorded { item, many: false }))
    }

    fn apply_to_digest(
        &mut self,
        number: i64,
        digest: DigestRequest,
        outcome: &Result<Answer, Reason>,
        at: EpochMillis,
    ) -> Result<Option<Recorded>, InboxError> {
        let word = columns::digest_kind_word(digest.collection);
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let is_here: bool = transaction.query_row(
            "SELECT EXISTS (SELECT 1 FROM alert WHERE id BETWEEN ?1 AND ?2)",
            [digest.first, digest.last],
            |row| row.get(0),
        )?;
        const MEMBERS: &str = "state = 'pending' AND collection = ?2 AND id BETWEEN ?3 AND ?4";
        match outcome {
            Ok(Answer { handle, .. }) => {
                transaction.execute(
                    "INSERT INTO digest (id, collection, members, asked_at, answered_at, service, notification)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    params![number, word, digest.members, digest.asked_at, at, handle.service, handle.id],
                )?;
                transaction.execute(
                    &format!(
                        "UPDATE alert SET state = 'inDigest', digest = ?1, answered_at = ?5 WHERE {MEMBERS}"
                    ),
                    params![number, word, digest.first, digest.last, at],
                )?;
            }
            Err(reason) => {
                transaction.execute(
                    &format!("UPDATE alert SET state = 'failed', failure = ?1 WHERE {MEMBERS}"),
                    params![reading::json(reason), word, digest.first, digest.last],
                )?;
            }
        }
        if !is_here {
            // The transaction is rolled back, because the digest's row belongs into the database that has the members.
            return Ok(None);
        }
        transaction.commit()?;
        Ok(Some(Recorded {
            item: None,
            many: true,
        }))
    }

    /// Removes unanswered requests, whose alerts become pending again. No answers can arrive any more.
    pub(crate) fn forget_asked(&mut self) {
        self.asked.forget();
    }

    /// Records that these notifications were withdrawn, or are no longer on screen.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn record_withdrawn(&mut self, handles: &[NotificationHandle]) -> Result<(), InboxError> {
        let transaction = self.db.transaction()?;
        for handle in handles {
            for table in ["alert", "digest"] {
                transaction
                    .prepare_cached(&format!(
                        "UPDATE {table} SET notification = NULL WHERE notification = ?1 AND service = ?2"
                    ))?
                    .execute(params![handle.id, handle.service])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Returns the notifications of alerts and digests that may be on screen, as many as services keep.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn on_screen(&self) -> Result<Vec<NotificationHandle>, InboxError> {
        let mut found = Vec::new();
        for table in ["alert", "digest"] {
            let mut statement = self.db.prepare_cached(&format!(
                "SELECT service, notification FROM {table} WHERE notification IS NOT NULL
                 ORDER BY id DESC LIMIT {MAX_ON_SCREEN}"
            ))?;
            let rows = statement.query_map([], handle)?;
            found.extend(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten());
        }
        Ok(found)
    }

    /// Returns what a notification announces, even if an earlier run of the app showed it.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn subject_of(&self, handle: &NotificationHandle) -> Result<Option<Subject>, InboxError> {
        let item = self
            .db
            .prepare_cached(
                "SELECT key FROM alert JOIN item ON item.id = alert.item
                 WHERE notification = ?1 AND service = ?2 AND deleted_at IS NULL ORDER BY alert.id DESC LIMIT 1",
            )?
            .query_row(params![handle.id, handle.service], |row| row.get(0))
            .optional()?;
        if let Some(key) = item {
            return Ok(Some(Subject::Item(key)));
        }
        Ok(self
            .db
            .prepare_cached("SELECT id FROM digest WHERE notification = ?1 AND service = ?2")?
            .query_row(params![handle.id, handle.service], |row| row.get(0))
            .optional()?
            .map(Subject::Digest))
    }
}

fn exists(db: &rusqlite::Connection, number: i64) -> Result<bool, InboxError> {
    Ok(db
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM alert WHERE id = ?1)")?
        .query_row([number], |row| row.get(0))?)
}
