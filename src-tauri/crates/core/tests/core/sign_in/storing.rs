//! What the user decides while the keyring's prompt for a new sign-in is up counts, whenever the keyring answers.

use gloria_backend::{Backend, Control, TEST_TOKEN};
use gloria_core::SignOutRequest;
use gloria_core::grant::Secret;
use gloria_core::ports::fakes::FakeSecrets;
use gloria_core::protocol::{
    AccountChoice, AccountForm, ConnectionState, SignInView, SignOutForm, Snapshot, TokenState,
};
use gloria_core::token::Token;
use tokio::task::JoinHandle;

use super::provider::Provider;
use super::{begin, harness, refresh_token};
use crate::harness::{Harness, Running, backend, within_deadline};

struct Place {
    server: Backend,
    control: Control,
    provider: Provider,
    harness: Harness,
    running: Running,
}

impl Place {
    async fn start() -> Self {
        let (server, control) = backend().await;
        control.set_user(TEST_TOKEN, Some("anna"));
        control.set_user("token-of-bert", Some("bert"));
        control.set_user("token-of-cleo", Some("cleo"));
        let provider = Provider::start(TEST_TOKEN).await;
        let harness = harness(&provider, FakeSecrets::default());
        let running = harness.start();
        Self {
            server,
            control,
            provider,
            harness,
            running,
        }
    }

    async fn save(&self, token: &str, user: &str) -> Snapshot {
        let form = self.form(token);
        self.running.core.account_save(form).await.unwrap();
        self.harness.kept(&self.server, user, token).await;
        let is_in = |state: &Snapshot| {
            active(state) == Some(user) && state.connection.state == ConnectionState::Connected
        };
        self.running.until(user, is_in).await
    }

    fn form(&self, token: &str) -> AccountForm {
        AccountForm {
            address: self.server.api_url(),
            token: Some(Token::parse(token).unwrap()),
        }
    }

    /// Signs in, and waits until that is complete, in the account's own entry.
    async fn sign_in(&self) {
        let link = begin(&self.harness, &self.running, &self.server.api_url()).await;
        self.provider.sign_in(&link).await;
        let is_over = |state: &Snapshot| {
            state.sign_in == SignInView::None && state.connection.state == ConnectionState::Connected
        };
        self.running.until("signed in", is_over).await;
    }

    /// Signs in, and leaves the keyring's prompt without an answer.
    async fn prompt(&self) -> JoinHandle<String> {
        let link = begin(&self.harness, &self.running, &self.server.api_url()).await;
        self.harness.secrets.hang();
        let provider = self.provider.clone();
        let browser = tokio::spawn(async move { provider.sign_in(&link).await });
        let stores = |state: &Snapshot| matches!(state.sign_in, SignInView::Storing { .. });
        self.running.until("the keyring stores it", stores).await;
        browser
    }

    /// The password comes: the sign-in is revoked, and no entry has it.
    async fn answer(&self, revoked: &str) {
        self.harness.secrets.resume();
        self.provider.requested(&format!("revoke {revoked}")).await;
        for name in self.harness.secrets.names() {
            assert_ne!(
                refresh_token(&self.harness, &name).as_deref(),
                Some(revoked),
                "{name}"
            );
        }
    }

    async fn snapshot(&self) -> Snapshot {
        self.running.core.attach().await.unwrap().snapshot
    }

    fn streams(&self) -> usize {
        self.control.observed().stream_requests().count()
    }
}

fn active(state: &Snapshot) -> Option<&str> {
    let active = state.account.accounts.iter().find(|account| account.active);
    active.and_then(|account| account.name.as_deref())
}

/// Nobody is signed in, and no connection was asked for.
async fn nobody(place: &Place) {
    let state = place.snapshot().await;
    assert_eq!(
        (state.account.token, state.connection.state, state.sign_in),
        (TokenState::Missing, ConnectionState::Idle, SignInView::None)
    );
    assert_eq!(state.account.signed_in, None);
}

#[tokio::test]
async fn signing_out_by_another_program_ends_one_that_the_keyring_stores() {
    let place = Place::start().await;
    place.sign_in().await;
    let browser = place.prompt().await;
    // The server was asked about the token.
    let streams = place.streams();
    let request = SignOutRequest {
        server: place.server.api_url(),
        erase: None,
    };
    let core = place.running.core.clone();
    let signed_out = tokio::spawn(async move { core.sign_out_at(request).await.unwrap() });
    place
        .running
        .until("signed out", |state| state.account.token == TokenState::Missing)
        .await;
    place.answer("refresh-2").await;
    let answer = within_deadline("signed out", signed_out).await.unwrap();
    assert!(answer.was_signed_in && answer.unrevoked.is_none(), "{answer:?}");
    // The one that was in force is of the same person.
    assert!(place.provider.requests().contains(&"revoke refresh-1".to_owned()));
    nobody(&place).await;
    assert_eq!(place.harness.secrets.names(), Vec::<String>::new());
    assert_eq!(place.streams(), streams);
    let page = browser.await.unwrap();
    assert!(!page.contains("sign-in-page-done"), "{page}");
    place.running.stop().await;
}

#[tokio::test]
async fn signing_out_in_the_window_ends_the_first_one_that_the_keyring_stores() {
    let place = Place::start().await;
    place.prompt().await;
    let streams = place.streams();
    let form = SignOutForm { erase: false };
    place.running.core.account_sign_out(form).await.unwrap();
    place.answer("refresh-1").await;
    nobody(&place).await;
    assert_eq!(place.snapshot().await.account.address, None);
    assert_eq!(place.streams(), streams);
    place.running.stop().await;
}

#[tokio::test]
async fn signing_out_at_its_server_ends_it_although_another_one_is_in_use() {
    let place = Place::start().await;
    let (second, _seen) = backend().await;
    let form = AccountForm {
        address: second.api_url(),
        token: Some(Token::parse(TEST_TOKEN).unwrap()),
    };
    place.running.core.account_save(form).await.unwrap();
    place.running.connected().await;
    place.harness.kept(&second, "user-1", TEST_TOKEN).await;
    place.prompt().await;
    let streams = place.streams();
    let request = SignOutRequest {
        server: place.server.api_url(),
        erase: None,
    };
    place.running.core.sign_out_at(request).await.unwrap();
    place.answer("refresh-1").await;
    let state = place.running.connected().await;
    assert_eq!(state.account.address, Some(second.api_url()));
    assert_eq!(place.streams(), streams);
    place.running.stop().await;
}

#[tokio::test]
async fn an_account_that_is_chosen_stays_in_use() {
    let place = Place::start().await;
    let state = place.save("token-of-bert", "bert").await;
    let id = state.account.accounts[0].id.clone();
    place.save("token-of-cleo", "cleo").await;
    place.prompt().await;
    let core = place.running.core.clone();
    core.account_switch(AccountChoice { id }).await.unwrap();
    place.answer("refresh-1").await;
    let state = place
        .running
        .until("bert is in use", |state| {
            active(state) == Some("bert") && state.connection.state == ConnectionState::Connected
        })
        .await;
    assert_eq!(state.account.signed_in, None);
    place.running.stop().await;
}

#[tokio::test]
async fn a_token_that_is_entered_stays_in_force_and_in_the_keyring() {
    let place = Place::start().await;
    place.save("token-of-bert", "bert").await;
    place.prompt().await;
    let (core, form) = (place.running.core.clone(), place.form("token-of-cleo"));
    let saved = tokio::spawn(async move { core.account_save(form).await.unwrap() });
    place
        .running
        .until("the token is used", |state| active(state) == Some("cleo"))
        .await;
    place.answer("refresh-1").await;
    within_deadline("saved", saved).await.unwrap();
    place.harness.kept(&place.server, "cleo", "token-of-cleo").await;
    let state = place.running.connected().await;
    assert_eq!(
        (active(&state), state.account.signed_in.as_ref()),
        (Some("cleo"), None)
    );
    place.running.stop().await;
}

#[tokio::test]
async fn another_sign_in_that_is_begun_and_cancelled_does_not_bring_it_back() {
    let place = Place::start().await;
    place.prompt().await;
    let streams = place.streams();
    begin(&place.harness, &place.running, &place.server.api_url()).await;
    place.running.core.sign_in_cancel().await.unwrap();
    place.answer("refresh-1").await;
    let state = place.snapshot().await;
    assert_eq!((state.sign_in, state.account.address), (SignInView::None, None));
    assert_eq!(place.harness.secrets.names(), Vec::<String>::new());
    assert_eq!(place.streams(), streams);
    place.running.stop().await;
}

#[tokio::test]
async fn it_is_cancelled_and_who_was_signed_in_before_stays_so() {
    let place = Place::start().await;
    place.save("token-of-bert", "bert").await;
    place.prompt().await;
    place.running.core.sign_in_cancel().await.unwrap();
    assert_eq!(place.snapshot().await.sign_in, SignInView::None);
    place.answer("refresh-1").await;
    let state = place.running.connected().await;
    assert_eq!(
        (active(&state), state.account.signed_in.as_ref()),
        (Some("bert"), None)
    );
    place.running.stop().await;
    let state = place.harness.start().connected().await;
    assert_eq!(active(&state), Some("bert"));
}

/// Some providers (Keycloak) end all sign-ins of a user for an application when one is revoked.
#[tokio::test]
async fn one_that_is_cancelled_is_not_revoked_while_another_one_of_its_user_is_in_force() {
    let place = Place::start().await;
    place.sign_in().await;
    place.prompt().await;
    place.running.core.sign_in_cancel().await.unwrap();
    place.harness.secrets.resume();
    // It takes the turn that the one that was cancelled has until it is out of the keyring.
    let form = SignOutForm { erase: false };
    let state = place.running.connected().await;
    assert!(state.account.signed_in.is_some());
    assert_eq!(place.provider.requests(), ["code", "code"]);
    place.running.core.account_sign_out(form).await.unwrap();
    // Now nobody needs either of them.
    let mut revoked = place.provider.requests();
    revoked.retain(|request| request.starts_with("revoke"));
    revoked.sort();
    assert_eq!(revoked, ["revoke refresh-1", "revoke refresh-2"]);
    assert!(
        !place
            .harness
            .secrets
            .names()
            .iter()
            .any(|name| { matches!(place.harness.secrets.secret(name), Some(Secret::Grant(_))) })
    );
    place.running.stop().await;
}
