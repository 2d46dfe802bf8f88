//! When to dial, wait and give up: a state machine without sockets, clocks or randomness.
//!
//! [`Machine::handle`] takes what happened and the time it happened at, and answers with what to do. Every dial has an
//! [`Epoch`]; what an earlier epoch still has to say is ignored, so a stream that was hung up cannot speak into the
//! next.

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
pub use state::Machine;

/// The numbers of the connection's behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// The delay that backoff starts from, until the server sets its own by `retry:`.
    pub base_delay: Duration,
    /// Failed attempts in a row before the circuit opens; zero counts as one.
    pub max_attempts: u32,
    /// How often the server promises a heartbeat; silence of 2.5 times this ends a connection.
    pub heartbeat: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        // A server that restarts is back in a few seconds; ten failures later it is down for longer. Proxies drop what
        // is silent for a minute, so servers send something every half.
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
    /// There is none.
    Offline,
}

/// What the machine reports, whenever it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Not asked to connect.
    Idle(IdleReason),
    /// An attempt is under way.
    Connecting {
        /// 0 for the first after a success.
        attempt: u32,
    },
    /// The stream is open.
    Connected {
        /// Since when.
        since: Instant,
    },
    /// Between two attempts.
    Waiting {
        /// Failed attempts in a row.
        attempt: u32,
        /// When the next begins.
        until: Instant,
        /// Why the last ended.
        cause: Cause,
    },
    /// Too many attempts failed; rare probes go on.
    CircuitOpen {
        /// Failed attempts in a row.
        attempt: u32,
        /// When the next probe begins.
        until: Instant,
        /// Why the last attempt ended.
        cause: Cause,
    },
    /// The server refuses this client, or there is nothing to ask it with.
    Halted {
        /// Why.
        reason: HaltReason,
        /// When it is asked again all the same; `None` where that would lead nowhere.
        until: Option<Instant>,
    },
}

/// Why nothing is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdleReason {
    /// Nobody asked yet.
    NotStarted,
    /// Somebody asked to stop.
    Stopped,
}

/// One dial and what came of it. Later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Epoch(u64);

/// Where the machine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Not asked to connect.
    Idle(IdleReason),
    /// An attempt is under way.
    Connecting {
        /// Its epoch.
        epoch: Epoch,
        /// Failed attempts in a row before it.
        attempt: u32,
        /// When it has taken too long.
        deadline: Instant,
    },
    /// The stream is open.
    Connected {
        /// Its epoch.
        epoch: Epoch,
        /// When it opened.
        since: Instant,
        /// When its last byte came.
        heard: Option<Instant>,
        /// When it has been silent for too long.
        liveness: Instant,
    },
    /// Between two attempts.
    Waiting {
        /// Failed attempts in a row.
        attempt: u32,
        /// When the next begins.
        until: Instant,
        /// Why the last ended.
        cause: Cause,
    },
    /// Too many attempts failed; rare probes go on.
    CircuitOpen {
        /// Failed attempts in a row.
        attempt: u32,
        /// When the next probe begins.
        until: Instant,
        /// Why the last attempt ended.
        cause: Cause,
    },
    /// The server refuses this client, or there is nothing to ask it with.
    Halted {
        /// Why.
        reason: HaltReason,
        /// When it is asked again all the same; `None` where that would lead nowhere.
        until: Option<Instant>,
    },
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The owner wants the stream, from after this event id.
    Start {
        /// The last event id whose effect is stored.
        cursor: Option<String>,
    },
    /// The owner wants to be disconnected.
    Stop,
    /// The user wants an attempt now.
    RetryNow,
    /// The network came, went, or changed: a second `Online` in a row means another way out.
    Network(Reachability),
    /// The computer woke after this long, which the clock of the machine's inputs did not count.
    Woke(Duration),
    /// The user came back or left.
    Attention(bool),
    /// There is a new credential.
    Credentials,
    /// The server promised a heartbeat this often. Zero is no promise.
    Heartbeat(Duration),
    /// The server said otherwise than by an event's id where the stream is: this is resumed after until an event has an
    /// id.
    Position(Arc<str>),
    /// The attempt asks with the credential that this number stands for. Equal credentials have equal numbers.
    AskedWith(Epoch, u64),
    /// An answer came.
    Opened(Epoch, Head),
    /// No answer came.
    Refused(Epoch, DialError),
    /// Bytes came, and this is what they completed.
    Heard(Epoch, Chunk),
    /// Bytes are read again after the reader of the deliveries was behind: the silence before was not the server's.
    ReadingResumed(Epoch),
    /// The open stream ended.
    Ended(Epoch, EndCause),
    /// An event of the stream said what an answer with this head says. It may be read after the stream's end.
    Said(Epoch, Head),
    /// The [deadline](Machine::deadline) passed.
    Tick,
}

/// What some bytes of a stream completed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chunk {
    /// Events, in order.
    pub frames: Vec<Frame>,
    /// An event over the limits that was thrown away after them.
    pub skipped: Option<Skipped>,
    /// The last event id after all of it.
    pub last_id: Arc<str>,
    /// The reconnection time that the stream asked for.
    pub retry: Option<Duration>,
    /// A comment was among it, or a ping: what servers send as a heartbeat.
    pub beat: bool,
}

/// An event over the limits that was thrown away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The last event id after it; empty where there is none.
    pub id: Arc<str>,
    /// How much of the stream went with it.
    pub bytes: u64,
}

/// What to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Make an attempt.
    Dial(Dial),
    /// Drop this attempt or connection.
    Hangup(Epoch),
    /// Hand out these events of an epoch.
    Deliver(Epoch, Vec<Frame>),
    /// Report an event that was thrown away.
    Report(Skipped),
    /// Report that the server took this position no more, and the stream goes on without it.
    LetGo(Arc<str>),
    /// Report the status.
    Publish(Status),
}

/// How to make an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dial {
    /// What its inputs have to name.
    pub epoch: Epoch,
    /// The last event id; empty where there is none.
    pub cursor: Arc<str>,
    /// The last credential was refused with 401.
    pub rejected: bool,
    /// Throw away an event over the [`Limits`] instead of ending the connection.
    pub skip_oversized: bool,
    /// How long the answer's head may take, as long as silence in an open stream: many servers send their head with the
    /// first event or heartbeat alone.
    pub answer_limit: Duration,
}
