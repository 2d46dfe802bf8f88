//! Bytes to frames, as WHATWG HTML 9.2.5 and 9.2.6 say.

use std::fmt;
use std::sync::Arc;

/// A dispatched event.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// The event's type, `message` where the stream named none.
    pub event: Arc<str>,
    /// The data lines, joined by line feeds.
    pub data: String,
    /// The last event id at the time of dispatch; empty where there is none.
    pub id: Arc<str>,
}

// The data is what a person was told; a log that prints a frame must not repeat it.
impl fmt::Debug for Frame {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Frame")
            .field("event", &self.event)
            .field("id", &self.id)
            .field("data_len", &self.data.len())
            .finish()
    }
}

/// A stream that holds more than the [`Limits`] allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Overflow {
    /// A line went over [`Limits::line`].
    #[error("a line is longer than {limit} bytes")]
    Line {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The data lines of one event went over [`Limits::event`].
    #[error("an event is larger than {limit} bytes")]
    Event {
        /// The limit, in bytes.
        limit: usize,
    },
}

/// How much of one stream is held in memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest line.
    pub line: usize,
    /// The longest event: the sum of its data lines.
    pub event: usize,
    /// The longest id; a longer one is treated as absent.
    pub id: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 1 << 20,
            event: 4 << 20,
            id: 1 << 10,
        }
    }
}
