//! Carries out the machine's decisions, on tokio and over [`http`](crate::http).

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::mpsc;
use url::Url;

use self::connection::Connection;
use self::meter::Meter;
use self::place::Found;
use self::sse::Sse;
use self::websocket::WebSocket;

pub use self::transport::{Answer, Heard, Incoming, Request, Transport};
use crate::http::{CredentialProvider, DialLimits, HttpOptions, NetworkOptions, is_websocket};
use crate::machine::{Epoch, Head, Machine};
use crate::{Frame, Limits, Reachability, Status, Timing};

mod connection;
mod dial;
mod lookup;
mod meter;
mod place;
mod route;
mod sse;
mod transport;
mod websocket;

/// The options of a stream.
#[derive(Clone)]
pub struct StreamOptions {
    /// The stream's full address with its query; `lastEventId` is added to it. `ws` and `wss` make it a WebSocket,
    /// `http` and `https` server-sent events.
    pub url: Url,
    /// Other addresses on the same server where the stream may be. If there are any, the first one that responds to a
    /// request without credential like a stream, or with 401, is used, and the search is repeated once it no longer
    /// does.
    pub also: Vec<Url>,
    /// Sent as `User-Agent`.
    pub user_agent: String,
    /// The machine's parameters.
    pub timing: Timing,
    /// The parser's limits.
    pub limits: Limits,
    /// The limits of an attempt.
    pub dial: DialLimits,
    /// Proxy, roots and client certificate.
    pub network: NetworkOptions,
    /// The seed of the machine's randomness.
    pub seed: u64,
}

impl StreamOptions {
    /// Returns options with defaults for everything else.
    pub fn new(url: Url, user_agent: impl Into<String>, seed: u64) -> Self {
        Self {
            url,
            also: Vec::new(),
            user_agent: user_agent.into(),
            timing: Timing::default(),
            limits: Limits::default(),
            dial: DialLimits::default(),
            network: NetworkOptions::default(),
            seed,
        }
    }

    fn http(&self) -> HttpOptions {
        HttpOptions {
            user_agent: self.user_agent.clone(),
            network: self.network.clone(),
            limits: self.dial,
        }
    }
}

// The query may contain a token, so the address is printed only up to its path.
impl fmt::Debug for StreamOptions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = self.url.origin().ascii_serialization();
        out.debug_struct("StreamOptions")
            .field("url", &format_args!("{origin}{}", self.url.path()))
            .field("also", &self.also.iter().map(Url::path).collect::<Vec<_>>())
            .field("user_agent", &self.user_agent)
            .field("timing", &self.timing)
            .field("limits", &self.limits)
            .field("dial", &self.dial)
            .field("network", &self.network)
            .field("seed", &self.seed)
            .finish()
    }
}

/// Commands from the owner of a stream.
#[derive(Debug, Clone)]
pub enum Command {
    /// Connect, and resume after this event id.
    Start {
        /// The last event id whose effect is stored.
        cursor: Option<String>,
    },
    /// Disconnect and do not reconnect.
    Stop,
    /// The user requests an attempt now.
    RetryNow,
    /// The network became available or unavailable.
    Network(Reachability),
    /// The computer woke from sleep, after this long by the wall clock during which tokio's clock stood still.
    Woke(Duration),
    /// Whether the user is present. While they are, no wait is longer than a minute, unless the server asked for it.
    Attention(bool),
    /// There is a new credential.
    CredentialsChanged,
    /// The server promises a heartbeat at this interval.
    Heartbeat(Duration),
    /// The server sent the stream's position in another way than by an event's id.
    Position(String),
    /// An event of this epoch has the meaning of a response with this head.
    StreamReport(Epoch, Head),
}

/// What a stream delivers to its owner, in order.
#[derive(Debug)]
pub enum Delivery {
    /// Events that arrived together.
    Frames(Frames),
    /// The connection's status changed.
    Status(Status),
    /// An event over the limits was skipped after it had ended three connections in a row.
    Skipped {
        /// The last event id after it; empty if there is none.
        id: Arc<str>,
        /// The number of bytes discarded.
        bytes: u64,
    },
    /// The server rejected this position and accepted the stream without one: later events may be missing.
    PositionLost {
        /// The last event id until then.
        id: Arc<str>,
    },
}

/// Events that arrived together, in order.
#[derive(Debug)]
pub struct Frames {
    /// When their bytes were read, by tokio's clock.
    pub received: Instant,
    /// The epoch of the attempt whose stream delivered them. A slow reader gets only the newest status, so only this
    /// shows that there was another connection in between.
    pub epoch: Epoch,
    /// The events.
    pub frames: Vec<Frame>,
}

impl Deref for Frames {
    type Target = [Frame];

    fn deref(&self) -> &[Frame] {
        &self.frames
    }
}

impl IntoIterator for Frames {
    type Item = Frame;
    type IntoIter = std::vec::IntoIter<Frame>;

    fn into_iter(self) -> Self::IntoIter {
        self.frames.into_iter()
    }
}

/// Receives every step of a stream as it happens. Deliveries are not suitable for counting: a slow reader gets only the
/// newest status, and an attempt with a second token does not change the status.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Called from the stream's loop, so it must not block.
    fn observe(&self, step: Step<'_>);
}

/// A step of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// An attempt begins.
    Dialed,
    /// The server responded with 401, or closed a WebSocket with 4401.
    TokenRefused,
    /// The status changed.
    Changed(&'a Status),
    /// Bytes were received.
    Heard {
        /// How many.
        bytes: usize,
    },
}

/// Controls a running stream. Dropping it ends the stream and closes its socket.
#[derive(Debug)]
pub struct StreamHandle {
    commands: mpsc::UnboundedSender<Command>,
    meter: Arc<Meter>,
    found: Arc<Found>,
}

impl StreamHandle {
    /// Starts the stream's task on the current tokio runtime. It connects only after [`Command::Start`].
    ///
    /// Deliveries go to `deliveries`; while that is full, nothing more is read from the socket, and at most the bytes
    /// of one read are buffered. The stream ends when its receiver is dropped.
    ///
    /// # Panics
    /// Outside a tokio runtime with enabled timer and IO.
    pub fn spawn(
        options: StreamOptions,
        credentials: Arc<dyn CredentialProvider>,
        deliveries: mpsc::Sender<Delivery>,
    ) -> Self {
        let (timing, seed) = (options.timing, options.seed);
        let found = Arc::<Found>::default();
        let transport: Box<dyn Transport> = if is_websocket(&options.url) {
            Box::new(WebSocket::new(Arc::new(options), Arc::clone(&found)))
        } else {
            Box::new(Sse::new(Arc::new(options), Arc::clone(&found)))
        };
        Self {
            found,
            ..Self::spawn_over(transport, timing, seed, credentials, deliveries)
        }
    }

    /// Like [`StreamHandle::spawn`], over another transport, such as one in memory.
    ///
    /// # Panics
    /// Outside a tokio runtime with enabled timer.
    pub fn spawn_over(
        transport: Box<dyn Transport>,
        timing: Timing,
        seed: u64,
        credentials: Arc<dyn CredentialProvider>,
        deliveries: mpsc::Sender<Delivery>,
    ) -> Self {
        // Commands come from people and the system, a few per hour, so they need no bound, and sending must never wait.
        let (commands, inbox) = mpsc::unbounded_channel();
        let meter = Arc::new(Meter::default());
        let machine = Machine::new(timing, seed);
        let connection = Connection::new(
            transport,
            machine,
            credentials,
            inbox,
            deliveries,
            Arc::clone(&meter),
        );
        tokio::spawn(connection.run());
        Self {
            commands,
            meter,
            found: Arc::default(),
        }
    }

    /// Sends a command; never blocks. Commands to an ended stream are lost.
    pub fn send(&self, command: Command) {
        if self.commands.send(command).is_err() {
            tracing::debug!("the stream has ended, and a command with it");
        }
    }

    /// Reports every step to an observer from now on. A stream has at most one; later ones are ignored.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        self.meter.observe(observer);
    }

    /// Returns when the last byte arrived, by the wall clock; `None` before the first.
    pub fn last_heard(&self) -> Option<SystemTime> {
        self.meter.last_heard()
    }

    /// Returns the time of the newest response by the server's clock, in whole seconds. `None` if the server sends
    /// none.
    pub fn server_date(&self) -> Option<SystemTime> {
        self.meter.server_date()
    }

    /// Returns where the stream was found, if it may be at several addresses.
    pub fn found(&self) -> Option<Url> {
        self.found.get()
    }

    /// Returns the number of ignored messages, which did not have the format of an event.
    pub fn ignored(&self) -> u64 {
        self.meter.ignored_so_far()
    }

    /// Returns the bytes received and the events dispatched so far, over all connections.
    pub fn totals(&self) -> (u64, u64) {
        self.meter.totals()
    }
}
