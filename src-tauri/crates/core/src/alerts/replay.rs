//! What of a new connection's events was missed, and what is live.
//!
//! A time of making tells it by the server's clock. What has none was missed until the replay is over: when the
//! position that the greeting named has come, or something that was made after the connection; else when nothing came
//! for a while.

use std::time::{Duration, Instant};

use crate::item::EpochMillis;

/// Clocks of the machines of one service differ by about this much without anyone noticing.
const CLOCK_TOLERANCE: EpochMillis = 2_000;

/// Where nothing else tells, so long a silence ends a replay of events without a time of making. Longer than the
/// pauses of a server that reads its history.
const UNDATED_SILENCE: Duration = Duration::from_secs(1);

/// Where nothing else tells, events without a time of making are live from here on at the latest: one every second
/// would never be.
const MAX_UNDATED_REPLAY: Duration = Duration::from_secs(5);

/// The end of the replay of events without a time of making.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    /// When nothing came for a while.
    Silence,
    /// When the event with this id has come.
    Position(String),
    /// It has come.
    Reached,
}

/// One connection's replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    began: Instant,
    /// When the last event came.
    last: Instant,
    end: End,
}

/// What is asked about an event.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// When the server made it, where it says so.
    pub created_at: Option<EpochMillis>,
    /// The stream's position after it.
    pub id: &'a str,
    /// When it came.
    pub now: Instant,
    /// The same moment by the server's clock.
    pub server_now: EpochMillis,
}

impl Replay {
    /// A connection was made.
    pub fn new(now: Instant) -> Self {
        Self {
            began: now,
            last: now,
            end: End::Silence,
        }
    }

    /// The greeting gives the server's position. A client that is already there has missed nothing.
    pub(crate) fn on_position(&mut self, position: &str, reached: Option<&str>) {
        if self.end == End::Silence {
            self.end = if reached == Some(position) {
                End::Reached
            } else {
                End::Position(position.to_owned())
            };
        }
    }

    /// Takes an event, and says whether it was missed: it was made before this connection. Events are given in their
    /// order.
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

    /// Whether something was made before this connection.
    pub(crate) fn was_made_before(
        &self,
        created_at: EpochMillis,
        now: Instant,
        server_now: EpochMillis,
    ) -> bool {
        created_at < self.began_by(now, server_now) - CLOCK_TOLERANCE
    }

    /// When the connection was made, by the server's clock. Reckoned back from the clock that never jumps: the other
    /// one may be set while the connection stands.
    fn began_by(&self, now: Instant, server_now: EpochMillis) -> EpochMillis {
        let since = now.saturating_duration_since(self.began).as_millis();
        server_now - i64::try_from(since).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Events without a time of making, each so many milliseconds after the connection; which of them were missed.
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
                // The server is a year behind.
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
