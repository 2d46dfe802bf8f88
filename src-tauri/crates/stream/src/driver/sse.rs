//! Server-sent events over HTTP.

use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt as _};
use http::header::{ACCEPT, CACHE_CONTROL};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::dial::Dialer;
use super::transport::{Answer, Heard, Incoming, Request, Transport};
use super::{StreamOptions, fault};
use crate::machine::{Chunk, Head, Skipped};
use crate::{DialError, EndCause, Item, Parser};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The transport of `http` and `https` addresses.
pub(super) struct Sse {
    options: Arc<StreamOptions>,
    dialer: Dialer,
}

impl Sse {
    pub(super) fn new(options: Arc<StreamOptions>) -> Self {
        Self {
            dialer: Dialer::new(Arc::clone(&options)),
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
                peer: response.remote_addr(),
                incoming: Box::new(Body {
                    bytes: response.bytes_stream().boxed(),
                    parser,
                }),
            })
        })
    }

    fn network_changed(&mut self) {
        self.dialer = Dialer::new(Arc::clone(&self.options));
    }
}

fn headers(cursor: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if !cursor.is_empty() {
        match HeaderValue::from_bytes(cursor.as_bytes()) {
            Ok(value) => {
                headers.insert(LAST_EVENT_ID, value);
            }
            // The query carries it all the same.
            Err(_) => tracing::warn!(length = cursor.len(), "the last event id does not fit a header"),
        }
    }
    headers
}

/// The body of an answer.
struct Body {
    bytes: BoxStream<'static, reqwest::Result<Bytes>>,
    parser: Parser,
}

impl Incoming for Body {
    fn poll_heard(&mut self, context: &mut Context<'_>) -> Poll<Option<Heard>> {
        Poll::Ready(match ready!(self.bytes.poll_next_unpin(context)) {
            Some(Ok(bytes)) => Some(parse(&mut self.parser, &bytes)),
            Some(Err(error)) => Some(fault::end_cause(&error).into()),
            None => None,
        })
    }
}

fn parse(parser: &mut Parser, bytes: &[u8]) -> Heard {
    let mut chunks = Vec::new();
    let mut chunk = Chunk::default();
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
    chunks.push(chunk);
    Heard {
        bytes: bytes.len(),
        chunks,
        ignored: 0,
        end: result.err().map(EndCause::Overflow),
    }
}
