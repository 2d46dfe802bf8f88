//! Decides which events of a new connection were missed, and which are live.
//!
//! An event with a creation time is compared with the connection's start on the server's clock. One without counts as
//! missed until the replay ends: at the position in the greeting, or at an event that was created after the connection;
//! otherwise after a silence.

use std::time::{Duration, Instant};

use crate::item::EpochMillis;

/// In milliseconds. The clocks of one service's machines may differ this much unnoticed.
const CLOCK_TOLERANCE: EpochMillis = 2_000;

/// If nothing else ends it, a silence of this length ends the replay of events without a creation time. Longer than the
/// pauses of a server that reads its history from a disk.
const UNDATED_SILENCE: Duration = Duration::from_secs(1);

/// If nothing else ends it, the replay of events without a creation time ends after this time: with one event every
/// second there would never be a silence.
const MAX_UNDATED_REPLAY: Duration = Duration::from_secs(5);

/// What ends the replay of events without a creation time.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    /// A silence.
    Silence,
    /// The event with this id.
    Position(String),
    /// It has ended.
    Reached,
}

/// The replay of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    began: Instant,
    /// When the last event arrived.
    last: Instant,
    end: End,
}

/// An event to classify.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// When the server created it, if it says so.
    pub created_at: Option<EpochMillis>,
    /// The last event id after it.
    pub id: &'a str,
    /// When it arrived.
    pub now: Instant,
    /// The same moment on the server's clock.
    pub server_now: EpochMillis,
}

impl Replay {
    /// Begins a new connection.
    pub fn new(now: Instant) -> Self {
        Self {
            began: now,
            last: now,
            end: End::Silence,
        }
    }

    /// Handles the server's position in the greeting. A client that has reached it missed nothing.
    pub(crate) fn on_position(&mut self, position: &str, reached: Option<&str>) {
        if self.end == End::Silence {
            self.end = if reached == Some(position) {
                End::Reached
            } else {
                End::Position(position.to_owned())
            };
        }
    }

    /// Classifies an event; returns whether it was missed, that is created before this connection. Must be called in
    /// the order of events.
    pub fn on_event(&mut self, event: &Event<'_>) -> bool {
        let silence = event.now.saturating_duration_since(self.last);
        self.last = event.now;
        let missed = if let Some(created_at) = event.created_at {
            if created_at >= self.began_by(event.now, event.server_now) {
                self.end = End::Reached;
            }
            self.was_made_before(created_at, event.now, event.server_now)
        } else {
            let over = event.now.saturating_duration_since(self.began) >= MAX_UNDATED_REPLAY;
            if silence >= UNDATED_SILENCE || (over && self.end == End::Silence) {
                self.end = End::Reached;
            }
            self.end != End::Reached
        };
        if matches!(&self.end, End::Position(position) if position == event.id) {
            self.end = End::Reached;
        }
        missed
    }

    /// Whether an event was created before this connection.
    pub(crate) fn was_made_before(
        &self,
        created_at: EpochMillis,
        now: Instant,
        server_now: EpochMillis,
    ) -> bool {
        created_at < self.began_by(now, server_now) - CLOCK_TOLERANCE
    }

    /// Returns when the connection was made, on the server's clock. Computed with the monotonic clock, because the wall
    /// clock may be set meanwhile.
    pub(crate) fn began_by(&self, now: Instant, server_now: EpochMillis) -> EpochMillis {
        let since = now.saturating_duration_since(self.began).as_millis();
        server_now - i64::try_from(since).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Classifies events without creation times, each this many milliseconds after the connection; returns which were
    /// missed.
    fn missed(replay: &mut Replay, start: Instant, events: &[(u64, &str)]) -> Vec<bool> {
        events
            .iter()
            .map(|(after, id)| {
                replay.on_event(&Event {
                    created_at: None,
                    id,
                    now: start + Duration::from_millis(*after),
                    server_now: 0,
                })
            })
            .collect()
    }

    #[test]
    fn without_times_a_replay_ends_with_a_second_of_silence() {
        let start = Instant::now();
        let mut replay = Replay::new(start);
        let events = [(100, "1"), (900, "2"), (1_901, "3"), (1_902, "4")];
        assert_eq!(missed(&mut replay, start, &events), [true, true, false, false]);
    }

    #[test]
    fn one_event_every_half_second_is_live_after_five_seconds() {
        let start = Instant::now();
        let mut replay = Replay::new(start);
        let events: Vec<_> = (1..=14).map(|half| (500 * half, "")).collect();
        let missed = missed(&mut replay, start, &events);
        assert_eq!(missed.iter().filter(|missed| **missed).count(), 9);
        assert!(!missed[9]);
    }

    #[test]
    fn the_greetings_position_ends_it_to_the_event() {
        let start = Instant::now();
        let mut replay = Replay::new(start);
        replay.on_position("7", Some("5"));
        let events = [(1, "6"), (2, "7"), (3, "8")];
        assert_eq!(missed(&mut replay, start, &events), [true, true, false]);

        let mut replay = Replay::new(start);
        replay.on_position("7", Some("7"));
        assert_eq!(
            missed(&mut replay, start, &[(1, "8")]),
            [false],
            "whoever is there missed nothing"
        );
    }

    #[test]
    fn a_long_replay_up_to_a_position_is_missed_to_its_end() {
        let start = Instant::now();
        let mut replay = Replay::new(start);
        replay.on_position("end", None);
        let events: Vec<_> = (1..=40).map(|step| (500 * step, "")).collect();
        assert!(
            missed(&mut replay, start, &events)
                .into_iter()
                .all(|missed| missed)
        );
    }

    #[test]
    fn times_are_compared_with_the_servers_clock_and_a_live_one_ends_the_replay() {
        let start = Instant::now();
        let mut replay = Replay::new(start);
        let mut ask = |created_at, after: u64| {
            replay.on_event(&Event {
                created_at,
                id: "",
                now: start + Duration::from_millis(after),
                // The server's clock is a year behind.
                server_now: 1_000_000 + i64::try_from(after).unwrap(),
            })
        };
        assert!(ask(Some(900_000), 100));
        assert!(ask(None, 150));
        assert!(!ask(Some(1_000_150), 200));
        assert!(!ask(None, 250));
        assert!(ask(Some(900_001), 300), "an old one is missed whenever it comes");
    }
}
