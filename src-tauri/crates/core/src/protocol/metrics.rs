//! Metrics of the connection.

use serde::Serialize;

#[cfg(test)]
use ts_rs::TS;

use crate::item::EpochMillis;
use crate::message::Message;

/// Metrics of the connection since the core started.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct MetricsView {
    /// When the core started.
    pub since: EpochMillis,
    /// Attempts to connect, including a running one.
    pub attempts: u64,
    /// Attempts that opened the stream.
    pub connections: u64,
    /// Attempts that were not the first.
    pub reconnect_attempts: u64,
    /// The fraction of finished attempts that opened the stream, 0 to 1; absent before the first has finished.
    pub success_rate: Option<f64>,
    /// Total time connected, including the present connection.
    pub connected_ms: u64,
    /// The longest connection, including the present one.
    pub longest_connection_ms: u64,
    /// The median of recent connections that have ended.
    pub median_connection_ms: Option<u64>,
    /// Bytes received.
    pub bytes: u64,
    /// Processed events, including heartbeats.
    pub events: u64,
    /// Events over the last minute.
    pub events_per_minute: f64,
    /// Events that were malformed or exceeded a limit.
    pub failed_events: u64,
    /// Events of a type that this version does not know.
    pub unknown_events: u64,
    /// The time from the socket to the disk; absent before the first event.
    pub processing: Option<Processing>,
    /// Why attempts failed and connections ended, most frequent first.
    pub errors: Vec<ErrorCount>,
    /// What could not be read of the server's events, by name, most frequent first.
    pub unread: Vec<UnreadCount>,
    /// Attempts that the server refused because of their token (401, 403).
    pub authentication_failures: u64,
    /// Attempts and connections that ended by a timeout.
    pub timeouts: u64,
    /// The last 60 minutes, oldest first; fewer in the first hour.
    pub minutes: Vec<Minute>,
}

/// An event type or a field that could not be read. It contains names and never values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct UnreadCount {
    /// The event's type.
    pub event: String,
    /// The field; absent if the whole event could not be read.
    pub field: Option<String>,
    /// The kind of error.
    pub reason: UnreadReason,
    /// What was expected.
    pub expected: Option<Message>,
    /// The number since the core started.
    pub count: u64,
    /// The time of the last one.
    pub last_at: EpochMillis,
}

/// Why something could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum UnreadReason {
    /// The whole event: it is no JSON, or a required field is missing.
    Unreadable,
    /// A field without an obvious meaning; the rest of the event was used.
    LeftOut,
    /// A type that this version does not know.
    UnknownType,
    /// A field that this version does not know.
    UnknownField,
}

impl UnreadReason {
    /// The label, which is the same in every version.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::LeftOut => "left_out",
            Self::UnknownType => "unknown_type",
            Self::UnknownField => "unknown_field",
        }
    }
}

/// The time from reading an event's bytes to storing its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Processing {
    /// The median, in microseconds.
    pub p50_micros: u64,
    /// The 99th percentile, in microseconds.
    pub p99_micros: u64,
    /// The number of measured events.
    pub count: u64,
}

/// The count of one kind of error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct ErrorCount {
    /// The error.
    pub cause: Message,
    /// Its label, which is the same in every version.
    pub kind: String,
    /// The count.
    pub count: u64,
}

/// One minute of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Minute {
    /// When it started.
    pub at: EpochMillis,
    /// Processed events, including heartbeats.
    pub events: u32,
    /// Attempts to connect.
    pub attempts: u32,
    /// Attempts that failed and connections that ended.
    pub failures: u32,
    /// How long the stream was open, 0 to 60,000.
    pub connected_ms: u32,
    /// The 99th percentile of the time from the socket to the disk, in microseconds; absent without events.
    pub p99_micros: Option<u64>,
}
