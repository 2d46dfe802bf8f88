//! Keeps the inbox's file from growing for ever, and takes what was deleted off the disk, while nothing else happens.

use std::time::Duration;

use tokio::time::Instant;

use super::Actor;
use crate::inbox::{Effect, Sweep, Swept};

/// The first look for what is not kept any longer: after the rush of a start.
const FIRST_SWEEP_DELAY: Duration = Duration::from_secs(60);

/// Between two looks. What is removed is months old; an hour more is no matter.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Between two steps of a look, each of a few milliseconds: most of the time is left to what comes.
const STEP_INTERVAL: Duration = Duration::from_millis(20);

/// For how long nothing is to be stored before what was deleted is taken off the disk, which takes a moment.
const SETTLE: Duration = Duration::from_secs(2);

/// A stream that never rests does not put it off for longer.
const MAX_SETTLE_DELAY: Duration = Duration::from_secs(30);

/// What is due for the inbox's file.
#[derive(Debug)]
pub(super) struct Upkeep {
    sweep_at: Instant,
    sweep: Option<Sweep>,
    /// When the disk is settled, and until when that may be put off.
    settle: Option<(Instant, Instant)>,
}

impl Upkeep {
    pub(super) fn new(now: Instant) -> Self {
        let mut upkeep = Self {
            sweep_at: now + FIRST_SWEEP_DELAY,
            sweep: None,
            settle: None,
        };
        // What was deleted before the start may not have been taken off the disk.
        upkeep.on_stored(now);
        upkeep
    }

    pub(super) fn due(&self) -> Instant {
        let settle = self.settle.map(|(at, _)| at);
        settle.map_or(self.sweep_at, |at| at.min(self.sweep_at))
    }

    /// Something was stored, and may have been a deletion.
    pub(super) fn on_stored(&mut self, now: Instant) {
        let latest = self.settle.map_or(now + MAX_SETTLE_DELAY, |(_, latest)| latest);
        self.settle = Some(((now + SETTLE).min(latest), latest));
    }
}

impl Actor {
    pub(super) async fn keep_up(&mut self, now: Instant) {
        if self.upkeep.sweep_at <= now {
            self.sweep(now).await;
        }
        if self.upkeep.settle.is_some_and(|(at, _)| at <= now) {
            let settled = self.store.inbox().call(|inbox| inbox.settle()).await;
            if let Err(error) = &settled {
                tracing::warn!(%error, "what was deleted could not be taken off the disk yet");
            }
            self.upkeep.settle = match settled {
                Ok(true) => None,
                Ok(false) | Err(_) => Some((now + MAX_SETTLE_DELAY, now + MAX_SETTLE_DELAY)),
            };
        }
    }

    async fn sweep(&mut self, now: Instant) {
        self.upkeep.sweep_at = now + SWEEP_INTERVAL;
        // A clock that is wrong makes everything old: both have to say so.
        if !self.link.knows_server_time() {
            return;
        }
        let time = self.server_now();
        let retention = self.settings.retention();
        let mut sweep = self
            .upkeep
            .sweep
            .take()
            .unwrap_or_else(|| Sweep::new(retention, time.here.min(time.server)));
        let swept = self
            .store
            .inbox()
            .call(move |inbox| {
                let swept = inbox.sweep(&mut sweep)?;
                Ok((swept, sweep))
            })
            .await;
        match swept {
            Ok((Swept { removed, done }, sweep)) => {
                if !removed.is_empty() {
                    tracing::info!(count = removed.len(), "old notifications were removed");
                    self.upkeep.on_stored(now);
                    self.on_filed(removed.into_iter().map(Effect::Removed).collect());
                }
                if !done {
                    self.upkeep.sweep = Some(sweep);
                    self.upkeep.sweep_at = now + STEP_INTERVAL;
                }
            }
            // What is wrong with the file shows where something is stored.
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
