//! What servers send before the stream itself.

use std::time::Duration;

use gloria_interop_tests::relay::Relay;
use gloria_interop_tests::server::{Program, Server};
use gloria_interop_tests::tail::Tail;
use gloria_interop_tests::{TOKEN, free_port};

/// Longer than the 15 s that responses were once waited for, and shorter than the client's default limit of silence.
const HEARTBEAT: Duration = Duration::from_secs(17);

#[tokio::test]
async fn a_server_that_compresses_when_asked_is_not_asked() {
    let port = free_port().await;
    let program = Program::node(&["node", "express.mjs"]).with(&[("COMPRESSION", "1")]);
    let mut server = Server::start(program, port, Duration::from_millis(200)).await;
    let relay = Relay::to(port).await;
    let api = format!("http://127.0.0.1:{}/api/v1", relay.port());
    let mut tail = Tail::start(&[("GLORIA_API_URL", &api), ("GLORIA_TOKEN", TOKEN)]);
    tail.connects().await.unwrap();
    server.push(1..=1).await;
    tail.receives(1..=1).await.unwrap();
    let head = String::from_utf8_lossy(&relay.traffic().first).to_lowercase();
    assert!(head.contains("text/event-stream"), "{head}");
    assert!(!head.contains("content-encoding"), "{head}");
}

#[tokio::test]
async fn a_head_that_comes_with_the_first_heartbeat_is_waited_for() {
    let port = free_port().await;
    let mut server = Server::start(Program::node(&["node", "node-http.mjs"]), port, HEARTBEAT).await;
    let relay = Relay::to(port).await;
    let api = format!("http://127.0.0.1:{}/api/v1", relay.port());
    let mut tail = Tail::start(&[("GLORIA_API_URL", &api), ("GLORIA_TOKEN", TOKEN)]);
    tail.connects().await.unwrap();
    assert_eq!(relay.traffic().requests, 1);
    server.push(1..=1).await;
    tail.receives(1..=1).await.unwrap();
}
