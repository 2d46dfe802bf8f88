//! A stream and its scripted server.

use std::sync::Arc;
use std::time::Duration;

use gloria_chaos::ask::{Ask, assert_head};
use gloria_chaos::server::{Exchange, Server};
use gloria_stream::{Command, StreamOptions};

use crate::journal::{Client, Tokens};
use crate::numbers::{Span, secs};

/// The stream's user agent.
pub(crate) const USER_AGENT: &str = "GloriaChaos/1";

/// The default setting.
pub(crate) const BASE: Duration = secs(5);

/// An address without a listener: the port of the discard service.
pub(crate) const NO_PORTAL: &str = "http://127.0.0.1:9/generate_204";

pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) client: Client,
    pub(crate) tokens: Arc<Tokens>,
}

impl Stage {
    /// Returns a stream with the default timing that has not started.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}, Tokens::none()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut StreamOptions), tokens: Tokens) -> Self {
        let server = Server::bind().await;
        let url = format!("http://{}/api/v1/sse", server.address());
        let mut options = StreamOptions::new(url.parse().unwrap(), USER_AGENT, 7);
        // Nothing listens there; a case with a portal sets another address.
        options.network.probe_url = Some(NO_PORTAL.parse().unwrap());
        change(&mut options);
        let tokens = Arc::new(tokens);
        Self {
            client: Client::spawn(options, Arc::clone(&tokens)),
            server,
            tokens,
        }
    }

    /// Like [`Stage::new`], started without a position.
    pub(crate) async fn begun() -> Self {
        let stage = Self::new().await;
        stage.start(None);
        stage
    }

    pub(crate) fn start(&self, cursor: Option<&str>) {
        self.send(Command::Start {
            cursor: cursor.map(str::to_owned),
        });
    }

    pub(crate) fn send(&self, command: Command) {
        self.client.stream.send(command);
    }

    /// Returns the next request, which must be this one byte by byte.
    pub(crate) async fn request(&self, ask: Ask) -> Exchange {
        let exchange = self.server.request().await;
        assert_asks(&exchange, &ask, &self.server.address().to_string());
        exchange
    }

    /// Returns the next request, with an open stream.
    pub(crate) async fn opened(&mut self, ask: Ask) -> Exchange {
        let mut exchange = self.request(ask).await;
        exchange.open().await;
        self.client.state("connected").await;
        exchange
    }

    /// Asserts that the time between the server's last action and its request number `number`, from 0, is in the span.
    pub(crate) fn waited(&self, number: usize, span: &Span) {
        let waited = self.server.log().wait(number);
        assert!(
            span.contains(&waited),
            "request {number} came after {waited:?}, not {span:?}"
        );
    }

    /// Asserts that the first attempt was reported as failed for this reason. The second one comes within the span, is
    /// this request byte by byte, and is opened.
    pub(crate) async fn failed_once(&mut self, second: Ask, wait: &Span, reason: &str) {
        let _second = self.opened(second).await;
        self.waited(1, wait);
        let failed = format!("waiting 1: {reason}");
        self.verdict(&["connecting 0", &failed, "connecting 1", "connected"], &[])
            .await;
    }

    /// Asserts that exactly these states and events were delivered, and the server received no further request.
    pub(crate) async fn verdict(&mut self, states: &[&str], events: &[(&str, &str)]) {
        self.client.states(states).await;
        self.client.events(events).await;
        assert!(self.server.is_quiet(), "it asked once more");
    }

    /// Advances the clock, and runs everything that becomes due.
    pub(crate) async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

pub(crate) fn assert_asks(exchange: &Exchange, ask: &Ask, host: &str) {
    assert_head(&exchange.head(), ask, host, USER_AGENT);
}
