//! A sign-in that is in force: what it survives, and what ends it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use gloria_backend::{Backend, Control, TEST_TOKEN};
use gloria_core::SignOutRequest;
use gloria_core::ports::SecretError;
use gloria_core::ports::fakes::FakeSecrets;
use gloria_core::protocol::{
    AccountChoice, AccountForm, Appearance, ConnectionState, SignInView, SignOutForm, Snapshot, TokenState,
};
use gloria_core::token::Token;

use super::provider::{CLIENT, Provider};
use super::{begin, harness};
use crate::clock::SetClock;
use crate::harness::{Harness, Running, Spoken as _, backend, within_deadline};

/// A server with one user, and a provider.
async fn servers() -> (Backend, Control, Provider) {
    let (server, control) = backend().await;
    control.set_user(TEST_TOKEN, Some("anna"));
    (server, control, Provider::start(TEST_TOKEN).await)
}

/// Signs in, and waits until that is complete.
async fn sign_in(harness: &Harness, running: &Running, provider: &Provider, address: &str) -> Snapshot {
    let link = begin(harness, running, address).await;
    assert!(link.starts_with(&provider.issuer), "{link}");
    provider.sign_in(&link).await;
    running
        .until("it is over", |state| {
            state.sign_in == SignInView::None && state.connection.state == ConnectionState::Connected
        })
        .await
}

fn account(address: &str, token: Option<&str>) -> AccountForm {
    AccountForm {
        address: address.to_owned(),
        token: token.map(|token| Token::parse(token).unwrap()),
    }
}

#[tokio::test]
async fn one_of_another_provider_than_the_settings_name_is_not_used_and_asked_for_anew() {
    let (server, _control, provider) = servers().await;
    let other = Provider::start(TEST_TOKEN).await;
    let harness = Harness::with(FakeSecrets::default(), HashMap::new());
    let write = |issuer: &str, client: &str| {
        let url = server.api_url();
        let text = format!(
            "[api]\nurl = \"{url}\"\n[auth]\nissuer = \"{issuer}\"\nclient_id = \"{client}\"\nports = []\n"
        );
        std::fs::write(harness.paths().settings(), text).unwrap();
    };
    std::fs::create_dir_all(harness.paths().settings().parent().unwrap()).unwrap();
    write(&provider.issuer, CLIENT);
    let running = harness.start();
    sign_in(&harness, &running, &provider, &server.api_url()).await;
    let needs_sign_in = |state: &Snapshot| {
        state.account.token == TokenState::NeedsSignIn && state.connection.state == ConnectionState::Halted
    };
    write(&other.issuer, CLIENT);
    let state = running.until("the user is needed", needs_sign_in).await;
    let said = state.connection.reason.words();
    assert!(said.contains("another sign-in service"), "{said}");
    assert!(state.connection.needs_user);
    running.stop().await;

    // Nor after a start, and nothing is sent to the provider from before.
    let running = harness.start();
    running.until("the user is needed", needs_sign_in).await;
    assert_eq!(provider.requests(), ["code"]);
    // Nobody has lost anything if it was a mistake.
    write(&provider.issuer, CLIENT);
    running.connected().await;
    assert_eq!(provider.requests(), ["code", "refresh-1"]);
    // Another registration of the app is another sign-in too.
    write(&provider.issuer, "another-client");
    running.until("the user is needed", needs_sign_in).await;

    write(&other.issuer, CLIENT);
    running
        .until("the other provider is shown", |state| {
            state.account.provider.as_deref() == other.issuer.strip_prefix("http://")
        })
        .await;
    let link = begin(&harness, &running, &server.api_url()).await;
    assert!(link.starts_with(&other.issuer), "{link}");
    other.sign_in(&link).await;
    running
        .until("the other sign-in is in force", |state| {
            state.account.token == TokenState::Present
        })
        .await;
    running.stop().await;
}

/// Some providers (Keycloak) end all sign-ins of a user for an application when one is revoked.
#[tokio::test]
async fn one_of_the_same_user_and_application_is_replaced_without_being_revoked() {
    let (server, _control, provider) = servers().await;
    let harness = harness(&provider, FakeSecrets::default());
    let running = harness.start();
    for _ in 0..2 {
        sign_in(&harness, &running, &provider, &server.api_url()).await;
    }
    let form = SignOutForm { erase: false };
    running.core.account_sign_out(form).await.unwrap();
    running.stop().await;
    let mut requests = provider.requests();
    requests.retain(|request| request.starts_with("revoke"));
    // Signing out ends whatever the keyring has. Before that, nothing was revoked.
    assert_eq!(requests[0], "revoke refresh-2", "{requests:?}");
}

/// A sign-in that nothing renews, which is only in memory.
async fn in_memory(lasts: u64) -> (Backend, Control, Provider, Harness) {
    let (server, control, provider) = servers().await;
    {
        let mut state = provider.state.lock().unwrap();
        (state.refreshes, state.lasts) = (false, lasts);
    }
    let harness = harness(&provider, FakeSecrets::default());
    (server, control, provider, harness)
}

#[tokio::test]
async fn one_that_is_only_in_memory_is_there_again_when_its_account_is() {
    let (server, _control, provider, harness) = in_memory(7500).await;
    let (second, seen) = backend().await;
    let running = harness.start();
    let state = sign_in(&harness, &running, &provider, &server.api_url()).await;
    let known = state.account.accounts.iter().find(|known| known.active);
    let id = known.unwrap().id.clone();

    let form = account(&second.api_url(), Some(TEST_TOKEN));
    running.core.account_save(form).await.unwrap();
    let state = running.connected().await;
    assert_eq!(state.account.signed_in, None);
    running.core.account_switch(AccountChoice { id }).await.unwrap();
    let state = running
        .until("it is connected again", |state| {
            state.connection.state == ConnectionState::Connected
                && state.account.address == Some(server.api_url())
                && state.account.token == TokenState::Present
        })
        .await;
    assert!(state.account.signed_in.is_some());
    assert_eq!(provider.requests(), ["code"]);
    // The other server has not seen it.
    assert_eq!(seen.observed().streams, 0);
    running.stop().await;
}

#[tokio::test]
async fn one_that_is_only_in_memory_is_revoked_when_its_user_signs_out_at_a_server_that_is_not_in_use() {
    let (server, _control, provider) = servers().await;
    let (second, _seen) = backend().await;
    let secrets = FakeSecrets::default();
    *secrets.failure.lock().unwrap() = Some(SecretError::Locked);
    let harness = harness(&provider, secrets);
    let running = harness.start();
    sign_in(&harness, &running, &provider, &server.api_url()).await;
    let form = account(&second.api_url(), Some(TEST_TOKEN));
    // The keyring does not store this token either.
    let _ = running.core.account_save(form).await;
    running
        .until("the other server is in use", |state| {
            state.connection.state == ConnectionState::Connected
                && state.account.address == Some(second.api_url())
        })
        .await;
    let sign_out = || SignOutRequest {
        server: server.api_url(),
        erase: None,
    };
    let of_another = SignOutRequest {
        erase: Some("another".to_owned()),
        ..sign_out()
    };
    assert!(running.core.sign_out_at(of_another).await.is_err());
    assert_eq!(provider.requests(), ["code"], "a refusal ends nothing");
    let answer = running.core.sign_out_at(sign_out()).await.unwrap();
    assert!(!answer.in_use && answer.was_signed_in, "{answer:?}");
    assert_eq!(answer.unrevoked, None);
    assert_eq!(provider.requests(), ["code", "revoke refresh-1"]);
    // It is gone from memory.
    let answer = running.core.sign_out_at(sign_out()).await.unwrap();
    assert!(!answer.was_signed_in, "{answer:?}");
    running.stop().await;
}

/// Who is in use, by the folder of the inbox.
fn active(state: &Snapshot) -> Option<String> {
    let active = state.account.accounts.iter().find(|known| known.active);
    active.map(|known| known.id.clone())
}

#[tokio::test]
async fn one_that_is_only_in_memory_stays_when_somebody_else_signs_in_and_out_at_the_same_server() {
    let (server, control, provider) = servers().await;
    control.set_user("token-of-bert", Some("bert"));
    let secrets = FakeSecrets::default();
    *secrets.failure.lock().unwrap() = Some(SecretError::Locked);
    let harness = harness(&provider, secrets);
    let running = harness.start();
    sign_in(&harness, &running, &provider, &server.api_url()).await;
    let state = running
        .until("anna is known", |state| active(state).is_some())
        .await;
    let anna = active(&state).unwrap();
    provider.set_person("bert", "token-of-bert");
    sign_in(&harness, &running, &provider, &server.api_url()).await;
    let somebody_else = |state: &Snapshot| active(state).is_some_and(|id| id != anna);
    running.until("bert is in use", somebody_else).await;

    *harness.secrets.failure.lock().unwrap() = None;
    let sign_out = |erase: Option<&str>| SignOutRequest {
        server: server.api_url(),
        erase: erase.map(str::to_owned),
    };
    let answer = running.core.sign_out_at(sign_out(None)).await.unwrap();
    assert!(answer.was_signed_in && answer.unrevoked.is_none(), "{answer:?}");
    // Nor does it end with bert's second time.
    assert!(running.core.sign_out_at(sign_out(Some(&anna))).await.is_err());
    let answer = running.core.sign_out_at(sign_out(None)).await.unwrap();
    assert!(!answer.was_signed_in, "{answer:?}");
    assert_eq!(provider.requests(), ["code", "code", "revoke refresh-2"]);

    let id = anna.clone();
    running.core.account_switch(AccountChoice { id }).await.unwrap();
    running
        .until("anna is connected again", |state| {
            active(state).as_ref() == Some(&anna)
                && state.connection.state == ConnectionState::Connected
                && state.account.signed_in.is_some()
        })
        .await;
    running.core.sign_out_at(sign_out(None)).await.unwrap();
    provider.requested("revoke refresh-1").await;
    running.stop().await;
}

#[tokio::test]
async fn one_that_is_only_in_memory_survives_that_the_address_is_saved_again() {
    let (server, _control, provider, harness) = in_memory(7500).await;
    let running = harness.start();
    sign_in(&harness, &running, &provider, &server.api_url()).await;
    let form = account(&server.api_url(), None);
    running.core.account_save(form).await.unwrap();
    let state = running.connected().await;
    assert_eq!(state.account.token, TokenState::Present);
    assert!(state.account.signed_in.is_some());
    running.stop().await;
}

#[tokio::test]
async fn one_that_nothing_renews_is_warned_of_once_a_quarter_of_an_hour_before_its_end() {
    let (server, _control, provider, harness) = in_memory(7500).await;
    let clock = Arc::new(SetClock::default());
    let running = harness.start_by(clock.clone());
    sign_in(&harness, &running, &provider, &server.api_url()).await;
    let shown = &harness.notifications.shown;
    within_deadline("the user is told how long it lasts", shown.wait_for(1)).await;
    let words = || {
        let shown = shown.all();
        let bodies: Vec<_> = shown.iter().map(|request| request.body.words()).collect();
        bodies
    };
    // The files are read at the same times as the end is looked at: once a change is in force, that has happened.
    let saved = std::fs::read_to_string(harness.paths().settings()).unwrap();
    let a_tick_passes = async |appearance: &str, expected| {
        let text = format!("{saved}\n[window]\nappearance = \"{appearance}\"\n");
        std::fs::write(harness.paths().settings(), text).unwrap();
        running
            .until("the settings are in force", |state| {
                state.preferences.appearance == expected
            })
            .await;
    };
    a_tick_passes("dark", Appearance::Dark).await;
    assert_eq!(words().len(), 1, "{:?}", words());
    clock.ahead.store(7500 - 14 * 60, Ordering::SeqCst);
    within_deadline("the user is warned", shown.wait_for(2)).await;
    assert!(words()[1].contains("14 minutes"), "{:?}", words());
    clock.ahead.store(7500 - 9 * 60, Ordering::SeqCst);
    a_tick_passes("light", Appearance::Light).await;
    assert_eq!(words().len(), 2, "{:?}", words());
    running.stop().await;
}
