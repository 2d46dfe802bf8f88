//! A server that misbehaves in many ways.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use gloria_stream::machine::BreakOff;
use gloria_stream::{Command, EndCause, Reachability};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::tally::Tally;

/// How attempts are answered until some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Normal,
    Refusing,
    Busy(Duration),
    WebPage,
    Unavailable(u16),
    Slow(Duration),
    BlackHole,
    Stopping,
    /// No cursor is known. Unread events are sent nevertheless, because this server knows its only client.
    Forgetful,
}

/// Bytes in transit, or the end of the connection.
pub(crate) enum Piece {
    /// Bytes, with the id of the last event that they complete, if any.
    Bytes(Vec<u8>, Option<u64>),
    End(EndCause),
}

pub(crate) struct State {
    pub(crate) rng: fastrand::Rng,
    pub(crate) tally: Tally,
    behaviour: (Behaviour, Instant),
    /// How many further attempts are answered with 401.
    pub(crate) unauthorized: u32,
    /// The current connection, unless it stalled or ended.
    pub(crate) line: Option<mpsc::UnboundedSender<Piece>>,
    /// The number of attempts and connections that the client holds.
    pub(crate) open: u32,
    /// The id of the last event that the client has read completely, which its next request has to contain.
    pub(crate) cursor: u64,
    /// The greatest such id.
    pub(crate) greatest: u64,
    /// Commands for the stream.
    commands: VecDeque<Command>,
    crash: bool,
    /// Whether the last response may refer to the cursor, so that the next attempt may omit it.
    pub(crate) refused_cursor: bool,
    /// Whether a stream was accepted without the cursor, and no event with an id was read from it yet.
    pub(crate) forgotten: bool,
    pub(crate) last_beat: Instant,
}

pub(crate) struct Server(Mutex<State>);

impl Server {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(State {
            rng: fastrand::Rng::with_seed(seed),
            tally: Tally::default(),
            behaviour: (Behaviour::Normal, Instant::now()),
            unauthorized: 0,
            line: None,
            open: 0,
            cursor: 0,
            greatest: 0,
            commands: VecDeque::new(),
            crash: false,
            refused_cursor: false,
            forgotten: false,
            last_beat: Instant::now(),
        }))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn tally(&self) -> Tally {
        self.state().tally
    }

    pub(crate) fn published(&self) -> u64 {
        self.state().tally.published
    }

    pub(crate) fn open(&self) -> u32 {
        self.state().open
    }

    /// Records that the app resumes from here.
    pub(crate) fn resumes_from(&self, committed: u64) {
        let mut state = self.state();
        state.cursor = committed;
        state.forgotten = false;
    }

    pub(crate) fn halted(&self) {
        self.state().tally.halts += 1;
    }

    pub(crate) fn was_silent(&self) {
        self.state().tally.silences += 1;
    }

    pub(crate) fn command(&self) -> Option<Command> {
        self.state().commands.pop_front()
    }

    pub(crate) fn crash(&self) -> bool {
        std::mem::take(&mut self.state().crash)
    }

    /// Ends all misbehaviour.
    pub(crate) fn clear(&self) {
        let mut state = self.state();
        state.behaviour = (Behaviour::Normal, Instant::now());
        state.unauthorized = 0;
        state.send_command(Command::Network(Reachability::Online));
    }

    /// Sends a heartbeat.
    pub(crate) fn beat(&self) {
        let mut state = self.state();
        state.last_beat = Instant::now();
        state.send(b": still here\n\n".to_vec(), None);
    }

    /// Performs one action, and returns how long to pause.
    pub(crate) fn act(&self) -> Duration {
        if self.state().last_beat.elapsed() >= Duration::from_secs(25) {
            self.beat();
        }
        let mut state = self.state();
        match state.rng.u32(0..1000) {
            0..500 => state.publish(1),
            500..520 => {
                let burst = state.rng.u64(2..200);
                state.publish(burst);
            }
            520..530 => {
                state.tally.closed += 1;
                state.end(EndCause::Closed);
            }
            530..540 => state.break_off(),
            540..544 => state.stall(),
            544..556 => state.change_behaviour(),
            556..560 => state.unauthorized = state.rng.u32(1..4),
            560..600 => state.send_noise(),
            600..605 => state.send_command(Command::Network(Reachability::Offline)),
            605..612 => state.send_command(Command::Network(Reachability::Online)),
            612..616 => {
                let slept = Duration::from_secs(state.rng.u64(0..30_000));
                state.send_command(Command::Woke(slept));
            }
            616..620 => state.send_command(Command::RetryNow),
            620..622 => state.send_command(Command::CredentialsChanged),
            625..628 => {
                let looks = state.rng.bool();
                state.send_command(Command::Attention(looks));
            }
            622..625 => {
                state.crash = true;
                state.tally.crashes += 1;
            }
            _ => {}
        }
        Duration::from_millis(state.rng.u64(0..20_000))
    }
}

impl State {
    fn send_command(&mut self, command: Command) {
        self.tally.commands += 1;
        self.commands.push_back(command);
    }

    pub(crate) fn send(&mut self, bytes: Vec<u8>, completes: Option<u64>) {
        if let Some(line) = &self.line
            && line.send(Piece::Bytes(bytes, completes)).is_err()
        {
            self.line = None;
        }
    }

    fn end(&mut self, end: EndCause) {
        if let Some(line) = self.line.take() {
            // The client may have hung up already.
            let _ = line.send(Piece::End(end));
        }
    }

    fn publish(&mut self, events: u64) {
        let first = self.tally.published + 1;
        self.tally.published += events;
        self.write(first..=self.tally.published);
    }

    /// Sends events in pieces that end anywhere.
    pub(crate) fn write(&mut self, ids: std::ops::RangeInclusive<u64>) {
        let mut bytes = Vec::new();
        let mut ends = Vec::new();
        for id in ids {
            let event = event(id, id <= self.greatest);
            ends.push((bytes.len() + complete_at(&event), id));
            bytes.extend(event);
        }
        let mut from = 0;
        while from < bytes.len() {
            let to = (from + self.rng.usize(1..4000)).min(bytes.len());
            let complete = ends.iter().rev().find(|(end, _)| (from + 1..=to).contains(end));
            self.send(bytes[from..to].to_vec(), complete.map(|(_, id)| *id));
            from = to;
        }
    }

    /// Cuts the connection within an event.
    fn break_off(&mut self) {
        self.tally.broken += 1;
        self.tally.published += 1;
        let id = self.tally.published;
        let event = event(id, false);
        let to = self.rng.usize(0..complete_at(&event));
        self.send(event[..to].to_vec(), None);
        self.end(EndCause::BrokenOff(BreakOff::Reset));
    }

    /// Keeps the connection open without sending anything more.
    fn stall(&mut self) {
        if let Some(line) = self.line.take() {
            self.tally.stalls += 1;
            // It stays open until the client hangs up.
            tokio::spawn(async move { line.closed().await });
        }
    }

    /// Sends what a proxy or a wrong version may insert between events. It contains no event and does not move the
    /// cursor.
    fn send_noise(&mut self) {
        self.tally.garbage += 1;
        let noise: &[u8] = match self.rng.u32(0..7) {
            0 => b"\xEF\xBB\xBFdata: not at the beginning\n\n",
            1 => b"id: 9\0\n\n",
            2 => b"retry: 1500\n\n",
            3 => b"retry: soon\n\n",
            4 => b"\xFF\xFE\x00\xC3\x28: \xE2\x82\n\r\r\n",
            5 => b"event: nothing\n\nDATA: loud\nmore: 1\n\n",
            _ => b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
        };
        self.send(noise.to_vec(), None);
    }

    fn change_behaviour(&mut self) {
        let seconds =
            |range: std::ops::Range<u64>, rng: &mut fastrand::Rng| Duration::from_secs(rng.u64(range));
        let behaviour = match self.rng.u32(0..16) {
            0..4 => Behaviour::Refusing,
            4..7 => Behaviour::Busy(seconds(0..120, &mut self.rng)),
            7..8 => Behaviour::WebPage,
            8..10 => Behaviour::Unavailable(if self.rng.bool() { 502 } else { 404 }),
            10..12 => Behaviour::Slow(seconds(1..30, &mut self.rng)),
            12..13 => Behaviour::BlackHole,
            13..15 => Behaviour::Forgetful,
            _ => Behaviour::Stopping,
        };
        let most = if self.rng.u32(0..4) == 0 { 3600 } else { 120 };
        self.behaviour = (behaviour, Instant::now() + seconds(5..most, &mut self.rng));
        self.end(EndCause::Closed);
    }

    pub(crate) fn behaviour(&self) -> Behaviour {
        let (behaviour, until) = self.behaviour;
        if Instant::now() < until {
            behaviour
        } else {
            Behaviour::Normal
        }
    }
}

fn event(id: u64, again: bool) -> Vec<u8> {
    let again = if again { " again" } else { "" };
    let ending = ["\n", "\r\n", "\r"][(id % 3) as usize];
    [
        "event: notification.created",
        &format!("id: {id}"),
        &format!("data: {id}{again}"),
        &format!("data: {}", "x".repeat((id % 700) as usize)),
        "",
        "",
    ]
    .join(ending)
    .into_bytes()
}

/// Returns after how many bytes an event is complete: the LF of its last CRLF is not needed.
fn complete_at(event: &[u8]) -> usize {
    event.len() - usize::from(event.ends_with(b"\r\n"))
}
