//! The position in the stream: after a new client's first connection no event is lost, and a gap is reported by a row.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use gloria_backend::{Answer, Backend, BackendOptions, Route};
use gloria_core::item::ItemKind;
use gloria_core::ports::{Clock, SystemClock};
use gloria_core::protocol::Update;
use serde_json::json;

use tokio::io::AsyncWriteExt as _;

use crate::backfill::{asked, filled};
use crate::harness::{CREATED, DEADLINE, Harness, Spoken, backend, live, within_deadline};
use crate::healing::{by_hand, request};

#[tokio::test]
async fn a_newcomer_loses_nothing_of_its_first_outage() {
    let (backend, control) = backend().await;
    control.push(CREATED, live("before it came", "normal"));
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running
        .until("its place is stored", |state| {
            state.connection.connected_since.is_some() && state.connection.history_since.is_none()
        })
        .await;
    running.stop().await;
    control.push(CREATED, live("while it was away", "urgent"));
    let running = harness.start();
    running.until("one", |state| state.counts.total == 1).await;
    assert_eq!(running.items().await[0].title, "title while it was away");
    let resumed = control.observed();
    let resumed = resumed.stream_requests().next_back().unwrap();
    assert_eq!(resumed.last_event_id(), Some("1"));
}

async fn without_places() -> Backend {
    Backend::start(BackendOptions {
        replay_to_newcomers: true,
        ..BackendOptions::default()
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_server_that_gives_no_place_is_said_to_have_no_history() {
    let backend = without_places().await;
    let control = backend.control();
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    let state = running
        .until("said", |state| state.connection.history_since.is_some())
        .await;
    let connected = state.connection.connected_since.unwrap();
    assert!((state.connection.history_since.unwrap() - connected).abs() < 1000);
    control.push(CREATED, live("1", "normal"));
    running
        .until("an event gives it", |state| {
            state.connection.history_since.is_none()
        })
        .await;
}

#[tokio::test]
async fn a_place_in_the_greetings_data_does_as_well_as_an_id() {
    let backend = without_places().await;
    let control = backend.control();
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running
        .until("no place", |state| state.connection.history_since.is_some())
        .await;
    control.push_raw("event: connection_established\ndata: {\"position\":\"41\"}\n\n");
    running
        .until("a place", |state| state.connection.history_since.is_none())
        .await;
    control.reset();
    let seen = within_deadline(
        "again",
        control.wait_for(|seen| seen.streams_total >= 2, DEADLINE),
    )
    .await
    .unwrap();
    let resumed = seen.stream_requests().next_back().unwrap();
    assert_eq!(resumed.last_event_id(), Some("41"));
    running.stop().await;
    let running = harness.start();
    running.connected().await;
    let seen = control.observed();
    let resumed = seen.stream_requests().next_back().unwrap();
    assert_eq!(resumed.last_event_id(), Some("41"), "it is stored");
}

#[tokio::test]
async fn a_gap_is_a_row_that_stays_until_it_is_seen() {
    let (backend, control) = backend().await;
    control.answer(Route::List, 99, Answer::new(404)).unwrap();
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("one", |state| state.counts.total == 1).await;
    // That the server has no list is known before the gap, which otherwise would have to wait for another first list.
    asked(&control, 1).await;
    filled(&running).await;
    running.stop().await;
    for id in 2..12 {
        control.push(CREATED, live(&id.to_string(), "normal"));
    }
    control.drop_history();
    control.push(CREATED, live("12", "normal"));
    let running = harness.start();
    running
        .until("gap and the last", |state| state.counts.total == 3)
        .await;
    within_deadline("told by itself", harness.notifications.shown.wait_for(3)).await;
    let titles = harness.titles();
    assert!(
        titles
            .iter()
            .any(|title| title.starts_with("Notifications between ")),
        "{titles:?}"
    );
    running.looked_at().await;
    running.core.inbox_mark_all_seen().await.unwrap();
    running.stop().await;
    // Even if the process ends, the row is stored together with the position after the gap.
    let running = harness.start();
    running.connected().await;
    let items = running.items().await;
    let gap = items.iter().find(|item| item.kind == ItemKind::Gap).unwrap();
    let words = gap.words();
    assert!(words.contains("event 1 and up to event 11"), "{words}");
    assert_eq!(items.len(), 3);
}

#[tokio::test]
async fn a_place_that_the_server_takes_back_is_asked_for_no_more() {
    let backend = without_places().await;
    let control = backend.control();
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("one", |state| state.counts.total == 1).await;
    control.push_raw("event: heartbeat\nid:\ndata: {}\n\n");
    running
        .until("no place any more", |state| {
            state.connection.history_since.is_some()
        })
        .await;
    running.stop().await;
    let running = harness.start();
    running.connected().await;
    let seen = control.observed();
    let resumed = seen.stream_requests().next_back().unwrap();
    assert_eq!(resumed.last_event_id(), None, "as before the restart");
}

#[tokio::test]
async fn what_cannot_be_read_says_so_and_more_than_five_are_summed_up() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    for n in 0..9 {
        control.push(CREATED, json!({"id": format!("secret-{n}")}));
    }
    control.push(CREATED, live("good", "normal"));
    running.until("7", |state| state.counts.total == 7).await;
    let items = running.items().await;
    let titles: Vec<_> = items
        .iter()
        .filter(|item| item.kind == ItemKind::Unreadable)
        .map(Spoken::words)
        .collect();
    assert_eq!(titles.len(), 6);
    assert!(
        titles
            .iter()
            .any(|title| title.starts_with("4 more notifications could not be read\n")),
        "{titles:?}"
    );
    let one = items
        .iter()
        .find(|item| item.words().starts_with("A notification could not be read\n"))
        .unwrap();
    let words = one.words();
    assert!(
        one.link.is_none() && words.contains("the field title is missing"),
        "{words}"
    );
    control.reset();
    within_deadline(
        "again",
        control.wait_for(|seen| seen.streams_total >= 2, DEADLINE),
    )
    .await
    .unwrap();
    control.push(CREATED, live("end", "normal"));
    running.until("one more", |state| state.counts.total == 8).await;
}

#[tokio::test]
async fn what_was_not_asked_for_and_comes_all_the_same_is_passed_over_without_a_row() {
    let options = BackendOptions {
        optional_parts: false,
        ..BackendOptions::default()
    };
    let backend = Backend::start(options).await.unwrap();
    let control = backend.control();
    let mut harness = Harness::signed_in(&backend);
    harness
        .environment
        .insert("GLORIA_SSE_TYPES", "system.announcement".into());
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "urgent"));
    control.push(
        "system.announcement",
        json!({"id": "2", "title": "asked for", "message": "m"}),
    );
    let state = running.until("one", |state| state.counts.total > 0).await;
    let titles: Vec<_> = running.items().await.into_iter().map(|item| item.title).collect();
    assert_eq!((state.counts.total, titles), (1, vec!["asked for".to_owned()]));
    running.stop().await;
}

/// A computer whose clock is wrong from the start.
#[derive(Debug)]
struct WrongClock(AtomicI64);

impl Clock for WrongClock {
    fn wall(&self) -> SystemTime {
        let ahead = Duration::from_secs(self.0.load(Ordering::SeqCst).unsigned_abs());
        SystemClock.wall() + ahead
    }

    fn monotonic(&self) -> Instant {
        SystemClock.monotonic()
    }
}

#[tokio::test]
async fn what_expires_expires_by_the_servers_clock() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start_by(Arc::new(WrongClock(AtomicI64::new(3 * 3600))));
    running.connected().await;
    let mut soon_over = live("soon over", "normal");
    let hour = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    soon_over["expiresAt"] = hour.to_string().into();
    control.push(CREATED, soon_over);
    let mut over = live("over", "urgent");
    let past = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(1);
    over["expiresAt"] = past.to_string().into();
    control.push(CREATED, over);
    running.until("both", |state| state.counts.total == 2).await;
    within_deadline("notification", harness.notifications.shown.wait_for(1)).await;
    control.push(CREATED, live("end", "normal"));
    within_deadline("the end", harness.notifications.shown.wait_for(2)).await;
    assert_eq!(harness.titles(), ["title soon over", "title end"]);
}

/// For servers without a greeting, whose response has a `Date` in whole seconds.
#[tokio::test]
async fn without_a_greeting_the_answers_date_is_the_servers_clock() {
    let (server, harness) = by_hand().await;
    let _running = harness.start_by(Arc::new(WrongClock(AtomicI64::new(3 * 3600))));
    let (mut client, _) = request(&server).await;
    let now = jiff::Timestamp::now();
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT");
    let mut soon_over = live("soon over", "normal");
    soon_over["expiresAt"] = (now + jiff::SignedDuration::from_hours(1)).to_string().into();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nDate: {date}\r\n\r\n");
    let event = format!("event: {CREATED}\nid: 1\ndata: {soon_over}\n\n");
    client
        .write_all(format!("{head}{event}").as_bytes())
        .await
        .unwrap();
    within_deadline("notification", harness.notifications.shown.wait_for(1)).await;
    assert_eq!(harness.titles(), ["title soon over"]);
}

#[tokio::test]
async fn that_a_requested_item_was_shown_is_a_revision_as_well() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("one", |state| state.counts.total == 1).await;
    running.core.item_show(Some("n:1".into())).await.unwrap();
    let attached = running.core.attach().await.unwrap();
    assert_eq!(attached.snapshot.requested_item.as_deref(), Some("n:1"));
    let mark = gloria_core::protocol::MarkRequest {
        keys: vec!["n:1".into()],
        mark: gloria_core::item::Mark::Read,
    };
    running.core.inbox_mark(mark).await.unwrap();
    let mut updates = attached.updates;
    let first = within_deadline("update", updates.recv()).await.unwrap();
    assert_eq!(
        (first.revision, first.update),
        (attached.snapshot.revision + 1, Update::ItemRequested(None))
    );
}
