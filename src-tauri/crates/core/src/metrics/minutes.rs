//! The last hour in minutes.

use std::collections::VecDeque;
use std::time::Duration;

use super::percentiles::Percentiles;
use crate::item::EpochMillis;
use crate::protocol::Minute;

/// One hour, as the window shows it.
const MAX_MINUTES: usize = 60;

const MINUTE: EpochMillis = 60_000;

#[derive(Debug)]
pub(super) struct Minutes {
    slots: VecDeque<Minute>,
    /// The processing times of the newest minute.
    took: Percentiles,
}

impl Minutes {
    pub(super) fn new(at: EpochMillis) -> Self {
        Self {
            slots: VecDeque::from([empty(at.div_euclid(MINUTE) * MINUTE)]),
            took: Percentiles::default(),
        }
    }

    /// Adds the minutes up to this time. After the clock was set back, the newest minute continues.
    pub(super) fn advance(&mut self, at: EpochMillis) {
        let newest = self.newest().at;
        let target = at.div_euclid(MINUTE) * MINUTE;
        if target <= newest {
            return;
        }
        self.took.clear();
        // After a long sleep only the last hour is added.
        let first = (newest + MINUTE).max(target - MINUTE * (MAX_MINUTES as EpochMillis - 1));
        let mut begins = first;
        while begins <= target {
            if self.slots.len() == MAX_MINUTES {
                self.slots.pop_front();
            }
            self.slots.push_back(empty(begins));
            begins += MINUTE;
        }
    }

    pub(super) fn newest(&mut self) -> &mut Minute {
        if self.slots.is_empty() {
            self.slots.push_back(empty(0));
        }
        let last = self.slots.len() - 1;
        &mut self.slots[last]
    }

    /// Counts events in the newest minute.
    pub(super) fn count(&mut self, events: u64, took: Option<Duration>) {
        let slot = self.newest();
        slot.events = slot
            .events
            .saturating_add(u32::try_from(events).unwrap_or(u32::MAX));
        if let Some(took) = took {
            self.took.record(took, events);
            self.newest().p99_micros = self.took.at(0.99);
        }
    }

    /// Distributes connected time that ends at this time over the minutes that it spans.
    pub(super) fn credit(&mut self, connected: Duration, at: EpochMillis) {
        let mut left = u32::try_from(connected.as_millis()).unwrap_or(u32::MAX);
        for slot in self.slots.iter_mut().rev() {
            let past = u32::try_from((at - slot.at).clamp(0, MINUTE)).unwrap_or(0);
            let part = left.min(past.saturating_sub(slot.connected_ms));
            slot.connected_ms += part;
            left -= part;
            if left == 0 {
                return;
            }
        }
    }

    /// Events in the last 60 s, assuming that those of the previous minute were evenly spread.
    pub(super) fn events_per_minute(&mut self, at: EpochMillis) -> f64 {
        let newest = *self.newest();
        let ahead = (at - newest.at).clamp(0, MINUTE) as f64 / MINUTE as f64;
        let before = self
            .slots
            .iter()
            .rev()
            .nth(1)
            .filter(|slot| slot.at == newest.at - MINUTE)
            .map_or(0, |slot| slot.events);
        f64::from(newest.events) + f64::from(before) * (1.0 - ahead)
    }

    pub(super) fn list(&self) -> Vec<Minute> {
        self.slots.iter().copied().collect()
    }
}

fn empty(at: EpochMillis) -> Minute {
    Minute {
        at,
        events: 0,
        attempts: 0,
        failures: 0,
        connected_ms: 0,
        p99_micros: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_kept_and_a_sleep_leaves_empty_minutes() {
        let mut minutes = Minutes::new(30_000);
        minutes.count(1, None);
        minutes.advance(5 * MINUTE + 1);
        assert_eq!(minutes.list().len(), 6);
        minutes.advance(64 * MINUTE);
        let list = minutes.list();
        assert_eq!(
            (list.len(), list[0].at, list[59].at),
            (60, 5 * MINUTE, 64 * MINUTE)
        );
        minutes.advance(1_000_000 * MINUTE);
        let list = minutes.list();
        assert_eq!((list.len(), list[0].at), (60, (1_000_000 - 59) * MINUTE));
    }

    #[test]
    fn a_clock_that_is_set_back_stays_in_the_newest_minute() {
        let mut minutes = Minutes::new(10 * MINUTE);
        minutes.advance(2 * MINUTE);
        minutes.count(3, None);
        assert_eq!(
            minutes.list(),
            [Minute {
                events: 3,
                ..empty(10 * MINUTE)
            }]
        );
    }

    #[test]
    fn connected_time_goes_to_the_minutes_it_was_in() {
        let mut minutes = Minutes::new(0);
        minutes.advance(2 * MINUTE + 10_000);
        minutes.credit(Duration::from_secs(100), 2 * MINUTE + 10_000);
        minutes.credit(Duration::from_secs(5), 2 * MINUTE + 10_000);
        let connected: Vec<_> = minutes.list().iter().map(|slot| slot.connected_ms).collect();
        assert_eq!(
            connected,
            [35_000, 60_000, 10_000],
            "no minute holds more than there was of it"
        );
    }

    #[test]
    fn the_rate_looks_back_sixty_seconds() {
        let mut minutes = Minutes::new(0);
        minutes.count(60, None);
        minutes.advance(MINUTE + 15_000);
        minutes.count(7, None);
        assert!((minutes.events_per_minute(MINUTE + 15_000) - 52.0).abs() < 1e-9);
        minutes.advance(3 * MINUTE);
        assert!(minutes.events_per_minute(3 * MINUTE).abs() < 1e-9);
    }
}
