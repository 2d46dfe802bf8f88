//! Decides when to connect, wait and give up: a state machine without sockets, clocks or randomness.
//!
//! [`Machine::handle`] takes an event and its time, and returns what to do. Every attempt has an [`Epoch`]; inputs of
//! an earlier epoch are ignored, so a dropped connection cannot affect the next one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Frame;
#[cfg(doc)]
use crate::Limits;

mod cause;
mod coding;
mod head;
mod media;
mod pace;
mod state;

pub use cause::{
    BreakOff, Cause, CertificateFileProblem, CertificateProblem, ClientCertificateProblem, ContentType,
    CredentialError, DialError, EndCause, HaltReason, NotHttp, NotWebSocket, ProviderError, ProxyProblem,
    SetupProblem, TlsProblem, UnknownCoding,
};

pub(crate) use coding::{Coding, codings};
pub(crate) use head::Finding;
pub use head::{Head, SignIn};
pub use pace::{Delay, Pace};
pub use state::Machine;

/// The parameters of the connection's behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// The base delay of the backoff, until the server sets another by `retry:`.
    pub base_delay: Duration,
    /// Failed attempts in a row before the circuit opens; zero counts as one.
    pub max_attempts: u32,
    /// The interval at which the server promises heartbeats; 2.5 times this without a byte ends a connection.
    pub heartbeat: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        // A restarting server is back in a few seconds; after ten failures it is down for longer. Many proxies close
        // connections that are silent for a minute, so servers send something every half minute.
        Self {
            base_delay: Duration::from_secs(5),
            max_attempts: 10,
            heartbeat: Duration::from_secs(30),
        }
    }
}

/// What the operating system reports about the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reachability {
    /// There is a route.
    Online,
    /// There is no route.
    Offline,
}

/// The status that the machine reports whenever it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Not asked to connect.
    Idle(IdleReason),
    /// An attempt is in progress.
    Connecting {
        /// 0 for the first attempt after a success.
        attempt: u32,
    },
    /// The stream is open.
    Connected {
        /// When it opened.
        since: Instant,
    },
    /// Between two attempts.
    Waiting {
        /// Failed attempts in a row.
        attempt: u32,
        /// When the next attempt begins.
        until: Instant,
        /// Why the last attempt or connection ended.
        cause: Cause,
    },
    /// Too many attempts failed; only rare probes are made.
    CircuitOpen {
        /// Failed attempts in a row.
        attempt: u32,
        /// When the next probe begins.
        until: Instant,
        /// Why the last attempt or connection ended.
        cause: Cause,
    },
    /// The server refuses this client, or there is no credential.
    Halted {
        /// Why.
        reason: HaltReason,
        /// When the next probe begins; `None` if probing would be pointless.
        until: Option<Instant>,
    },
}

/// Why the machine is idle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdleReason {
    /// It was not started yet.
    NotStarted,
    /// It was asked to stop.
    Stopped,
}

/// Identifies an attempt and its connection. Later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Epoch(u64);

/// The machine's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Not asked to connect.
    Idle(IdleReason),
    /// An attempt is in progress.
    Connecting {
        /// The attempt's epoch.
        epoch: Epoch,
        /// Failed attempts in a row before it.
        attempt: u32,
        /// When the attempt times out.
        deadline: Instant,
    },
    /// The stream is open.
    Connected {
        /// The connection's epoch.
        epoch: Epoch,
        /// When it opened.
        since: Instant,
        /// When the last byte arrived.
        heard: Option<Instant>,
        /// When the silence becomes too long and the connection ends.
        liveness: Instant,
    },
    /// Between two attempts.
    Waiting {
        /// Failed attempts in a row.
        attempt: u32,
        /// When the next attempt begins.
        until: Instant,
        /// Why the last attempt or connection ended.
        cause: Cause,
    },
    /// Too many attempts failed; only rare probes are made.
    CircuitOpen {
        /// Failed attempts in a row.
        attempt: u32,
        /// When the next probe begins.
        until: Instant,
        /// Why the last attempt or connection ended.
        cause: Cause,
    },
    /// The server refuses this client, or there is no credential.
    Halted {
        /// Why.
        reason: HaltReason,
        /// When the next probe begins; `None` if probing would be pointless.
        until: Option<Instant>,
    },
}

/// What the machine handles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Connect, and resume after this event id.
    Start {
        /// The last event id whose effect is stored.
        cursor: Option<String>,
    },
    /// Disconnect.
    Stop,
    /// The user requests an attempt now.
    RetryNow,
    /// The network's reachability; a second `Online` in a row means that the network path changed.
    Network(Reachability),
    /// The computer woke after this long, during which the clock of the machine's inputs stood still.
    Woke(Duration),
    /// Whether the user is present.
    Attention(bool),
    /// There is a new credential.
    Credentials,
    /// The server promises a heartbeat at this interval. Zero is ignored.
    Heartbeat(Duration),
    /// The server sent the stream's position in another way than by an event's id. The next attempt resumes after it,
    /// until an event has an id.
    Position(Arc<str>),
    /// The attempt uses the credential with this number. Equal credentials have equal numbers.
    SentCredential(Epoch, u64),
    /// The attempt got a response.
    Opened(Epoch, Head),
    /// The attempt failed without a response.
    Refused(Epoch, DialError),
    /// Bytes arrived and completed this.
    Heard(Epoch, Chunk),
    /// Reading continues after the receiver of the deliveries was behind, so the server did not cause the silence
    /// before.
    ReadingResumed(Epoch),
    /// The open stream ended.
    Ended(Epoch, EndCause),
    /// An event of the stream has the meaning of a response with this head. It may be read after the stream's end.
    StreamReport(Epoch, Head),
    /// The [deadline](Machine::deadline) passed.
    Tick,
}

/// What a number of bytes completed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chunk {
    /// The events, in order.
    pub frames: Vec<Frame>,
    /// An oversized event that was discarded after them.
    pub skipped: Option<Skipped>,
    /// The last event id after all of them.
    pub last_id: Arc<str>,
    /// The reconnection time that the stream set.
    pub retry: Option<Duration>,
    /// Whether the bytes contained a comment or a ping, which servers send as heartbeats.
    pub beat: bool,
}

/// A discarded event that was larger than the limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The last event id after it; empty if there is none.
    pub id: Arc<str>,
    /// How many bytes of the stream were discarded.
    pub bytes: u64,
}

/// What the caller has to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Make an attempt.
    Dial(Dial),
    /// Drop the attempt or connection of this epoch.
    Hangup(Epoch),
    /// Deliver these events of an epoch.
    Deliver(Epoch, Vec<Frame>),
    /// Report a discarded event.
    Report(Skipped),
    /// Report that the server no longer accepts this position, and the stream continues without it.
    DropCursor(Arc<str>),
    /// Report the status.
    Publish(Status),
}

/// The parameters of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dial {
    /// The epoch that the attempt's inputs have to name.
    pub epoch: Epoch,
    /// The last event id; empty if there is none.
    pub cursor: Arc<str>,
    /// Whether the last credential was rejected with 401.
    pub rejected: bool,
    /// Whether to discard an event over the [`Limits`] instead of ending the connection.
    pub skip_oversized: bool,
    /// How long the response's head may take: as long as silence in an open stream, because many servers send the head
    /// only with the first event or heartbeat.
    pub answer_limit: Duration,
}
