//! The request that a client must send, byte by byte.

use url::form_urlencoded;

/// A request for the event stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    target: String,
    token: Option<String>,
    last_event_id: Option<Vec<u8>>,
    websocket: bool,
}

/// Replaces the random key of a WebSocket request.
const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAA==";

impl Ask {
    /// The request of a client that has seen no event yet.
    pub fn first() -> Self {
        Self {
            target: "/api/v1/sse".into(),
            token: None,
            last_event_id: None,
            websocket: false,
        }
    }

    /// The request of a client that has seen this event, whose id is in the header and in the query.
    pub fn after(id: &str) -> Self {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("lastEventId", id)
            .finish();
        Self {
            target: format!("/api/v1/sse?{query}"),
            token: None,
            last_event_id: Some(id.as_bytes().to_vec()),
            websocket: false,
        }
    }

    /// Replaces path and query.
    #[must_use]
    pub fn target(mut self, target: &str) -> Self {
        self.target = target.into();
        self
    }

    /// Sets the bearer token.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Removes the header with the last event id.
    #[must_use]
    pub fn without_last_event_id(mut self) -> Self {
        self.last_event_id = None;
        self
    }

    /// Makes it a WebSocket request, with the last event id only in the query.
    #[must_use]
    pub fn by_websocket(mut self) -> Self {
        self.target = self.target.replace("/api/v1/sse", "/api/v1/ws");
        self.last_event_id = None;
        self.websocket = true;
        self
    }

    /// Returns the head of the request to this host by this user agent.
    pub fn bytes(&self, host: &str, user_agent: &str) -> Vec<u8> {
        if self.websocket {
            return self.handshake(host, user_agent).into_bytes();
        }
        let mut head = format!(
            "GET {} HTTP/1.1\r\naccept: text/event-stream\r\naccept-encoding: identity\r\ncache-control: no-cache\r\n",
            self.target
        )
        .into_bytes();
        if let Some(id) = &self.last_event_id {
            head.extend_from_slice(b"last-event-id: ");
            head.extend_from_slice(id);
            head.extend_from_slice(b"\r\n");
        }
        if let Some(token) = &self.token {
            head.extend_from_slice(format!("authorization: Bearer {token}\r\n").as_bytes());
        }
        head.extend_from_slice(format!("user-agent: {user_agent}\r\nhost: {host}\r\n\r\n").as_bytes());
        head
    }

    fn handshake(&self, host: &str, user_agent: &str) -> String {
        let authorization = match &self.token {
            Some(token) => format!("authorization: Bearer {token}\r\n"),
            None => String::new(),
        };
        format!(
            "GET {} HTTP/1.1\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: {KEY}\r\nsec-websocket-protocol: gloria.v1\r\n{authorization}accept: */*\r\n\
             user-agent: {user_agent}\r\nhost: {host}\r\n\r\n",
            self.target
        )
    }
}

/// Replaces the only random part of a head, if it has the required length.
pub fn comparable(head: &[u8]) -> Vec<u8> {
    const NAME: &[u8] = b"\r\nsec-websocket-key: ";
    let mut head = head.to_vec();
    if let Some(at) = head.windows(NAME.len()).position(|name| name == NAME) {
        let key = at + NAME.len();
        let end = key + KEY.len();
        if head.get(end..end + 2) == Some(b"\r\n") && head[key..end].ends_with(b"==") {
            head[key..end].copy_from_slice(KEY.as_bytes());
        }
    }
    head
}

/// Asserts that the head equals this request, byte by byte.
pub fn assert_head(head: &[u8], ask: &Ask, host: &str, user_agent: &str) {
    let wanted = ask.bytes(host, user_agent);
    assert_eq!(
        comparable(head).escape_ascii().to_string(),
        wanted.escape_ascii().to_string(),
        "the request's bytes"
    );
}
