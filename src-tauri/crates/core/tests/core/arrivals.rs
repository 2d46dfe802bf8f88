//! Events from the server, their effects, and what the user does with them.

use gloria_core::item::{Mark, Priority, SoundName};
use gloria_core::protocol::{FollowRequest, MarkRequest, PauseRequest, PreferencesForm};
use serde_json::json;

use crate::harness::{CREATED, DEADLINE, Harness, Spoken, backend, live, missed, within_deadline};

#[tokio::test]
async fn an_event_that_arrives_becomes_a_row_a_badge_a_notification_and_a_sound() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;

    control.push(CREATED, live("1", "normal"));

    let notifications = within_deadline("notification", harness.notifications.shown.wait_for(1)).await;
    assert_eq!(
        (
            notifications[0].subject.item(),
            notifications[0].title.words().as_str()
        ),
        (Some("n:1"), "title 1")
    );
    assert_eq!(
        within_deadline("sound", harness.sounds.played.wait_for(1)).await,
        [(SoundName::Chime, 70)]
    );
    let state = running.until("badge", |state| state.counts.unseen == 1).await;
    assert_eq!((state.counts.unread, state.counts.total), (1, 1));
    running
        .alert("the answer", "n:1", "Notification shown; with sound")
        .await;
}

#[tokio::test]
async fn a_burst_makes_one_sound_and_low_priority_makes_none() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    for id in ["1", "2", "3"] {
        control.push(CREATED, live(id, "normal"));
    }
    control.push(CREATED, live("4", "low"));
    running.until("four items", |state| state.counts.total == 4).await;
    within_deadline("notifications", harness.notifications.shown.wait_for(3)).await;
    assert_eq!(harness.titles(), ["title 1", "title 2", "title 3"]);
    assert_eq!(harness.sounds.played.all().len(), 1);
}

#[tokio::test]
async fn many_missed_become_one_digest_and_nothing_comes_twice() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    within_deadline("first notification", harness.notifications.shown.wait_for(1)).await;
    running.stop().await;

    for id in 0..12 {
        control.push(CREATED, missed(id));
    }
    let running = harness.start();
    running.until("all of it", |state| state.counts.total == 13).await;
    let notifications = within_deadline("digest", harness.notifications.shown.wait_for(2)).await;
    assert_eq!(
        notifications[1].title.words(),
        "12 notifications while you were away"
    );
    let seen = control.observed();
    let resumed = seen.stream_requests().next_back().unwrap();
    assert_eq!(
        resumed.last_event_id(),
        Some("1"),
        "resumed after what was stored"
    );

    // The connection drops and is made again: the server replays from the cursor, which is after all events.
    control.reset();
    within_deadline(
        "third stream",
        control.wait_for(|seen| seen.streams_total >= 3, DEADLINE),
    )
    .await
    .unwrap();
    control.push(CREATED, live("last", "normal"));
    within_deadline("last notification", harness.notifications.shown.wait_for(3)).await;
    assert_eq!(
        harness.titles(),
        ["title 1", "12 notifications while you were away", "title last"]
    );
    assert_eq!(running.items().await.len(), 14);
}

#[tokio::test]
async fn few_missed_are_shown_one_by_one() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    within_deadline("first", harness.notifications.shown.wait_for(1)).await;
    running.stop().await;
    for id in 0..3 {
        control.push(CREATED, missed(id));
    }
    let _running = harness.start();
    within_deadline("notifications", harness.notifications.shown.wait_for(4)).await;
    assert_eq!(harness.titles()[1..], ["missed 0", "missed 1", "missed 2"]);
    within_deadline("one sound for all", harness.sounds.played.wait_for(2)).await;
    assert_eq!(harness.sounds.played.all().len(), 2);
}

#[tokio::test]
async fn what_the_eye_sees_needs_no_notification_unless_it_is_urgent() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    running.looked_at().await;
    control.push(CREATED, live("1", "normal"));
    running.until("stored", |state| state.counts.total == 1).await;
    control.push(CREATED, live("2", "urgent"));
    within_deadline("urgent notification", harness.notifications.shown.wait_for(1)).await;
    assert_eq!(harness.titles(), ["title 2"]);
    let quiet = running
        .items()
        .await
        .into_iter()
        .find(|item| item.key == "n:1")
        .unwrap();
    let words = quiet.alert.unwrap().words.words();
    assert!(words.contains("in front of you"), "{words}");
}

#[tokio::test]
async fn reading_marks_withdraw_notifications_and_counts_follow() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    control.push(CREATED, live("2", "normal"));
    running.until("two", |state| state.counts.unread == 2).await;
    let mark = MarkRequest {
        keys: vec!["n:1".into()],
        mark: Mark::Read,
    };
    assert_eq!(running.core.inbox_mark(mark).await.unwrap().counts.unread, 1);
    assert_eq!(harness.notifications.withdrawn_items(), ["n:1"]);
    // Read on another device.
    control.push(
        "notification.updated",
        json!({"id": "2", "readAt": "2026-01-02T03:04:05Z"}),
    );
    running
        .until("none unread", |state| state.counts.unread == 0)
        .await;
    assert_eq!(harness.notifications.withdrawn_items(), ["n:1", "n:2"]);
}

#[tokio::test]
async fn links_open_in_the_browser_and_only_web_links_exist() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    let mut item = live("1", "normal");
    item["link"] = "https://gloria.example/1".into();
    item["actions"] = json!([{"label": "Approve", "link": "https://gloria.example/approve"}]);
    control.push(CREATED, item);
    running.until("one", |state| state.counts.total == 1).await;
    let follow = |action| {
        running.core.item_follow(FollowRequest {
            key: "n:1".into(),
            action,
        })
    };
    follow(None).await.unwrap();
    follow(Some(0)).await.unwrap();
    assert_eq!(
        follow(Some(9)).await.unwrap_err().words(),
        "this item is no longer there"
    );
    assert_eq!(
        harness.opener.opened.all(),
        ["https://gloria.example/1", "https://gloria.example/approve"]
    );
    assert_eq!(
        running
            .until("read", |state| state.counts.unread == 0)
            .await
            .counts
            .total,
        1
    );
}

#[tokio::test]
async fn preferences_last_and_a_pause_silences() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    let form = PreferencesForm {
        volume: Some(30),
        sound: Some(SoundName::Knock),
        ..PreferencesForm::default()
    };
    running.core.preferences_save(form).await.unwrap();
    running
        .core
        .sounds_pause(PauseRequest { minutes: 5 })
        .await
        .unwrap();
    control.push(CREATED, live("1", "urgent"));
    within_deadline("notification", harness.notifications.shown.wait_for(1)).await;
    running
        .core
        .sounds_pause(PauseRequest { minutes: 0 })
        .await
        .unwrap();
    control.push(CREATED, live("2", "normal"));
    assert_eq!(
        within_deadline("sound", harness.sounds.played.wait_for(1)).await,
        [(SoundName::Knock, 30)]
    );
    running.stop().await;
    let again = harness.start();
    let preferences = again.connected().await.preferences;
    assert_eq!((preferences.volume, preferences.sound), (30, SoundName::Knock));
}

#[tokio::test]
async fn a_workflow_is_one_item_that_speaks_up_when_it_fails() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    let now = || jiff::Timestamp::now().to_string();
    control.push(
        "workflow.started",
        json!({"workflowId": "w", "name": "Import", "progress": 10, "createdAt": now()}),
    );
    running.until("started", |state| state.counts.total == 1).await;
    assert_eq!(running.core.attach().await.unwrap().snapshot.counts.unseen, 0);
    control.push(
        "workflow.failed",
        json!({"workflowId": "w", "name": "Import", "error": "no space", "createdAt": now()}),
    );
    let notifications = within_deadline("notification", harness.notifications.shown.wait_for(1)).await;
    assert_eq!(
        (notifications[0].title.words().as_str(), notifications[0].priority),
        ("Import", Priority::High)
    );
    assert_eq!(
        running
            .until("unseen", |state| state.counts.unseen == 1)
            .await
            .counts
            .total,
        1
    );
}
