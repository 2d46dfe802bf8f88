//! Parses bytes into frames (WHATWG HTML 9.2.5 and 9.2.6).

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use memchr::{memchr, memchr2};

use line::{Field, Head};

mod line;

/// A dispatched event.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// The event's type, `message` if the stream names none.
    pub event: Arc<str>,
    /// The data lines, joined by line feeds.
    pub data: String,
    /// The last event id at the time of dispatch; empty if there is none.
    pub id: Arc<str>,
}

// The data is private; a log that prints a frame must not contain it.
impl fmt::Debug for Frame {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Frame")
            .field("event", &self.event)
            .field("id", &self.id)
            .field("data_len", &self.data.len())
            .finish()
    }
}

/// The stream exceeds the [`Limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Overflow {
    /// A line is longer than [`Limits::line`].
    #[error("a line is longer than {limit} bytes")]
    Line {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The data lines of one event are longer than [`Limits::event`].
    #[error("an event is larger than {limit} bytes")]
    Event {
        /// The limit, in bytes.
        limit: usize,
    },
}

/// How much of one stream may be kept in memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest line of a known field. Comments and unknown fields are not stored, so they have no limit.
    pub line: usize,
    /// The longest event: the sum of its data lines.
    pub event: usize,
    /// The longest id; a longer one is treated as absent.
    pub id: usize,
}

impl Default for Limits {
    fn default() -> Self {
        // A notification is a few kilobytes. These limits allow a thousand times that, but do not let a broken server
        // exhaust the memory. Servers take headers of 8 KiB at least, so an id up to there can be sent back.
        Self {
            // A single-line event, which JSON usually is, may be as large as one with many lines.
            line: (4 << 20) + "data: ".len(),
            event: 4 << 20,
            id: 8 << 10,
        }
    }
}

/// An item that the parser produces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// An event was dispatched.
    Frame(Frame),
    /// The stream set its reconnection time.
    Retry(Duration),
    /// An event over the limits was discarded, see [`Parser::skip_oversized`].
    Skipped {
        /// The last event id after it; empty if there is none.
        id: Arc<str>,
        /// The number of bytes discarded.
        bytes: u64,
    },
}

/// With [`Parser::skip_oversized`], an event may be this many times [`Limits::event`] before the parser fails anyway: a
/// line that never ends must not keep a connection busy forever.
const SKIP_FACTOR: u64 = 16;

/// A line buffer that grew beyond this is freed after its line.
const KEPT_LINE: usize = 64 << 10;

/// The spare capacity that a finished event may keep; more is freed, because frames may wait in queues.
const KEPT_SLACK: usize = 1 << 10;

/// An event type up to this length is stored, so that the next frame of the same type can share it.
const KEPT_TYPE: usize = 256;

const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// An incremental parser of one event stream, linear in its input and bounded in its memory.
///
/// Its output does not depend on how the input is split. Every connection needs a new parser, created with the last
/// event id of the previous one. Dropping a parser discards a block that no blank line ended, as 9.2.6 requires.
#[derive(Debug)]
pub struct Parser {
    limits: Limits,
    skip_oversized: bool,
    /// How many bytes of a BOM were seen at offset 0; `None` once that is decided.
    bom: Option<usize>,
    /// The last chunk ended in CR, so an LF at the start of the next one belongs to it.
    after_cr: bool,
    /// The beginning of a line that spans chunks.
    line: Vec<u8>,
    /// The current line is a comment or an unknown field, so it is not stored.
    ignoring: bool,
    ignored: u64,
    comments: u64,
    data: Vec<u8>,
    has_data: bool,
    event: Option<Arc<str>>,
    id: Arc<str>,
    last_id: Arc<str>,
    /// How many bytes of the event being skipped were discarded.
    skipped: Option<u64>,
    overflow: Option<Overflow>,
    message: Arc<str>,
    last_type: Arc<str>,
}

impl Parser {
    /// Returns a parser for a new connection that resumes after `last_id`, which is empty if there is none.
    pub fn new(limits: Limits, last_id: impl Into<Arc<str>>) -> Self {
        let id = last_id.into();
        let message: Arc<str> = Arc::from("message");
        Self {
            limits,
            skip_oversized: false,
            bom: Some(0),
            after_cr: false,
            line: Vec::new(),
            ignoring: false,
            ignored: 0,
            comments: 0,
            data: Vec::new(),
            has_data: false,
            event: None,
            last_id: Arc::clone(&id),
            id,
            skipped: None,
            overflow: None,
            last_type: Arc::clone(&message),
            message,
        }
    }

    /// Discards an event over the limits, up to 16 times [`Limits::event`], instead of failing. Its id still counts.
    #[must_use]
    pub fn skip_oversized(mut self) -> Self {
        self.skip_oversized = true;
        self
    }

    /// Returns the last event id, as a reconnection has to send it.
    pub fn last_event_id(&self) -> &Arc<str> {
        &self.last_id
    }

    /// Returns the number of bytes in comments and unknown fields, which are not stored.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// Returns the number of comments, which servers send as heartbeats. A comment counts as soon as it is recognized.
    pub fn comments(&self) -> u64 {
        self.comments
    }

    /// Parses the next bytes and passes what they complete to `sink`, in order.
    ///
    /// # Errors
    /// When the stream exceeds the limits. Items before that were passed on; the parser must not be fed again.
    pub fn feed(&mut self, chunk: &[u8], mut sink: impl FnMut(Item)) -> Result<(), Overflow> {
        if let Some(overflow) = self.overflow {
            return Err(overflow);
        }
        let result = self.parse(chunk, &mut sink);
        if let Err(overflow) = result {
            self.overflow = Some(overflow);
            self.line = Vec::new();
            self.data = Vec::new();
        }
        result
    }

    fn parse(&mut self, chunk: &[u8], sink: &mut impl FnMut(Item)) -> Result<(), Overflow> {
        let mut rest = self.strip_bom(chunk);
        if self.after_cr && !rest.is_empty() {
            self.after_cr = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(end) = memchr2(b'\n', b'\r', rest) {
            let (line, tail) = rest.split_at(end);
            self.end_line(line, sink)?;
            rest = match tail {
                [b'\r', b'\n', rest @ ..] => rest,
                // The line is complete at CR; the next byte shows whether an LF belongs to it.
                [b'\r'] => {
                    self.after_cr = true;
                    b""
                }
                [_, rest @ ..] => rest,
                [] => b"",
            };
        }
        self.hold(rest)
    }

    fn strip_bom<'a>(&mut self, chunk: &'a [u8]) -> &'a [u8] {
        let Some(seen) = self.bom else { return chunk };
        let matched = BOM[seen..]
            .iter()
            .zip(chunk)
            .take_while(|(bom, byte)| bom == byte)
            .count();
        let (bom, rest) = chunk.split_at(matched);
        if seen + matched == BOM.len() {
            self.bom = None;
        } else if rest.is_empty() {
            self.bom = Some(seen + bom.len());
        } else {
            // It is not a BOM, so its bytes are the start of the first line.
            self.bom = None;
            self.line.extend_from_slice(&BOM[..seen + matched]);
        }
        rest
    }

    /// Stores a part of a line that has not ended.
    fn hold(&mut self, part: &[u8]) -> Result<(), Overflow> {
        if part.is_empty() {
            return Ok(());
        }
        if self.ignoring {
            return self.discard(part.len());
        }
        let missing = line::MAX_HEAD_BYTES
            .saturating_sub(self.line.len())
            .min(part.len());
        let (start, part) = part.split_at(missing);
        self.line.extend_from_slice(start);
        let length = self.line.len() + part.len();
        match line::head(&self.line) {
            Head::Undecided => Ok(()),
            Head::Ignored => {
                self.ignoring = true;
                self.comments += u64::from(self.line.starts_with(b":"));
                self.line.clear();
                self.discard(length)
            }
            Head::Field if length > self.limits.line => {
                self.ignoring = true;
                self.line = Vec::new();
                self.skip(
                    Overflow::Line {
                        limit: self.limits.line,
                    },
                    length,
                )
            }
            Head::Field => {
                self.line.extend_from_slice(part);
                Ok(())
            }
        }
    }

    /// Handles the last part of a line.
    fn end_line(&mut self, part: &[u8], sink: &mut impl FnMut(Item)) -> Result<(), Overflow> {
        if self.line.is_empty() && !self.ignoring {
            return self.interpret(part, sink);
        }
        self.hold(part)?;
        if mem::take(&mut self.ignoring) {
            return Ok(());
        }
        let mut line = mem::take(&mut self.line);
        let result = self.interpret(&line, sink);
        line.clear();
        if line.capacity() <= KEPT_LINE {
            self.line = line;
        }
        result
    }

    fn interpret(&mut self, line: &[u8], sink: &mut impl FnMut(Item)) -> Result<(), Overflow> {
        if line.is_empty() {
            self.dispatch(sink);
            return Ok(());
        }
        let Some((field, value)) = line::field(line) else {
            self.comments += u64::from(line.starts_with(b":"));
            return self.discard(line.len());
        };
        if line.len() > self.limits.line {
            return self.skip(
                Overflow::Line {
                    limit: self.limits.line,
                },
                line.len(),
            );
        }
        match field {
            Field::Data if self.skipped.is_some() => return self.discard(line.len()),
            Field::Data => return self.append(value, line.len()),
            Field::Event => self.set_event(value),
            Field::Id => self.set_id(value),
            Field::Retry => {
                if let Some(time) = retry(value) {
                    sink(Item::Retry(time));
                }
            }
        }
        Ok(())
    }

    fn append(&mut self, value: &[u8], line: usize) -> Result<(), Overflow> {
        // The line feed is inserted before every line but the first, so that no trailing one has to be removed.
        let joint = usize::from(self.has_data);
        if self.data.len() + joint + value.len() > self.limits.event {
            return self.skip(
                Overflow::Event {
                    limit: self.limits.event,
                },
                line,
            );
        }
        if self.has_data {
            self.data.push(b'\n');
        } else {
            self.has_data = true;
            self.data.reserve_exact(value.len());
        }
        self.data.extend_from_slice(value);
        Ok(())
    }

    fn set_event(&mut self, value: &[u8]) {
        self.event = if value.is_empty() {
            None
        } else if value == self.last_type.as_bytes() {
            Some(Arc::clone(&self.last_type))
        } else {
            let name: Arc<str> = Arc::from(String::from_utf8_lossy(value));
            if name.len() <= KEPT_TYPE {
                self.last_type = Arc::clone(&name);
            }
            Some(name)
        };
    }

    fn set_id(&mut self, value: &[u8]) {
        if value == self.id.as_bytes() || memchr(0, value).is_some() || value.len() > self.limits.id {
            return;
        }
        let id = String::from_utf8_lossy(value);
        // Replacement characters may have made it longer.
        if id.len() <= self.limits.id {
            self.id = Arc::from(id);
        }
    }

    fn dispatch(&mut self, sink: &mut impl FnMut(Item)) {
        // The id counts even when there is nothing to dispatch.
        if !Arc::ptr_eq(&self.last_id, &self.id) {
            self.last_id = Arc::clone(&self.id);
        }
        let event = self.event.take();
        if let Some(bytes) = self.skipped.take() {
            sink(Item::Skipped {
                id: Arc::clone(&self.last_id),
                bytes,
            });
        } else if mem::take(&mut self.has_data) {
            let mut data = mem::take(&mut self.data);
            if data.capacity() - data.len() > KEPT_SLACK {
                data.shrink_to_fit();
            }
            sink(Item::Frame(Frame {
                event: event.unwrap_or_else(|| Arc::clone(&self.message)),
                // A line end is never part of a character, so decoding the joined lines equals decoding the stream.
                data: String::from_utf8(data)
                    .unwrap_or_else(|broken| String::from_utf8_lossy(broken.as_bytes()).into_owned()),
                id: Arc::clone(&self.last_id),
            }));
        }
    }

    /// Handles bytes of an event over a limit: fails, or starts to skip the event.
    fn skip(&mut self, overflow: Overflow, bytes: usize) -> Result<(), Overflow> {
        if !self.skip_oversized {
            return Err(overflow);
        }
        self.has_data = false;
        let data = mem::take(&mut self.data);
        self.skipped.get_or_insert(0);
        self.discard(data.len() + bytes)
    }

    /// Counts bytes that are not stored.
    fn discard(&mut self, bytes: usize) -> Result<(), Overflow> {
        let bytes = bytes as u64;
        let Some(skipped) = &mut self.skipped else {
            self.ignored += bytes;
            return Ok(());
        };
        *skipped += bytes;
        if *skipped > SKIP_FACTOR.saturating_mul(self.limits.event as u64) {
            return Err(Overflow::Event {
                limit: self.limits.event,
            });
        }
        Ok(())
    }
}

/// Parses a reconnection time, which consists of ASCII digits only. Values that do not fit 64 bits are ignored like in
/// browsers; they can only be mistakes.
fn retry(value: &[u8]) -> Option<Duration> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let millis = value.iter().try_fold(0_u64, |millis, digit| {
        millis.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    });
    millis.map(Duration::from_millis)
}
