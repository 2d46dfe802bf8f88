//! The checks of each server: all routes to it concurrently, step by step.

use std::time::Duration;

use futures_util::future::join_all;
use gloria_interop_tests::proxies::{IdleTimeout, Proxies};
use gloria_interop_tests::relay::Relay;
use gloria_interop_tests::server::Server;
use gloria_interop_tests::tail::Tail;
use gloria_interop_tests::{TOKEN, free_port};

use crate::makes::{Make, Transport};
use crate::page::Row;

/// The servers' heartbeat interval. The client hangs up after 2.5 times as much silence, so a busy machine may be late
/// by one and a half of it.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// How many clients are tried until the head comes at once. A server that sends it with the first heartbeat does so for
/// none, and one that sends it at once may be late for some: on a busy machine, and with its first requests, for which
/// frameworks load code.
const MAX_HEADS: u32 = 4;

/// More silence between events than a client tolerates that does not count heartbeats.
const SILENT_BEATS: u32 = 4;

/// A client with its route to a server.
struct Way {
    relay: Relay,
    tail: Tail,
    /// The outcome of the command.
    outcome: Result<(), String>,
}

impl Way {
    async fn to(port: u16, transport: Transport, token_in: &str, token: &str) -> Self {
        let relay = Relay::to(port).await;
        let (scheme, host) = match transport {
            Transport::Sse => ("http", "127.0.0.1"),
            Transport::WebSocket => ("ws", "127.0.0.1"),
            // The name in the certificate.
            Transport::Http2 => ("https", "localhost"),
        };
        let api = format!("{scheme}://{host}:{}/api/v1", relay.port());
        let heartbeat = format!("{}ms", HEARTBEAT.as_millis());
        let authority = crate::makes::authority();
        let tail = Tail::start(&[
            ("GLORIA_API_URL", &api),
            ("GLORIA_TOKEN", token),
            ("GLORIA_AUTH_TRANSPORT", token_in),
            ("GLORIA_SSE_HEARTBEAT_INTERVAL", &heartbeat),
            ("GLORIA_CA_FILE", &authority),
        ]);
        Self {
            relay,
            tail,
            outcome: Ok(()),
        }
    }

    async fn connects(&mut self) {
        if self.outcome.is_ok() {
            self.outcome = self.tail.connects().await;
        }
    }

    async fn receives(&mut self, numbers: std::ops::RangeInclusive<u32>) {
        if self.outcome.is_ok() {
            self.outcome = self.tail.receives(numbers).await;
        }
    }

    async fn stays_in_silence(&mut self) {
        if self.outcome.is_ok() {
            let before = self.relay.traffic().pieces;
            let beaten = self
                .relay
                .until(|traffic| traffic.pieces >= before + SILENT_BEATS)
                .await;
            self.outcome = beaten;
        }
    }

    async fn waits(&mut self) {
        if self.outcome.is_ok() {
            self.outcome = self.tail.waits().await.map(drop);
        }
    }

    async fn comes_back_for(&mut self, numbers: std::ops::RangeInclusive<u32>) {
        if self.outcome.is_ok() {
            self.outcome = self.tail.comes_back_for(numbers).await;
        }
    }
}

/// Runs all checks with one server.
pub(crate) async fn visit(make: &Make) -> Row {
    let port = free_port().await;
    let mut server = Server::start(make.program, port, HEARTBEAT).await;
    let proxies = match make.transport {
        Transport::Sse | Transport::WebSocket => Some(Proxies::before(port, IdleTimeout::Default).await),
        // Here the server itself has the certificate, which a proxy would replace.
        Transport::Http2 => None,
    };
    let mut ways = vec![
        Way::to(port, make.transport, "header", TOKEN).await,
        Way::to(port, make.transport, "query", TOKEN).await,
    ];
    if let Some(proxies) = &proxies {
        ways.extend([
            Way::to(proxies.nginx_as_it_comes, make.transport, "header", TOKEN).await,
            Way::to(proxies.nginx_buffering, make.transport, "query", TOKEN).await,
            Way::to(proxies.nginx_not_buffering, make.transport, "header", TOKEN).await,
            Way::to(proxies.haproxy, make.transport, "query", TOKEN).await,
        ]);
    }
    join_all(ways.iter_mut().map(Way::connects)).await;
    let head_at_once = head_comes_at_once(make.transport, port, &ways[..2]).await;

    server.push(1..=3).await;
    join_all(ways.iter_mut().map(|way| way.receives(1..=3))).await;

    join_all(ways.iter_mut().map(Way::stays_in_silence)).await;
    server.push(4..=4).await;
    join_all(ways.iter_mut().map(|way| way.receives(4..=4))).await;

    for way in &ways {
        way.relay.cut_and_close();
    }
    server.push(5..=40).await;
    for way in &ways {
        way.relay.open();
    }
    join_all(ways.iter_mut().map(|way| way.comes_back_for(5..=40))).await;

    server.stop().await;
    join_all(ways.iter_mut().map(Way::waits)).await;
    let ends_in_order = ends_in_order(make.transport, &ways[0].relay.traffic().last);
    server.spawn_again().await;
    server.push(41..=41).await;
    join_all(ways.iter_mut().map(|way| way.comes_back_for(41..=41))).await;
    server.push(42..=42).await;
    join_all(ways.iter_mut().map(|way| way.receives(42..=42))).await;

    let mut refused = Way::to(port, make.transport, "header", "another-token").await;
    assert_eq!(
        refused.tail.exit_code().await,
        Ok(Some(3)),
        "another token is refused with 401"
    );

    let mut outcomes = ways.into_iter().map(|way| way.outcome);
    let mut next = || outcomes.next();
    Row {
        head_at_once,
        by_header: next().unwrap(),
        by_query: next().unwrap(),
        nginx_as_it_comes: next(),
        nginx_buffering: next(),
        nginx_not_buffering: next(),
        haproxy: next(),
        ends_in_order,
    }
}

/// Whether a server sends the head before its first event or heartbeat; `None` if it answers nobody.
async fn head_comes_at_once(transport: Transport, port: u16, ways: &[Way]) -> Option<bool> {
    let mut answered_in = ways
        .iter()
        .filter_map(|way| way.relay.traffic().answered_in)
        .min();
    for _ in 1..MAX_HEADS {
        if answered_in.is_some_and(is_at_once) {
            break;
        }
        let mut way = Way::to(port, transport, "header", TOKEN).await;
        way.connects().await;
        answered_in = way.relay.traffic().answered_in.or(answered_in);
    }
    answered_in.map(is_at_once)
}

/// Whether a head that took this long came before a heartbeat.
fn is_at_once(answered_in: Duration) -> bool {
    answered_in < HEARTBEAT * 9 / 10
}

/// Whether the bytes at the end of a stream show an orderly end; `None` if they cannot.
fn ends_in_order(transport: Transport, last: &[u8]) -> Option<bool> {
    match transport {
        Transport::Sse => Some(last.ends_with(b"0\r\n\r\n")),
        // A close frame with two bytes, the code.
        Transport::WebSocket => Some(last.ends_with(&[0x88, 0x02, 0x03, 0xe9])),
        Transport::Http2 => None,
    }
}
