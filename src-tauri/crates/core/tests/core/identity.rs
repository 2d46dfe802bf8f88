//! Two people on one server: each has an inbox and a position of their own, and nobody is taken for the other.

use gloria_backend::{Backend, Control, TEST_TOKEN};
use gloria_core::protocol::{AccountForm, ConnectionState, PersonAnswer, Remedy, Snapshot};
use gloria_core::session::Token;
use gloria_core::status::{Health, health};
use gloria_core::tray::{self, LocalTime, TrayIcon};

use crate::desk::{CREATED, Desk, Running, backend, live, soon};

fn form(backend: &Backend, token: &str) -> AccountForm {
    AccountForm {
        address: backend.api_url(),
        token: Some(Token::parse(token).unwrap()),
    }
}

/// The position that each request for the stream was made with.
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
    control.set_user("token-of-bert", Some("bert"));
    let desk = Desk::signed_in(&backend);
    let running = desk.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("stored", total(1)).await;

    save(&running, &backend, "token-of-bert").await;
    running.until("an inbox of their own", total(0)).await;
    control.push(CREATED, live("2", "normal"));
    running.until("stored", total(1)).await;
    // One request asks whose the token is, and one is the other person's from where the greeting was.
    assert_eq!(positions(&control), [None, None, Some("1".to_owned())]);
    soon("shown", desk.notifications.shown.wait_for(2)).await;

    save(&running, &backend, TEST_TOKEN).await;
    let state = running
        .until("the first again, with what came meanwhile", total(2))
        .await;
    assert_eq!(state.account.question, None);
    assert_eq!(positions(&control).last(), Some(&Some("1".to_owned())));
    running.stop().await;

    let running = desk.start();
    running.until("after a restart too", total(2)).await;
    save(&running, &backend, "token-of-bert").await;
    running.until("and so has the other", total(1)).await;
}

#[tokio::test]
async fn a_new_token_of_the_same_user_goes_on_and_nothing_is_lost_or_asked() {
    let (backend, control) = backend().await;
    control.set_user("renewed", Some("user-1"));
    let desk = Desk::signed_in(&backend);
    let running = desk.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("stored", total(1)).await;
    running.stop().await;
    control.push(CREATED, live("2", "normal"));
    desk.secrets
        .put(&backend.api_url(), Token::parse("renewed").unwrap());
    let running = desk.start();
    let state = running.until("all of it", total(2)).await;
    assert_eq!(state.account.question, None);
    assert_eq!(
        positions(&control),
        [None, None, Some("1".to_owned())],
        "asked without a position first"
    );
    running.stop().await;
    let running = desk.start();
    running.until("known from now on", total(2)).await;
    assert_eq!(positions(&control).len(), 4);
}

/// A server that names nobody, and a second token.
async fn asked() -> (Backend, Control, Desk, Running) {
    let (backend, control) = backend().await;
    control.set_user(TEST_TOKEN, None);
    control.set_user("another", None);
    let desk = Desk::signed_in(&backend);
    let running = desk.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("stored", total(1)).await;
    save(&running, &backend, "another").await;
    let state = running.until("asked", is_asked).await;
    assert_eq!(state.connection.remedy, Remedy::ConfirmPerson);
    assert_eq!(health(&state.connection), Health::NeedsUser);
    let seen = tray::view(&state, 0, &LocalTime::system());
    assert_eq!(seen.icon, TrayIcon::Attention);
    assert_eq!(positions(&control), [None, None], "no position was sent");
    control.push(CREATED, live("2", "normal"));
    (backend, control, desk, running)
}

#[tokio::test]
async fn the_same_person_goes_on_with_what_came_until_the_answer() {
    let (_backend, control, _desk, running) = asked().await;
    running.core.connection_retry().await.unwrap();
    assert_eq!(positions(&control).len(), 2, "nothing is dialled until then");
    let answer = PersonAnswer { same: true };
    running.core.account_confirm(answer).await.unwrap();
    let state = running.until("all of it", total(2)).await;
    assert_eq!(state.account.question, None);
    assert_eq!(positions(&control).last(), Some(&Some("1".to_owned())));
    assert!(running.core.account_confirm(answer).await.is_err(), "once");
}

#[tokio::test]
async fn the_question_outlives_a_restart_and_somebody_else_gets_an_inbox_of_their_own() {
    let (backend, control, desk, running) = asked().await;
    running.stop().await;
    let running = desk.start();
    running.until("asked again", is_asked).await;
    assert_eq!(positions(&control).len(), 2, "without asking the server");
    let answer = PersonAnswer { same: false };
    running.core.account_confirm(answer).await.unwrap();
    running
        .until("what came since they signed in, and nothing before", total(1))
        .await;
    running.stop().await;
    let running = desk.start();
    running.until("known from now on", total(1)).await;

    save(&running, &backend, TEST_TOKEN).await;
    running.until("the first is known by their token", total(2)).await;
}

#[tokio::test]
async fn the_first_persons_own_token_takes_the_question_back() {
    let (backend, _control, _desk, running) = asked().await;
    save(&running, &backend, TEST_TOKEN).await;
    let state = running.until("all of it", total(2)).await;
    assert_eq!(state.account.question, None);
}
