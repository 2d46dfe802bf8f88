//! Recovery is detected, and lasting problems are reported the same way everywhere.

use std::collections::HashMap;
use std::time::Duration;

use gloria_backend::{Answer, Route, TEST_TOKEN};
use gloria_core::metrics::status::Health;
use gloria_core::ports::fakes::FakeSecrets;
use gloria_core::ports::{SecretError, Secrets as _};
use gloria_core::protocol::{ConnectionState, Remedy};
use gloria_core::token::Token;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{CREATED, Harness, Spoken, backend, live, within_deadline};

#[tokio::test]
async fn a_window_that_gains_focus_asks_at_once_whether_a_refusal_still_stands() {
    let (backend, control) = backend().await;
    control.answer(Route::Stream, 1, Answer::new(403)).unwrap();
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    let halted = running
        .until("halted", |state| {
            state.connection.state == ConnectionState::Halted
        })
        .await;
    assert!(halted.connection.needs_user);
    assert!(
        halted.connection.next_attempt_at.is_some(),
        "it is asked again by itself"
    );
    running.looked_at().await;
    let connected = running.connected().await;
    assert!(!connected.connection.needs_user);
}

#[tokio::test]
async fn a_token_that_another_program_stores_is_found_in_the_keyring() {
    let (backend, _) = backend().await;
    let address = backend.api_url();
    let refused = Token::parse("a-token-that-the-server-refuses").unwrap();
    let secrets = FakeSecrets::with_token(&address, refused);
    let harness = Harness::with(secrets, HashMap::from([("GLORIA_API_URL", address.clone())]));
    let running = harness.start();
    running
        .until("halted", |state| {
            state.connection.state == ConnectionState::Halted
        })
        .await;
    let good = Token::parse(TEST_TOKEN).unwrap();
    harness.secrets.store(&address, good.into()).await.unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(11)).await;
    tokio::time::resume();
    running.connected().await;
}

/// Returns a server whose responses the test writes, and a harness for it.
pub(crate) async fn by_hand() -> (TcpListener, Harness) {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/api", server.local_addr().unwrap());
    let secrets = FakeSecrets::with_token(&address, Token::parse(TEST_TOKEN).unwrap());
    (
        server,
        Harness::with(secrets, HashMap::from([("GLORIA_API_URL", address)])),
    )
}

/// Returns the next request and its connection.
pub(crate) async fn request(server: &TcpListener) -> (TcpStream, String) {
    let (mut client, _) = within_deadline("a request", server.accept()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    (client, String::from_utf8(head).unwrap().to_lowercase())
}

const OPEN: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_refusal_inside_a_stream_needs_the_user_after_another_token() {
    let (server, harness) = by_hand().await;
    let running = harness.start();
    for _ in 0..2 {
        let (mut client, _) = request(&server).await;
        let error = "event: error\ndata: {\"statusCode\":401,\"code\":\"UNAUTHENTICATED\"}\n\n";
        client
            .write_all(format!("{OPEN}{error}").as_bytes())
            .await
            .unwrap();
    }
    let halted = running
        .until("halted", |state| {
            state.connection.state == ConnectionState::Halted
        })
        .await;
    assert_eq!(halted.connection.remedy, Remedy::SignIn);
    let reported = within_deadline("told", harness.notifications.shown.wait_for(1)).await;
    assert_eq!(reported[0].title.words(), "Gloria Notify needs you");
}

#[tokio::test]
async fn a_position_that_the_server_refuses_is_let_go_and_said_over_restarts_too() {
    let (server, harness) = by_hand().await;
    for start in 0..3_u32 {
        let running = harness.start();
        if start > 0 {
            let (mut client, head) = request(&server).await;
            assert!(head.contains("last-event-id: "), "{head}");
            client
                .write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                .await
                .unwrap();
        }
        let (mut client, head) = request(&server).await;
        assert!(!head.contains("last-event-id"), "{head}");
        client.write_all(OPEN.as_bytes()).await.unwrap();
        let id = format!("n{start}");
        let event = format!("id: {id}\nevent: {CREATED}\ndata: {}\n\n", live(&id, "normal"));
        client.write_all(event.as_bytes()).await.unwrap();
        // It has no list from which what is missing could be had.
        let (mut list, head) = request(&server).await;
        assert!(head.contains("/notifications?"), "{head}");
        list.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            .await
            .unwrap();
        running
            .until("a row says so", |state| state.counts.total == 2 * start + 1)
            .await;
        within_deadline(
            "shown",
            harness.notifications.shown.wait_for(2 * start as usize + 1),
        )
        .await;
        running.stop().await;
    }
}

#[tokio::test]
async fn a_locked_keyring_needs_the_user_in_every_place_alike() {
    let (backend, _control) = backend().await;
    let harness = Harness::signed_in(&backend);
    *harness.secrets.failure.lock().unwrap() = Some(SecretError::Locked);
    let running = harness.start();
    let state = running
        .until("waiting", |state| {
            state.connection.state == ConnectionState::Waiting
        })
        .await;
    assert_eq!(state.connection.remedy, Remedy::UnlockKeyring);
    assert!(state.connection.needs_user);
    assert_eq!(running.core.status().await.unwrap().health, Health::NeedsUser);
    within_deadline("told", harness.notifications.shown.wait_for(1)).await;
}

#[tokio::test]
async fn what_was_heard_last_survives_a_restart() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running
        .until("heard", |state| state.connection.last_heard_at.is_some())
        .await;
    let heard = running
        .core
        .attach()
        .await
        .unwrap()
        .snapshot
        .connection
        .last_heard_at;
    running.stop().await;
    control.refuse().await.unwrap();
    control.reset();
    let running = harness.start();
    let state = running
        .until("waiting", |state| {
            state.connection.state == ConnectionState::Waiting
        })
        .await;
    assert!(
        state.connection.last_heard_at >= heard,
        "{:?} {heard:?}",
        state.connection.last_heard_at
    );
}
