//! What API and control share: the events, the streams, and the active faults.

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
use crate::sign_in::SignIn;

/// The capabilities that a backend with all optional parts announces.
const CAPABILITIES: [&str; 6] = ["types", "gap", "notifications", "changes", "deletion", "receipts"];

/// The user of every token, unless [`Control::set_user`](crate::Control::set_user) sets another.
const USER: &str = "user-1";

/// Events about the stream itself, which are sent whatever types are requested.
const ABOUT_THE_STREAM: [&str; 3] = ["connection_established", "heartbeat", "stream.gap"];

/// The streams that a stall affects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stall {
    /// The open ones; new connections are served.
    Open,
    /// Later ones as well: their requests are accepted and never get a byte.
    Every,
}

/// What a stream has to do next.
#[derive(Debug)]
pub(crate) enum Piece {
    /// Send a whole event, encoded as a server-sent event.
    Frame(Bytes),
    /// Send the first half of such an event's bytes.
    Half(Bytes),
    /// Send raw bytes, in a separate chunk.
    Raw(Bytes),
    /// Close the connection, once everything before is flushed.
    HangUp(HangUp),
    /// End the stream, with this code if the transport has codes.
    End(u16),
}

#[derive(Debug)]
struct Stream {
    pieces: mpsc::UnboundedSender<Piece>,
    types: Option<HashSet<String>>,
    /// Whose it is, if the server knows it.
    user: Option<String>,
    connection: Arc<Connection>,
}

impl Stream {
    fn wants(&self, kind: &str) -> bool {
        ABOUT_THE_STREAM.contains(&kind) || self.types.as_ref().is_none_or(|types| types.contains(kind))
    }

    /// Queues a piece. If the stream's body is gone, the piece is dropped; the stream is about to be removed.
    fn send(&self, piece: Piece) {
        let _ = self.pieces.send(piece);
    }
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) tokens: Vec<String>,
    /// Tokens with another user than [`USER`]; `None` for one whom the greeting does not name.
    pub(crate) users: HashMap<String, Option<String>>,
    pub(crate) log: EventLog,
    pub(crate) notifications: Notifications,
    pub(crate) script: Script,
    pub(crate) keys: Keys,
    /// How many changes still lose their response.
    pub(crate) answers_to_lose: u32,
    pub(crate) observed: Observed,
    /// The number of test events so far.
    test_events: u64,
    streams: HashMap<u64, Stream>,
    stall_every: bool,
    pace: Option<Pace>,
}

/// How an event is sent to the streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole,
    /// The first half of its bytes, then FIN.
    CutInHalf,
}

/// The user of a request, if the server knows it.
#[derive(Debug, Clone)]
pub(crate) struct User(pub(crate) Option<String>);

#[derive(Debug)]
pub(crate) struct Hub {
    state: Mutex<State>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) changed: watch::Sender<()>,
    pub(crate) heartbeat: watch::Sender<Option<Duration>>,
    pub(crate) listen_orders: mpsc::UnboundedSender<ListenOrder>,
    pub(crate) optional_parts: bool,
    pub(crate) sign_in: Option<SignIn>,
    replay_to_newcomers: bool,
}

/// The initial state of a hub.
#[derive(Debug)]
pub(crate) struct HubParts {
    pub(crate) tokens: Vec<String>,
    pub(crate) history: usize,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) optional_parts: bool,
    pub(crate) replay_to_newcomers: bool,
    pub(crate) sign_in: Option<SignIn>,
    pub(crate) listen_orders: mpsc::UnboundedSender<ListenOrder>,
}

impl Hub {
    pub(crate) fn new(parts: HubParts) -> Arc<Self> {
        let changed = watch::Sender::new(());
        let state = State {
            tokens: parts.tokens,
            users: HashMap::new(),
            log: EventLog::new(parts.history),
            notifications: Notifications::default(),
            script: Script::default(),
            keys: Keys::default(),
            answers_to_lose: 0,
            observed: Observed {
                last_id: "0".into(),
                ..Observed::default()
            },
            test_events: 0,
            streams: HashMap::new(),
            stall_every: false,
            pace: None,
        };
        Arc::new(Self {
            state: Mutex::new(state),
            connections: Connections::new(changed.clone()),
            changed,
            heartbeat: watch::Sender::new(parts.heartbeat),
            listen_orders: parts.listen_orders,
            optional_parts: parts.optional_parts,
            replay_to_newcomers: parts.replay_to_newcomers,
            sign_in: parts.sign_in,
        })
    }

    /// Locks the state, for a short read or change. Call [`Hub::publish_change`] afterwards if something that
    /// [`Control::wait_for`](crate::Control::wait_for) observes changed.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Wakes those who wait for a change of what was seen.
    pub(crate) fn publish_change(&self) {
        self.changed.send_replace(());
    }

    pub(crate) fn publish(&self, kind: &str, id: Option<&str>, data: &str, delivery: Delivery) -> Arc<str> {
        let id = self.state().publish(kind, id, data, delivery);
        self.publish_change();
        id
    }

    /// Sends a heartbeat to every stream that is not stalled: a resumed one gets its events, not hours of heartbeats.
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

    /// Sends a notification to the streams of this user alone. It has no position of its own, and is not stored: nobody
    /// gets it later. Returns its id; `None` if no stream is the user's.
    pub(crate) fn send_test_event(&self, user: &User, now: Timestamp) -> Option<String> {
        let user = user.0.as_ref()?;
        let mut state = self.state();
        state.test_events += 1;
        let id = format!("test-{}-{}", now.as_millisecond(), state.test_events);
        let data = json!({
            "id": id,
            "title": "Test notification",
            "message": "Somebody asked for it on this computer.",
        });
        let frame = render("notification.created", None, &data.to_string());
        let mut own = state
            .streams
            .values()
            .filter(|stream| stream.user.as_ref() == Some(user))
            .peekable();
        own.peek()?;
        own.for_each(|stream| stream.send(Piece::Frame(frame.clone())));
        Some(id)
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
        // Includes connections whose stream has ended meanwhile.
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

    /// Opens a stream on `connection`: sends the greeting, then the events after `cursor`.
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
            user: user.0.clone(),
            connection: connection.clone(),
        };
        // The first greeting gives a new client its position, so that it gets the events of its first outage as well. A
        // client that has a position must not be moved past the events that are about to be replayed.
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
    /// Returns the user of a token, as the greeting names it.
    pub(crate) fn user_of(&self, token: &str) -> Option<String> {
        match self.users.get(token) {
            Some(user) => user.clone(),
            None => Some(USER.to_owned()),
        }
    }

    /// The user of all streams, if they have one: what is published now is this one's.
    fn listener(&self) -> Option<String> {
        let mut users = self.streams.values().map(|stream| &stream.user);
        let first = users.next()?;
        users.all(|user| user == first).then(|| first.clone())?
    }

    pub(crate) fn publish(
        &mut self,
        kind: &str,
        id: Option<&str>,
        data: &str,
        delivery: Delivery,
    ) -> Arc<str> {
        let entry = self.log.append(kind, id, data);
        let owner = self.listener();
        self.notifications.apply(
            kind,
            &data_of(&entry.frame, data),
            entry.position,
            &entry.id,
            owner,
        );
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

/// Returns the data of a rendered frame, shared with the frame if it is contiguous there.
fn data_of(frame: &Bytes, data: &str) -> Bytes {
    let end = frame.len() - "\n\n".len();
    let shared = end.checked_sub(data.len()).map(|start| frame.slice(start..end));
    match shared {
        Some(shared) if shared == data.as_bytes() => shared,
        _ => Bytes::copy_from_slice(data.as_bytes()),
    }
}
