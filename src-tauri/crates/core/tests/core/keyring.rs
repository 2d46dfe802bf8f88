//! A keyring that does not answer blocks nothing else.

use std::collections::HashMap;
use std::time::Duration;

use gloria_backend::TEST_TOKEN;
use gloria_core::account::Erasures;
use gloria_core::ports::SecretError;
use gloria_core::ports::fakes::FakeSecrets;
use gloria_core::protocol::{AccountForm, ConnectionState, SignOutForm, TokenState};
use gloria_core::token::Token;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::harness::{CREATED, DEADLINE, Harness, Running, backend, live, within_deadline};

fn token(text: &str) -> Token {
    Token::parse(text).unwrap()
}

/// Saves concurrently with the test, like a window.
fn save(running: &Running, address: &str, text: &str) -> JoinHandle<()> {
    let form = AccountForm {
        address: address.to_owned(),
        token: Some(token(text)),
    };
    let core = running.core.clone();
    tokio::spawn(async move { core.account_save(form).await.unwrap() })
}

fn sign_out(running: &Running) -> JoinHandle<()> {
    let core = running.core.clone();
    tokio::spawn(async move { core.account_sign_out(SignOutForm { erase: false }).await.unwrap() })
}

/// Advances the time until the keyring is queried again.
async fn pass_keyring_interval() {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(11)).await;
    tokio::time::resume();
}

async fn asked(harness: &Harness, count: usize) {
    within_deadline("the keyring is asked", harness.secrets.asked.wait_for(count)).await;
}

#[tokio::test]
async fn status_and_urgent_notifications_do_not_wait_for_it() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    harness.kept(&backend, "user-1", TEST_TOKEN).await;
    harness.secrets.hang();
    let before = harness.secrets.asked.all().len();
    control.require_token("another");
    let saved = save(&running, &backend.api_url(), "another");
    asked(&harness, before + 1).await;

    // The token is used already.
    let again = control.wait_for(
        |seen| seen.streams == 1 && seen.stream_requests().count() >= 2,
        DEADLINE,
    );
    again.await.unwrap();
    let state = running
        .until("connected with it", |state| {
            state.connection.state == ConnectionState::Connected && state.account.token == TokenState::Present
        })
        .await;
    assert!(!state.account.needs_setup);
    within_deadline("status", running.core.status()).await.unwrap();
    control.push(CREATED, live("a", "urgent"));
    within_deadline("shown", harness.notifications.shown.wait_for(1)).await;
    assert!(!saved.is_finished(), "the keyring has not answered");

    harness.secrets.resume();
    within_deadline("saved", saved).await.unwrap();
    harness.kept(&backend, "user-1", "another").await;
    let tested = AccountForm {
        address: backend.api_url(),
        token: None,
    };
    assert!(running.core.connection_test(tested).await.unwrap().succeeded);
}

#[tokio::test]
async fn stopping_does_not_wait_for_it() {
    let (backend, _control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    harness.kept(&backend, "user-1", TEST_TOKEN).await;
    harness.secrets.hang();
    let before = harness.secrets.asked.all().len();
    let signed_out = sign_out(&running);
    asked(&harness, before + 1).await;
    running
        .until("hung up", |state| state.connection.state == ConnectionState::Idle)
        .await;
    assert!(!signed_out.is_finished());
    running.stop().await;
}

#[tokio::test]
async fn what_was_decided_last_is_what_it_holds_in_the_end() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    harness.kept(&backend, "user-1", TEST_TOKEN).await;
    harness.secrets.hang();
    let before = harness.secrets.asked.all().len();
    control.require_token("first");
    let mut replies = vec![save(&running, &backend.api_url(), "first")];
    asked(&harness, before + 1).await;
    replies.push(sign_out(&running));
    // Signing out removes both entries.
    asked(&harness, before + 3).await;
    control.require_token("last");
    replies.push(save(&running, &backend.api_url(), "last"));
    asked(&harness, before + 4).await;
    running.connected().await;

    harness.secrets.resume();
    for reply in replies {
        within_deadline("a reply to each", reply).await.unwrap();
    }
    harness.kept(&backend, "user-1", "last").await;
    let state = running.connected().await;
    assert_eq!(
        (state.account.token, state.notices),
        (TokenState::Present, vec![])
    );

    harness.secrets.hang();
    let before = harness.secrets.asked.all().len();
    control.require_token(TEST_TOKEN);
    let saved = save(&running, &backend.api_url(), TEST_TOKEN);
    asked(&harness, before + 1).await;
    let signed_out = sign_out(&running);
    asked(&harness, before + 3).await;
    harness.secrets.resume();
    within_deadline("saved", saved).await.unwrap();
    within_deadline("signed out", signed_out).await.unwrap();
    for entry in [backend.api_url(), Harness::entry_of(&backend, "user-1")] {
        assert!(harness.secrets.token(&entry).is_none(), "{entry}");
    }
    let state = running
        .until("signed out", |state| state.account.needs_setup)
        .await;
    assert_eq!(
        (state.account.token, state.connection.state),
        (TokenState::Missing, ConnectionState::Idle)
    );
}

#[tokio::test]
async fn what_an_erased_account_left_in_a_keyring_that_hung_is_removed_once_it_answers_and_signs_nobody_in() {
    let harness = Harness::with(FakeSecrets::default(), HashMap::new());
    let server = "https://gloria.example/api";
    for entry in [server.to_owned(), format!("{server}#anna")] {
        harness.secrets.put(&entry, token("annas"));
        Erasures::read(&harness.paths()).add(&entry).unwrap();
    }
    harness.secrets.put("another", token("of-another"));
    *harness.secrets.failure.lock().unwrap() = Some(SecretError::Unavailable("it hangs".into()));
    let running = harness.start();
    asked(&harness, 1).await;
    assert_eq!(
        Erasures::read(&harness.paths()).all().len(),
        2,
        "for a later start"
    );
    *harness.secrets.failure.lock().unwrap() = None;
    pass_keyring_interval().await;
    let removed = async {
        while !Erasures::read(&harness.paths()).all().is_empty() {
            let so_far = harness.secrets.asked.all().len();
            harness.secrets.asked.wait_for(so_far + 1).await;
        }
    };
    within_deadline("removed", removed).await;
    assert!(harness.secrets.token(server).is_none());
    assert!(harness.secrets.token(&format!("{server}#anna")).is_none());
    assert!(harness.secrets.token("another").is_some());
    running.stop().await;
}

#[tokio::test]
async fn a_keyring_that_the_user_takes_long_to_unlock_ends_in_a_connection_at_once() {
    let (backend, _control) = backend().await;
    let harness = Harness::signed_in(&backend);
    *harness.secrets.failure.lock().unwrap() = Some(SecretError::Locked);
    let running = harness.start();
    let locked = running
        .until("locked", |state| {
            state.account.token == TokenState::KeyringLocked
                && state.connection.state == ConnectionState::Waiting
        })
        .await;
    assert!(locked.connection.next_attempt_at.is_some());
    harness.secrets.unlock();
    // Less than the interval in which the keyring is checked anyway.
    timeout(Duration::from_secs(8), running.connected())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_keyring_that_comes_back_is_found_within_seconds() {
    let (backend, _control) = backend().await;
    let harness = Harness::signed_in(&backend);
    *harness.secrets.failure.lock().unwrap() = Some(SecretError::Unavailable("it hangs".into()));
    let running = harness.start();
    running
        .until("away", |state| {
            state.account.token == TokenState::KeyringUnavailable
                && state.connection.state == ConnectionState::Waiting
        })
        .await;
    *harness.secrets.failure.lock().unwrap() = None;
    pass_keyring_interval().await;
    // The next attempt would be a minute later.
    timeout(Duration::from_secs(8), running.connected())
        .await
        .unwrap();
}
