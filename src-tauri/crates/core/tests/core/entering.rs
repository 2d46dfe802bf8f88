//! A token that is entered replaces another one only if the server does not refuse it.

use std::collections::HashMap;

use gloria_backend::{Answer, Control, Route, TEST_TOKEN};
use gloria_core::ports::fakes::FakeSecrets;
use gloria_core::protocol::{AccountForm, ConnectionState, SignOutForm};
use gloria_core::token::Token;
use tokio::net::TcpListener;

use crate::harness::{CREATED, Harness, Running, Spoken as _, backend, live, within_deadline};

fn form(address: &str, token: &str) -> AccountForm {
    AccountForm {
        address: address.to_owned(),
        token: Some(Token::parse(token).unwrap()),
    }
}

/// The stream that was there before goes on.
async fn goes_on(running: &Running, control: &Control, id: &str, total: u32) {
    control.push(CREATED, live(id, "normal"));
    let state = running
        .until("what is pushed arrives", |state| state.counts.total == total)
        .await;
    assert_eq!(state.connection.state, ConnectionState::Connected);
}

#[tokio::test]
async fn a_token_that_the_server_refuses_replaces_nothing_and_its_reason_is_said() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    harness.kept(&backend, "user-1", TEST_TOKEN).await;
    let refusals = [
        (None, "does not accept this token"),
        (Some(403), "has no access"),
        (Some(431), "too long for the server"),
    ];
    for (total, (status, said)) in (1..).zip(refusals) {
        if let Some(status) = status {
            control.answer(Route::Stream, 1, Answer::new(status)).unwrap();
        }
        let saved = running.core.account_save(form(&backend.api_url(), "wrong")).await;
        let error = saved.unwrap_err();
        assert!(error.message().id.starts_with("token-"), "the field is marked");
        let words = error.words();
        assert!(
            words.contains("nothing has changed") && words.contains(said),
            "{words}"
        );
        goes_on(&running, &control, &total.to_string(), total).await;
    }
    harness.kept(&backend, "user-1", TEST_TOKEN).await;
}

#[tokio::test]
async fn a_server_that_cannot_be_asked_refuses_nothing() {
    let (backend, control) = backend().await;
    let harness = Harness::with(FakeSecrets::default(), HashMap::new());
    let running = harness.start();
    control.answer(Route::Stream, 1, Answer::new(503)).unwrap();
    let form = form(&backend.api_url(), TEST_TOKEN);
    running.core.account_save(form).await.unwrap();
    running.connected().await;
    harness.kept(&backend, "user-1", TEST_TOKEN).await;
}

#[tokio::test]
async fn what_is_decided_while_a_server_is_asked_counts_more_than_its_answer() {
    let (backend, control) = backend().await;
    // The address is not set for the user.
    let harness = Harness::with(FakeSecrets::default(), HashMap::new());
    let running = harness.start();
    let own = || form(&backend.api_url(), TEST_TOKEN);
    running.core.account_save(own()).await.unwrap();
    running.connected().await;
    let slow = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/api/v1", slow.local_addr().unwrap());
    let asked = || {
        let (core, form) = (running.core.clone(), form(&address, "slow"));
        tokio::spawn(async move { core.account_save(form).await })
    };
    let first = asked();
    let connection = within_deadline("the server is asked", slow.accept()).await;
    running.core.account_save(own()).await.unwrap();
    drop(connection);
    let late = within_deadline("an answer", first).await.unwrap().unwrap_err();
    assert!(late.words().contains("something else was chosen"), "{late}");
    let state = running.connected().await;
    assert_eq!(state.account.address, Some(backend.api_url()));
    goes_on(&running, &control, "1", 1).await;

    let second = asked();
    let connection = within_deadline("the server is asked", slow.accept()).await;
    let out = SignOutForm { erase: false };
    running.core.account_sign_out(out).await.unwrap();
    drop(connection);
    let late = within_deadline("an answer", second).await.unwrap().unwrap_err();
    assert!(late.words().contains("something else was chosen"), "{late}");
    running
        .until("nobody is signed in", |state| state.account.needs_setup)
        .await;
}
