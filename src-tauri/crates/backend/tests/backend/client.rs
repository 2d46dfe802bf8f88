use std::pin::Pin;
use std::time::Duration;

use eventsource_stream::{Event, Eventsource};
use futures_util::{Stream, StreamExt};
use gloria_backend::{Backend, BackendOptions, TEST_TOKEN};
use reqwest::{Client, RequestBuilder, Response, redirect};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Nothing here takes longer on a working backend; only a broken one waits for it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

pub(crate) async fn backend() -> Backend {
    Backend::start(BackendOptions::default()).await.unwrap()
}

pub(crate) fn http() -> Client {
    // Another test of this process may have installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .build()
        .unwrap()
}

pub(crate) fn get(backend: &Backend, path: &str) -> RequestBuilder {
    http()
        .get(format!("{}{path}", backend.api_url()))
        .bearer_auth(TEST_TOKEN)
}

/// A stream as the card's crate reads it.
pub(crate) struct Events {
    inner: Pin<Box<dyn Stream<Item = Result<Event, String>> + Send>>,
}

impl Events {
    pub(crate) fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        let events = response.bytes_stream().eventsource();
        Self {
            inner: Box::pin(events.map(|event| event.map_err(|error| error.to_string()))),
        }
    }

    pub(crate) async fn open(request: RequestBuilder) -> Self {
        Self::of(timeout(DEADLINE, request.send()).await.unwrap().unwrap())
    }

    /// The next thing: an event, an error, or the end.
    pub(crate) async fn next(&mut self) -> Option<Result<Event, String>> {
        timeout(DEADLINE, self.inner.next()).await.unwrap()
    }

    pub(crate) async fn event(&mut self) -> Event {
        self.next().await.unwrap().unwrap()
    }

    /// The next event must be the greeting.
    pub(crate) async fn greeted(mut self) -> Self {
        assert_eq!(self.event().await.event, "connection_established");
        self
    }

    /// Whether nothing arrives. The stream is as before afterwards.
    pub(crate) async fn is_silent(&mut self) -> bool {
        // The one place where time must pass: that nothing comes can only be seen by waiting.
        timeout(Duration::from_millis(150), self.inner.next())
            .await
            .is_err()
    }
}

pub(crate) async fn stream(backend: &Backend) -> Events {
    Events::open(get(backend, "/sse")).await.greeted().await
}

pub(crate) async fn stream_after(backend: &Backend, cursor: &str) -> Events {
    Events::open(get(backend, "/sse").header("last-event-id", cursor))
        .await
        .greeted()
        .await
}

pub(crate) fn data(event: &Event) -> Value {
    serde_json::from_str(&event.data).unwrap()
}

pub(crate) fn note(id: &str) -> Value {
    json!({ "id": id, "title": "Safety briefing", "message": "Hall 3 at 14:00" })
}

/// A connection with nothing between the test and the socket.
pub(crate) struct Raw {
    io: TcpStream,
    pub(crate) received: Vec<u8>,
}

impl Raw {
    pub(crate) async fn get(backend: &Backend, path: &str) -> Self {
        Self::request(backend, "GET", path).await
    }

    pub(crate) async fn request(backend: &Backend, method: &str, path: &str) -> Self {
        let mut io = TcpStream::connect(backend.address()).await.unwrap();
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {TEST_TOKEN}\r\n\r\n");
        io.write_all(head.as_bytes()).await.unwrap();
        Self {
            io,
            received: Vec::new(),
        }
    }

    /// A stream whose greeting has arrived to its last byte.
    pub(crate) async fn stream(backend: &Backend) -> Self {
        let mut raw = Self::get(backend, "/api/v1/sse").await;
        raw.until("}\n\n\r\n").await;
        raw
    }

    /// Reads until `text` has arrived.
    pub(crate) async fn until(&mut self, text: &str) {
        while !self.text().contains(text) {
            let read = timeout(DEADLINE, self.io.read_buf(&mut self.received))
                .await
                .unwrap()
                .unwrap();
            assert!(read > 0, "ended before {text:?}: {:?}", self.text());
        }
    }

    /// Reads to the end, or to the error that ends it.
    pub(crate) async fn finish(&mut self) -> std::io::Result<()> {
        timeout(DEADLINE, self.io.read_to_end(&mut self.received))
            .await
            .unwrap()
            .map(drop)
    }

    /// How many bytes one read gives.
    pub(crate) async fn read_once(&mut self) -> usize {
        timeout(DEADLINE, self.io.read_buf(&mut self.received))
            .await
            .unwrap()
            .unwrap()
    }

    pub(crate) async fn is_silent(&mut self) -> bool {
        timeout(Duration::from_millis(150), self.io.read_buf(&mut self.received))
            .await
            .is_err()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }
}
