//! An open WebSocket: converts messages to events, and checks that the connection is alive.

use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink as _, Stream as _, task::noop_waker_ref};
use reqwest::Upgraded;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::close;
use super::message::{self, Envelope};
use crate::driver::transport::{Heard, Incoming, Request};
use crate::http::io_break_off;
use crate::machine::{BreakOff, Chunk, Skipped};
use crate::{EndCause, Frame, Limits, Overflow};

/// Bytes per read, and roughly how much is passed on together. An idle stream keeps this much memory.
const BLOCK: usize = 32 << 10;

/// A skipped message may be this many times [`Limits::event`] before it ends the stream anyway, as in the parser of
/// server-sent events.
const SKIP_FACTOR: usize = 16;

/// The messages of a WebSocket.
pub(super) struct Messages {
    socket: WebSocketStream<Counted>,
    events: Events,
    /// How much silence causes a ping; none is sent before it is set.
    heartbeat: Option<Duration>,
    /// When something was last received.
    heard: Instant,
    /// When to check whether a ping is due. It is usually early, because receiving does not reset it.
    look: Pin<Box<Sleep>>,
    /// A sent frame is not flushed yet.
    flushing: bool,
}

impl Messages {
    pub(super) async fn new(io: Upgraded, request: &Request, limits: Limits) -> Self {
        let largest = if request.skip_oversized() {
            limits.event.saturating_mul(SKIP_FACTOR)
        } else {
            limits.event
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(BLOCK)
            .write_buffer_size(0)
            .max_message_size(Some(largest))
            .max_frame_size(Some(largest));
        let counted = Counted { io, bytes: 0 };
        let now = Instant::now();
        Self {
            socket: WebSocketStream::from_raw_socket(counted, Role::Client, Some(config)).await,
            events: Events {
                limits,
                last_id: Arc::clone(request.cursor()),
                message: Arc::from("message"),
                last_type: Arc::from(""),
                heard: Heard::default(),
                chunk: Chunk::default(),
            },
            heartbeat: None,
            heard: now,
            look: Box::pin(sleep_until(now)),
            flushing: false,
        }
    }

    /// Sends a ping if nothing was received for a heartbeat.
    fn ask(&mut self, context: &mut Context<'_>) {
        let Some(heartbeat) = self.heartbeat else { return };
        while self.look.as_mut().poll(context).is_ready() {
            let now = Instant::now();
            let due = self.heard + heartbeat;
            if due <= now {
                self.send(Message::Ping(Bytes::new()));
            }
            self.look
                .as_mut()
                .reset(if due <= now { now + heartbeat } else { due });
        }
        if self.flushing {
            // The next read returns the same error.
            self.flushing = Pin::new(&mut self.socket).poll_flush(context).is_pending();
        }
    }

    /// Sends a control frame if the buffer has space. An error means that the connection has ended, which the next read
    /// reports.
    fn send(&mut self, message: Message) {
        self.flushing = Pin::new(&mut self.socket).start_send(message).is_ok();
    }
}

impl Incoming for Messages {
    fn poll_heard(&mut self, context: &mut Context<'_>) -> Poll<Option<Heard>> {
        let (mut end, mut taken) = (None, 0);
        while end.is_none() && taken < BLOCK {
            match Pin::new(&mut self.socket).poll_next(context) {
                Poll::Ready(Some(Ok(message))) => {
                    // An empty message counts as well.
                    taken += message.len() + 1;
                    end = self.events.handle(message);
                }
                Poll::Ready(Some(Err(error))) => end = Some(self.end_cause(error)),
                Poll::Ready(None) => end = Some(EndCause::Closed),
                Poll::Pending => break,
            }
        }
        let bytes = mem::take(&mut self.socket.get_mut().bytes);
        if bytes == 0 && taken == 0 && end.is_none() {
            self.ask(context);
            return Poll::Pending;
        }
        self.heard = Instant::now();
        Poll::Ready(Some(self.events.finish(bytes, end)))
    }

    fn set_heartbeat(&mut self, every: Duration) {
        self.heartbeat = Some(every);
        self.look.as_mut().reset(self.heard + every);
    }
}

impl Messages {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the library's own words do for the errors that no open connection meets"
    )]
    fn end_cause(&self, error: Error) -> EndCause {
        if let Error::Capacity(_) = error {
            return EndCause::Overflow(Overflow::Event {
                limit: self.events.limits.event,
            });
        }
        EndCause::BrokenOff(match error {
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => BreakOff::NoClose,
            Error::Protocol(_) => BreakOff::BadFrame,
            // The error's text contains received data.
            Error::Utf8(_) => BreakOff::NotUtf8,
            Error::Io(error) => io_break_off(&error),
            error => BreakOff::Other(error.to_string()),
        })
    }
}

/// Sends a close frame if that does not block, because servers log a connection without one as an error.
impl Drop for Messages {
    fn drop(&mut self) {
        self.send(Message::Close(None));
        let _ = Pin::new(&mut self.socket).poll_flush(&mut Context::from_waker(noop_waker_ref()));
    }
}

/// The kind of an ignored message.
#[derive(Debug)]
enum NotAnEvent {
    Binary,
    Text,
}

/// Collects messages into chunks.
struct Events {
    limits: Limits,
    last_id: Arc<str>,
    /// The type of an event without one.
    message: Arc<str>,
    /// The type of the previous event, which most events share.
    last_type: Arc<str>,
    /// The chunks of the current read that are complete; `chunk` is the one in progress.
    heard: Heard,
    chunk: Chunk,
}

impl Events {
    /// Handles a message. Returns the cause if it ends the stream.
    fn handle(&mut self, message: Message) -> Option<EndCause> {
        match message {
            Message::Text(text) => self.text(&text),
            Message::Binary(bytes) => self.ignore(NotAnEvent::Binary, bytes.len()),
            // The library answers pings; they count as received bytes in [`Counted`].
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => self.chunk.beat = true,
            Message::Close(frame) => {
                return Some(close::cause(
                    frame.map_or(close::NO_CODE, |frame| frame.code.into()),
                ));
            }
        }
        None
    }

    fn text(&mut self, text: &str) {
        if text.len() > self.limits.event {
            return self.skip(text);
        }
        let Some(envelope) = Envelope::read(text) else {
            return self.ignore(NotAnEvent::Text, text.len());
        };
        if let Some(id) = envelope.id {
            self.set_id(&id);
        }
        if let Some(millis) = envelope.retry {
            self.chunk.retry = Some(Duration::from_millis(millis));
        }
        if let Some(data) = envelope.data {
            let event = self.kind(envelope.event.unwrap_or_default());
            self.chunk.frames.push(Frame {
                event,
                data,
                id: Arc::clone(&self.last_id),
            });
        }
    }

    /// Skips a message over the limits. Only a stream with `skip_oversized` receives one.
    fn skip(&mut self, text: &str) {
        if let Some(id) = message::id_of(text) {
            self.set_id(&id);
        }
        let id = Arc::clone(&self.last_id);
        self.chunk.skipped = Some(Skipped {
            id: Arc::clone(&id),
            bytes: text.len() as u64,
        });
        self.chunk.last_id = id;
        self.heard.chunks.push(mem::take(&mut self.chunk));
    }

    fn ignore(&mut self, kind: NotAnEvent, bytes: usize) {
        tracing::warn!(
            after = &*self.last_id,
            bytes,
            ?kind,
            "a message that is no event was passed over"
        );
        self.heard.ignored += 1;
    }

    /// Sets the last event id. An id that a server-sent event could not have is ignored.
    fn set_id(&mut self, id: &str) {
        if id != &*self.last_id && id.len() <= self.limits.id && !id.contains(['\0', '\r', '\n']) {
            self.last_id = Arc::from(id);
        }
    }

    fn kind(&mut self, event: String) -> Arc<str> {
        if event.is_empty() {
            return Arc::clone(&self.message);
        }
        if *event != *self.last_type {
            self.last_type = Arc::from(event);
        }
        Arc::clone(&self.last_type)
    }

    fn finish(&mut self, bytes: usize, end: Option<EndCause>) -> Heard {
        let mut heard = mem::take(&mut self.heard);
        let mut chunk = mem::take(&mut self.chunk);
        chunk.last_id = Arc::clone(&self.last_id);
        heard.chunks.push(chunk);
        heard.bytes = bytes;
        heard.end = end;
        heard
    }
}

/// The connection, with the number of bytes received since the last query.
struct Counted {
    io: Upgraded,
    bytes: usize,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(context, buffer))?;
        self.bytes += buffer.filled().len() - before;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
