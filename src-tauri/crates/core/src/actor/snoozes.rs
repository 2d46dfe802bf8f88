//! The return of snoozed items: at their time by the wall clock, also if the computer slept over it.

use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::time::Instant;

use super::Actor;
use crate::handle::CoreError;
use crate::item::{EpochMillis, Item, Mark};
use crate::message;
use crate::protocol::{MarkRequest, Marked, SnoozeRequest};

/// When the inbox could not be read or written, it is tried again after this, as the file itself is.
const RETRY_INTERVAL: EpochMillis = 30_000;

/// When the next snoozed item returns, and the time zone in which named times were computed.
#[derive(Debug, Default)]
pub(super) struct Snoozes {
    next: Option<EpochMillis>,
    zone: Option<TimeZone>,
}

impl Snoozes {
    /// Has the inbox looked at: at the start, and when another account's comes into force.
    pub(super) fn look_again(&mut self) {
        (self.next, self.zone) = (Some(EpochMillis::MIN), None);
    }

    /// Takes note of items that were stored.
    pub(super) fn on_stored(&mut self, items: &[Item]) {
        let soonest = items.iter().filter_map(|item| item.snoozed_until).min();
        self.next = self.next.into_iter().chain(soonest).min();
    }

    /// Takes note of the time zone in which the user is now.
    pub(super) fn on_zone(&mut self, zone: &TimeZone) {
        if self.zone.as_ref().is_some_and(|known| known != zone) {
            self.look_again();
        }
    }

    /// Returns when to look for items that return. The wall clock decides: it continues while the computer sleeps, and
    /// the loop looks at it every few seconds.
    pub(super) fn due(&self, now: Instant, wall: EpochMillis) -> Option<Instant> {
        let left = self.next?.saturating_sub(wall).max(0);
        now.checked_add(Duration::from_millis(left.unsigned_abs()))
    }
}

impl Actor {
    pub(super) async fn snooze(&mut self, request: SnoozeRequest) -> Result<Marked, CoreError> {
        let zone = self.setup.ports.clock.zone();
        let until = request
            .until
            .until(self.now().epoch_millis(), &zone)
            .ok_or_else(|| CoreError::Invalid(message::snooze_not_ahead()))?;
        let mark = Mark::Snoozed(until);
        self.mark(MarkRequest {
            keys: request.keys,
            mark,
        })
        .await
    }

    /// Returns to the inbox what is due, with its alerts.
    pub(super) async fn run_snoozes(&mut self) {
        let (now, mut gate, mut query) = (self.server_now(), self.gate(), self.due_query());
        let zone = self.setup.ports.clock.zone();
        let moves = self.snoozes.zone.as_ref() != Some(&zone);
        let in_zone = zone.clone();
        let result = self
            .store
            .inbox()
            .call(move |inbox| {
                let moved = moves && inbox.move_snoozes(&in_zone)?;
                let woken = inbox.wake(now, |posted| gate.decide(posted))?;
                query.open_digests.extend(&gate.digests);
                let due = inbox.due(&query);
                Ok((moved, woken, gate, due, inbox.next_wake()?))
            })
            .await;
        let (moved, woken, gate, due, next) = match result {
            Ok(done) => done,
            Err(error) => {
                tracing::warn!(%error, "snoozed notifications could not be returned yet");
                self.snoozes.next = Some(now.here + RETRY_INTERVAL);
                return;
            }
        };
        (self.snoozes.next, self.snoozes.zone) = (next, Some(zone));
        let at = Instant::now();
        self.alerts.on_decided(&gate, at);
        match due {
            Ok(due) => self.on_due(due).await,
            Err(error) => {
                self.on_due_failed(&error);
            }
        }
        self.play_all(&gate.sounds);
        if moved {
            self.readers.publish_inbox_changed();
        }
        if !woken.is_empty() {
            self.upkeep.on_stored(at);
            self.on_filed(woken);
            self.publish_items().await;
            self.publish_counts().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_decides_when_the_next_one_is_due() {
        let now = Instant::now();
        let mut snoozes = Snoozes::default();
        assert_eq!(snoozes.due(now, 5), None);
        let item = |until| Item {
            snoozed_until: until,
            ..Item::sample()
        };
        snoozes.on_stored(&[item(None), item(Some(9_000)), item(Some(7_000))]);
        assert_eq!(snoozes.due(now, 5_000), Some(now + Duration::from_secs(2)));
        snoozes.on_stored(&[item(Some(8_000))]);
        // The computer slept over it.
        assert_eq!(snoozes.due(now, 100_000), Some(now));
        snoozes.next = None;
        snoozes.zone = Some(TimeZone::UTC);
        snoozes.on_zone(&TimeZone::UTC);
        assert_eq!(snoozes.due(now, 0), None);
        snoozes.on_zone(&TimeZone::fixed(jiff::tz::offset(1)));
        assert_eq!(snoozes.due(now, 0), Some(now), "named times move with the zone");
    }
}
