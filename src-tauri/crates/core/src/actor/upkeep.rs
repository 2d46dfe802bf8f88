//! Work on the inbox's file in the background: the retention period, the removal of deleted content from the disk while
//! nothing else happens, and the index of words for items that were stored before there was one.

use std::time::Duration;

use tokio::time::Instant;

use super::Actor;
use crate::inbox::{Effect, Inbox, Sweep, Swept};
use crate::message;
use crate::protocol::NoticeKind;

/// The first sweep begins after the work at the start is done.
const FIRST_SWEEP_DELAY: Duration = Duration::from_secs(60);

/// The interval of sweeps. They remove items that are months old, so an hour more does not matter.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// The interval between the steps of a sweep, which take a few milliseconds each, so that most of the time is left for
/// events.
const STEP_INTERVAL: Duration = Duration::from_millis(20);

/// How long no event may arrive before deleted content is removed from the disk, which blocks filing for a moment.
const SETTLE: Duration = Duration::from_secs(2);

/// The maximum delay, because a stream may never pause.
const MAX_SETTLE_DELAY: Duration = Duration::from_secs(30);

/// The pending work on the inbox's file.
#[derive(Debug)]
pub(super) struct Upkeep {
    sweep_at: Instant,
    sweep: Option<Sweep>,
    /// When to remove deleted content from the disk, and until when that may be delayed.
    settle: Option<(Instant, Instant)>,
    /// When to add the next old items to the index of words; `None` if none are known to be missing.
    index_at: Option<Instant>,
    /// Whether the last sweep left more than the maximum size: another one before its time would do the same.
    too_large: bool,
}

impl Upkeep {
    pub(super) fn new(now: Instant) -> Self {
        let mut upkeep = Self {
            sweep_at: now + FIRST_SWEEP_DELAY,
            sweep: None,
            settle: None,
            index_at: None,
            too_large: false,
        };
        // Content that was deleted before the start may still be on the disk.
        upkeep.on_stored(now);
        upkeep
    }

    /// Handles that another inbox is in use: what was counted of the one before says nothing about it.
    pub(super) fn on_inbox(&mut self, now: Instant) {
        *self = Self::new(now);
    }

    pub(super) fn due(&self) -> Instant {
        let settle = self.settle.map(|(at, _)| at);
        let others = [settle, self.index_at].into_iter().flatten();
        others.fold(self.sweep_at, Instant::min)
    }

    /// Handles that something was stored, which may include a deletion.
    pub(super) fn on_stored(&mut self, now: Instant) {
        let latest = self.settle.map_or(now + MAX_SETTLE_DELAY, |(_, latest)| latest);
        self.settle = Some(((now + SETTLE).min(latest), latest));
    }
}

impl Actor {
    pub(super) async fn run_upkeep(&mut self, now: Instant) {
        if self.upkeep.sweep_at <= now {
            self.sweep(now).await;
        }
        if self.upkeep.settle.is_some_and(|(at, _)| at <= now) {
            self.settle(now).await;
            // After the work at a start, and after each time that another inbox may have come into use.
            self.upkeep.index_at.get_or_insert(now);
        }
        if self.upkeep.index_at.is_some_and(|at| at <= now) {
            let more = self.store.inbox().call(Inbox::index_step).await;
            if let Err(error) = &more {
                tracing::warn!(%error, "old notifications could not be made ready to be found");
            }
            self.upkeep.index_at = matches!(more, Ok(true)).then(|| now + STEP_INTERVAL);
        }
    }

    async fn settle(&mut self, now: Instant) {
        let retention = self.settings.retention();
        let settled = self.store.inbox().call(move |inbox| {
            let done = inbox.settle()?;
            Ok((done, inbox.is_larger_than(retention)?))
        });
        self.upkeep.settle = match settled.await {
            Ok((done, is_larger)) => {
                if is_larger && !self.upkeep.too_large {
                    self.upkeep.sweep_at = self.upkeep.sweep_at.min(now + STEP_INTERVAL);
                }
                (!done).then_some((now + MAX_SETTLE_DELAY, now + MAX_SETTLE_DELAY))
            }
            Err(error) => {
                tracing::warn!(%error, "what was deleted could not be taken off the disk yet");
                Some((now + MAX_SETTLE_DELAY, now + MAX_SETTLE_DELAY))
            }
        };
    }

    async fn sweep(&mut self, now: Instant) {
        self.upkeep.sweep_at = now + SWEEP_INTERVAL;
        // With a wrong clock everything looks old, so both clocks have to agree.
        if !self.link.knows_server_time() {
            return;
        }
        let time = self.server_now();
        let retention = self.settings.retention();
        let mut sweep = self
            .upkeep
            .sweep
            .take()
            .unwrap_or_else(|| self.settings.sweep(time.here.min(time.server)));
        let swept = self
            .store
            .inbox()
            .call(move |inbox| {
                let swept = inbox.sweep(&mut sweep)?;
                Ok((swept, sweep))
            })
            .await;
        match swept {
            Ok((swept, sweep)) => {
                let Swept {
                    removed,
                    done,
                    too_large,
                } = swept;
                if !removed.is_empty() {
                    tracing::info!(count = removed.len(), "old notifications were removed");
                    self.upkeep.on_stored(now);
                    self.on_filed(removed.into_iter().map(Effect::Removed).collect());
                }
                if done {
                    self.upkeep.too_large = too_large;
                    let notice = too_large.then(|| message::notice_inbox_too_large(retention.megabytes));
                    self.readers.set_notice(NoticeKind::Size, notice);
                } else {
                    self.upkeep.sweep = Some(sweep);
                    self.upkeep.sweep_at = now + STEP_INTERVAL;
                }
            }
            // A failure of the file is reported when an event cannot be stored.
            Err(error) => tracing::warn!(%error, "old notifications could not be removed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_is_settled_once_it_is_quiet_and_at_the_latest_half_a_minute_on() {
        let start = Instant::now();
        let mut upkeep = Upkeep::new(start);
        assert_eq!(upkeep.due(), start + SETTLE);
        for second in 1..60 {
            upkeep.on_stored(start + Duration::from_secs(second));
        }
        assert_eq!(upkeep.due(), start + MAX_SETTLE_DELAY);
        upkeep.settle = None;
        assert_eq!(upkeep.due(), start + FIRST_SWEEP_DELAY);
    }
}
