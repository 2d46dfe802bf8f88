//! More than a user could read at once: all of it is stored, and announced in digests.

use std::time::Duration;

use gloria_core::protocol::Update;
use serde_json::json;

use crate::harness::{CREATED, Harness, Spoken, backend, live, within_deadline};

#[tokio::test]
async fn a_flood_is_stored_whole_and_makes_five_notifications_and_a_digest() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    for id in 0..400 {
        control.push(CREATED, live(&id.to_string(), "normal"));
    }
    let notifications = within_deadline("digest", harness.notifications.shown.wait_for(6)).await;
    assert_eq!(notifications[4].title, "title 4");
    assert_eq!(notifications[5].title.words(), "395 more notifications");
    assert_eq!(notifications[5].subject.item(), None);
    let state = running
        .until("all of it", |state| state.counts.total == 400)
        .await;
    assert_eq!(state.counts.unseen, 400);
    running
        .alert(
            "the digest's answer",
            "n:399",
            "Announced together with others: too many came at once",
        )
        .await;
    assert_eq!(harness.titles().len(), 6);
}

#[tokio::test]
async fn a_flood_of_one_kind_does_not_silence_another() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    for id in 0..20 {
        let created = jiff::Timestamp::now().to_string();
        control.push(
            "workflow.failed",
            json!({"workflowId": id.to_string(), "name": "Import", "error": "no space", "createdAt": created}),
        );
    }
    control.push(CREATED, live("one", "normal"));
    control.push(CREATED, live("two", "urgent"));
    let shown = within_deadline("notifications", harness.notifications.shown.wait_for(8)).await;
    let titles: Vec<_> = shown
        .iter()
        .map(|notification| notification.title.words())
        .collect();
    assert_eq!(titles[7], "15 more notifications");
    for title in ["title one", "title two"] {
        assert!(titles.iter().any(|shown| shown == title), "{titles:?}");
    }
}

#[tokio::test]
async fn what_was_read_in_a_flood_is_not_announced_after_it() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    for id in 0..7 {
        control.push(CREATED, live(&id.to_string(), "normal"));
    }
    running.until("all seven", |state| state.counts.total == 7).await;
    // Five were shown, two are pending, one of which is removed.
    control.push("notification.deleted", json!({"id": "5"}));
    let shown = within_deadline("the last", harness.notifications.shown.wait_for(6)).await;
    assert_eq!(shown[5].title, "title 6", "one that is left speaks for itself");
}

#[tokio::test]
async fn readers_are_notified_once_per_frame_at_most() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    running.looked_at().await;
    let mut updates = running.core.attach().await.unwrap().updates;
    let began = std::time::Instant::now();
    // One at a time, so that each could be published separately.
    tokio::spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_millis(1));
        for id in 0..300 {
            pace.tick().await;
            control.push(CREATED, live(&id.to_string(), "normal"));
        }
    });
    let (mut total, mut reported) = (0, 0_u32);
    while total < 300 {
        let update = within_deadline("update", updates.recv()).await.unwrap().update;
        if let Update::Counts(counts) = update {
            total = counts.total;
        } else if matches!(update, Update::ItemsStored(_) | Update::InboxChanged) {
            reported += 1;
        }
    }
    let frames = u32::try_from(began.elapsed().as_millis() / 16).unwrap() + 2;
    assert!(reported <= frames, "told {reported} times in {frames} frames");
}
