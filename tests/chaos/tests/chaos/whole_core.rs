//! The whole core: what is stored and shown, whatever the network does. Its files and the time are real.

use std::time::Duration;

use gloria_backend::{Answer, Backend, BackendOptions, Control, Route, TEST_TOKEN};
use gloria_chaos::ask::{Ask, assert_head};
use gloria_chaos::proxy::{Admission, Cut, Faults, Proxy};
use gloria_chaos::server::{Exchange, Server, is_list};
use gloria_chaos::{MIN_WAIT, Seen};
use gloria_core::protocol::{ConnectionState, PersonAnswer, Remedy};
use serde_json::{Value, json};

use crate::harness::{CORE, Harness, within_deadline};
use crate::numbers::ms;

const CREATED: &str = "notification.created";

fn live(number: usize) -> Value {
    let now = jiff::Timestamp::now().to_string();
    json!({"id": number.to_string(), "title": format!("Task {number}"), "message": "m", "createdAt": now})
}

fn tasks(numbers: std::ops::RangeInclusive<usize>) -> Vec<String> {
    numbers.map(|number| format!("Task {number}")).collect()
}

/// Returns an event as bytes of a stream.
fn event(number: usize) -> String {
    format!("event: {CREATED}\nid: {number}\ndata: {}\n\n", live(number))
}

async fn behind_a_proxy() -> (Backend, Control, Proxy) {
    let backend = Backend::start(BackendOptions::default()).await.unwrap();
    let proxy = Proxy::to(backend.address()).await;
    let control = backend.control();
    (backend, control, proxy)
}

/// The requests for streams.
fn streams(proxy: &Proxy) -> Vec<Seen> {
    let seen = proxy.log().all().into_iter();
    seen.filter(|seen| !is_list(&seen.head)).collect()
}

/// Returns the next request, which must be this one.
async fn request(server: &Server, ask: Ask) -> Exchange {
    let exchange = within_deadline("a request", server.request()).await;
    assert_head(
        &exchange.head(),
        &ask.token(TEST_TOKEN),
        &server.address().to_string(),
        CORE,
    );
    exchange
}

#[tokio::test]
async fn a_line_that_breaks_all_the_time_fills_the_inbox_once_and_in_order() {
    let (_backend, control, proxy) = behind_a_proxy().await;
    let harness = Harness::at(proxy.address());
    let running = harness.start();
    running.connected().await;
    // For a position to resume from.
    control.push(CREATED, live(1));
    running.total(1).await;
    let mut sent = 1;
    for (round, how) in [Cut::Fin, Cut::Reset, Cut::HalfClose, Cut::Reset, Cut::Fin]
        .into_iter()
        .enumerate()
    {
        proxy.set(Faults {
            cut: Some((400 + 97 * round, how)),
            ..Faults::default()
        });
        for _ in 0..4 {
            sent += 1;
            control.push(CREATED, live(sent));
        }
        running
            .until("lost", |state| state.connection.state == ConnectionState::Waiting)
            .await;
        proxy.set(Faults::default());
        running.total(u32::try_from(sent).unwrap()).await;
    }
    assert_eq!(running.titles().await, tasks(1..=sent));
    // Two digests may have the same title.
    let shown = harness.notifications();
    let mut once: Vec<_> = shown.iter().filter(|title| title.starts_with("Task ")).collect();
    let all = once.len();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), all, "nothing was shown twice: {shown:?}");
    running.stop().await;
}

#[tokio::test]
async fn what_a_server_says_again_at_the_seam_is_stored_and_shown_once() {
    let server = Server::bind().await;
    let harness = Harness::at(server.address());
    let running = harness.start();
    let mut first = request(&server, Ask::first()).await;
    first.open().await;
    let said = [event(1), event(2)];
    first.write(said.concat()).await;
    running.total(2).await;
    first.reset();
    let mut second = request(&server, Ask::after("2")).await;
    assert!(server.log().wait(1) >= MIN_WAIT);
    second.open().await;
    second
        .write(format!("{}{}{}{}", said[1], said[0], event(3), said[1]))
        .await;
    running.total(3).await;
    assert_eq!(running.titles().await, tasks(1..=3));
    within_deadline("three notifications", harness.notifications.shown.wait_for(3)).await;
    assert_eq!(harness.notifications(), tasks(1..=3));
}

#[tokio::test]
async fn the_position_outlives_the_app() {
    let server = Server::bind().await;
    let harness = Harness::at(server.address());
    let running = harness.start();
    let mut first = request(&server, Ask::first()).await;
    first.open().await;
    first.write(format!("{}{}", event(1), event(2))).await;
    running.total(2).await;
    running.stop().await;
    first.hung_up_within(Duration::from_secs(5)).await;
    let running = harness.start();
    let mut second = request(&server, Ask::after("2")).await;
    second.open().await;
    second.write(event(3)).await;
    running.total(3).await;
    assert_eq!(running.titles().await, tasks(1..=3));
}

#[tokio::test]
async fn an_event_that_makes_no_sense_costs_itself_and_the_position_moves_on() {
    let server = Server::bind().await;
    let harness = Harness::at(server.address());
    let running = harness.start();
    let mut first = request(&server, Ask::first()).await;
    first.open().await;
    first.write(event(1)).await;
    for (id, bad) in [(2, "{not json"), (3, "[]"), (4, "{\"id\": 7}"), (5, "\u{0}")] {
        first
            .write(format!("event: {CREATED}\nid: {id}\ndata: {bad}\n\n"))
            .await;
    }
    first
        .write(format!("event: who.knows\nid: 6\ndata: x\n\n{}", event(7)))
        .await;
    first.write("id: 8\nevent: who.knows\ndata: x\n\n").await;
    // Each of the four invalid events has a row that reports it.
    running.total(6).await;
    within_deadline("the last event", async {
        while running.core.event_tally().await.unwrap().unknown < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    first.close();
    let _second = request(&server, Ask::after("8")).await;
    let tally = running.core.event_tally().await.unwrap();
    assert_eq!((tally.taken, tally.invalid, tally.unknown), (2, 4, 2));
}

#[tokio::test]
async fn a_store_that_refuses_is_reported_and_everything_is_stored_after_it() {
    let server = Server::bind().await;
    let harness = Harness::at(server.address());
    let running = harness.start();
    let mut first = request(&server, Ask::first()).await;
    first.open().await;
    first.write(event(1)).await;
    running.total(1).await;
    let beside = rusqlite::Connection::open(harness.inbox()).unwrap();
    beside
        .execute_batch("CREATE TRIGGER full BEFORE INSERT ON item BEGIN SELECT RAISE(ABORT, 'no room'); END")
        .unwrap();
    first.write(format!("{}{}", event(2), event(3))).await;
    running
        .until("the user is needed", |state| state.connection.storage.is_some())
        .await;
    // The contents of the file are not copied; new events are in memory.
    running.total(2).await;
    beside.execute_batch("DROP TRIGGER full").unwrap();
    // The interval until the file is tried again.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
    running
        .until("well again", |state| {
            state.notices.is_empty() && state.counts.total == 3
        })
        .await;
    assert_eq!(running.titles().await, tasks(1..=3));
    let stored: u32 = beside
        .query_row("SELECT count(*) FROM item", [], |row| row.get(0))
        .unwrap();
    assert_eq!(stored, 3, "in the file");
    // The stream was never dropped.
    first.write(event(4)).await;
    running.total(4).await;
    let mut notifications = harness.notifications();
    notifications.retain(|title| title != "Gloria Notify needs you");
    assert_eq!(notifications, tasks(1..=4));
}

#[tokio::test]
async fn a_refused_token_asks_the_user_and_the_next_one_goes_on_where_it_was() {
    let server = Server::bind().await;
    let harness = Harness::at(server.address());
    let running = harness.start();
    let mut first = request(&server, Ask::first()).await;
    first.open().await;
    first.write(event(1)).await;
    running.total(1).await;
    first.close();
    request(&server, Ask::after("1")).await.answer("401 No").await;
    request(&server, Ask::after("1")).await.answer("401 No").await;
    let state = running
        .until("halted", |state| {
            state.connection.state == ConnectionState::Halted
        })
        .await;
    assert_eq!(state.connection.remedy, Remedy::SignIn);
    let form = serde_json::from_value(json!({"address": harness.api, "token": "another-t0ken"})).unwrap();
    let core = running.core.clone();
    let saved = tokio::spawn(async move { core.account_save(form).await });
    // It is tried before it replaces the other one.
    let mut tried = within_deadline("the token is tried", server.request()).await;
    tried.open().await;
    within_deadline("it is saved", saved).await.unwrap().unwrap();
    // The token may be another user's, who must not resume at the first one's position.
    let mut fourth = within_deadline("a request", server.request()).await;
    let ask = Ask::first().token("another-t0ken");
    assert_head(&fourth.head(), &ask, &server.address().to_string(), CORE);
    fourth.open().await;
    fourth.write(event(2)).await;
    let asked = running.until("asked", |state| state.account.question.is_some());
    assert_eq!(asked.await.connection.remedy, Remedy::ConfirmPerson);
    running
        .core
        .account_confirm(PersonAnswer { same: true })
        .await
        .unwrap();
    let mut fifth = within_deadline("a request", server.request()).await;
    let ask = Ask::after("1").token("another-t0ken");
    assert_head(&fifth.head(), &ask, &server.address().to_string(), CORE);
    fifth.open().await;
    fifth.write(event(2)).await;
    running.total(2).await;
}

#[tokio::test]
async fn a_server_that_promises_heartbeats_and_falls_silent_is_left() {
    let server = Server::bind().await;
    let harness = Harness::at(server.address());
    let running = harness.start();
    let mut first = request(&server, Ask::first()).await;
    first.open().await;
    first
        .write("event: connection_established\ndata: {\"heartbeatInterval\":1000}\n\n")
        .await;
    first.write(event(1)).await;
    running.total(1).await;
    first.hung_up_within(Duration::from_secs(10)).await;
    let _second = request(&server, Ask::after("1")).await;
    let waited = server.log().wait(1);
    assert!(
        waited >= ms(2500) + MIN_WAIT,
        "2.5 heartbeats and a delay, not {waited:?}"
    );
    let state = running.core.attach().await.unwrap().snapshot;
    assert_eq!(state.connection.state, ConnectionState::Connecting);
}

#[tokio::test]
async fn a_portal_that_comes_and_goes_leaves_the_inbox_whole() {
    let (_backend, control, proxy) = behind_a_proxy().await;
    let harness = Harness::at(proxy.address());
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live(1));
    running.total(1).await;
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 7\r\n\r\n<p>Hi!\n";
    proxy.change(|faults| faults.admission = Admission::Answered(page.into()));
    proxy.cut(Cut::Reset);
    control.push(CREATED, live(2));
    running
        .until("told", |state| {
            state
                .connection
                .reason
                .as_ref()
                .is_some_and(|why| why.id == "cause-web-page")
        })
        .await;
    proxy.set(Faults::default());
    running.core.connection_retry().await.unwrap();
    running.total(2).await;
    assert_eq!(running.titles().await, tasks(1..=2));
    let seen = streams(&proxy);
    let ask = Ask::after("1").token(TEST_TOKEN);
    for seen in &seen[1..] {
        assert_head(&seen.head, &ask, &proxy.address().to_string(), CORE);
    }
}

#[tokio::test]
async fn a_gap_is_reported_and_the_position_is_behind_it() {
    let (_backend, control, proxy) = behind_a_proxy().await;
    control.answer(Route::List, 99, Answer::new(404)).unwrap();
    let harness = Harness::at(proxy.address());
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live(1));
    running.total(1).await;
    proxy.change(|faults| faults.admission = Admission::Refused);
    proxy.cut(Cut::Reset);
    control.push(CREATED, live(2));
    control.drop_history();
    proxy.set(Faults::default());
    running.until("told", |state| state.counts.total == 2).await;
    proxy.cut(Cut::Reset);
    control.push(CREATED, live(3));
    running.total(3).await;
    let mut titles = running.titles().await;
    titles.sort_unstable();
    assert!(titles[0].starts_with("Notifications between "), "{titles:?}");
    assert_eq!(titles[1..], ["Task 1", "Task 3"]);
    let seen = streams(&proxy);
    let host = proxy.address().to_string();
    let asks = [Ask::first(), Ask::after("1"), Ask::after("2")];
    assert_eq!(seen.len(), asks.len());
    for (seen, ask) in seen.iter().zip(asks) {
        assert_head(&seen.head, &ask.token(TEST_TOKEN), &host, CORE);
    }
}
