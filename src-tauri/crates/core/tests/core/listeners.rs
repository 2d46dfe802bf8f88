//! Listeners to the server's events, independent of the state.

use futures_util::StreamExt as _;
use gloria_core::item::InboxView;
use gloria_core::protocol::{EventType, InboxQuery, ListenerMessage, OwnUser, ReceivedEvent, ServerEvent};
use gloria_core::{EventListener, EventTypes, Link};
use serde_json::json;
use tokio::sync::watch;

use crate::harness::{CREATED, Harness, backend, live, within_deadline};

async fn next(listener: &mut EventListener) -> ReceivedEvent {
    match within_deadline("an event", listener.next()).await.unwrap() {
        ListenerMessage::Event(event) => *event,
        ListenerMessage::Missed(missed) => panic!("{missed} events were left out"),
    }
}

fn types(types: &[EventType]) -> EventTypes {
    types.iter().copied().collect()
}

#[tokio::test]
async fn every_type_comes_as_what_it_is() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    let mut all = running.core.listen(EventType::ALL.iter().copied());
    let sent = [
        (
            "notification.created",
            json!({"id": "1", "title": "T", "message": "M", "priority": "high"}),
        ),
        (
            "notification.updated",
            json!({"id": "1", "title": "T2", "readAt": null, "link": null}),
        ),
        ("notification.deleted", json!({"id": "1"})),
        ("user.status_changed", json!({"userId": "u", "status": "away"})),
        (
            "user.updated",
            json!({"userId": "u", "name": "Anna", "status": null}),
        ),
        (
            "workflow.started",
            json!({"workflowId": "w", "name": "Deploy", "status": "running"}),
        ),
        (
            "workflow.completed",
            json!({"workflowId": "w", "name": "Deploy", "progress": 100}),
        ),
        (
            "workflow.failed",
            json!({"workflowId": "w2", "name": "Deploy", "error": "disk full"}),
        ),
        ("system.announcement", json!({"id": "s", "message": "All hands"})),
        (
            "system.maintenance",
            json!({"id": "s2", "message": "Tonight", "startsAt": "2027-01-01T00:00:00Z"}),
        ),
        ("error", json!({"code": "quota", "message": "slow down"})),
        ("stream.gap", json!({"from": "5", "to": "9"})),
        ("heartbeat", json!({})),
    ];
    for (event_type, data) in sent.clone() {
        control.push(event_type, data);
    }
    let mut seen = Vec::new();
    while seen.len() < sent.len() {
        let event = next(&mut all).await;
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["type"], event.event.event_type().name());
        seen.push(json);
    }
    for ((event_type, _), json) in sent.iter().zip(&seen) {
        assert_eq!(json["type"], *event_type, "in their order");
    }
    assert_eq!(seen[0]["data"]["title"], "T");
    assert_eq!(seen[0]["data"]["priority"], "high");
    assert!(seen[0]["lastEventId"].is_string());
    let change = seen[1]["data"].as_object().unwrap();
    assert_eq!(change["title"], "T2");
    assert!(change["readAt"].is_null() && change.contains_key("link"));
    assert!(!change.contains_key("message"), "what is absent has not changed");
    assert_eq!(seen[2]["data"], json!({"id": "1", "key": "n:1"}));
    assert_eq!(seen[3]["data"], json!({"userId": "u", "status": "away"}));
    assert_eq!(
        seen[4]["data"],
        json!({"userId": "u", "name": "Anna", "status": null})
    );
    assert_eq!(seen[7]["data"]["detail"], "disk full");
    assert_eq!(seen[9]["data"]["startsAt"], 1_798_761_600_000_i64);
    assert_eq!(seen[10]["data"]["code"], "quota");
    assert_eq!(seen[11]["data"], json!({"from": {"id": "5"}, "to": {"id": "9"}}));
    running.stop().await;
    assert_eq!(within_deadline("the end", all.next()).await, None);
}

#[tokio::test]
async fn an_event_comes_after_its_effect_is_stored_and_a_repetition_not_at_all() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("before", "low"));
    running.until("it", |state| state.counts.total == 1).await;
    let mut created = running.core.listen([EventType::NotificationCreated]);
    for id in ["1", "2", "3"] {
        control.push(CREATED, live(id, "low"));
        let event = next(&mut created).await;
        let ServerEvent::NotificationCreated(data) = event.event else {
            panic!("{event:?}");
        };
        assert_eq!(data.id, id, "nothing of before, and each once");
        let query = InboxQuery {
            filter: InboxView::Inbox.into(),
            after: None,
            limit: 10,
        };
        let page = running.core.inbox_page(query).await.unwrap();
        assert!(page.items.iter().any(|item| item.key == data.key), "it is stored");
    }
    // A repetition, as from a server that resumes at the position instead of after it.
    let again = live("again", "low");
    let id = control.push(CREATED, again.clone());
    next(&mut created).await;
    let mut greeting = running.core.listen([EventType::ConnectionEstablished]);
    control.end_streams();
    next(&mut greeting).await;
    control.push_as(CREATED, &id, again);
    control.push(CREATED, live("4", "low"));
    let ServerEvent::NotificationCreated(data) = next(&mut created).await.event else {
        panic!("another type");
    };
    assert_eq!(data.id, "4");
    running.stop().await;
}

#[tokio::test]
async fn a_link_sends_what_is_chosen_and_nothing_after() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    let (choice, chosen) = watch::channel(types(&[EventType::UserStatusChanged]));
    let mut events = Link::listen(&running.core, chosen);
    let status = |word: &str| control.push("user.status_changed", json!({"userId": "x", "status": word}));
    control.push(CREATED, live("1", "low"));
    status("away");
    let first = within_deadline("an event", events.next()).await.unwrap();
    assert_eq!(
        first["value"]["data"]["status"], "away",
        "the other type is left out"
    );

    let mut witness = running.core.listen([EventType::UserStatusChanged]);
    choice.send_replace(types(&[EventType::NotificationDeleted]));
    status("back");
    next(&mut witness).await;
    control.push("notification.deleted", json!({"id": "1"}));
    let second = within_deadline("an event", events.next()).await.unwrap();
    assert_eq!(second["value"]["type"], "notification.deleted");
    drop(choice);
    assert_eq!(within_deadline("the end", events.next()).await, None);
    running.stop().await;
}

#[tokio::test]
async fn the_own_persons_name_and_status_are_shown_and_nobody_elses() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    let mut greeting = running.core.listen([EventType::ConnectionEstablished]);
    let ServerEvent::ConnectionEstablished(data) = next(&mut greeting).await.event else {
        panic!("another type");
    };
    let own = data.user_id.unwrap();
    control.push("user.updated", json!({"userId": own, "name": "Anna"}));
    control.push("user.status_changed", json!({"userId": own, "status": "away"}));
    let user = running
        .until("both", |state| state.account.user.status.is_some())
        .await
        .account
        .user;
    assert_eq!(
        (user.name.as_deref(), user.status.as_deref()),
        (Some("Anna"), Some("away"))
    );
    control.push(
        "user.updated",
        json!({"userId": "somebody", "name": "Ben", "status": "busy"}),
    );
    control.push("user.updated", json!({"userId": own, "status": null}));
    let user = running
        .until("no status", |state| state.account.user.status.is_none())
        .await
        .account
        .user;
    assert_eq!(user.name.as_deref(), Some("Anna"), "what is absent stays");
    running.stop().await;
}

#[tokio::test]
async fn what_the_server_said_of_the_own_person_is_there_after_the_next_start() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    let mut greeting = running.core.listen([EventType::ConnectionEstablished]);
    let ServerEvent::ConnectionEstablished(data) = next(&mut greeting).await.event else {
        panic!("another type");
    };
    let own = data.user_id.unwrap();
    // Also as a list, and among other events.
    control.push(
        "user.updated",
        json!([{"userId": "somebody", "name": "Ben"}, {"userId": own, "name": "Anna", "status": "away"}]),
    );
    control.push(
        "user.status_changed",
        json!({"userId": "somebody", "status": "busy"}),
    );
    let both =
        |user: &OwnUser| user.name.as_deref() == Some("Anna") && user.status.as_deref() == Some("away");
    running.until("both", |state| both(&state.account.user)).await;
    running.stop().await;

    let running = harness.start();
    let state = running.core.attach().await.unwrap().snapshot;
    assert!(both(&state.account.user), "{:?}", state.account.user);
    control.push("user.updated", json!({"userId": own, "name": null}));
    running
        .until("no name", |state| state.account.user.name.is_none())
        .await;
    running.stop().await;
    let running = harness.start();
    let user = running.core.attach().await.unwrap().snapshot.account.user;
    assert_eq!((user.name, user.status.as_deref()), (None, Some("away")));
    running.stop().await;
}

#[tokio::test]
async fn of_a_list_only_what_is_new_comes() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    let mut created = running.core.listen([EventType::NotificationCreated]);
    let first = live("1", "low");
    control.push(CREATED, first.clone());
    control.push(CREATED, json!([first, live("2", "low"), first]));
    control.push(CREATED, live("3", "low"));
    let mut ids = Vec::new();
    while ids.last().is_none_or(|id| id != "3") {
        let ServerEvent::NotificationCreated(data) = next(&mut created).await.event else {
            panic!("another type");
        };
        ids.push(data.id);
    }
    assert_eq!(ids, ["1", "2", "3"]);
    running.stop().await;
}

/// Thousands of events at once, more than any listener may lag behind.
const REPLAYED: usize = 5000;

#[tokio::test]
async fn a_listener_that_reads_misses_nothing_of_a_long_replay() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    running.stop().await;
    for number in 0..REPLAYED {
        control.push(
            "user.status_changed",
            json!({"userId": "x", "status": number.to_string()}),
        );
    }
    let running = harness.start();
    let mut events = running.core.listen([EventType::UserStatusChanged]);
    // In a separate task, which runs between the batches that are stored.
    let reading = tokio::spawn(async move {
        for number in 0..REPLAYED {
            let event = next(&mut events).await;
            let ServerEvent::UserStatusChanged(data) = event.event else {
                panic!("another type");
            };
            assert_eq!(data.status, number.to_string(), "in their order");
        }
    });
    reading.await.unwrap();
    running.stop().await;
}

#[tokio::test]
async fn a_listener_that_never_reads_is_waited_for_by_nobody() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    let mut slow = running.core.listen(EventType::ALL.iter().copied());
    let mut prompt = running.core.listen([EventType::SystemAnnouncement]);
    for number in 0..REPLAYED {
        control.push(
            "user.status_changed",
            json!({"userId": "x", "status": number.to_string()}),
        );
    }
    control.push("system.announcement", json!({"id": "s", "message": "All hands"}));
    next(&mut prompt).await;
    running
        .until("the state goes on", |state| state.counts.total == 1)
        .await;
    let mut received = 0;
    let missed = loop {
        match within_deadline("what waits", slow.next()).await.unwrap() {
            ListenerMessage::Event(_) => received += 1,
            ListenerMessage::Missed(missed) => break missed,
        }
    };
    // Includes the announcement; heartbeats may be included.
    assert!(received + missed > REPLAYED as u64, "{received} and {missed}");
    assert!(received < REPLAYED as u64, "what is not read is bounded");
    running.stop().await;
}
