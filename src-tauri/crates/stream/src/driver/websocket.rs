//! The same events as WebSocket messages (RFC 6455).
//!
//! A WebSocket begins as a request of the same client that server-sent events use, so proxy, certificates, redirects,
//! limits and credentials are the same for both.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http::HeaderMap;
use http::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use reqwest::Response;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;

use self::incoming::Messages;
use super::StreamOptions;
use super::dial::Dialer;
use super::place::Found;
use super::transport::{Answer, Heard, Incoming, Request, Transport};
use crate::DialError;
use crate::http::{break_off, date};
use crate::machine::{Head, SetupProblem};

mod close;
mod handshake;
mod incoming;
mod message;

/// Requests messages in the format that [`message`] parses. A server need not confirm it.
const SUBPROTOCOL: &str = "gloria.v1";

/// The transport of `ws` and `wss` addresses.
pub(super) struct WebSocket {
    options: Arc<StreamOptions>,
    dialer: Dialer,
}

impl WebSocket {
    pub(super) fn new(options: Arc<StreamOptions>, found: Arc<Found>) -> Self {
        Self {
            dialer: Dialer::new(Arc::clone(&options), found),
            options,
        }
    }
}

impl Transport for WebSocket {
    fn dial(&mut self, request: Request) -> BoxFuture<'static, Result<Answer, DialError>> {
        let (dialer, limits) = (self.dialer.clone(), self.options.limits);
        Box::pin(async move {
            let key = generate_key();
            let response = dialer.get(&request, &headers(&key)?).await?;
            let (status, peer) = (response.status(), response.remote_addr());
            let date = date(response.headers());
            if !handshake::is_upgrade(status, response.headers(), &key)? {
                return Ok(refusal(&response));
            }
            let io = response
                .upgrade()
                .await
                .map_err(|error| DialError::BrokenOff(break_off(&error)))?;
            Ok(Answer {
                head: Head::accepted(),
                date,
                peer,
                incoming: Box::new(Messages::new(io, &request, limits).await),
            })
        })
    }

    fn network_changed(&mut self) {
        self.dialer = self.dialer.renewed();
    }
}

/// A response that does not open a WebSocket; its status is the reason.
fn refusal(response: &Response) -> Answer {
    Answer {
        head: Head::new(response.status(), response.headers()),
        date: date(response.headers()),
        peer: response.remote_addr(),
        incoming: Box::new(Nothing),
    }
}

fn headers(key: &str) -> Result<HeaderMap, DialError> {
    let key = HeaderValue::from_str(key)
        .map_err(|error| DialError::Setup(SetupProblem::Other(error.to_string())))?;
    Ok(HeaderMap::from_iter([
        (CONNECTION, HeaderValue::from_static("Upgrade")),
        (UPGRADE, HeaderValue::from_static("websocket")),
        (SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
        (SEC_WEBSOCKET_KEY, key),
        (SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL)),
    ]))
}

/// The empty body of a response that does not open a WebSocket.
struct Nothing;

impl Incoming for Nothing {
    fn poll_heard(&mut self, _: &mut Context<'_>) -> Poll<Option<Heard>> {
        Poll::Ready(None)
    }
}
