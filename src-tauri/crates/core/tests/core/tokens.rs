//! A token is sent only to the server that it belongs to.

use std::collections::HashMap;

use gloria_backend::{Control, Credentials, TEST_TOKEN};
use gloria_core::message;
use gloria_core::ports::SecretError;
use gloria_core::ports::fakes::FakeSecrets;
use gloria_core::protocol::{AccountForm, ConnectionState, SignOutForm, TokenState};
use gloria_core::token::Token;

use crate::harness::{Harness, Running, Spoken, backend, within_deadline};

fn form(address: &str, token: Option<&str>) -> AccountForm {
    AccountForm {
        address: address.to_owned(),
        token: token.map(|token| Token::parse(token).unwrap()),
    }
}

/// Asserts that a server has seen no token in any request.
fn assert_saw_no_token(control: &Control) {
    for request in control.observed().requests {
        assert_eq!(request.credentials, Credentials::None, "{}", request.path);
        assert!(
            request.header("authorization").is_none()
                && !request.query.values().any(|value| value == TEST_TOKEN),
            "{}",
            request.path
        );
    }
}

async fn without_a_token(running: &Running) {
    running
        .until("without a token", |state| {
            state.account.token != TokenState::Present && state.connection.state == ConnectionState::Halted
        })
        .await;
}

#[tokio::test]
async fn testing_another_server_does_not_send_it_the_token_in_memory() {
    let ((ours, _control), (other, seen)) = (backend().await, backend().await);
    let harness = Harness::with(FakeSecrets::default(), HashMap::new());
    *harness.secrets.failure.lock().unwrap() = Some(SecretError::Unavailable("no session bus".into()));
    let running = harness.start();
    let save = form(&ours.api_url(), Some(TEST_TOKEN));
    running.core.account_save(save).await.unwrap();
    running.connected().await;

    for address in [
        other.api_url(),
        other.websocket_url(),
        format!("http://{}", other.address()),
    ] {
        let tested = running.core.connection_test(form(&address, None)).await;
        assert!(tested.is_err(), "{address}: {tested:?}");
    }
    assert_saw_no_token(&seen);
    // The transport that it was entered for, and another path of the same server.
    for address in [ours.api_url(), ours.websocket_url()] {
        let tested = running.core.connection_test(form(&address, None)).await.unwrap();
        assert!(tested.succeeded, "{address}: {tested:?}");
    }

    // Saving the other address does not send it either, and the user has to enter it again after coming back.
    running
        .core
        .account_save(form(&other.api_url(), None))
        .await
        .unwrap();
    running
        .until("no keyring", |state| {
            state.account.token == TokenState::KeyringUnavailable
        })
        .await;
    assert_saw_no_token(&seen);
}

#[tokio::test]
async fn saving_another_server_does_not_send_it_the_environments_token() {
    let ((ours, _control), (other, seen)) = (backend().await, backend().await);
    let mut harness = Harness::with(FakeSecrets::default(), HashMap::new());
    std::fs::write(
        harness.paths().settings(),
        format!("[api]\nurl = \"{}\"\n", ours.api_url()),
    )
    .unwrap();
    harness.environment.insert("GLORIA_TOKEN", TEST_TOKEN.to_owned());
    let running = harness.start();
    let state = running.connected().await;
    assert!(state.account.token_locked);

    let tested = running.core.connection_test(form(&other.api_url(), None)).await;
    assert!(tested.is_err(), "{tested:?}");
    running
        .core
        .account_save(form(&other.api_url(), None))
        .await
        .unwrap();
    without_a_token(&running).await;
    running.stop().await;

    // The next start finds the other address in the settings, and the same variable.
    let again = harness.start();
    without_a_token(&again).await;
    assert_saw_no_token(&seen);
    again
        .core
        .account_save(form(&other.api_url(), Some(TEST_TOKEN)))
        .await
        .unwrap();
    let state = again.connected().await;
    assert!(!state.account.token_locked);
    // A token that is entered now belongs to that server.
    harness.kept(&other, "user-1", TEST_TOKEN).await;

    again
        .core
        .account_save(form(&ours.api_url(), None))
        .await
        .unwrap();
    let state = again.connected().await;
    assert!(state.account.token_locked, "back at its own server");
}

#[tokio::test]
async fn a_typed_token_does_not_stand_in_for_the_environments() {
    let (ours, _control) = backend().await;
    let mut harness = Harness::with(FakeSecrets::default(), HashMap::new());
    harness.environment.insert("GLORIA_API_URL", ours.api_url());
    harness.environment.insert("GLORIA_TOKEN", TEST_TOKEN.to_owned());
    let running = harness.start();
    running.connected().await;
    let given = message::sign_in_token_set().words();
    let refused = running
        .core
        .account_save(form(&ours.api_url(), Some("typed")))
        .await;
    assert_eq!(refused.unwrap_err().words(), given);
    running.connected().await;
    assert!(
        harness.secrets.token(&ours.api_url()).is_none(),
        "the field is locked: nothing is kept"
    );
    // The address alone can be saved.
    running
        .core
        .account_save(form(&ours.api_url(), None))
        .await
        .unwrap();
    running.connected().await;
    // The next connection would sign the user in again.
    for erase in [false, true] {
        let refused = running.core.account_sign_out(SignOutForm { erase }).await;
        assert_eq!(refused.unwrap_err().words(), given);
        running.connected().await;
    }
}

#[tokio::test]
async fn the_environments_token_is_nobodys_where_no_server_is_named() {
    let (ours, seen) = backend().await;
    let mut harness = Harness::with(FakeSecrets::default(), HashMap::new());
    harness.environment.insert("GLORIA_TOKEN", TEST_TOKEN.to_owned());
    let running = harness.start();
    let state = running.until("started", |state| !state.notices.is_empty()).await;
    assert!(
        state.notices[0]
            .message
            .words()
            .contains("not clear which server it is for"),
        "{:?}",
        state.notices
    );
    running
        .core
        .account_save(form(&ours.api_url(), None))
        .await
        .unwrap();
    without_a_token(&running).await;
    assert_saw_no_token(&seen);
    running.stop().await;

    harness.environment.insert("GLORIA_TOKEN_FOR", ours.api_url());
    let again = harness.start();
    within_deadline("connected", again.connected()).await;
}
