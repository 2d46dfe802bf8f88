//! Checks whether a response opens a WebSocket (RFC 6455, 4.1).

use http::header::{
    AsHeaderName, CONNECTION, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use http::{HeaderMap, StatusCode};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::SUBPROTOCOL;
use crate::DialError;
use crate::machine::NotWebSocket;

/// Whether the response opens one. False if its status is not 101 and explains what is wrong.
///
/// # Errors
/// When the response is not a WebSocket's, whatever its status is.
pub(super) fn is_upgrade(status: StatusCode, headers: &HeaderMap, key: &str) -> Result<bool, DialError> {
    let refused = |why| Err(DialError::NotWebSocket(why));
    match status {
        StatusCode::SWITCHING_PROTOCOLS => {}
        StatusCode::OK if holds(headers, CONTENT_TYPE, ';', "text/event-stream") => {
            return refused(NotWebSocket::EventStream);
        }
        _ => return Ok(false),
    }
    if !holds(headers, UPGRADE, ',', "websocket") || !holds(headers, CONNECTION, ',', "upgrade") {
        return refused(NotWebSocket::OtherProtocol);
    }
    // The key proves that the response belongs to this request, and does not come from a cache or a plain HTTP server.
    let accepted = headers.get(SEC_WEBSOCKET_ACCEPT).map(|value| value.as_bytes());
    if accepted != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
        return refused(NotWebSocket::WrongAccept);
    }
    // With an extension or subprotocol that was not offered, the server's frames could not be decoded.
    if headers.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
        return refused(NotWebSocket::Extension);
    }
    if headers
        .get(SEC_WEBSOCKET_PROTOCOL)
        .is_some_and(|chosen| chosen != SUBPROTOCOL)
    {
        return refused(NotWebSocket::Subprotocol);
    }
    Ok(true)
}

/// Whether one part of a header's value is this word, ignoring case.
fn holds(headers: &HeaderMap, name: impl AsHeaderName, separator: char, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(separator))
        .any(|part| part.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    /// The example of RFC 6455, 1.3.
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const ACCEPT: (&str, &str) = ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    const UPGRADE: (&str, &str) = ("upgrade", "WebSocket");
    const CONNECTION: (&str, &str) = ("connection", "keep-alive, upgrade");

    fn answer(status: u16, headers: &[(&str, &str)]) -> Result<bool, DialError> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
            .collect();
        is_upgrade(StatusCode::from_u16(status).unwrap(), &headers, KEY)
    }

    #[test]
    fn an_answer_to_this_key_opens() {
        assert_eq!(answer(101, &[UPGRADE, CONNECTION, ACCEPT]), Ok(true));
        let chosen = ("sec-websocket-protocol", "gloria.v1");
        assert_eq!(answer(101, &[UPGRADE, CONNECTION, ACCEPT, chosen]), Ok(true));
    }

    #[test]
    fn a_status_that_speaks_for_itself_is_left_to_speak() {
        for status in [200, 204, 400, 401, 403, 404, 426, 503] {
            assert_eq!(answer(status, &[("content-type", "text/html")]), Ok(false));
        }
    }

    #[test]
    fn anything_else_says_what_it_is_not() {
        use NotWebSocket::{EventStream, Extension, OtherProtocol, Subprotocol, WrongAccept};
        for (status, headers, why) in [
            (
                200,
                &[("content-type", "text/event-stream; charset=utf-8")][..],
                EventStream,
            ),
            (101, &[], OtherProtocol),
            (101, &[CONNECTION, ACCEPT], OtherProtocol),
            (101, &[UPGRADE, ACCEPT], OtherProtocol),
            (101, &[("upgrade", "h2c"), CONNECTION, ACCEPT], OtherProtocol),
            (101, &[UPGRADE, CONNECTION], WrongAccept),
            (
                101,
                &[UPGRADE, CONNECTION, ("sec-websocket-accept", KEY)],
                WrongAccept,
            ),
            (
                101,
                &[
                    UPGRADE,
                    CONNECTION,
                    ACCEPT,
                    ("sec-websocket-extensions", "permessage-deflate"),
                ],
                Extension,
            ),
            (
                101,
                &[UPGRADE, CONNECTION, ACCEPT, ("sec-websocket-protocol", "mqtt")],
                Subprotocol,
            ),
        ] {
            assert_eq!(
                answer(status, headers),
                Err(DialError::NotWebSocket(why)),
                "{headers:?}"
            );
        }
    }
}
