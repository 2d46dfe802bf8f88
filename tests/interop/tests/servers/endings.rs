//! Streams that end again and again.

use std::time::Duration;

use gloria_interop_tests::proxies::{Patience, Proxies};
use gloria_interop_tests::server::{Program, Server};
use gloria_interop_tests::tail::Tail;
use gloria_interop_tests::{TOKEN, free_port};

/// No heartbeat comes within a test.
const NEVER: Duration = Duration::from_secs(3600);

fn tail(port: u16) -> Tail {
    let api = format!("http://127.0.0.1:{port}/api/v1");
    Tail::start(&[("GLORIA_API_URL", &api), ("GLORIA_TOKEN", TOKEN)])
}

#[tokio::test]
async fn a_proxy_that_ends_silent_streams_costs_no_event() {
    let port = free_port().await;
    let mut server = Server::start(Program::node(&["node", "express.mjs"]), port, NEVER).await;
    let proxies = Proxies::before(port, Patience::OneSecond).await;
    let mut tails = [tail(proxies.nginx_not_buffering), tail(proxies.haproxy)];
    for tail in &mut tails {
        tail.connects().await.unwrap();
    }
    server.push(1..=1).await;
    for tail in &mut tails {
        tail.receives(1..=1).await.unwrap();
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
