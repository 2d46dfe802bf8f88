//! Server-sent events over HTTP.

use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt as _};
use http::header::{ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL};
use http::{HeaderMap, HeaderValue};

use super::StreamOptions;
use super::dial::{Dialer, LAST_EVENT_ID};
use super::place::Found;
use super::transport::{Answer, Heard, Incoming, Request, Transport};
use crate::http::{Damaged, Decoder, date, end_cause};
use crate::machine::{BreakOff, Chunk, Coding, Head, Skipped, codings};
use crate::{DialError, EndCause, Item, Parser};

/// How much is decoded at once. Longer events are rare, so most come out as they were flushed.
const DECODED: usize = 64 << 10;

/// The transport of `http` and `https` addresses.
pub(super) struct Sse {
    options: Arc<StreamOptions>,
    dialer: Dialer,
}

impl Sse {
    pub(super) fn new(options: Arc<StreamOptions>, found: Arc<Found>) -> Self {
        Self {
            dialer: Dialer::new(Arc::clone(&options), found),
            options,
        }
    }
}

impl Transport for Sse {
    fn dial(&mut self, request: Request) -> BoxFuture<'static, Result<Answer, DialError>> {
        let (dialer, limits) = (self.dialer.clone(), self.options.limits);
        Box::pin(async move {
            let response = dialer.get(&request, &headers(request.cursor())).await?;
            let mut parser = Parser::new(limits, Arc::clone(request.cursor()));
            if request.skip_oversized() {
                parser = parser.skip_oversized();
            }
            Ok(Answer {
                head: Head::new(response.status(), response.headers()),
                date: date(response.headers()),
                peer: response.remote_addr(),
                incoming: Box::new(Body {
                    // If an encoding cannot be decoded, the machine hangs up because of the head.
                    encoded: codings(response.headers())
                        .ok()
                        .and_then(|codings| Encoded::new(&codings)),
                    bytes: response.bytes_stream().boxed(),
                    parser,
                }),
            })
        })
    }

    fn network_changed(&mut self) {
        self.dialer = self.dialer.renewed();
    }
}

fn headers(cursor: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    // Compressing middleware buffers events until it has enough data.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if !cursor.is_empty() {
        match HeaderValue::from_bytes(cursor.as_bytes()) {
            Ok(value) => {
                headers.insert(LAST_EVENT_ID, value);
            }
            // The query still contains it.
            Err(_) => tracing::warn!(length = cursor.len(), "the last event id does not fit a header"),
        }
    }
    headers
}

/// The body of a response.
struct Body {
    bytes: BoxStream<'static, reqwest::Result<Bytes>>,
    encoded: Option<Encoded>,
    parser: Parser,
}

/// The decoder of an encoded body.
struct Encoded {
    decoder: Decoder,
    output: Box<[u8]>,
    /// Earlier input may still yield output.
    more: bool,
}

impl Incoming for Body {
    fn poll_heard(&mut self, context: &mut Context<'_>) -> Poll<Option<Heard>> {
        // Earlier input is decoded before the next read, so at most one read is buffered.
        if let Some(encoded) = &mut self.encoded
            && let Some(heard) = encoded.next(&mut self.parser)
        {
            return Poll::Ready(Some(heard));
        }
        Poll::Ready(match ready!(self.bytes.poll_next_unpin(context)) {
            Some(Ok(bytes)) => Some(match &mut self.encoded {
                Some(encoded) => encoded.read(&bytes, &mut self.parser),
                None => parse(&mut self.parser, &bytes),
            }),
            Some(Err(error)) => Some(end_cause(&error).into()),
            None => None,
        })
    }
}

impl Encoded {
    fn new(codings: &[Coding]) -> Option<Self> {
        Some(Self {
            decoder: Decoder::new(codings)?,
            output: vec![0; DECODED].into(),
            more: false,
        })
    }

    /// Feeds bytes to the decoder and returns the first of what they yield.
    fn read(&mut self, bytes: &[u8], parser: &mut Parser) -> Heard {
        self.decoder.feed(bytes);
        self.more = true;
        Heard {
            bytes: bytes.len(),
            // Bytes that decode to nothing yet still show that the connection is alive.
            ..self.next(parser).unwrap_or_else(|| parse(parser, b""))
        }
    }

    /// Returns the next output of the bytes that were fed.
    fn next(&mut self, parser: &mut Parser) -> Option<Heard> {
        if !self.more {
            return None;
        }
        let decoded = self.decoder.decode(&mut self.output);
        self.more = decoded.is_ok_and(|length| length > 0);
        match decoded {
            Ok(0) => None,
            Ok(length) => Some(Heard {
                bytes: 0,
                ..parse(parser, &self.output[..length])
            }),
            Err(Damaged) => Some(EndCause::BrokenOff(BreakOff::DamagedCompression).into()),
        }
    }
}

fn parse(parser: &mut Parser, bytes: &[u8]) -> Heard {
    let mut chunks = Vec::new();
    let mut chunk = Chunk::default();
    let comments = parser.comments();
    let result = parser.feed(bytes, |item| match item {
        Item::Frame(frame) => chunk.frames.push(frame),
        Item::Retry(time) => chunk.retry = Some(time),
        Item::Skipped { id, bytes } => {
            chunk.last_id = Arc::clone(&id);
            chunk.skipped = Some(Skipped { id, bytes });
            chunks.push(mem::take(&mut chunk));
        }
    });
    chunk.last_id = Arc::clone(parser.last_event_id());
    chunk.beat = parser.comments() > comments;
    chunks.push(chunk);
    Heard {
        bytes: bytes.len(),
        chunks,
        ignored: 0,
        end: result.err().map(EndCause::Overflow),
    }
}
