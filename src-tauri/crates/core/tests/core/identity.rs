//! Two users on one server: each has a separate inbox and position, and neither is mistaken for the other.

use gloria_backend::{Answer, Backend, Control, Route, TEST_TOKEN};
use gloria_core::metrics::status::{Health, health};
use gloria_core::ports::fakes::Behaviour;
use gloria_core::protocol::{
    AccountForm, ConnectionState, PersonAnswer, Remedy, SignOutForm, Snapshot, TokenState,
};
use gloria_core::token::Token;
use gloria_core::tray::{self, TrayIcon};

use crate::harness::{CREATED, Harness, Running, Spoken, backend, live, within_deadline};

fn form(backend: &Backend, token: &str) -> AccountForm {
    AccountForm {
        address: backend.api_url(),
        token: Some(Token::parse(token).unwrap()),
    }
}

/// Returns the position in each request for the stream.
fn positions(control: &Control) -> Vec<Option<String>> {
    let observed = control.observed();
    observed
        .stream_requests()
        .map(|request| request.last_event_id().map(str::to_owned))
        .collect()
}

async fn save(running: &Running, backend: &Backend, token: &str) {
    running.core.account_save(form(backend, token)).await.unwrap();
}

fn is_asked(state: &Snapshot) -> bool {
    state.account.question.is_some() && state.connection.needs_user
}

fn total(number: u32) -> impl Fn(&Snapshot) -> bool {
    move |state| state.connection.state == ConnectionState::Connected && state.counts.total == number
}

#[tokio::test]
async fn another_person_sees_nothing_of_the_first_who_later_has_everything_again() {
    let (backend, control) = backend().await;
    // The reference backend's list is everybody's.
    control.answer(Route::List, 99, Answer::new(404)).unwrap();
    control.set_user("token-of-bert", Some("bert"));
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("stored", total(1)).await;

    save(&running, &backend, "token-of-bert").await;
    running.until("an inbox of their own", total(0)).await;
    control.push(CREATED, live("2", "normal"));
    running.until("stored", total(1)).await;
    // One request tries the token, one determines its user, and one is the other user's, from the position in the
    // greeting.
    assert_eq!(positions(&control), [None, None, None, Some("1".to_owned())]);
    within_deadline("shown", harness.notifications.shown.wait_for(2)).await;

    save(&running, &backend, TEST_TOKEN).await;
    let state = running
        .until("the first again, with what came meanwhile", total(2))
        .await;
    assert_eq!(state.account.question, None);
    assert_eq!(positions(&control).last(), Some(&Some("1".to_owned())));
    running.stop().await;

    let running = harness.start();
    running.until("after a restart too", total(2)).await;
    save(&running, &backend, "token-of-bert").await;
    running.until("and so has the other", total(1)).await;
}

#[tokio::test]
async fn a_new_token_of_the_same_user_goes_on_and_nothing_is_lost_or_asked() {
    let (backend, control) = backend().await;
    control.set_user("renewed", Some("user-1"));
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("stored", total(1)).await;
    running.stop().await;
    control.push(CREATED, live("2", "normal"));
    harness
        .secrets
        .put(&backend.api_url(), Token::parse("renewed").unwrap());
    let running = harness.start();
    let state = running.until("all of it", total(2)).await;
    assert_eq!(state.account.question, None);
    assert_eq!(
        positions(&control),
        [None, None, Some("1".to_owned())],
        "asked without a position first"
    );
    running.stop().await;
    let running = harness.start();
    running.until("known from now on", total(2)).await;
    assert_eq!(positions(&control).len(), 4);
}

/// Returns a server that names no user, and a second token.
async fn asked() -> (Backend, Control, Harness, Running) {
    let (backend, control) = backend().await;
    control.set_user(TEST_TOKEN, None);
    control.set_user("another", None);
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("stored", total(1)).await;
    save(&running, &backend, "another").await;
    let state = running.until("asked", is_asked).await;
    assert_eq!(state.connection.remedy, Remedy::ConfirmPerson);
    assert_eq!(health(&state.connection), Health::NeedsUser);
    let report = running.core.status().await.unwrap();
    assert_eq!(report.health, Health::NeedsUser);
    assert_eq!(report.connection.remedy, Remedy::ConfirmPerson);
    assert!(
        report.connection.reason.words().contains("new token"),
        "{:?}",
        report.connection.reason
    );
    let seen = tray::view(&state, 0);
    assert_eq!(seen.icon, TrayIcon::Attention);
    assert_eq!(positions(&control), [None, None, None], "no position was sent");
    control.push(CREATED, live("2", "normal"));
    (backend, control, harness, running)
}

#[tokio::test]
async fn the_same_person_goes_on_with_what_came_until_the_answer() {
    let (_backend, control, _harness, running) = asked().await;
    running.core.connection_retry().await.unwrap();
    assert_eq!(positions(&control).len(), 3, "nothing is dialled until then");
    let answer = PersonAnswer { same: true };
    running.core.account_confirm(answer).await.unwrap();
    let state = running.until("all of it", total(2)).await;
    assert_eq!(state.account.question, None);
    assert_eq!(positions(&control).last(), Some(&Some("1".to_owned())));
    assert!(running.core.account_confirm(answer).await.is_err(), "once");
}

#[tokio::test]
async fn the_question_outlives_a_restart_and_somebody_else_gets_an_inbox_of_their_own() {
    let (backend, control, harness, running) = asked().await;
    running.stop().await;
    let running = harness.start();
    running.until("asked again", is_asked).await;
    assert_eq!(positions(&control).len(), 3, "without asking the server");
    let answer = PersonAnswer { same: false };
    running.core.account_confirm(answer).await.unwrap();
    running
        .until("what came since they signed in, and nothing before", total(1))
        .await;
    running.stop().await;
    let running = harness.start();
    running.until("known from now on", total(1)).await;

    save(&running, &backend, TEST_TOKEN).await;
    running.until("the first is known by their token", total(2)).await;
}

#[tokio::test]
async fn the_first_persons_own_token_takes_the_question_back() {
    let (backend, _control, _harness, running) = asked().await;
    save(&running, &backend, TEST_TOKEN).await;
    let state = running.until("all of it", total(2)).await;
    assert_eq!(state.account.question, None);
}

/// Returns a first user with one notification on screen, and a second user's token.
async fn two_people() -> (Backend, Control, Harness, Running) {
    let (backend, control) = backend().await;
    control.set_user("token-of-bert", Some("bert"));
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    harness.kept(&backend, "user-1", TEST_TOKEN).await;
    (backend, control, harness, running)
}

#[tokio::test]
async fn each_persons_token_has_an_entry_of_its_own_in_the_keyring() {
    let (backend, _control, harness, running) = two_people().await;
    save(&running, &backend, "token-of-bert").await;
    harness.kept(&backend, "bert", "token-of-bert").await;
    harness.kept(&backend, "user-1", TEST_TOKEN).await;
    running.stop().await;

    let running = harness.start();
    running.connected().await;
    let kept = running.core.attach().await.unwrap().snapshot.account;
    assert_eq!(kept.question, None, "the one who was there last goes on");
    running
        .core
        .account_sign_out(SignOutForm { erase: false })
        .await
        .unwrap();
    assert!(
        harness
            .secrets
            .token(&Harness::entry_of(&backend, "bert"))
            .is_none()
    );
    harness.kept(&backend, "user-1", TEST_TOKEN).await;
    running.stop().await;

    let running = harness.start();
    running
        .until("signed out", |state| state.account.token == TokenState::Missing)
        .await;
}

#[tokio::test]
async fn a_new_token_beside_the_app_is_found_before_the_accounts_own() {
    let (backend, control, harness, running) = two_people().await;
    control.require_token("renewed");
    control.set_user("renewed", Some("user-1"));
    harness
        .secrets
        .put(&backend.api_url(), Token::parse("renewed").unwrap());
    running.core.credentials_changed(backend.api_url()).await.unwrap();
    harness.kept(&backend, "user-1", "renewed").await;
    running.connected().await;
}

#[tokio::test]
async fn who_is_not_named_keeps_the_servers_entry() {
    let (backend, control) = backend().await;
    control.set_user(TEST_TOKEN, None);
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("stored", total(1)).await;
    running.stop().await;
    let kept = harness.secrets.token(&backend.api_url()).unwrap();
    assert_eq!(kept.expose(), TEST_TOKEN);
    assert!(
        harness
            .secrets
            .asked
            .all()
            .iter()
            .all(|(verb, _)| *verb == "load")
    );
}

#[tokio::test]
async fn nothing_of_the_first_stays_on_screen_and_no_late_click_leads_to_the_others_items() {
    let (backend, control, harness, running) = two_people().await;
    control.push(CREATED, live("1", "normal"));
    within_deadline("shown", harness.notifications.shown.wait_for(1)).await;
    running.notified("n:1").await;
    let first = harness.notifications.handle_of("n:1").unwrap();
    save(&running, &backend, "token-of-bert").await;
    running.until("an inbox of their own", total(0)).await;
    assert_eq!(harness.notifications.withdrawn_items(), ["n:1"]);

    // Items with the same ids, which a server may have for each of its users.
    control.push(CREATED, live("1", "normal"));
    control.push(CREATED, live("2", "normal"));
    within_deadline("shown", harness.notifications.shown.wait_for(3)).await;
    running.notified("n:2").await;
    harness.notifications.click(first, Some("late".into()));
    let own = harness.notifications.handle_of("n:2").unwrap();
    harness.notifications.click(own, Some("own".into()));
    let opened = within_deadline("window", harness.window.opened.wait_for(1)).await;
    assert_eq!(opened, [Some("own".to_owned())], "the late click leads nowhere");
    running
        .until("requested", |state| {
            state.requested_item.as_deref() == Some("n:2")
        })
        .await;
}

#[tokio::test]
async fn what_is_pending_of_the_first_waits_until_they_are_back() {
    let (backend, control, harness, running) = two_people().await;
    harness.notifications.behave(Behaviour::Hangs);
    control.push(CREATED, live("1", "normal"));
    within_deadline("asked", harness.notifications.asked.wait_for(1)).await;
    running.until("stored", total(1)).await;
    save(&running, &backend, "token-of-bert").await;
    running.until("an inbox of their own", total(0)).await;

    // The service continues, and shows what was requested before.
    harness.notifications.behave(Behaviour::Answers);
    within_deadline("withdrawn", harness.notifications.withdrawn.wait_for(1)).await;
    assert_eq!(harness.notifications.withdrawn_items(), ["n:1"]);
    control.push(CREATED, live("2", "normal"));
    within_deadline("shown", harness.notifications.shown.wait_for(2)).await;
    assert_eq!(harness.titles(), ["title 1", "title 2"]);
    running.notified("n:2").await;

    save(&running, &backend, TEST_TOKEN).await;
    running.until("the first again", total(2)).await;
    let again = within_deadline("shown again", harness.notifications.shown.wait_for(3)).await;
    assert!(
        again[2..].iter().any(|request| request.title == "title 1"),
        "{again:?}"
    );
}
