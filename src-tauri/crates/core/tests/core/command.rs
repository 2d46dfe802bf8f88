//! The token that the administrator's command prints.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use gloria_backend::{Backend, Credentials, HangUp, TEST_TOKEN};
use gloria_core::message;
use gloria_core::ports::CommandError;
use gloria_core::ports::fakes::FakeSecrets;
use gloria_core::protocol::{
    AccountForm, ConnectionState, PreferencesForm, Remedy, SignInForm, SignInWay, SignOutForm, Snapshot,
    TokenState,
};
use gloria_core::token::Token;
use serde_json::json;

use crate::clock::{HOUR, SetClock};
use crate::harness::{CREATED, Harness, Spoken as _, backend, live};

/// A computer whose user's file names the server and a command.
fn commanded(backend: &Backend, prints: &[&str]) -> Harness {
    let harness = Harness::with(FakeSecrets::default(), HashMap::new());
    let file = format!(
        "[api]\nurl = \"{}\"\n[auth]\ncommand = [\"/opt/token\"]\n",
        backend.api_url()
    );
    std::fs::write(harness.paths().settings(), file).unwrap();
    will_print(&harness, prints);
    harness
}

fn will_print(harness: &Harness, prints: &[&str]) {
    harness
        .commands
        .will_print(prints.iter().map(|text| Ok((*text).to_owned())));
}

fn runs(harness: &Harness) -> usize {
    harness.commands.ran.all().len()
}

fn is_refused(state: &Snapshot) -> bool {
    state.account.token == TokenState::Rejected && state.connection.state == ConnectionState::Halted
}

#[tokio::test]
async fn a_token_that_has_ended_is_renewed_by_another_run_before_the_next_connection() {
    let (backend, control) = backend().await;
    let printed = json!({"access_token": TEST_TOKEN, "expires_in": 3600}).to_string();
    let harness = commanded(&backend, &[&printed]);
    let clock = Arc::<SetClock>::default();
    let running = harness.start_by(clock.clone());
    let state = running.connected().await;
    assert!(state.account.by_command && !state.account.needs_setup);
    assert_eq!(
        (state.account.token, state.account.provider),
        (TokenState::Present, None)
    );

    for (hours, expected) in [(0, 1), (2, 2)] {
        clock.ahead.store(hours * HOUR, Ordering::SeqCst);
        let before = control.observed().streams_total;
        control.hang_up(HangUp::Fin);
        let again = |seen: &gloria_backend::Observed| seen.streams_total > before && seen.streams == 1;
        control.wait_for(again, crate::harness::DEADLINE).await.unwrap();
        assert_eq!(runs(&harness), expected, "{hours} hours later");
    }
    // It is nowhere but in memory.
    assert_eq!(harness.secrets.names(), Vec::<String>::new());
}

#[tokio::test]
async fn a_refused_token_has_it_run_anew_once_and_then_it_is_the_administrators_matter() {
    let (backend, control) = backend().await;
    let harness = commanded(&backend, &[TEST_TOKEN, "another"]);
    let clock = Arc::<SetClock>::default();
    let running = harness.start_by(clock.clone());
    running.connected().await;

    control.require_token("a-third-one");
    clock.ahead.store(HOUR, Ordering::SeqCst);
    control.hang_up(HangUp::Fin);
    let state = running.until("refused", is_refused).await;
    assert_eq!(runs(&harness), 2);
    let expected = message::command_token_refused("/opt/token").words();
    assert_eq!(state.connection.reason.words(), expected);
    assert_eq!(state.account.token_problem.words(), expected);
    assert_eq!(state.connection.remedy, Remedy::Retry, "nobody can sign in");

    // The user wants it: one run for each wish, and its token is accepted in the end.
    will_print(&harness, &["a-third-one"]);
    running.core.connection_retry().await.unwrap();
    running.connected().await;
    running
        .until("accepted", |state| state.account.token == TokenState::Present)
        .await;
    assert_eq!(runs(&harness), 3);
}

#[tokio::test]
async fn a_command_that_fails_is_named_and_tried_again() {
    let (backend, _control) = backend().await;
    let harness = commanded(&backend, &[]);
    harness
        .commands
        .will_print([Err(CommandError::Failed(1)), Ok(TEST_TOKEN.to_owned())]);
    let running = harness.start();
    let state = running
        .until("failed", |state| {
            state.account.token == TokenState::CommandFailed
                && state.connection.state == ConnectionState::Waiting
        })
        .await;
    let expected = message::command_failed("/opt/token", "1").words();
    assert_eq!(state.connection.reason.words(), expected);
    assert_eq!(state.connection.remedy, Remedy::Retry, "no keyring is locked");
    assert!(state.connection.next_attempt_at.is_some() && !state.account.needs_setup);
    running.core.connection_retry().await.unwrap();
    running.connected().await;
}

#[tokio::test]
async fn its_tokens_are_one_persons_where_the_server_names_nobody() {
    let (backend, control) = backend().await;
    control.set_user("one", None);
    control.set_user("two", None);
    let ends = |token: &str| json!({"access_token": token, "expires_in": 3600}).to_string();
    let harness = commanded(&backend, &[&ends("one"), &ends("two")]);
    let clock = Arc::<SetClock>::default();
    let running = harness.start_by(clock.clone());
    running.connected().await;
    control.push(CREATED, live("a", "normal"));
    running.until("stored", |state| state.counts.total == 1).await;

    clock.ahead.store(2 * HOUR, Ordering::SeqCst);
    control.hang_up(HangUp::Fin);
    harness.commands.ran.wait_for(2).await;
    control.push(CREATED, live("b", "normal"));
    let state = running.until("stored", |state| state.counts.total == 2).await;
    assert_eq!(state.account.question, None);
}

#[tokio::test]
async fn no_page_leads_its_token_to_another_server() {
    let ((ours, _control), (other, seen)) = (backend().await, backend().await);
    let harness = commanded(&ours, &[TEST_TOKEN]);
    let running = harness.start();
    running.connected().await;
    let form = |backend: &Backend| AccountForm {
        address: backend.api_url(),
        token: None,
    };
    let tested = running.core.connection_test(form(&other)).await;
    assert!(tested.is_err(), "{tested:?}");
    running.core.account_save(form(&other)).await.unwrap();
    let halted =
        |state: &Snapshot| !state.account.by_command && state.connection.state == ConnectionState::Halted;
    running.until("without a token", halted).await;
    running.stop().await;

    // The next start finds the other address in the settings, and the same command.
    let again = harness.start();
    again.until("without a token", halted).await;
    for request in seen.observed().requests {
        assert_eq!(request.credentials, Credentials::None, "{}", request.path);
    }
    again.core.account_save(form(&ours)).await.unwrap();
    assert!(
        again.connected().await.account.by_command,
        "back at its own server"
    );
}

#[tokio::test]
async fn no_page_sets_it_or_replaces_what_it_does() {
    let (backend, _control) = backend().await;
    let harness = commanded(&backend, &[TEST_TOKEN]);
    let running = harness.start();
    running.connected().await;
    let core = &running.core;
    for name in ["command", "authCommand", "auth.command", "auth"] {
        let form = json!({ name: ["/bin/sh"], "address": backend.api_url(), "token": null });
        assert!(serde_json::from_value::<AccountForm>(form).is_err(), "{name}");
        let form = json!({ name: ["/bin/sh"] });
        assert!(serde_json::from_value::<PreferencesForm>(form).is_err(), "{name}");
    }
    // What a page can change are these; none of it gets a command into the file.
    let all = PreferencesForm {
        sounds: Some(false),
        volume: Some(1),
        auto_connect: Some(true),
        proxy: Some("system\"\n[auth]\ncommand = [\"/bin/sh\"]\n".to_owned()),
        ..PreferencesForm::default()
    };
    assert!(core.preferences_save(all.clone()).await.is_err());
    core.preferences_save(PreferencesForm { proxy: None, ..all })
        .await
        .unwrap();
    let typed = AccountForm {
        address: backend.api_url(),
        token: Some(Token::parse("typed").unwrap()),
    };
    let refused = core.account_save(typed).await.unwrap_err();
    assert_eq!(refused.words(), message::command_signs_in().words());
    running.connected().await;
    let file = std::fs::read_to_string(harness.paths().settings()).unwrap();
    assert_eq!(file.matches("command").count(), 1, "{file}");
    assert!(file.contains("command = [\"/opt/token\"]"), "{file}");
    assert_eq!(
        harness.secrets.names(),
        Vec::<String>::new(),
        "no token was typed for it"
    );

    let begun = SignInForm {
        address: backend.api_url(),
        way: SignInWay::Browser,
        another_account: false,
        agreed: None,
    };
    let expected = message::command_signs_in().words();
    assert_eq!(core.sign_in_begin(begun).await.unwrap_err().words(), expected);
    let signed_out = core.account_sign_out(SignOutForm { erase: true }).await;
    assert_eq!(signed_out.unwrap_err().words(), expected);
    assert!(
        harness
            .commands
            .ran
            .all()
            .iter()
            .all(|ran| ran.program().ends_with("token"))
    );
}

#[tokio::test]
async fn one_that_the_settings_no_longer_name_is_not_run_again() {
    let (backend, control) = backend().await;
    let harness = commanded(&backend, &[TEST_TOKEN]);
    let running = harness.start();
    running.connected().await;
    let file = format!("[api]\nurl = \"{}\"\n", backend.api_url());
    std::fs::write(harness.paths().settings(), file).unwrap();
    let is_without =
        |state: &Snapshot| !state.account.by_command && state.account.token == TokenState::Missing;
    running.until("there is no token any more", is_without).await;
    let gone = |seen: &gloria_backend::Observed| seen.streams == 0;
    control.wait_for(gone, crate::harness::DEADLINE).await.unwrap();
    assert_eq!(runs(&harness), 1);
    running.stop().await;
}

#[tokio::test]
async fn the_token_of_the_environment_has_precedence_and_is_said_to_be_the_origin() {
    let (backend, _control) = backend().await;
    let mut harness = commanded(&backend, &["another"]);
    harness.environment.insert("GLORIA_API_URL", backend.api_url());
    harness.environment.insert("GLORIA_TOKEN", TEST_TOKEN.to_owned());
    let running = harness.start();
    let account = running.connected().await.account;
    assert_eq!((account.token_locked, account.by_command), (true, false));
    let refused = running.core.account_sign_out(SignOutForm { erase: false }).await;
    assert_eq!(refused.unwrap_err().words(), message::sign_in_token_set().words());
    assert_eq!(runs(&harness), 0);
    running.stop().await;
}
