//! Streams that end repeatedly, by the server or by a proxy in front of it.

use std::time::Duration;

use gloria_interop_tests::proxies::{IdleTimeout, Proxies};
use gloria_interop_tests::server::{Program, Server};
use gloria_interop_tests::tail::Tail;
use gloria_interop_tests::{TOKEN, free_port};
use serde_json::json;

const NODE: Program = Program::node(&["node", "node-http.mjs"]);

/// Longer than a test, so that there is no heartbeat.
const NEVER: Duration = Duration::from_secs(3600);

fn tail(port: u16, more: &[(&str, &str)]) -> Tail {
    let api = format!("http://127.0.0.1:{port}/api/v1");
    let mut environment = vec![("GLORIA_API_URL", api.as_str()), ("GLORIA_TOKEN", TOKEN)];
    environment.extend(more);
    Tail::start(&environment)
}

#[tokio::test]
async fn streams_that_deliver_and_end_in_good_order_are_begun_again_for_ever() {
    let port = free_port().await;
    let mut server = Server::start(NODE, port, Duration::from_millis(100)).await;
    // After so few failures, giving up would become visible.
    let mut tail = tail(port, &[("GLORIA_SSE_MAX_RECONNECT_ATTEMPTS", "3")]);
    tail.connects().await.unwrap();
    server.push(1..=1).await;
    tail.receives(1..=1).await.unwrap();
    for number in 2..=12 {
        server.send(&json!({ "end": true })).await;
        server.push(number..=number).await;
        tail.comes_back_for(number..=number).await.unwrap();
    }
}

#[tokio::test]
async fn a_proxy_that_ends_silent_streams_costs_no_event() {
    let port = free_port().await;
    let mut server = Server::start(Program::node(&["node", "fastify-sse.mjs"]), port, NEVER).await;
    let proxies = Proxies::before(port, IdleTimeout::OneSecond).await;
    let mut tails = [tail(proxies.nginx_not_buffering, &[]), tail(proxies.haproxy, &[])];
    for tail in &mut tails {
        tail.is_greeted().await.unwrap();
    }
    server.push(1..=1).await;
    for tail in &mut tails {
        tail.comes_back_for(1..=1).await.unwrap();
    }
    for number in 2..=5 {
        for tail in &mut tails {
            tail.waits().await.unwrap();
        }
        server.push(number..=number).await;
        for tail in &mut tails {
            tail.comes_back_for(number..=number).await.unwrap();
        }
    }
}
