//! A transport without sockets: attempts, their responses, and the client's end of a connection.

use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::future::BoxFuture;
use gloria_stream::machine::{Chunk, ContentType, Head};
use gloria_stream::{Answer, DialError, EndCause, Heard, Incoming, Item, Limits, Parser, Request, Transport};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::server::{Behaviour, Piece, Server};

/// The transport to the server.
pub(crate) struct FakeTransport(pub(crate) Arc<Server>);

impl Transport for FakeTransport {
    fn dial(&mut self, request: Request) -> BoxFuture<'static, Result<Answer, DialError>> {
        let server = Arc::clone(&self.0);
        {
            let mut state = server.state();
            state.tally.dials += 1;
            state.open += 1;
            assert_eq!(state.open, 1, "a second connection beside the first");
            let wanted = match state.cursor {
                0 => String::new(),
                id => id.to_string(),
            };
            if (state.refused_cursor || state.forgotten) && request.cursor().is_empty() {
                state.tally.without_cursor += 1;
            } else {
                state.refused_cursor = false;
                assert_eq!(**request.cursor(), *wanted, "the cursor that is asked for");
            }
        }
        let slot = Slot(server);
        Box::pin(async move {
            request.credential().await?;
            let behaviour = slot.0.state().behaviour();
            match behaviour {
                Behaviour::Slow(pause) => sleep(pause).await,
                Behaviour::BlackHole => {
                    sleep(Duration::from_secs(10)).await;
                    return Err(DialError::ConnectTimedOut(Duration::from_secs(10)));
                }
                Behaviour::Normal
                | Behaviour::Refusing
                | Behaviour::Busy(_)
                | Behaviour::WebPage
                | Behaviour::Unavailable(_)
                | Behaviour::Stopping
                | Behaviour::Forgetful => {}
            }
            answer(slot, behaviour, &request)
        })
    }
}

/// The client's side of an attempt or a connection. Dropping it hangs up.
struct Slot(Arc<Server>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.state().open -= 1;
    }
}

fn answer(slot: Slot, behaviour: Behaviour, request: &Request) -> Result<Answer, DialError> {
    let server = Arc::clone(&slot.0);
    let mut state = server.state();
    let (pieces, incoming) = mpsc::unbounded_channel();
    let refuse = Head::of;
    let head = match behaviour {
        Behaviour::Refusing => {
            state.tally.refused += 1;
            // Dropping the slot locks the state.
            drop(state);
            return Err(DialError::ConnectionRefused);
        }
        Behaviour::Busy(after) => {
            state.tally.busy += 1;
            Head {
                retry_after: (!after.is_zero()).then_some(after),
                ..refuse(503)
            }
        }
        Behaviour::WebPage => {
            state.tally.web_pages += 1;
            Head {
                content_type: ContentType::Essence("text/html".to_owned()),
                ..refuse(200)
            }
        }
        Behaviour::Forgetful if !request.cursor().is_empty() => {
            state.refused_cursor = true;
            refuse(400)
        }
        Behaviour::Unavailable(status) => {
            state.tally.unavailable += 1;
            state.refused_cursor = matches!(status, 400 | 404);
            refuse(status)
        }
        Behaviour::Stopping => refuse(204),
        Behaviour::Normal | Behaviour::Slow(_) | Behaviour::BlackHole | Behaviour::Forgetful
            if state.unauthorized > 0 =>
        {
            state.unauthorized -= 1;
            state.tally.unauthorized += 1;
            refuse(401)
        }
        Behaviour::Normal | Behaviour::Slow(_) | Behaviour::BlackHole | Behaviour::Forgetful => {
            state.forgotten |= request.cursor().is_empty();
            state.line = Some(pieces);
            state.send(
                b"retry: 3000\nevent: connection_established\ndata: {}\n\n".to_vec(),
                None,
            );
            // Some servers repeat their last events first.
            let repeated = if state.rng.u32(0..5) == 0 {
                state.cursor.min(3)
            } else {
                0
            };
            state.tally.repeated += repeated;
            state.tally.replayed += state.tally.published - state.cursor;
            let first = state.cursor - repeated + 1;
            let last = state.tally.published;
            state.write(first..=last);
            state.last_beat = Instant::now();
            Head::accepted()
        }
    };
    drop(state);
    Ok(Answer {
        date: None,
        head,
        peer: None,
        incoming: Box::new(Line {
            slot,
            pieces: incoming,
            parser: Parser::new(Limits::default(), Arc::clone(request.cursor())),
        }),
    })
}

/// The client's end of a connection.
struct Line {
    slot: Slot,
    pieces: mpsc::UnboundedReceiver<Piece>,
    parser: Parser,
}

impl Incoming for Line {
    fn poll_heard(&mut self, context: &mut Context<'_>) -> Poll<Option<Heard>> {
        let Some(piece) = ready!(self.pieces.poll_recv(context)) else {
            return Poll::Ready(None);
        };
        let (bytes, completes) = match piece {
            Piece::Bytes(bytes, completes) => (bytes, completes),
            Piece::End(EndCause::Closed) => return Poll::Ready(None),
            Piece::End(end) => return Poll::Ready(Some(end.into())),
        };
        if let Some(id) = completes {
            let mut state = self.slot.0.state();
            state.cursor = id;
            state.forgotten = false;
            state.greatest = state.greatest.max(id);
        }
        let mut chunk = Chunk::default();
        self.parser
            .feed(&bytes, |item| match item {
                Item::Frame(frame) => chunk.frames.push(frame),
                Item::Retry(time) => chunk.retry = Some(time),
                Item::Skipped { .. } => panic!("nothing here is over the limits"),
            })
            .unwrap();
        chunk.last_id = Arc::clone(self.parser.last_event_id());
        Poll::Ready(Some(Heard {
            bytes: bytes.len(),
            chunks: vec![chunk],
            ..Heard::default()
        }))
    }
}
