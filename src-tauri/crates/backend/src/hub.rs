//! What the API and the control share: the events, the streams they go to, and the faults in force.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::{mpsc, watch};

use crate::answers::{Keys, Script};
use crate::connection::{Connection, Connections, HangUp, Pace};
use crate::listener::ListenOrder;
use crate::lock;
use crate::log::{EventLog, render};
use crate::notifications::Notifications;
use crate::observed::Observed;

/// What a backend that has all the optional parts says it can do.
const CAPABILITIES: [&str; 6] = ["types", "gap", "notifications", "changes", "deletion", "receipts"];

/// Whose every token is, unless [`Control::set_user`](crate::Control::set_user) says otherwise.
const USER: &str = "user-1";

/// Events that tell about the stream itself, which no choice of types leaves out.
const ABOUT_THE_STREAM: [&str; 3] = ["connection_established", "heartbeat", "stream.gap"];

/// Which streams a stall holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stall {
    /// Those that are open now; a client that connects anew is served.
    Open,
    /// Also those to come: the request is accepted and never gets a byte.
    Every,
}

/// What a stream is to do next.
#[derive(Debug)]
pub(crate) enum Piece {
    /// A whole event, as server-sent events write it.
    Frame(Bytes),
    /// The first half of the bytes that such an event comes to.
    Half(Bytes),
    /// Bytes as they are, with a chunk of their own.
    Raw(Bytes),
    /// The end of the connection, once all before it is flushed.
    HangUp(HangUp),
    /// The end of the stream, as its transport has it: with a code where that can be said.
    End(u16),
}

#[derive(Debug)]
struct Stream {
    pieces: mpsc::UnboundedSender<Piece>,
    types: Option<HashSet<String>>,
    connection: Arc<Connection>,
}

impl Stream {
    fn wants(&self, kind: &str) -> bool {
        ABOUT_THE_STREAM.contains(&kind) || self.types.as_ref().is_none_or(|types| types.contains(kind))
    }

    /// A stream whose body is gone is about to be removed; nothing is lost with what it is sent.
    fn send(&self, piece: Piece) {
        let _ = self.pieces.send(piece);
    }
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) tokens: Vec<String>,
    /// Whose a token is, where it is not [`USER`]'s; `None` for nobody whom the greeting names.
    pub(crate) users: HashMap<String, Option<String>>,
    pub(crate) log: EventLog,
    pub(crate) notifications: Notifications,
    pub(crate) script: Script,
    pub(crate) keys: Keys,
    /// Changes whose answer is still to be lost.
    pub(crate) answers_to_lose: u32,
    pub(crate) observed: Observed,
    streams: HashMap<u64, Stream>,
    stall_every: bool,
    pace: Option<Pace>,
}

/// How an event leaves for the streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole,
    /// The first half of its bytes, then FIN.
    CutInHalf,
}

/// Who asks, where the server says so.
#[derive(Debug, Clone)]
pub(crate) struct User(pub(crate) Option<String>);

#[derive(Debug)]
pub(crate) struct Hub {
    state: Mutex<State>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) changed: watch::Sender<()>,
    pub(crate) heartbeat: watch::Sender<Option<Duration>>,
    pub(crate) door: mpsc::UnboundedSender<ListenOrder>,
    pub(crate) optional_parts: bool,
    replay_to_newcomers: bool,
}

/// How a hub begins.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(crate) tokens: Vec<String>,
    pub(crate) history: usize,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) optional_parts: bool,
    pub(crate) replay_to_newcomers: bool,
    pub(crate) door: mpsc::UnboundedSender<ListenOrder>,
}

impl Hub {
    pub(crate) fn new(beginning: Beginning) -> Arc<Self> {
        let changed = watch::Sender::new(());
        let state = State {
            tokens: beginning.tokens,
            users: HashMap::new(),
            log: EventLog::new(beginning.history),
            notifications: Notifications::default(),
            script: Script::default(),
            keys: Keys::default(),
            answers_to_lose: 0,
            observed: Observed {
                last_id: "0".into(),
                ..Observed::default()
            },
            streams: HashMap::new(),
            stall_every: false,
            pace: None,
        };
        Arc::new(Self {
            state: Mutex::new(state),
            connections: Connections::new(changed.clone()),
            changed,
            heartbeat: watch::Sender::new(beginning.heartbeat),
            door: beginning.door,
            optional_parts: beginning.optional_parts,
            replay_to_newcomers: beginning.replay_to_newcomers,
        })
    }

    /// The state, for one short look or change. [`Hub::publish_change`] afterwards when somebody may wait for it.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Wakes those who wait for something to be seen.
    pub(crate) fn publish_change(&self) {
        self.changed.send_replace(());
    }

    pub(crate) fn publish(&self, kind: &str, id: Option<&str>, data: &str, delivery: Delivery) -> Arc<str> {
        let id = self.state().publish(kind, id, data, delivery);
        self.publish_change();
        id
    }

    /// Sends a heartbeat to every stream that is not stalled: on resume it gets its events, not hours of heartbeats.
    pub(crate) fn beat(&self, now: Timestamp) {
        let frame = render(
            "heartbeat",
            None,
            &json!({ "timestamp": now.to_string() }).to_string(),
        );
        for stream in self
            .state()
            .streams
            .values()
            .filter(|stream| !stream.connection.is_stalled())
        {
            stream.send(Piece::Frame(frame.clone()));
        }
    }

    pub(crate) fn send_raw(&self, bytes: &Bytes) {
        self.state()
            .streams
            .values()
            .for_each(|stream| stream.send(Piece::Raw(bytes.clone())));
    }

    pub(crate) fn end_streams(&self, code: u16) {
        self.state()
            .streams
            .values()
            .for_each(|stream| stream.send(Piece::End(code)));
    }

    pub(crate) fn stall(&self, stall: Stall) {
        let mut state = self.state();
        state.stall_every |= stall == Stall::Every;
        state
            .streams
            .values()
            .for_each(|stream| stream.connection.set_stalled(true));
    }

    pub(crate) fn resume(&self) {
        let mut state = self.state();
        state.stall_every = false;
        // Also the connections whose stream was ended meanwhile.
        self.connections.each(|connection| connection.set_stalled(false));
    }

    pub(crate) fn set_pace(&self, pace: Option<Pace>) {
        let mut state = self.state();
        state.pace = pace;
        match pace {
            Some(_) => state
                .streams
                .values()
                .for_each(|stream| stream.connection.set_pace(pace)),
            None => self.connections.each(|connection| connection.set_pace(None)),
        }
    }

    /// Opens a stream on the connection `connection`: the greeting, then what was missed after `cursor`.
    pub(crate) fn open_stream(
        &self,
        connection: &Arc<Connection>,
        cursor: Option<&str>,
        types: Option<HashSet<String>>,
        user: &User,
        now: Timestamp,
    ) -> (u64, mpsc::UnboundedReceiver<Piece>) {
        let (pieces, receiver) = mpsc::unbounded_channel();
        let mut state = self.state();
        state.observed.streams_total += 1;
        let number = state.observed.streams_total;
        connection.set_stalled(state.stall_every);
        connection.set_pace(state.pace);

        let stream = Stream {
            pieces,
            types: types.filter(|_| self.optional_parts),
            connection: connection.clone(),
        };
        // A newcomer's place in the order of events is fixed by its first greeting: what comes while it is away for the
        // first time is missed like anything else. Who has a place must not be moved past what is about to be replayed.
        let place = (cursor.is_none() && !self.replay_to_newcomers).then(|| state.log.last_id().clone());
        stream.send(Piece::Frame(self.greeting(number, place.as_deref(), user, now)));
        let replay = match cursor {
            Some(cursor) => Some(state.log.after(cursor)),
            None => self.replay_to_newcomers.then(|| state.log.all()),
        };
        if let Some(replay) = replay {
            if let (Some(to), true) = (replay.gap_to, self.optional_parts) {
                let gap = json!({ "from": cursor, "to": to }).to_string();
                stream.send(Piece::Frame(render("stream.gap", Some(to), &gap)));
            }
            for entry in replay.entries.filter(|entry| stream.wants(&entry.kind)) {
                stream.send(Piece::Frame(entry.frame.clone()));
            }
        }
        state.streams.insert(number, stream);
        state.observed.streams = state.streams.len();
        drop(state);
        self.publish_change();
        (number, receiver)
    }

    fn greeting(&self, number: u64, place: Option<&str>, user: &User, now: Timestamp) -> Bytes {
        let mut greeting = json!({ "connectionId": format!("c-{number}"), "serverTime": now.to_string() });
        if let Some(interval) = *self.heartbeat.borrow() {
            greeting["heartbeatInterval"] = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX).into();
        }
        if self.optional_parts {
            greeting["capabilities"] = json!(CAPABILITIES);
            if let Some(user) = &user.0 {
                greeting["userId"] = json!(user);
            }
        }
        render("connection_established", place, &greeting.to_string())
    }

    pub(crate) fn close_stream(&self, number: u64) {
        let mut state = self.state();
        state.streams.remove(&number);
        state.observed.streams = state.streams.len();
        drop(state);
        self.publish_change();
    }
}

impl State {
    /// Whose token it is, as far as the greeting says.
    pub(crate) fn user_of(&self, token: &str) -> Option<String> {
        match self.users.get(token) {
            Some(user) => user.clone(),
            None => Some(USER.to_owned()),
        }
    }

    pub(crate) fn publish(
        &mut self,
        kind: &str,
        id: Option<&str>,
        data: &str,
        delivery: Delivery,
    ) -> Arc<str> {
        let entry = self.log.append(kind, id, data);
        self.notifications
            .apply(kind, &data_of(&entry.frame, data), entry.position, &entry.id);
        self.observed.last_id = entry.id.to_string();
        for stream in self.streams.values() {
            match delivery {
                Delivery::Whole if stream.wants(kind) => stream.send(Piece::Frame(entry.frame.clone())),
                Delivery::Whole => {}
                Delivery::CutInHalf => {
                    stream.send(Piece::Half(entry.frame.clone()));
                    stream.send(Piece::HangUp(HangUp::Fin));
                }
            }
        }
        entry.id
    }
}

/// The data inside its rendered frame, shared where it stands there in one piece.
fn data_of(frame: &Bytes, data: &str) -> Bytes {
    let end = frame.len() - "\n\n".len();
    let shared = end.checked_sub(data.len()).map(|start| frame.slice(start..end));
    match shared {
        Some(shared) if shared == data.as_bytes() => shared,
        _ => Bytes::copy_from_slice(data.as_bytes()),
    }
}
