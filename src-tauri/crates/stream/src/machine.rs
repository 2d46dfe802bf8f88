//! When to dial, wait and give up: a state machine without sockets, clocks or dice.

use std::time::{Duration, Instant};

mod cause;

pub use cause::{Cause, DialError, EndCause, HaltReason};

/// The numbers of the connection's behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// The delay that backoff starts from, until the server sets its own by `retry:`.
    pub base_delay: Duration,
    /// Failed attempts in a row before the circuit opens.
    pub max_attempts: u32,
    /// How often the server promises a heartbeat; silence of 2.5 times this ends a connection.
    pub heartbeat: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            base_delay: Duration::from_secs(5),
            max_attempts: 10,
            heartbeat: Duration::from_secs(30),
        }
    }
}

/// What the operating system says of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reachability {
    /// There is a way out.
    Online,
    /// There is none.
    Offline,
}

/// What the machine tells the world, whenever it changes.
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
    /// Only the user or new credentials lead on.
    Halted(HaltReason),
}

/// Why nothing is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdleReason {
    /// Nobody asked yet.
    NotStarted,
    /// Somebody asked to stop.
    Stopped,
}
