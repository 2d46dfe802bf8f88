//! Address and token: how they are requested, stored, rejected and removed.

use std::collections::HashMap;

use gloria_backend::{Answer, Route, TEST_TOKEN};
use gloria_core::account::Account;
use gloria_core::inbox::Inbox;
use gloria_core::ports::SecretError;
use gloria_core::ports::fakes::FakeSecrets;
use gloria_core::protocol::{
    AccountForm, ConnectionState, NoticeKind, Remedy, SignOutForm, TokenState, Transport,
};
use gloria_core::token::Token;

use crate::harness::{CREATED, DEADLINE, Harness, Spoken, backend, live, within_deadline};

#[tokio::test]
async fn a_locked_keyring_is_a_state_and_unlocking_it_connects() {
    let (backend, _control) = backend().await;
    let harness = Harness::signed_in(&backend);
    *harness.secrets.failure.lock().unwrap() = Some(SecretError::Locked);
    let running = harness.start();
    let state = running
        .until("told", |state| {
            state.account.token == TokenState::KeyringLocked
                && state.connection.remedy == Remedy::UnlockKeyring
        })
        .await;
    assert!(
        !state.account.needs_setup,
        "there may be a token: nobody has to type one"
    );
    assert!(
        state
            .notices
            .iter()
            .any(|notice| notice.kind == NoticeKind::Keyring),
        "{:?}",
        state.notices
    );

    *harness.secrets.failure.lock().unwrap() = None;
    running.core.connection_retry().await.unwrap();
    let state = running.connected().await;
    assert_eq!(
        (state.account.token, state.notices),
        (TokenState::Present, vec![])
    );
}

#[tokio::test]
async fn the_first_run_tests_saves_and_connects() {
    let (backend, control) = backend().await;
    let harness = Harness::with(FakeSecrets::default(), HashMap::new());
    let running = harness.start();
    let fresh = running.until("fresh", |state| state.account.needs_setup).await;
    assert_eq!(fresh.connection.state, ConnectionState::Idle);

    let form = |address: &str, token: &str| AccountForm {
        address: address.to_owned(),
        token: Some(Token::parse(token).unwrap()),
    };
    let wrong = running
        .core
        .connection_test(form(&backend.api_url(), "wrong"))
        .await
        .unwrap();
    assert!(!wrong.succeeded);
    assert!(
        wrong
            .steps
            .last()
            .unwrap()
            .detail
            .words()
            .contains("does not accept this token"),
        "{wrong:?}"
    );

    control
        .answer(Route::Stream, 1, Answer::captive_portal())
        .unwrap();
    let portal = running
        .core
        .connection_test(form(&backend.api_url(), TEST_TOKEN))
        .await
        .unwrap();
    assert!(
        portal.steps.last().unwrap().detail.words().contains("web page"),
        "{portal:?}"
    );

    let nowhere = running
        .core
        .connection_test(form("http://127.0.0.1:1/api", TEST_TOKEN))
        .await
        .unwrap();
    assert!(
        nowhere
            .steps
            .last()
            .unwrap()
            .detail
            .words()
            .contains("refused the connection"),
        "{nowhere:?}"
    );

    let plain = running
        .core
        .connection_test(form("http://gloria.example/api", TEST_TOKEN))
        .await
        .unwrap_err();
    assert!(plain.words().contains("unencrypted"), "{plain}");

    let right = running
        .core
        .connection_test(form(&backend.api_url(), TEST_TOKEN))
        .await
        .unwrap();
    assert!(right.succeeded, "{right:?}");

    running
        .core
        .account_save(form(&backend.api_url(), TEST_TOKEN))
        .await
        .unwrap();
    let state = running.connected().await;
    assert!(!state.account.needs_setup);
    harness.kept(&backend, "user-1", TEST_TOKEN).await;
    running.stop().await;

    let again = harness.start();
    again.connected().await;
}

#[tokio::test]
async fn without_a_keyring_a_typed_token_is_kept_in_memory_and_that_is_said() {
    let (backend, _control) = backend().await;
    let harness = Harness::with(FakeSecrets::default(), HashMap::new());
    *harness.secrets.failure.lock().unwrap() = Some(SecretError::Unavailable("no session bus".into()));
    let running = harness.start();
    let token = Some(Token::parse(TEST_TOKEN).unwrap());
    running
        .core
        .account_save(AccountForm {
            address: backend.api_url(),
            token,
        })
        .await
        .unwrap();
    let state = running.connected().await;
    assert!(!state.account.needs_setup);
    let notice = state
        .notices
        .iter()
        .find(|notice| notice.kind == NoticeKind::Keyring)
        .unwrap();
    assert!(
        notice.message.words().contains("only until Gloria Notify quits"),
        "{}",
        notice.message
    );
}

#[tokio::test]
async fn a_refused_token_asks_for_sign_in_and_a_new_one_connects() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    control.require_token("another-token");
    let running = harness.start();
    let state = running
        .until("halted", |state| {
            state.connection.state == ConnectionState::Halted
        })
        .await;
    assert_eq!(state.connection.remedy, Remedy::SignIn);
    let notifications = within_deadline("told", harness.notifications.shown.wait_for(1)).await;
    assert_eq!(notifications[0].title.words(), "Gloria Notify needs you");
    assert_eq!(
        control.observed().stream_requests().count(),
        2,
        "asked once more with a fresh look at the keyring"
    );
    let token = Some(Token::parse("another-token").unwrap());
    running
        .core
        .account_save(AccountForm {
            address: backend.api_url(),
            token,
        })
        .await
        .unwrap();
    running.connected().await;
}

#[tokio::test]
async fn signing_out_forgets_the_token_and_hangs_up() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    running
        .core
        .account_sign_out(SignOutForm { erase: false })
        .await
        .unwrap();
    let state = running.until("set-up", |state| state.account.needs_setup).await;
    assert_eq!(
        (state.account.token, state.connection.state),
        (TokenState::Missing, ConnectionState::Idle)
    );
    for entry in [backend.api_url(), Harness::entry_of(&backend, "user-1")] {
        assert!(harness.secrets.token(&entry).is_none(), "{entry}");
    }
    within_deadline("hung up", control.wait_for(|seen| seen.streams == 0, DEADLINE))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_websocket_is_another_way_to_the_same_server() {
    let (backend, control) = backend().await;
    let harness = Harness::with(FakeSecrets::default(), HashMap::new());
    let running = harness.start();
    let by_websocket = |token: Option<&str>| AccountForm {
        address: backend.websocket_url(),
        token: token.map(|token| Token::parse(token).unwrap()),
    };
    let tested = running
        .core
        .connection_test(by_websocket(Some(TEST_TOKEN)))
        .await
        .unwrap();
    assert!(tested.succeeded, "{tested:?}");
    assert!(
        !running
            .core
            .connection_test(by_websocket(Some("wrong")))
            .await
            .unwrap()
            .succeeded
    );

    running
        .core
        .account_save(by_websocket(Some(TEST_TOKEN)))
        .await
        .unwrap();
    let state = running.connected().await;
    assert_eq!(state.account.address, Some(backend.websocket_url()));
    assert_eq!(state.connection.transport, Transport::WebSocket);
    control.push("notification.created", live("a", "normal"));
    running.until("stored", |state| state.counts.unseen == 1).await;

    // The same server over the other transport has the same token and data.
    let by_events = AccountForm {
        address: backend.api_url(),
        token: None,
    };
    running.core.account_save(by_events).await.unwrap();
    let seen = control
        .wait_for(
            |seen| {
                seen.stream_requests()
                    .any(|request| request.path.ends_with("/sse"))
            },
            DEADLINE,
        )
        .await
        .unwrap();
    let request = seen.stream_requests().next_back().unwrap();
    assert_eq!(request.last_event_id(), Some("1"));
    let state = running.connected().await;
    assert_eq!(
        (state.account.token, state.counts.unseen),
        (TokenState::Present, 1)
    );
}

#[tokio::test]
async fn where_the_new_accounts_inbox_cannot_be_had_the_one_before_goes_on() {
    let ((first, control), (second, _control)) = (backend().await, backend().await);
    let form = |address: String| AccountForm {
        address,
        token: Some(Token::parse(TEST_TOKEN).unwrap()),
    };
    let harness = Harness::with(FakeSecrets::default(), HashMap::new());
    let running = harness.start();
    running.core.account_save(form(first.api_url())).await.unwrap();
    running.connected().await;
    let file = Account::of(&second.api_url()).inbox_file(&harness.paths());
    let other_program = Inbox::open(&file, &second.api_url()).unwrap();
    let refused = running
        .core
        .account_save(form(second.api_url()))
        .await
        .unwrap_err();
    assert!(refused.words().contains("another Gloria Notify"), "{refused}");
    running
        .until("the one before", |state| {
            state.account.address.as_deref() == Some(&first.api_url())
                && state.connection.state == ConnectionState::Connected
        })
        .await;
    control.push(CREATED, live("1", "normal"));
    running.until("stored", |state| state.counts.total == 1).await;
    drop(other_program);
    running.core.account_save(form(second.api_url())).await.unwrap();
    let state = running.connected().await;
    assert_eq!(
        (state.account.address, state.counts.total),
        (Some(second.api_url()), 0)
    );
}
