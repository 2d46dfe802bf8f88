//! Snoozed items: when the next one returns, its return with an alert, and named times in another time zone.

use jiff::tz::TimeZone;
use rusqlite::{TransactionBehavior, params};

use super::alerts::{self, Decided, UndecidedAlert};
use super::outbox::{self, Overlay};
use super::reading::{self, ITEM_COLUMNS};
use super::{Effect, Inbox, InboxError, Now, Origin, Posted};
use crate::alerts::Decision;
use crate::item::{EpochMillis, Item, SnoozedUntil};

/// How many items return in one transaction, so that storing events does not wait for long. The rest follows at once.
const MAX_WOKEN: u32 = 100;

impl Inbox {
    /// Returns when the next snoozed item returns.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn next_wake(&self) -> Result<Option<EpochMillis>, InboxError> {
        let sql = "SELECT min(snoozed_until) FROM item WHERE snoozed_until IS NOT NULL";
        Ok(self.db.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }

    /// Returns items to the inbox whose time has come, unread and on top. `decide` is called for each, and its
    /// decisions are stored in the same transaction: an item that has returned is alerted about even if the app ends
    /// now.
    ///
    /// # Errors
    ///
    /// When the database fails: then no item returns.
    pub fn wake(
        &mut self,
        now: Now,
        mut decide: impl FnMut(&Posted<'_>) -> Decision,
    ) -> Result<Vec<Effect>, InboxError> {
        self.wake_decided(now, |posted| Decided::Now(decide(posted)))
    }

    pub(super) fn wake_decided(
        &mut self,
        now: Now,
        mut decide: impl FnMut(&Posted<'_>) -> Decided,
    ) -> Result<Vec<Effect>, InboxError> {
        let asked = &mut self.asked;
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let keys: Vec<String> = transaction
            .prepare_cached(
                "SELECT key FROM item WHERE snoozed_until <= ?1 ORDER BY snoozed_until, id LIMIT ?2",
            )?
            .query_map(params![now.here, MAX_WOKEN], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let update = "UPDATE item SET sort_at = max(sort_at, min(snoozed_until, ?2)), snoozed_until = NULL,
                 snoozed_to = NULL, seen_at = NULL, read_at = NULL WHERE key = ?1";
        let select = format!("SELECT {ITEM_COLUMNS} FROM item WHERE key = ?1");
        let (mut news, mut woken) = (Vec::new(), Vec::new());
        for key in keys {
            transaction
                .prepare_cached(update)?
                .execute(params![key, now.server])?;
            outbox::wake(&transaction, &key)?;
            let item = transaction
                .prepare_cached(&select)?
                .query_row([&key], reading::item)?;
            news.push(UndecidedAlert {
                key,
                made_at: None,
                fingerprint: 0,
                missed: false,
                origin: Origin::Stream,
                place: woken.len(),
                is_new: false,
                stored: None,
            });
            woken.push(Effect::Posted(item));
        }
        let decide = |item: &Item, expires_at, news: &UndecidedAlert| {
            decide(&Posted {
                item,
                made_at: news.made_at,
                expires_at,
                missed: news.missed,
                origin: news.origin,
                shown_before: false,
                returns: true,
            })
        };
        let alerts = alerts::decide_alerts(&transaction, asked, now, &news, &mut woken, decide)?;
        transaction.commit()?;
        if let Some(fallback) = self.fallback.as_mut().filter(|_| !woken.is_empty()) {
            fallback.woken(now, alerts);
        }
        Ok(woken)
    }

    /// Moves the returns whose time on the wall clock was chosen to this time zone. Returns whether any moved.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn move_snoozes(&mut self, zone: &TimeZone) -> Result<bool, InboxError> {
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let rows: Vec<(i64, EpochMillis, String, String)> = transaction
            .prepare_cached(
                "SELECT id, snoozed_until, snoozed_to, key FROM item
                 WHERE snoozed_until IS NOT NULL AND snoozed_to IS NOT NULL",
            )?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
            .collect::<Result<_, _>>()?;
        let mut any = false;
        for (id, at, wall, key) in rows {
            let until = SnoozedUntil {
                at,
                wall: wall.parse().ok(),
            };
            let moved = until.in_zone(zone).at;
            if moved != at {
                any = true;
                let overlay = Overlay::before_action(&transaction, &key)?;
                transaction
                    .prepare_cached("UPDATE item SET snoozed_until = ?2 WHERE id = ?1")?
                    .execute([id, moved])?;
                if let Some(overlay) = overlay {
                    overlay.after_action(0)?;
                }
            }
        }
        transaction.commit()?;
        Ok(any)
    }
}
