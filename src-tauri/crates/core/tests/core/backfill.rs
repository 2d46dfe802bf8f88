//! What was missed comes from the server's list: after a gap and at the first sign-in, once, and without alerts for
//! what is old.

use std::time::Duration;

use gloria_backend::{Answer, Backend, Control, Observed, Route, SeenRequest, TEST_TOKEN};
use gloria_core::item::{AlertState, Item, ItemKind, Reason};
use gloria_stream::http::{DialLimits, Http, HttpOptions, NetworkOptions, Request};
use serde_json::{Value, json};

use crate::harness::{CREATED, DEADLINE, Harness, Running, Spoken, backend, live, missed, within_deadline};

/// A core that has a position in the stream and one notification, and is not running.
async fn away(harness: &Harness, control: &Control) {
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("first", "normal"));
    within_deadline("first", harness.notifications.shown.wait_for(1)).await;
    running.notified("n:first").await;
    filled(&running).await;
    running.stop().await;
}

/// Waits until nothing is being asked for any more.
pub(crate) async fn filled(running: &Running) {
    running
        .until("nothing is missing", |state| {
            state.connection.connected_since.is_some() && state.connection.filling.is_none()
        })
        .await;
}

fn lists(seen: &Observed) -> Vec<&SeenRequest> {
    let of_list = |request: &&SeenRequest| request.path.ends_with("/notifications");
    seen.requests.iter().filter(of_list).collect()
}

pub(crate) async fn asked(control: &Control, times: usize) -> Observed {
    let seen = control.wait_for(|seen| lists(seen).len() >= times, DEADLINE);
    within_deadline("the list is asked for", seen).await.unwrap()
}

async fn body_of(backend: &Backend, query: &str) -> String {
    let options = HttpOptions {
        user_agent: "test".into(),
        network: NetworkOptions::default(),
        limits: DialLimits::default(),
    };
    let url = format!("{}/notifications?{query}&token={TEST_TOKEN}", backend.api_url());
    let reply = Http::new(options).send(Request::get(url.parse().unwrap())).await;
    String::from_utf8(reply.unwrap().body.to_vec()).unwrap()
}

async fn gap_of(running: &Running) -> Option<Item> {
    let items = running.items().await;
    items.into_iter().find(|item| item.kind == ItemKind::Gap)
}

#[tokio::test]
async fn a_gap_is_filled_once_and_what_was_made_in_it_is_summed_up() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    away(&harness, &control).await;
    for id in 0..7 {
        control.push(CREATED, missed(id));
    }
    for id in 0..130 {
        control.push(CREATED, live(&format!("g{id}"), "normal"));
    }
    control.push(
        "notification.updated",
        json!({"id": "first", "title": "moved", "read": true}),
    );
    control.drop_history();
    control.push(CREATED, live("last", "normal"));
    let running = harness.start();
    running.until("all", |state| state.counts.total == 139).await;
    filled(&running).await;
    within_deadline("summed up", harness.notifications.shown.wait_for(3)).await;
    let mut titles = harness.titles().split_off(1);
    titles.sort_unstable();
    assert_eq!(titles, ["130 notifications while you were away", "title last"]);
    assert!(gap_of(&running).await.is_none(), "nothing is missing");
    let items = running.items().await;
    let item = |key: &str| items.iter().find(|item| item.key == key).unwrap();
    let (first, old) = (item("n:first"), item("n:m3"));
    assert!(
        first.title == "moved" && first.read_at.is_some(),
        "what changed in it counts"
    );
    let alert = old.alert.as_ref().unwrap();
    assert_eq!(
        (alert.state, &alert.reason),
        (AlertState::Suppressed, &Reason::Old)
    );
    assert_eq!(running.core.attach().await.unwrap().snapshot.counts.unread, 138);
    let seen = control.observed();
    let asked: Vec<_> = lists(&seen)[1..]
        .iter()
        .map(|list| list.query.get("after").cloned())
        .collect();
    assert_eq!(asked, [Some("1".to_owned()), Some("101".to_owned())]);
}

#[tokio::test]
async fn the_first_sign_in_brings_what_the_server_has_without_an_alert() {
    let (backend, control) = backend().await;
    control.push_many(230);
    control.push(CREATED, live("new", "urgent"));
    control.push("notification.updated", json!({"id": "bulk-7", "read": true}));
    control.push("notification.deleted", json!({"id": "bulk-8"}));
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    let state = running.until("all", |state| state.counts.total == 230).await;
    assert_eq!((state.counts.unread, state.counts.unseen), (229, 229));
    filled(&running).await;
    running.stop().await;
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("end", "normal"));
    within_deadline("the end", harness.notifications.shown.wait_for(1)).await;
    assert_eq!(harness.titles(), ["title end"]);
    assert_eq!(lists(&control.observed()).len(), 3, "asked for once, in pages");
}

#[tokio::test]
async fn a_kill_between_two_pages_loses_nothing_and_doubles_nothing() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    away(&harness, &control).await;
    for id in 0..150 {
        control.push(CREATED, live(&format!("g{id}"), "normal"));
    }
    control.drop_history();
    let first = body_of(&backend, "after=1&limit=100").await;
    let ready = Answer::new(200).body("application/json", first);
    control.answer(Route::List, 1, ready).unwrap();
    // So long that it is waited for, and too short for a row.
    let busy = Answer::new(503).header("retry-after", "50");
    control.answer(Route::List, 1, busy).unwrap();
    let running = harness.start();
    running.until("a page", |state| state.counts.total == 101).await;
    let state = running
        .until("it waits", |state| {
            state.connection.filling.is_some_and(|filling| filling.is_failing)
        })
        .await;
    assert_eq!(state.connection.filling.unwrap().items, 100);
    running.task.abort();
    let _ = running.task.await;

    let running = harness.start();
    running.until("the rest", |state| state.counts.total == 151).await;
    filled(&running).await;
    let seen = control.observed();
    let last = lists(&seen).pop().unwrap().query.get("after").cloned();
    assert_eq!(last.as_deref(), Some("101"), "it goes on where it was");
    within_deadline("announced", async {
        while running.items().await.iter().any(|item| {
            item.alert
                .as_ref()
                .is_none_or(|alert| alert.state == AlertState::Pending)
        }) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let announced: usize = harness.titles()[1..]
        .iter()
        .map(|title| {
            title
                .split(' ')
                .next()
                .and_then(|count| count.parse().ok())
                .unwrap_or(1)
        })
        .sum();
    assert_eq!(announced, 150, "{:?}", harness.titles());
}

#[tokio::test]
async fn a_server_without_a_list_leaves_a_gap_that_stays_between_what_came_before_and_after() {
    let (backend, control) = backend().await;
    control.answer(Route::List, 99, Answer::new(404)).unwrap();
    let harness = Harness::signed_in(&backend);
    away(&harness, &control).await;
    for id in 0..5 {
        control.push(CREATED, live(&format!("g{id}"), "normal"));
    }
    control.drop_history();
    control.push(CREATED, live("last", "normal"));
    let running = harness.start();
    running
        .until("gap and last", |state| state.counts.total == 3)
        .await;
    filled(&running).await;
    running.stop().await;
    for _ in 0..2 {
        let running = harness.start();
        let items = running.items().await;
        let keys: Vec<_> = items
            .iter()
            .map(|item| (item.kind, item.title.as_str()))
            .collect();
        assert_eq!(keys[0], (ItemKind::Notification, "title last"));
        assert_eq!((keys[1].0, keys[2].1), (ItemKind::Gap, "title first"));
        let words = items[1].words();
        assert!(
            words.starts_with("Notifications between ") && words.contains(" may be missing\n"),
            "{words}"
        );
        running.stop().await;
    }
    within_deadline("said once", harness.notifications.shown.wait_for(3)).await;
    let said = |title: &&String| title.contains("may be missing");
    assert_eq!(harness.titles().iter().filter(said).count(), 1);
}

#[tokio::test]
async fn a_list_that_fails_for_long_shows_the_gap_until_it_is_filled() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    away(&harness, &control).await;
    control.push(CREATED, live("missing", "normal"));
    control.drop_history();
    let busy = Answer::new(503).header("retry-after", "0");
    control.answer(Route::List, 3, busy).unwrap();
    let running = harness.start();
    let state = running.until("gap", |state| state.counts.total == 2).await;
    assert!(state.connection.filling.is_some(), "asking goes on");
    assert!(gap_of(&running).await.is_some());
    filled(&running).await;
    running
        .until("filled", |state| {
            state.counts.total == 2 && state.counts.unread == 2
        })
        .await;
    assert!(gap_of(&running).await.is_none());
    let titles: Vec<_> = running.items().await.into_iter().map(|item| item.title).collect();
    assert_eq!(titles, ["title missing", "title first"]);
}

#[tokio::test]
async fn a_position_that_the_server_refuses_is_a_gap_as_well() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    away(&harness, &control).await;
    control.push(CREATED, live("missing", "normal"));
    control.answer(Route::Stream, 1, Answer::new(400)).unwrap();
    let running = harness.start();
    running.until("filled", |state| state.counts.total == 2).await;
    filled(&running).await;
    assert!(gap_of(&running).await.is_none());
}

#[tokio::test]
async fn pages_that_are_none_are_given_up_and_nothing_of_them_is_stored() {
    let item = json!({"id": "bad", "title": "bad", "message": "m"});
    let page = |value: Value| Answer::new(200).body("application/json", value.to_string());
    let broken = [
        Answer::new(200).body("application/json", "{\"notifications\": ["),
        page(json!({"notifications": {"id": "bad"}})),
        page(json!({"notifications": [item, 7], "more": false})),
        page(json!({"notifications": [item], "more": true})),
        page(json!({"notifications": vec![item.clone(); 1001], "next": "5", "more": false})),
        page(json!({"notifications": [item], "next": "x".repeat(9000), "more": true})),
        Answer::new(200).body("application/json", " ".repeat(5 << 20)),
        Answer::new(403),
    ];
    for answer in broken {
        let what = answer.body.chars().take(40).collect::<String>();
        let (backend, control) = backend().await;
        let harness = Harness::signed_in(&backend);
        away(&harness, &control).await;
        control.push(CREATED, live("missing", "normal"));
        control.drop_history();
        control.answer(Route::List, 9, answer).unwrap();
        let running = harness.start();
        running.until("gap", |state| state.counts.total == 2).await;
        filled(&running).await;
        assert!(gap_of(&running).await.is_some(), "{what}");
        assert_eq!(lists(&asked(&control, 4).await).len(), 4, "{what}");
    }
}

#[tokio::test]
async fn a_list_without_an_end_is_left_where_it_leads_back() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    away(&harness, &control).await;
    control.push(CREATED, live("missing", "normal"));
    control.drop_history();
    for next in ["a", "b", "a", "c"] {
        let page = json!({"notifications": [], "next": next, "more": true});
        let answer = Answer::new(200).body("application/json", page.to_string());
        control.answer(Route::List, 1, answer).unwrap();
    }
    let running = harness.start();
    running.until("gap", |state| state.counts.total == 2).await;
    filled(&running).await;
    assert!(gap_of(&running).await.is_some());
    assert_eq!(
        lists(&control.observed()).len(),
        4,
        "the first sign-in's, and three"
    );
}

#[tokio::test]
async fn what_a_first_sign_in_could_not_fetch_is_a_row() {
    let (backend, control) = backend().await;
    control.answer(Route::List, 3, Answer::new(403)).unwrap();
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.until("the row", |state| state.counts.total == 1).await;
    filled(&running).await;
    let words = gap_of(&running).await.unwrap().words();
    assert!(
        words.starts_with("Notifications from before may be missing\n"),
        "{words}"
    );
    assert_eq!(lists(&control.observed()).len(), 3, "and it is left at that");
}

#[tokio::test]
async fn types_that_nobody_wants_are_not_fetched_until_they_are_wanted() {
    let (backend, control) = backend().await;
    let mut harness = Harness::signed_in(&backend);
    let types = "system.announcement";
    harness.environment.insert("GLORIA_SSE_TYPES", types.into());
    control.push(CREATED, live("1", "normal"));
    let running = harness.start();
    running.connected().await;
    control.push(types, json!({"id": "2", "title": "wanted", "message": "m"}));
    running.until("one", |state| state.counts.total == 1).await;
    filled(&running).await;
    assert!(lists(&control.observed()).is_empty());
    running.stop().await;

    harness.environment.remove("GLORIA_SSE_TYPES");
    let running = harness.start();
    filled(&running).await;
    running.until("both", |state| state.counts.total == 2).await;
    let seen = asked(&control, 1).await;
    assert_eq!(
        lists(&seen)[0].query.get("after"),
        None,
        "from the server's beginning"
    );
}
