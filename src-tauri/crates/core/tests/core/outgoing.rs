//! The user's actions on their way to the server.

use gloria_backend::{Answer, Backend, BackendOptions, ChangeKind, Route, SeenChange};
use gloria_core::item::{Item, Mark};
use gloria_core::ports::Observation;
use gloria_core::protocol::{MarkRequest, NoticeKind};
use serde_json::{Value, json};

use crate::harness::{DEADLINE, Harness, Running, Spoken as _, backend, within_deadline};

fn created(id: &str) -> Value {
    json!({"id": id, "title": "t", "message": "m"})
}

async fn mark(running: &Running, key: &str, mark: Mark) {
    let keys = vec![key.to_owned()];
    running.core.inbox_mark(MarkRequest { keys, mark }).await.unwrap();
}

async fn item(running: &Running, key: &str) -> Item {
    running.core.inbox_item(key.to_owned()).await.unwrap().unwrap()
}

/// Waits until the item is as wanted.
async fn until(running: &Running, key: &str, wanted: impl Fn(&Item) -> bool) -> Item {
    let mut updates = running.core.attach().await.unwrap().updates;
    let waiting = async {
        loop {
            let item = item(running, key).await;
            if wanted(&item) {
                return item;
            }
            updates.recv().await.unwrap();
        }
    };
    within_deadline("the item is as wanted", waiting).await
}

fn patches(changes: &[SeenChange]) -> Vec<(&str, Value, bool)> {
    let changes = changes.iter().map(|change| match &change.kind {
        ChangeKind::Patch(body) => (change.notification.as_str(), body.clone(), change.applied),
        ChangeKind::Delete => panic!("nothing is deleted"),
    });
    changes.collect()
}

#[tokio::test]
async fn what_is_read_here_is_read_at_the_server_once_although_an_answer_is_lost() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push("notification.created", created("a b/1"));
    running.until("filed", |state| state.counts.total == 1).await;

    control.lose_answers(1);
    mark(&running, "n:a b/1", Mark::Read).await;
    until(&running, "n:a b/1", |item| {
        !item.pending && item.read_at.is_some()
    })
    .await;

    // The server's event may settle it before the request is repeated.
    let seen = control.wait_for(|seen| seen.changes.len() >= 2, DEADLINE).await;
    let seen = seen.unwrap().changes;
    let read = json!({"seen": true, "read": true});
    assert_eq!(
        patches(&seen),
        [("a b/1", read.clone(), true), ("a b/1", read, false)],
        "carried out once"
    );
    assert!(seen[0].key.is_some() && seen[0].key == seen[1].key);
}

#[tokio::test]
async fn what_was_done_without_a_connection_is_sent_by_the_next_run() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push("notification.created", created("1"));
    running.until("filed", |state| state.counts.total == 1).await;
    running.core.connection_disconnect().await.unwrap();
    mark(&running, "n:1", Mark::Read).await;
    mark(&running, "n:1", Mark::Unread).await;
    mark(&running, "n:1", Mark::Read).await;
    assert!(item(&running, "n:1").await.pending);
    running.stop().await;
    assert_eq!(control.observed().changes.len(), 0);

    let running = harness.start();
    until(&running, "n:1", |item| !item.pending).await;
    assert_eq!(
        patches(&control.observed().changes),
        [("1", json!({"seen": true, "read": true}), true)]
    );
}

#[tokio::test]
async fn a_refused_action_is_taken_back_with_the_servers_reason() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push("notification.created", created("1"));
    running.until("filed", |state| state.counts.total == 1).await;
    let body = json!({"type": "about:blank", "status": 409, "detail": "It is locked."}).to_string();
    let refusal = Answer::new(409).body("application/problem+json", body);
    control.answer(Route::Change, 1, refusal).unwrap();

    mark(&running, "n:1", Mark::Read).await;

    let item = until(&running, "n:1", |item| item.refused.is_some()).await;
    assert_eq!((item.read_at, item.pending), (None, false));
    let state = running.until("counted", |state| state.counts.unread == 1).await;
    let notice = state
        .notices
        .iter()
        .find(|notice| notice.kind == NoticeKind::Action);
    assert_eq!(
        notice.unwrap().message.words(),
        "The server refused what you did, so it was undone: It is locked."
    );
    mark(&running, "n:1", Mark::Read).await;
    until(&running, "n:1", |item| item.refused.is_none() && !item.pending).await;
    running
        .until("not said any more", |state| {
            state
                .notices
                .iter()
                .all(|notice| notice.kind != NoticeKind::Action)
        })
        .await;
}

#[tokio::test]
async fn what_a_server_does_not_take_stays_here_and_is_not_asked_again() {
    let options = BackendOptions {
        optional_parts: false,
        ..BackendOptions::default()
    };
    let backend = Backend::start(options).await.unwrap();
    let control = backend.control();
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    for id in ["1", "2"] {
        control.push("notification.created", created(id));
    }
    running.until("filed", |state| state.counts.total == 2).await;
    mark(&running, "n:1", Mark::Read).await;
    let first = until(&running, "n:1", |item| !item.pending).await;
    assert!(first.read_at.is_some() && first.refused.is_none());
    mark(&running, "n:2", Mark::Read).await;
    assert!(!item(&running, "n:2").await.pending);
    running.stop().await;
    let asked = control.observed().requests;
    assert_eq!(
        asked.iter().filter(|request| request.method == "PATCH").count(),
        1
    );
}

#[tokio::test]
async fn what_can_be_taken_back_is_sent_before_the_app_ends_and_before_a_sleep() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    for id in ["1", "2", "3"] {
        control.push("notification.created", created(id));
    }
    running.until("filed", |state| state.counts.total == 3).await;
    let done = json!({"seen": true, "read": true, "archived": true});

    mark(&running, "n:1", Mark::Archived).await;
    assert!(control.observed().changes.is_empty());
    running.core.actions_send().await.unwrap();
    assert_eq!(patches(&control.observed().changes), [("1", done.clone(), true)]);
    assert!(!item(&running, "n:1").await.pending);

    mark(&running, "n:2", Mark::Archived).await;
    harness.signals.send(Observation::AboutToSleep).await;
    until(&running, "n:2", |item| !item.pending).await;
    assert_eq!(patches(&control.observed().changes)[1..], [("2", done, true)]);

    // Without a connection nobody waits for it.
    running.core.connection_disconnect().await.unwrap();
    mark(&running, "n:3", Mark::Archived).await;
    within_deadline("an answer", running.core.actions_send())
        .await
        .unwrap();
    assert!(item(&running, "n:3").await.pending);
}

#[tokio::test]
async fn all_that_were_there_are_one_request_if_the_server_takes_it_and_one_each_if_not() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    for (total, takes_several) in [(2, true), (4, false)] {
        for id in [total - 1, total] {
            control.push("notification.created", created(&id.to_string()));
        }
        running.until("filed", |state| state.counts.total == total).await;
        running.core.inbox_mark_all_read().await.unwrap();
        let later = format!("later than {total}");
        control.push("notification.created", created(&later));
        running
            .until("another one", |state| state.counts.unread == 1)
            .await;
        if !takes_several {
            control.answer(Route::ChangeSeveral, 1, Answer::new(404)).unwrap();
        }
        running.core.actions_send().await.unwrap();
        control.push("notification.deleted", json!({"id": later}));
        running
            .until("deleted", |state| state.counts.total == total)
            .await;
    }
    let read = json!({"seen": true, "read": true});
    let expected = ["1", "2", "3", "4"].map(|id| (id, read.clone(), true));
    assert_eq!(patches(&control.observed().changes), expected);
    let asked = control.observed().requests;
    let asked = asked.iter().filter(|request| request.method == "PATCH");
    let paths: Vec<_> = asked
        .map(|request| request.path.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(paths, ["notifications", "notifications", "3", "4"]);
}

#[tokio::test]
async fn a_mark_that_the_server_does_not_know_is_named_in_the_status() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push("notification.created", created("1"));
    running.until("filed", |state| state.counts.total == 1).await;
    assert!(running.core.status().await.unwrap().kept_here.is_empty());
    control.answer(Route::Change, 1, Answer::new(400)).unwrap();
    mark(&running, "n:1", Mark::Flagged).await;
    let flagged = until(&running, "n:1", |item| !item.pending).await;
    assert!(flagged.flagged_at.is_some() && flagged.refused.is_none());
    assert_eq!(running.core.status().await.unwrap().kept_here, ["flagged"]);
    mark(&running, "n:1", Mark::Read).await;
    until(&running, "n:1", |item| !item.pending).await;
    let read = json!({"seen": true, "read": true});
    assert_eq!(patches(&control.observed().changes), [("1", read, true)]);
}
