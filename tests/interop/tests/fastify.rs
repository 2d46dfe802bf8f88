//! The client core against a Fastify server with `@fastify/sse`: another make than the reference backend, with only the
//! required part of the protocol, and heartbeats that are comments.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gloria_core::item::InboxView;
use gloria_core::paths::Paths;
use gloria_core::ports::fakes::{FakeNotifications, FakeSecrets};
use gloria_core::protocol::{ConnectionState, InboxQuery, Snapshot};
use gloria_core::token::Token;
use gloria_core::{CoreHandle, Ports, start, testing};
use gloria_interop_tests::server::{self, Program};
use gloria_interop_tests::{DEADLINE, TOKEN};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::timeout;

/// The heartbeat interval of the server, in milliseconds: short, so that a client that does not count comments would
/// hang up within the test.
const HEARTBEAT: i64 = 200;

struct Server {
    _child: Child,
    commands: ChildStdin,
    facts: Lines<BufReader<ChildStdout>>,
    api: String,
    _home: TempDir,
}

impl Server {
    async fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let program = Program::node(&["node", "fastify-sse.mjs"]);
        let heartbeat = Duration::from_millis(HEARTBEAT.unsigned_abs());
        let (child, commands, facts) = server::spawn_talking(program, heartbeat, home.path());
        let mut server = Self {
            _child: child,
            commands,
            facts: BufReader::new(facts).lines(),
            api: String::new(),
            _home: home,
        };
        let port = server.fact("listening").await;
        server.api = format!("http://127.0.0.1:{port}/api/v1");
        server
    }

    async fn send(&mut self, command: Value) {
        server::send(&mut self.commands, &command).await;
    }

    async fn push(&mut self, numbers: std::ops::RangeInclusive<u32>) {
        self.send(server::notifications(numbers)).await;
    }

    /// Waits for the server's next message, which must be this.
    async fn fact(&mut self, name: &str) -> Value {
        let line = timeout(DEADLINE, self.facts.next_line()).await;
        let line = line
            .unwrap_or_else(|_| panic!("the server did not say {name}"))
            .unwrap()
            .unwrap();
        let fact: Value = serde_json::from_str(&line).unwrap();
        assert!(fact.get(name).is_some(), "not {name}, but {fact}");
        fact[name].clone()
    }

    async fn connected_after(&mut self) -> Option<String> {
        let fact = self.fact("connected").await;
        fact["lastEventId"].as_str().map(str::to_owned)
    }
}

struct Client {
    core: CoreHandle,
    notifications: Arc<FakeNotifications>,
    _home: TempDir,
}

impl Client {
    fn start(api: &str, token: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let notifications = Arc::<FakeNotifications>::default();
        let environment = HashMap::from([("GLORIA_API_URL", api.to_owned())]);
        let ports = Ports {
            notifications: notifications.clone(),
            secrets: Arc::new(FakeSecrets::with_token(api, Token::parse(token).unwrap())),
            ..testing::ports()
        };
        let setup = testing::setup(Paths::within(home.path()), environment, ports);
        let (core, _task) = start(setup).unwrap();
        Self {
            core,
            notifications,
            _home: home,
        }
    }

    async fn until(&self, what: &str, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
        timeout(DEADLINE, testing::follow(&self.core, wanted))
            .await
            .unwrap_or_else(|_| panic!("not in time: {what}"))
    }

    /// Returns the titles in the inbox, oldest first.
    async fn titles(&self) -> Vec<String> {
        let query = InboxQuery {
            filter: InboxView::Inbox.into(),
            after: None,
            limit: 500,
        };
        let items = self.core.inbox_page(query).await.unwrap().items;
        items.into_iter().rev().map(|item| item.title).collect()
    }
}

fn tasks(numbers: std::ops::RangeInclusive<u32>) -> Vec<String> {
    numbers.map(|n| format!("Task {n}")).collect()
}

#[tokio::test]
async fn nothing_is_lost_and_nothing_comes_twice_over_dropped_connections() {
    let mut server = Server::start().await;
    let client = Client::start(&server.api, TOKEN);
    assert_eq!(server.connected_after().await, None);

    server.push(1..=3).await;
    client.until("three items", |state| state.counts.total == 3).await;

    for (how, missed, resumed_after) in [
        ("end", 4..=6, "e-3"),
        ("cut", 7..=40, "e-6"),
        ("cut", 41..=41, "e-40"),
    ] {
        let last = i64::from(*missed.end());
        server.send(json!({ "drop": how })).await;
        server.fact("disconnected").await;
        server.push(missed).await;
        assert_eq!(
            server.connected_after().await.as_deref(),
            Some(resumed_after),
            "after {how}"
        );
        client
            .until("what was missed", |state| i64::from(state.counts.total) >= last)
            .await;
    }
    server.push(42..=42).await;
    client.until("a live one", |state| state.counts.total >= 42).await;

    assert_eq!(client.titles().await, tasks(1..=42));
    let requests = timeout(DEADLINE, client.notifications.shown.wait_for(9))
        .await
        .unwrap();
    let titles: Vec<_> = requests
        .into_iter()
        .map(|request| gloria_words::Words::english().phrase(&request.title))
        .collect();
    let digest = "34 notifications while you were away".to_owned();
    assert_eq!(titles, [tasks(1..=6), vec![digest], tasks(41..=42)].concat());
}

#[tokio::test]
async fn comments_keep_a_silent_connection_alive() {
    let mut server = Server::start().await;
    let client = Client::start(&server.api, TOKEN);
    assert_eq!(server.connected_after().await, None);
    client
        .until("connected", |state| {
            state.connection.state == ConnectionState::Connected
        })
        .await;

    // Silence of 2.5 heartbeats would end it; four times as much passes with nothing but comments.
    let heard_for = async {
        let mut looks = tokio::time::interval(Duration::from_millis(50));
        loop {
            looks.tick().await;
            let connection = client.core.attach().await.unwrap().snapshot.connection;
            let heard = connection.last_heard_at.zip(connection.connected_since);
            if heard.is_some_and(|(heard, since)| heard - since >= 10 * HEARTBEAT) {
                break;
            }
        }
    };
    timeout(DEADLINE, heard_for).await.unwrap();

    // The server's next message is the requested end, so there was none before.
    server.send(json!({ "drop": "end" })).await;
    server.fact("disconnected").await;
    server.connected_after().await;
}

#[tokio::test]
async fn a_refused_token_ends_in_a_request_to_sign_in() {
    let mut server = Server::start().await;
    let client = Client::start(&server.api, "another-token");

    let halted = client
        .until("halted", |state| {
            state.connection.state == ConnectionState::Halted
        })
        .await;

    assert_eq!(halted.connection.remedy, gloria_core::protocol::Remedy::SignIn);
    assert_eq!(server.fact("refused").await, json!(401));
}
