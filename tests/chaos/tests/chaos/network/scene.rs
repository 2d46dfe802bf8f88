//! A stream, a network with faults, and the reference backend behind it.

use std::sync::Arc;
use std::time::Duration;

use gloria_backend::{Backend, BackendOptions, Control, TEST_TOKEN};
use gloria_chaos::ask::{Ask, assert_head};
use gloria_chaos::proxy::Proxy;
use gloria_stream::{Command, StreamOptions};
use serde_json::json;

use crate::journal::{Client, Journal, Tokens};
use crate::numbers::Span;
use crate::stage::{NO_PORTAL, USER_AGENT};

/// The transport.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    Sse,
    WebSocket,
}

/// The type of the events that the tests count.
pub(crate) const CREATED: &str = "notification.created";

/// A stream, a network with faults, and the reference backend behind it.
pub(crate) struct Scene {
    pub(crate) over: Over,
    _backend: Backend,
    pub(crate) control: Control,
    pub(crate) proxy: Proxy,
    pub(crate) client: Client,
    pub(crate) tokens: Arc<Tokens>,
}

impl Scene {
    pub(crate) async fn new(over: Over) -> Self {
        let options = BackendOptions {
            // Silence is one of the faults.
            heartbeat: None,
            ..BackendOptions::default()
        };
        let backend = Backend::start(options).await.unwrap();
        let proxy = Proxy::to(backend.address()).await;
        let url = match over {
            Over::Sse => format!("http://{}/api/v1/sse", proxy.address()),
            Over::WebSocket => format!("ws://{}/api/v1/ws", proxy.address()),
        };
        let mut options = StreamOptions::new(url.parse().unwrap(), USER_AGENT, 7);
        options.timing.max_attempts = 1000;
        options.network.probe_url = Some(NO_PORTAL.parse().unwrap());
        let tokens = Arc::new(Tokens::bearer(&[TEST_TOKEN]));
        let client = Client::spawn(options, Arc::clone(&tokens));
        let scene = Self {
            over,
            control: backend.control(),
            _backend: backend,
            proxy,
            client,
            tokens,
        };
        scene.client.stream.send(Command::Start { cursor: None });
        scene
    }

    /// Returns an open stream that has received events 1 and 2.
    pub(crate) async fn open(over: Over) -> Self {
        let mut scene = Self::new(over).await;
        scene.client.state("connected").await;
        scene.push(2);
        scene.received(2).await;
        scene
    }

    pub(crate) fn push(&self, count: usize) {
        self.control.push_many(count);
    }

    pub(crate) fn pushed(&self, what: &[&str]) {
        for text in what {
            self.control
                .push(CREATED, json!({"id": text, "title": text, "message": "m"}));
        }
    }

    /// Waits for this many events, which must be the first ones: each once, in order.
    pub(crate) async fn received(&mut self, count: usize) {
        let ids = |journal: &Journal| {
            let created = journal.frames.iter().filter(|frame| &*frame.event == CREATED);
            created.map(|frame| frame.id.to_string()).collect::<Vec<_>>()
        };
        self.client
            .until("the events", |journal| ids(journal).len() >= count)
            .await;
        let wanted: Vec<_> = (1..=count).map(|number| number.to_string()).collect();
        assert_eq!(ids(&self.client.journal()), wanted);
    }

    /// Waits for this many statuses that begin like this.
    pub(crate) async fn reported(&mut self, beginning: &str, times: usize) {
        let what = format!("{times} times {beginning}");
        self.client
            .until(&what, |journal| {
                let states = journal.states();
                states.iter().filter(|state| state.starts_with(beginning)).count() >= times
            })
            .await;
    }

    pub(crate) fn ask(&self, after: &str) -> Ask {
        let ask = if after.is_empty() {
            Ask::first()
        } else {
            Ask::after(after)
        }
        .token(TEST_TOKEN);
        match self.over {
            Over::Sse => ask,
            Over::WebSocket => ask.by_websocket(),
        }
    }

    /// Asserts that the requests so far resumed after these events, byte by byte, and that there were no others.
    pub(crate) fn asked(&self, after: &[&str]) {
        let seen = self.proxy.log().all();
        let host = self.proxy.address().to_string();
        for (seen, after) in seen.iter().zip(after) {
            assert_head(&seen.head, &self.ask(after), &host, USER_AGENT);
        }
        assert_eq!(seen.len(), after.len(), "requests");
    }

    pub(crate) fn waited(&self, number: usize, span: &Span) {
        let waited = self.proxy.log().wait(number);
        assert!(
            span.contains(&waited),
            "request {number} came after {waited:?}, not {span:?}"
        );
    }

    pub(crate) async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    pub(crate) fn states(&self) -> Vec<String> {
        self.client.journal().states()
    }
}
