//! The connection in numbers.

use serde::Serialize;

#[cfg(test)]
use ts_rs::TS;

use crate::item::EpochMillis;
use crate::message::Message;

/// The connection in numbers, since the core started.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct MetricsView {
    /// When the core started.
    pub since: EpochMillis,
    /// Attempts to connect, the one under way included.
    pub attempts: u64,
    /// Attempts that opened the stream.
    pub connections: u64,
    /// Attempts that were not the first.
    pub reconnect_attempts: u64,
    /// The part of finished attempts that opened the stream, 0 to 1; absent before the first has finished.
    pub success_rate: Option<f64>,
    /// Time connected in all, the present connection included.
    pub connected_ms: u64,
    /// The longest connection, the present one included.
    pub longest_connection_ms: u64,
    /// The median of the latest connections that have ended.
    pub median_connection_ms: Option<u64>,
    /// Bytes received.
    pub bytes: u64,
    /// Events taken, heartbeats included.
    pub events: u64,
    /// Events over the last minute.
    pub events_per_minute: f64,
    /// Events passed over because of a mistake in them, or because they were over the limits.
    pub failed_events: u64,
    /// Events of a type that this version does not know.
    pub unknown_events: u64,
    /// How long events took from the socket to the disk; absent before the first.
    pub processing: Option<Processing>,
    /// Why attempts failed and connections ended, most frequent first.
    pub errors: Vec<ErrorCount>,
    /// What of the server's events could not be read, by name, most frequent first.
    pub unread: Vec<UnreadCount>,
    /// Attempts that the server refused for their token (401, 403).
    pub authentication_failures: u64,
    /// Attempts and connections that ended for want of an answer.
    pub timeouts: u64,
    /// The last 60 minutes, oldest first; fewer in the first hour.
    pub minutes: Vec<Minute>,
}

/// An event type or a field that could not be read. It holds names; never a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct UnreadCount {
    /// The event's type.
    pub event: String,
    /// The field, unless it is all of the event.
    pub field: Option<String>,
    /// What is wrong.
    pub reason: UnreadReason,
    /// What was expected.
    pub expected: Option<Message>,
    /// How often, since the core started.
    pub count: u64,
    /// When last.
    pub last_at: EpochMillis,
}

/// Why something could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum UnreadReason {
    /// The event as a whole: it is no JSON, or lacks what it needs.
    Unreadable,
    /// A field that has no plain reading; the event was taken without it.
    LeftOut,
    /// A type that this version does not know.
    UnknownType,
    /// A field that this version does not know.
    UnknownField,
}

impl UnreadReason {
    /// The label, the same in every version.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::LeftOut => "left_out",
            Self::UnknownType => "unknown_type",
            Self::UnknownField => "unknown_field",
        }
    }
}

/// How long events took from the bytes being read to their row being stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Processing {
    /// Half of the events took at most this, in microseconds.
    pub p50_micros: u64,
    /// 99 of 100 events took at most this, in microseconds.
    pub p99_micros: u64,
    /// How many events were measured.
    pub count: u64,
}

/// How often something went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct ErrorCount {
    /// What went wrong.
    pub cause: Message,
    /// Its label, the same in every version.
    pub kind: String,
    /// How often.
    pub count: u64,
}

/// One minute of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Minute {
    /// When it began.
    pub at: EpochMillis,
    /// Events taken, heartbeats included.
    pub events: u32,
    /// Attempts to connect.
    pub attempts: u32,
    /// Attempts that failed and connections that ended.
    pub failures: u32,
    /// How long the stream was open, 0 to 60 000.
    pub connected_ms: u32,
    /// 99 of 100 events took at most this from the socket to the disk, in microseconds; absent without events.
    pub p99_micros: Option<u64>,
}
