//! Bytes to frames, as WHATWG HTML 9.2.5 and 9.2.6 say.

use std::sync::Arc;

/// A dispatched event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The event's type, `message` where the stream named none.
    pub event: Arc<str>,
    /// The data lines, joined by line feeds.
    pub data: String,
    /// The last event id at the time of dispatch; empty where there is none.
    pub id: Arc<str>,
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
        Self { line: 1 << 20, event: 4 << 20, id: 1 << 10 }
    }
}
