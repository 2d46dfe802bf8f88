//! `GET {api}/ws`: the events of `{api}/sse` as WebSocket messages.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::Extension;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::{Buf, Bytes};
use futures_util::{Sink, Stream};
use http::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde_json::json;
use tokio::io::AsyncWrite;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Utf8Bytes};

use super::stream::{cursor_of, types_of};

use crate::connection::Connection;
use crate::hub::{Hub, Piece, User};
use crate::listener::ClientConnection;
use crate::problem::Problem;

const SUBPROTOCOL: &str = "gloria.v1";

/// Pending events are flushed together, up to about this many bytes.
const BLOCK: usize = 32 << 10;

pub(super) async fn events(
    State(hub): State<Arc<Hub>>,
    ConnectInfo(ClientConnection(connection)): ConnectInfo<ClientConnection>,
    Query(query): Query<BTreeMap<String, String>>,
    Extension(user): Extension<User>,
    mut request: Request,
) -> Response {
    let upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let headers = request.headers();
    let (Some(upgrade), true) = (upgrade, holds(headers, UPGRADE, "websocket")) else {
        let detail = "this path speaks WebSocket, ask for an upgrade to it";
        let problem = Problem::new(StatusCode::UPGRADE_REQUIRED, detail).into_response();
        return ([(UPGRADE, "websocket")], problem).into_response();
    };
    let key = headers.get(SEC_WEBSOCKET_KEY);
    let (Some(key), true) = (key, holds(headers, SEC_WEBSOCKET_VERSION, "13")) else {
        return Problem::bad_request("the handshake is not that of version 13").into_response();
    };
    let accept = derive_accept_key(key.as_bytes());
    let chosen = holds(headers, SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL);

    let cursor = cursor_of(headers, &query);
    // Before the response, so that a stall also delays that.
    let (number, pieces) = hub.open_stream(
        &connection,
        cursor.as_deref(),
        types_of(&query),
        &user,
        Timestamp::now(),
    );
    let open = Open { number, hub };
    tokio::spawn(async move {
        // Dropped when the stream is over, or if its connection is gone before it begins.
        let _open = open;
        if let Ok(io) = upgrade.await {
            let socket = WebSocketStream::from_raw_socket(TokioIo::new(io), Role::Server, None).await;
            let mut session = Session {
                socket,
                pieces,
                connection,
                next: None,
                raw: Bytes::new(),
                buffered: 0,
                flushing: false,
            };
            std::future::poll_fn(|context| session.poll(context)).await;
        }
    });
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    if chosen {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    response
}

fn holds(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(word))
}

/// A stream that the hub counts until this is dropped.
struct Open {
    number: u64,
    hub: Arc<Hub>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.hub.close_stream(self.number);
    }
}

/// One stream. It reads while it writes, so that a client's ping or close is noticed during a stall as well.
struct Session {
    socket: WebSocketStream<TokioIo<Upgraded>>,
    pieces: UnboundedReceiver<Piece>,
    connection: Arc<Connection>,
    /// What to do once the buffered data is flushed.
    next: Option<Piece>,
    /// Bytes to send outside of WebSocket frames.
    raw: Bytes,
    buffered: usize,
    flushing: bool,
}

impl Session {
    /// Ready when the stream is over.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // The library answers pings and closes; clients send nothing else.
        loop {
            match Pin::new(&mut self.socket).poll_next(context) {
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        // Reading reports write errors.
        while ready!(self.poll_write(context)).is_some() {}
        Poll::Ready(())
    }

    /// Performs one step; `None` when the stream is over.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Option<()>> {
        if self.flushing {
            if ready!(Pin::new(&mut self.socket).poll_flush(context)).is_err() {
                return Poll::Ready(None);
            }
            (self.flushing, self.buffered) = (false, 0);
            return Poll::Ready(self.act());
        }
        if !self.raw.is_empty() {
            let Ok(written) = ready!(Pin::new(self.socket.get_mut()).poll_write(context, &self.raw)) else {
                return Poll::Ready(None);
            };
            self.raw.advance(written);
            return Poll::Ready(Some(()));
        }
        match self.pieces.poll_recv(context) {
            Poll::Ready(Some(Piece::Frame(frame))) => {
                let message = message_of(&frame);
                self.buffered += message.len();
                self.flushing = self.buffered >= BLOCK;
                Poll::Ready(self.send(Message::text(message)))
            }
            Poll::Ready(Some(other)) => {
                (self.next, self.flushing) = (Some(other), true);
                Poll::Ready(Some(()))
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending if self.buffered > 0 => {
                self.flushing = true;
                Poll::Ready(Some(()))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// Performs what had to wait until earlier bytes were sent.
    fn act(&mut self) -> Option<()> {
        match self.next.take() {
            None => {}
            Some(Piece::Frame(frame)) => return self.send(Message::text(message_of(&frame))),
            Some(Piece::Half(frame)) => {
                let message = framed(&message_of(&frame));
                self.raw = message.slice(..message.len() / 2);
            }
            Some(Piece::Raw(bytes)) => self.raw = bytes,
            // The connection, and with it this stream, ends at its next poll.
            Some(Piece::HangUp(how)) => self.connection.hang_up(how),
            Some(Piece::End(code)) => {
                self.flushing = true;
                return self.send(Message::Close(Some(CloseFrame {
                    code: code.into(),
                    reason: Utf8Bytes::default(),
                })));
            }
        }
        Some(())
    }

    fn send(&mut self, message: Message) -> Option<()> {
        Pin::new(&mut self.socket).start_send(message).ok()
    }
}

/// Converts the bytes of a server-sent event, which only [`crate::log::render`] writes, to a message.
fn message_of(frame: &[u8]) -> String {
    let text = String::from_utf8_lossy(frame);
    let mut envelope = serde_json::Map::new();
    let mut data: Option<String> = None;
    for (field, value) in text.lines().filter_map(|line| line.split_once(": ")) {
        match (field, &mut data) {
            ("data", Some(data)) => {
                data.push('\n');
                data.push_str(value);
            }
            ("data", none) => *none = Some(value.to_owned()),
            (field, _) => drop(envelope.insert(field.to_owned(), json!(value))),
        }
    }
    if let Some(data) = data {
        envelope.insert("data".to_owned(), json!(data));
    }
    serde_json::Value::Object(envelope).to_string()
}

/// Encodes a text message as a frame (RFC 6455, 5.2).
fn framed(text: &str) -> Bytes {
    let mut frame = vec![0x81];
    match text.len() {
        length @ 0..126 => frame.push(length as u8),
        length @ 126..0x1_0000 => {
            frame.push(126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(text.as_bytes());
    frame.into()
}

#[cfg(test)]
mod tests {
    use crate::log::render;

    use super::*;

    #[test]
    fn the_envelope_holds_the_very_data_of_the_server_sent_event() {
        let envelope = |kind, id, data| -> serde_json::Value {
            serde_json::from_str(&message_of(&render(kind, id, data))).unwrap()
        };
        assert_eq!(
            envelope("a.b", Some("7"), "{\"x\": 1}"),
            json!({ "event": "a.b", "id": "7", "data": "{\"x\": 1}" })
        );
        assert_eq!(
            envelope("a", None, "x: y\r\n\r\nz"),
            json!({ "event": "a", "data": "x: y\n\nz" })
        );
        assert_eq!(envelope("a", None, ""), json!({ "event": "a", "data": "" }));
    }

    #[test]
    fn frames_say_their_length() {
        for (length, head) in [
            (125, &[0x81, 125][..]),
            (126, &[0x81, 126, 0, 126]),
            (0x1_0000, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let frame = framed(&"x".repeat(length));
            assert_eq!((&frame[..head.len()], frame.len()), (head, head.len() + length));
        }
    }
}
