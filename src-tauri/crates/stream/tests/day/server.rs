//! A server that does what servers do at their worst.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::future::BoxFuture;
use gloria_stream::machine::{Chunk, Head};
use gloria_stream::{
    Answer, Command, DialError, EndCause, Heard, Incoming, Item, Limits, Parser, Reachability, Request,
    Transport,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

/// How attempts are answered until a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weather {
    Fine,
    Refusing,
    Busy(Duration),
    WebPage,
    Unavailable(u16),
    Slow(Duration),
    BlackHole,
    StopSign,
    /// No cursor is known. What was not read is sent all the same, for this server knows its one client.
    Forgetful,
}

/// What happened, to see that it did.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) published: u64,
    dials: u64,
    replayed: u64,
    repeated: u64,
    closed: u64,
    broken: u64,
    stalls: u64,
    garbage: u64,
    refused: u64,
    busy: u64,
    web_pages: u64,
    unavailable: u64,
    unauthorized: u64,
    halts: u64,
    silences: u64,
    commands: u64,
    crashes: u64,
    without_cursor: u64,
}

impl Tally {
    fn counts(&self) -> [(&'static str, u64); 18] {
        [
            ("published", self.published),
            ("dials", self.dials),
            ("replayed", self.replayed),
            ("repeated", self.repeated),
            ("closed", self.closed),
            ("broken", self.broken),
            ("stalls", self.stalls),
            ("garbage", self.garbage),
            ("refused", self.refused),
            ("busy", self.busy),
            ("web pages", self.web_pages),
            ("unavailable", self.unavailable),
            ("unauthorized", self.unauthorized),
            ("halts", self.halts),
            ("silences", self.silences),
            ("commands", self.commands),
            ("crashes", self.crashes),
            ("without a cursor", self.without_cursor),
        ]
    }

    pub(crate) fn assert_everything_happened(&self) {
        for (what, count) in self.counts() {
            assert!(count >= 10, "{what} happened {count} times only");
        }
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, day: Self) {
        self.published += day.published;
        self.dials += day.dials;
        self.replayed += day.replayed;
        self.repeated += day.repeated;
        self.closed += day.closed;
        self.broken += day.broken;
        self.stalls += day.stalls;
        self.garbage += day.garbage;
        self.refused += day.refused;
        self.busy += day.busy;
        self.web_pages += day.web_pages;
        self.unavailable += day.unavailable;
        self.unauthorized += day.unauthorized;
        self.halts += day.halts;
        self.silences += day.silences;
        self.commands += day.commands;
        self.crashes += day.crashes;
        self.without_cursor += day.without_cursor;
    }
}

/// Bytes on their way, or the end of them.
enum Piece {
    /// The id of the last event that they complete, if any.
    Bytes(Vec<u8>, Option<u64>),
    End(EndCause),
}

struct State {
    rng: fastrand::Rng,
    tally: Tally,
    weather: (Weather, Instant),
    /// Attempts that are answered 401 from now on.
    unauthorized: u32,
    /// The connection that is served, unless it was stalled or ended.
    line: Option<mpsc::UnboundedSender<Piece>>,
    /// Attempts and connections that the client holds.
    open: u32,
    /// The last id that the client has read all of: what it has to ask for next.
    cursor: u64,
    /// The greatest of them.
    greatest: u64,
    /// What the app is to be told.
    commands: VecDeque<Command>,
    crash: bool,
    /// The last answer may have meant the cursor, so the next attempt may do without it.
    refused_cursor: bool,
    /// A stream was taken without the cursor, and nothing was read of it that has one.
    forgotten: bool,
    last_beat: Instant,
}

pub(crate) struct Server(Mutex<State>);

impl Server {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(State {
            rng: fastrand::Rng::with_seed(seed),
            tally: Tally::default(),
            weather: (Weather::Fine, Instant::now()),
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

    fn state(&self) -> MutexGuard<'_, State> {
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

    /// The app begins anew from here.
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

    /// Fine weather from now on.
    pub(crate) fn clear(&self) {
        let mut state = self.state();
        state.weather = (Weather::Fine, Instant::now());
        state.unauthorized = 0;
        state.send_command(Command::Network(Reachability::Online));
    }

    /// A sign of life.
    pub(crate) fn beat(&self) {
        let mut state = self.state();
        state.last_beat = Instant::now();
        state.send(b": still here\n\n".to_vec(), None);
    }

    /// Does one thing, and says how long to do nothing.
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
            544..556 => state.change_weather(),
            556..560 => state.unauthorized = state.rng.u32(1..4),
            560..600 => state.babble(),
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

    fn send(&mut self, bytes: Vec<u8>, completes: Option<u64>) {
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

    /// Writes events in pieces that end anywhere.
    fn write(&mut self, ids: std::ops::RangeInclusive<u64>) {
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
        self.end(EndCause::BrokenOff("connection reset by peer".to_owned()));
    }

    /// The connection stays, and nothing comes over it any more.
    fn stall(&mut self) {
        if let Some(line) = self.line.take() {
            self.tally.stalls += 1;
            // It lives as long as the client does not hang up.
            tokio::spawn(async move { line.closed().await });
        }
    }

    /// What a proxy or a wrong version may put between events. None of it is an event, and none of it moves the cursor.
    fn babble(&mut self) {
        self.tally.garbage += 1;
        let babble: &[u8] = match self.rng.u32(0..7) {
            0 => b"\xEF\xBB\xBFdata: not at the beginning\n\n",
            1 => b"id: 9\0\n\n",
            2 => b"retry: 1500\n\n",
            3 => b"retry: soon\n\n",
            4 => b"\xFF\xFE\x00\xC3\x28: \xE2\x82\n\r\r\n",
            5 => b"event: nothing\n\nDATA: loud\nmore: 1\n\n",
            _ => b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
        };
        self.send(babble.to_vec(), None);
    }

    fn change_weather(&mut self) {
        let seconds =
            |range: std::ops::Range<u64>, rng: &mut fastrand::Rng| Duration::from_secs(rng.u64(range));
        let weather = match self.rng.u32(0..16) {
            0..4 => Weather::Refusing,
            4..7 => Weather::Busy(seconds(0..120, &mut self.rng)),
            7..8 => Weather::WebPage,
            8..10 => Weather::Unavailable(if self.rng.bool() { 502 } else { 404 }),
            10..12 => Weather::Slow(seconds(1..30, &mut self.rng)),
            12..13 => Weather::BlackHole,
            13..15 => Weather::Forgetful,
            _ => Weather::StopSign,
        };
        let most = if self.rng.u32(0..4) == 0 { 3600 } else { 120 };
        self.weather = (weather, Instant::now() + seconds(5..most, &mut self.rng));
        self.end(EndCause::Closed);
    }

    fn weather(&self) -> Weather {
        let (weather, until) = self.weather;
        if Instant::now() < until {
            weather
        } else {
            Weather::Fine
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

/// After how many bytes an event is whole: the LF of its last CRLF adds nothing.
fn complete_at(event: &[u8]) -> usize {
    event.len() - usize::from(event.ends_with(b"\r\n"))
}

/// The way to the server.
pub(crate) struct FakeTransport(pub(crate) Arc<Server>);

impl Transport for FakeTransport {
    fn dial(&mut self, request: Request) -> BoxFuture<'static, Result<Answer, DialError>> {
        let server = Arc::clone(&self.0);
        {
            let mut state = server.state();
            state.tally.dials += 1;
            state.open += 1;
            assert_eq!(state.open, 1, "a second connection beside the first");
            let wanted = match state.cursor {
                0 => String::new(),
                id => id.to_string(),
            };
            if (state.refused_cursor || state.forgotten) && request.cursor().is_empty() {
                state.tally.without_cursor += 1;
            } else {
                state.refused_cursor = false;
                assert_eq!(**request.cursor(), *wanted, "the cursor that is asked for");
            }
        }
        let seat = Seat(server);
        Box::pin(async move {
            request.credential().await?;
            let weather = seat.0.state().weather();
            match weather {
                Weather::Slow(pause) => sleep(pause).await,
                Weather::BlackHole => {
                    sleep(Duration::from_secs(10)).await;
                    return Err(DialError::ConnectTimedOut(Duration::from_secs(10)));
                }
                Weather::Fine
                | Weather::Refusing
                | Weather::Busy(_)
                | Weather::WebPage
                | Weather::Unavailable(_)
                | Weather::StopSign
                | Weather::Forgetful => {}
            }
            answer(seat, weather, &request)
        })
    }
}

/// The client's part in an attempt or a connection. Dropping it is hanging up.
struct Seat(Arc<Server>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.state().open -= 1;
    }
}

fn answer(seat: Seat, weather: Weather, request: &Request) -> Result<Answer, DialError> {
    let server = Arc::clone(&seat.0);
    let mut state = server.state();
    let (pieces, incoming) = mpsc::unbounded_channel();
    let refuse = Head::of;
    let head = match weather {
        Weather::Refusing => {
            state.tally.refused += 1;
            // Hanging up takes the lock.
            drop(state);
            return Err(DialError::ConnectionRefused);
        }
        Weather::Busy(after) => {
            state.tally.busy += 1;
            Head {
                retry_after: (!after.is_zero()).then_some(after),
                ..refuse(503)
            }
        }
        Weather::WebPage => {
            state.tally.web_pages += 1;
            Head {
                content_type: Some("text/html".to_owned()),
                ..refuse(200)
            }
        }
        Weather::Forgetful if !request.cursor().is_empty() => {
            state.refused_cursor = true;
            refuse(400)
        }
        Weather::Unavailable(status) => {
            state.tally.unavailable += 1;
            state.refused_cursor = matches!(status, 400 | 404);
            refuse(status)
        }
        Weather::StopSign => refuse(204),
        Weather::Fine | Weather::Slow(_) | Weather::BlackHole | Weather::Forgetful
            if state.unauthorized > 0 =>
        {
            state.unauthorized -= 1;
            state.tally.unauthorized += 1;
            refuse(401)
        }
        Weather::Fine | Weather::Slow(_) | Weather::BlackHole | Weather::Forgetful => {
            state.forgotten |= request.cursor().is_empty();
            state.line = Some(pieces);
            state.send(
                b"retry: 3000\nevent: connection_established\ndata: {}\n\n".to_vec(),
                None,
            );
            // Some servers begin with what they sent last.
            let repeated = if state.rng.u32(0..5) == 0 {
                state.cursor.min(3)
            } else {
                0
            };
            state.tally.repeated += repeated;
            state.tally.replayed += state.tally.published - state.cursor;
            let first = state.cursor - repeated + 1;
            let last = state.tally.published;
            state.write(first..=last);
            state.last_beat = Instant::now();
            Head::accepted()
        }
    };
    drop(state);
    Ok(Answer {
        date: None,
        head,
        peer: None,
        incoming: Box::new(Line {
            seat,
            pieces: incoming,
            parser: Parser::new(Limits::default(), Arc::clone(request.cursor())),
        }),
    })
}

/// The client's end of a connection.
struct Line {
    seat: Seat,
    pieces: mpsc::UnboundedReceiver<Piece>,
    parser: Parser,
}

impl Incoming for Line {
    fn poll_heard(&mut self, context: &mut Context<'_>) -> Poll<Option<Heard>> {
        let Some(piece) = ready!(self.pieces.poll_recv(context)) else {
            return Poll::Ready(None);
        };
        let (bytes, completes) = match piece {
            Piece::Bytes(bytes, completes) => (bytes, completes),
            Piece::End(EndCause::Closed) => return Poll::Ready(None),
            Piece::End(end) => return Poll::Ready(Some(end.into())),
        };
        if let Some(id) = completes {
            let mut state = self.seat.0.state();
            state.cursor = id;
            state.forgotten = false;
            state.greatest = state.greatest.max(id);
        }
        let mut chunk = Chunk::default();
        self.parser
            .feed(&bytes, |item| match item {
                Item::Frame(frame) => chunk.frames.push(frame),
                Item::Retry(time) => chunk.retry = Some(time),
                Item::Skipped { .. } => panic!("nothing here is over the limits"),
            })
            .unwrap();
        chunk.last_id = Arc::clone(self.parser.last_event_id());
        Poll::Ready(Some(Heard {
            bytes: bytes.len(),
            chunks: vec![chunk],
            ..Heard::default()
        }))
    }
}
