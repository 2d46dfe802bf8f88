//! Signing out, and several accounts on one computer: nothing of the account that was left stays visible, and
//! everything is there again on return.

use std::collections::HashMap;

use gloria_backend::{Backend, Control, TEST_TOKEN};
use gloria_core::ports::fakes::FakeSecrets;
use gloria_core::protocol::{
    AccountChoice, AccountForm, ConnectionState, KnownAccount, SignOutForm, Snapshot, TokenState,
};
use gloria_core::token::Token;

use crate::harness::{CREATED, Harness, Running, backend, live, within_deadline};

const KEEP: SignOutForm = SignOutForm { erase: false };

fn total(number: u32) -> impl Fn(&Snapshot) -> bool {
    move |state| state.connection.state == ConnectionState::Connected && state.counts.total == number
}

async fn save(running: &Running, backend: &Backend, token: &str) {
    let form = AccountForm {
        address: backend.api_url(),
        token: Some(Token::parse(token).unwrap()),
    };
    running.core.account_save(form).await.unwrap();
}

/// Returns a connected core with one item of `user-1`, whose notification is on screen.
async fn with_item() -> (Backend, Control, Harness, Running) {
    let (backend, control) = backend().await;
    control.set_user("token-of-bert", Some("bert"));
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    harness.kept(&backend, "user-1", TEST_TOKEN).await;
    control.push(CREATED, live("1", "normal"));
    running.until("stored", total(1)).await;
    running.notified("n:1").await;
    (backend, control, harness, running)
}

fn account<'a>(state: &'a Snapshot, name: &str) -> &'a KnownAccount {
    let mut accounts = state.account.accounts.iter();
    let found = accounts.find(|account| account.name.as_deref() == Some(name));
    found.unwrap_or_else(|| panic!("no {name}: {:?}", state.account.accounts))
}

fn last_position(control: &Control) -> Option<String> {
    let observed = control.observed();
    let last = observed.stream_requests().last()?;
    last.last_event_id().map(str::to_owned)
}

#[tokio::test]
async fn signing_out_hides_everything_at_once_and_the_same_person_finds_it_again() {
    let (backend, control, harness, running) = with_item().await;
    running.core.item_show(Some("n:1".to_owned())).await.unwrap();
    running.core.account_sign_out(KEEP).await.unwrap();
    let state = running.core.attach().await.unwrap().snapshot;
    assert_eq!(state.counts, gloria_core::item::Counts::default());
    assert_eq!(state.requested_item, None);
    assert_eq!(state.account.token, TokenState::Missing);
    let known = account(&state, "user-1");
    assert!(!known.active && !known.signed_in);
    assert_eq!(running.items().await, []);
    assert_eq!(running.core.inbox_item("n:1".to_owned()).await.unwrap(), None);
    assert_eq!(harness.notifications.withdrawn_items(), ["n:1"]);
    running.stop().await;

    let running = harness.start();
    let state = running
        .until("signed out", |state| state.account.token == TokenState::Missing)
        .await;
    assert_eq!(state.counts.total, 0, "also after a restart");
    assert_eq!(running.items().await, []);
    control.push(CREATED, live("2", "normal"));
    save(&running, &backend, TEST_TOKEN).await;
    let state = running
        .until("all of it, and what came meanwhile", total(2))
        .await;
    assert!(account(&state, "user-1").active);
    assert_eq!(last_position(&control).as_deref(), Some("1"));
    running.stop().await;
    harness.start().until("known again", total(2)).await;
}

#[tokio::test]
async fn signing_out_erases_the_inbox_if_that_is_wanted() {
    let (backend, control, harness, running) = with_item().await;
    let folder = harness.inbox().parent().unwrap().to_owned();
    assert!(folder.exists());
    running
        .core
        .account_sign_out(SignOutForm { erase: true })
        .await
        .unwrap();
    assert!(!folder.exists(), "{}", folder.display());
    let state = running.core.attach().await.unwrap().snapshot;
    assert_eq!((state.counts.total, state.account.accounts), (0, vec![]));
    save(&running, &backend, TEST_TOKEN).await;
    running.until("an empty inbox", total(0)).await;
    control.push(CREATED, live("2", "normal"));
    running.until("stored", total(1)).await;
    running.stop().await;
    harness.start().until("again", total(1)).await;
}

#[tokio::test]
async fn who_signs_in_after_somebody_signed_out_sees_nothing_of_them() {
    let (backend, control, harness, running) = with_item().await;
    running.core.account_sign_out(KEEP).await.unwrap();
    save(&running, &backend, "token-of-bert").await;
    // The connection that only learns who it is shows nobody's.
    let is_in = |state: &Snapshot| state.account.accounts.iter().any(|account| account.active);
    let state = running
        .until("an inbox of their own", |state| is_in(state) && total(0)(state))
        .await;
    assert!(account(&state, "bert").active && !account(&state, "user-1").signed_in);
    control.push(CREATED, live("2", "normal"));
    running.until("stored", total(1)).await;
    running.stop().await;
    let running = harness.start();
    let state = running.until("after a restart too", total(1)).await;
    assert!(account(&state, "bert").active);
}

#[tokio::test]
async fn each_account_is_there_again_when_it_is_chosen_with_its_token_and_position() {
    let (backend, control, harness, running) = with_item().await;
    save(&running, &backend, "token-of-bert").await;
    let state = running.until("an inbox of their own", total(0)).await;
    harness.kept(&backend, "bert", "token-of-bert").await;
    control.push(CREATED, live("2", "normal"));
    running.until("stored", total(1)).await;
    let choice = |name: &str| AccountChoice {
        id: account(&state, name).id.clone(),
    };

    running.core.account_switch(choice("user-1")).await.unwrap();
    let back = running
        .until("the first, and what came meanwhile", total(2))
        .await;
    assert!(account(&back, "user-1").active && account(&back, "bert").signed_in);
    assert_eq!(last_position(&control).as_deref(), Some("1"));
    running.stop().await;
    let running = harness.start();
    running.until("after a restart too", total(2)).await;

    running.core.account_switch(choice("bert")).await.unwrap();
    running.until("the other", total(1)).await;
    running.core.account_sign_out(KEEP).await.unwrap();
    running.core.account_switch(choice("user-1")).await.unwrap();
    running.until("the first again", total(2)).await;
    running.core.account_switch(choice("bert")).await.unwrap();
    let state = running
        .until("closed", |state| state.account.token == TokenState::Missing)
        .await;
    assert_eq!(state.counts.total, 0, "whoever signed out signs in first");
    save(&running, &backend, "token-of-bert").await;
    running.until("the other again", total(1)).await;
}

#[tokio::test]
async fn an_account_on_another_server_is_chosen_with_its_address() {
    let (backend, control) = crate::harness::backend().await;
    let (second, _other) = crate::harness::backend().await;
    // Nothing fixes the address.
    let harness = Harness::with(FakeSecrets::default(), HashMap::new());
    let running = harness.start();
    save(&running, &backend, TEST_TOKEN).await;
    running.until("the first server", total(0)).await;
    harness.kept(&backend, "user-1", TEST_TOKEN).await;
    control.push(CREATED, live("1", "normal"));
    running.notified("n:1").await;
    save(&running, &second, TEST_TOKEN).await;
    let state = running.until("the other server", total(0)).await;
    assert_eq!(
        harness.notifications.withdrawn_items(),
        ["n:1"],
        "nothing of the first stays on screen"
    );
    harness.kept(&second, "user-1", TEST_TOKEN).await;
    let mut accounts = state.account.accounts.iter();
    let first = accounts
        .find(|account| account.address == backend.api_url())
        .unwrap();
    assert!(!first.active);
    control.push(CREATED, live("2", "normal"));
    let id = first.id.clone();
    running.core.account_switch(AccountChoice { id }).await.unwrap();
    let state = running.until("the first", total(2)).await;
    assert_eq!(state.account.address, Some(backend.api_url()));
    within_deadline("shown", harness.notifications.shown.wait_for(2)).await;
}
