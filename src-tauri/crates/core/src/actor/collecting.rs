//! Alerts that are held for a moment: what was missed while there was no connection, and what comes faster than anybody
//! could read it. A few are shown one by one, many become one digest with one sound.

use std::time::Duration;

use tokio::time::Instant;

use super::Actor;
use crate::alert::{self, Alert, Collection, MOST_MISSED_TOASTS, ToastVerdict};
use crate::ports::Toast;
use crate::protocol::{EpochMillis, Item, ItemKind, Priority};

/// Silence that ends a replay: longer than the pauses of a server that reads its history.
const REPLAY_SILENCE: Duration = Duration::from_millis(1500);

/// However long a replay lasts, the user hears of it within this time.
const LONGEST_REPLAY: Duration = Duration::from_secs(30);

/// Silence that ends a burst: longer than the pause between two events of one cause.
const BURST_SILENCE: Duration = Duration::from_secs(2);

/// A flood that does not end is told of this often.
const LONGEST_BURST: Duration = Duration::from_secs(15);

/// Toasts whose service has not answered yet. A service that hangs must not gather a queue that bursts out when it is
/// back.
const MOST_WAITING_TOASTS: usize = 16;

/// What came while a connection replays what was missed.
#[derive(Debug)]
pub(super) struct CatchUp {
    /// When the connection was made.
    pub(super) began: EpochMillis,
    held: Held,
}

/// Items whose alerts wait for each other.
#[derive(Debug)]
pub(super) struct Held {
    items: Vec<Item>,
    quiet_at: Instant,
    latest: Instant,
}

impl Held {
    fn new(now: Instant, silence: Duration, longest: Duration) -> Self {
        Self {
            items: Vec::new(),
            quiet_at: now + silence,
            latest: now + longest,
        }
    }

    /// When they are shown, unless more comes.
    fn ends(&self) -> Instant {
        self.quiet_at.min(self.latest)
    }
}

impl Actor {
    /// A connection was made: what it replays is collected.
    pub(super) fn begin_catch_up(&mut self) {
        self.end_catch_up();
        self.catch_up = Some(CatchUp {
            began: self.now().epoch_millis(),
            held: Held::new(Instant::now(), REPLAY_SILENCE, LONGEST_REPLAY),
        });
    }

    /// When held alerts are due.
    pub(super) fn collections_end(&self) -> Option<Instant> {
        let replay = self.catch_up.as_ref().map(|catch_up| catch_up.held.ends());
        let burst = self.burst.as_ref().map(Held::ends);
        replay.into_iter().chain(burst).min()
    }

    /// Shows what is due.
    pub(super) fn end_collections(&mut self, now: Instant) {
        if self
            .catch_up
            .as_ref()
            .is_some_and(|catch_up| catch_up.held.ends() <= now)
        {
            self.end_catch_up();
        }
        if self.burst.as_ref().is_some_and(|burst| burst.ends() <= now) {
            self.end_burst(now);
        }
    }

    /// The service for toasts is behind: nothing more is asked of it one by one.
    pub(super) fn toasts_are_stuck(&self) -> bool {
        self.toasts_waiting >= MOST_WAITING_TOASTS
    }

    /// Does what the gate decided.
    pub(super) fn raise(&mut self, alerts: Vec<(Item, Alert)>) {
        let now = Instant::now();
        for (item, alert) in alerts {
            if let Some(catch_up) = &mut self.catch_up {
                catch_up.held.quiet_at = now + REPLAY_SILENCE;
            }
            match alert.toast {
                ToastVerdict::Collect(Collection::Missed) => {
                    if let Some(catch_up) = &mut self.catch_up {
                        catch_up.held.items.push(item);
                    }
                }
                ToastVerdict::Collect(Collection::Burst) => {
                    let burst = self
                        .burst
                        .get_or_insert_with(|| Held::new(now, BURST_SILENCE, LONGEST_BURST));
                    burst.quiet_at = now + BURST_SILENCE;
                    burst.items.push(item);
                }
                ToastVerdict::Show => self.show_toast(toast_of(&item)),
                ToastVerdict::Suppress => {}
            }
            if let Some(sound) = alert.sound {
                self.play(sound);
            }
        }
    }

    /// What was read or removed meanwhile needs no alert any more.
    pub(super) fn release(&mut self, key: &str) {
        if let Some(catch_up) = &mut self.catch_up {
            catch_up.held.items.retain(|item| item.key != key);
        }
        if let Some(burst) = &mut self.burst {
            burst.items.retain(|item| item.key != key);
        }
    }

    /// None of what is held needs an alert any more.
    pub(super) fn drop_collections(&mut self) {
        if let Some(catch_up) = &mut self.catch_up {
            catch_up.held.items.clear();
        }
        self.burst = None;
    }

    /// The replay is over: few missed items are shown one by one, many as one digest, with one sound for all.
    pub(super) fn end_catch_up(&mut self) {
        let missed = self.catch_up.take().map(|catch_up| catch_up.held.items);
        self.show_together(missed.unwrap_or_default(), MOST_MISSED_TOASTS, |missed| {
            format!("{missed} notifications while you were away")
        });
    }

    fn end_burst(&mut self, now: Instant) {
        if self.toasts_are_stuck()
            && let Some(burst) = &mut self.burst
        {
            (burst.quiet_at, burst.latest) = (now + LONGEST_BURST, now + LONGEST_BURST);
            return;
        }
        let burst = self.burst.take().map(|burst| burst.items);
        self.show_together(burst.unwrap_or_default(), 1, |more| {
            format!("{more} more notifications")
        });
    }

    fn show_together(&mut self, items: Vec<Item>, most_toasts: usize, title: impl FnOnce(usize) -> String) {
        let Some(pressing) = items.iter().max_by_key(|item| (item.priority, item.created_at)) else {
            return;
        };
        let circumstances = self.circumstances();
        let (sound, _) = alert::sound(ItemKind::Notification, pressing.priority, &circumstances);
        if !circumstances.in_view {
            let toasts: Vec<Toast> = if items.len() > most_toasts {
                vec![digest(title(items.len()), &items, pressing)]
            } else {
                items.iter().map(toast_of).collect()
            };
            for toast in toasts {
                self.show_toast(toast);
            }
        }
        if let Some(sound) = sound {
            self.play(sound);
        }
    }
}

fn toast_of(item: &Item) -> Toast {
    Toast {
        item: Some(item.key.clone()),
        title: item.title.clone(),
        body: item.body.clone(),
        priority: item.priority,
    }
}

fn digest(title: String, items: &[Item], pressing: &Item) -> Toast {
    let urgent = items
        .iter()
        .filter(|item| item.priority == Priority::Urgent)
        .count();
    let newest = items
        .iter()
        .max_by_key(|item| item.created_at)
        .unwrap_or(pressing);
    let body = match urgent {
        0 => format!("Newest: {}", newest.title),
        1 => format!("Urgent: {}", pressing.title),
        urgent => format!("{urgent} urgent, the newest of them: {}", pressing.title),
    };
    Toast {
        item: None,
        title,
        body,
        priority: pressing.priority,
    }
}
