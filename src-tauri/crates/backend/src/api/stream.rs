//! `GET {api}/sse`.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Extension;
use axum::body::Body;
use axum::extract::{ConnectInfo, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::connection::Connection;
use crate::hub::{Hub, Piece, User};
use crate::listener::ClientConnection;
use crate::problem::Problem;

/// Pending events are sent together, up to about this many bytes, so that a replay of 100 000 is not 100 000 chunks.
const BLOCK: usize = 32 << 10;

pub(super) async fn events(
    State(hub): State<Arc<Hub>>,
    ConnectInfo(ClientConnection(connection)): ConnectInfo<ClientConnection>,
    Query(query): Query<BTreeMap<String, String>>,
    Extension(user): Extension<User>,
    headers: HeaderMap,
) -> Response {
    if !accepts_events(&headers) {
        let detail = "this path answers text/event-stream only, accept that";
        return Problem::new(StatusCode::NOT_ACCEPTABLE, detail).into_response();
    }
    let cursor = cursor_of(&headers, &query);
    let (number, pieces) = hub.open_stream(
        &connection,
        cursor.as_deref(),
        types_of(&query),
        &user,
        Timestamp::now(),
    );
    let body = Events {
        number,
        pieces,
        pending: None,
        hung_up: false,
        connection,
        hub,
    };
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-cache, no-transform"),
        // Prevents nginx from buffering events.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(body)).into_response()
}

/// Returns the cursor after which the client wants to resume.
pub(super) fn cursor_of(headers: &HeaderMap, query: &BTreeMap<String, String>) -> Option<String> {
    // The header takes precedence, because a reconnecting client repeats its first address.
    let header = headers
        .get("last-event-id")
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    header
        .or_else(|| query.get("lastEventId").cloned())
        .filter(|id| !id.is_empty())
}

/// Returns the only event types that the client wants, if it names any.
pub(super) fn types_of(query: &BTreeMap<String, String>) -> Option<HashSet<String>> {
    query.get("types").map(|types| {
        types
            .split(',')
            .map(str::trim)
            .filter(|kind| !kind.is_empty())
            .map(str::to_owned)
            .collect()
    })
}

fn accepts_events(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(ACCEPT).iter().peekable();
    accepted.peek().is_none()
        || accepted
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|range| {
                let essence = range.split(';').next().unwrap_or_default().trim();
                ["text/event-stream", "text/*", "*/*"]
                    .iter()
                    .any(|known| essence.eq_ignore_ascii_case(known))
            })
}

/// The body of one stream.
struct Events {
    number: u64,
    pieces: UnboundedReceiver<Piece>,
    /// Taken from the queue, but not to be sent together with earlier events.
    pending: Option<Piece>,
    hung_up: bool,
    connection: Arc<Connection>,
    hub: Arc<Hub>,
}

impl Events {
    /// Adds the pending events after `first`.
    fn collect(&mut self, first: Bytes) -> Bytes {
        let mut block: Option<BytesMut> = None;
        while block.as_ref().map_or(first.len(), BytesMut::len) < BLOCK {
            match self.pieces.try_recv() {
                Ok(Piece::Frame(frame)) => {
                    block
                        .get_or_insert_with(|| BytesMut::from(&first[..]))
                        .extend_from_slice(&frame);
                }
                Ok(other) => {
                    self.pending = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        block.map_or(first, BytesMut::freeze)
    }
}

impl Stream for Events {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.hung_up {
            return Poll::Pending;
        }
        let piece = match self.pending.take() {
            Some(piece) => Some(piece),
            None => std::task::ready!(self.pieces.poll_recv(cx)),
        };
        match piece {
            Some(Piece::Frame(frame)) => Poll::Ready(Some(Ok(self.collect(frame)))),
            Some(Piece::Half(frame)) => Poll::Ready(Some(Ok(frame.slice(..frame.len() / 2)))),
            Some(Piece::Raw(bytes)) => Poll::Ready(Some(Ok(bytes))),
            Some(Piece::HangUp(how)) => {
                self.hung_up = true;
                self.connection.hang_up_after_flush(how);
                Poll::Pending
            }
            Some(Piece::End(_)) | None => Poll::Ready(None),
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.hub.close_stream(self.number);
    }
}
