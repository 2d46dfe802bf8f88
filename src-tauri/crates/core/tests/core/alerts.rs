//! Each stored item is announced once, whatever ends the core and whatever the notification service does, unless it is
//! read or removed by then.

use std::time::Duration;

use gloria_core::alerts::presence::WindowPresence;
use gloria_core::item::{AlertState, Priority, SoundName};
use gloria_core::ports::ServiceState;
use gloria_core::ports::fakes::Behaviour;
use gloria_core::protocol::{NoticeKind, WindowView};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::harness::{CREATED, Harness, Running, Spoken, backend, live, missed, within_deadline};

/// A core that has a position in the stream, and is not running.
async fn away(harness: &Harness, control: &gloria_backend::Control) {
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("first", "normal"));
    within_deadline("first", harness.notifications.shown.wait_for(1)).await;
    running
        .alert("recorded", "n:first", "Notification shown; with sound")
        .await;
    running.stop().await;
}

/// Ends the process in the middle of its work.
async fn kill(running: Running) {
    running.task.abort();
    let _ = running.task.await;
}

fn urgent(id: usize) -> Value {
    let mut item = missed(id);
    item["priority"] = "urgent".into();
    item
}

#[tokio::test]
async fn what_a_kill_kept_from_being_shown_is_shown_by_the_next_start() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    away(&harness, &control).await;
    for id in 0..12 {
        control.push(CREATED, missed(id));
    }
    let running = harness.start();
    running.until("stored", |state| state.counts.total == 13).await;
    kill(running).await;
    assert_eq!(harness.titles(), ["title first"], "more may have come");

    let running = harness.start();
    within_deadline("the digest", harness.notifications.shown.wait_for(2)).await;
    assert_eq!(harness.titles()[1..], ["12 notifications while you were away"]);
    running
        .alert(
            "recorded",
            "n:m0",
            "Announced together with what came while you were away",
        )
        .await;
    kill(running).await;
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("last", "normal"));
    within_deadline("the last", harness.notifications.shown.wait_for(3)).await;
    assert_eq!(harness.titles()[2..], ["title last"], "nothing comes twice");
}

#[tokio::test]
async fn the_end_of_the_app_shows_what_is_pending_first() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    away(&harness, &control).await;
    for id in 0..12 {
        control.push(CREATED, missed(id));
    }
    let running = harness.start();
    running.until("stored", |state| state.counts.total == 13).await;
    running.stop().await;
    assert_eq!(
        harness.titles(),
        ["title first", "12 notifications while you were away"]
    );
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("last", "normal"));
    within_deadline("the last", harness.notifications.shown.wait_for(3)).await;
    assert_eq!(harness.titles()[2..], ["title last"], "nothing comes twice");
}

#[tokio::test]
async fn what_came_and_went_while_away_makes_no_sound_and_no_notification() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    away(&harness, &control).await;
    for id in 0..12 {
        control.push(CREATED, urgent(id));
    }
    for id in 0..6 {
        control.push("notification.deleted", json!({"id": format!("m{id}")}));
    }
    for id in 6..12 {
        let read = json!({"id": format!("m{id}"), "readAt": "2026-01-02T04:00:00Z"});
        control.push("notification.updated", read);
    }
    let running = harness.start();
    running
        .until("all of it", |state| {
            (state.counts.total, state.counts.unread) == (7, 1)
        })
        .await;
    control.push(CREATED, live("last", "normal"));
    within_deadline("the last", harness.notifications.shown.wait_for(2)).await;
    assert_eq!(harness.titles(), ["title first", "title last"]);
    let sounds: Vec<_> = harness
        .sounds
        .played
        .all()
        .into_iter()
        .map(|(sound, _)| sound)
        .collect();
    assert!(!sounds.contains(&SoundName::Alarm), "{sounds:?}");
}

#[tokio::test]
async fn what_is_urgent_is_shown_at_once_while_catching_up_and_in_view() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    away(&harness, &control).await;
    for id in 0..12 {
        control.push(CREATED, missed(id));
    }
    control.push(CREATED, urgent(99));
    let running = harness.start();
    running
        .core
        .window_presence(Some(WindowPresence {
            focused: true,
            visible: true,
            last_input: None,
        }))
        .await
        .unwrap();
    let view = WindowView {
        inbox_visible: true,
        ..WindowView::default()
    };
    running.core.window_shows(view).await.unwrap();
    within_deadline("the urgent one", harness.notifications.shown.wait_for(2)).await;
    assert_eq!(harness.titles()[1..], ["missed 99"]);
    assert_eq!(harness.notifications.shown.all()[1].priority, Priority::Urgent);
}

#[tokio::test]
async fn without_times_of_making_what_comes_a_second_after_the_connection_is_live() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    let undated =
        |id: &str, priority: &str| json!({"id": id, "title": id, "message": "m", "priority": priority});
    let began = Instant::now();
    control.push(CREATED, undated("urgent", "urgent"));
    within_deadline("urgent", harness.notifications.shown.wait_for(1)).await;
    assert!(
        began.elapsed() < Duration::from_millis(1500),
        "{:?}",
        began.elapsed()
    );
    // One every 200 ms: never a second without one, and yet live within five.
    let pushing = tokio::spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_millis(200));
        for id in 0..40 {
            pace.tick().await;
            control.push(CREATED, undated(&id.to_string(), "normal"));
        }
    });
    within_deadline("a live one", async {
        loop {
            let shown = harness.notifications.shown.wait_for(2).await;
            if shown
                .iter()
                .any(|request| request.title.words().parse::<u8>().is_ok())
            {
                break;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    pushing.abort();
}

#[tokio::test]
async fn a_workflow_that_ends_well_is_shown_with_a_sound_of_its_own() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    let now = jiff::Timestamp::now().to_string();
    control.push(
        "workflow.completed",
        json!({"workflowId": "w", "name": "Import", "createdAt": now}),
    );
    let shown = within_deadline("shown", harness.notifications.shown.wait_for(1)).await;
    assert_eq!(shown[0].title, "Import");
    assert_eq!(
        within_deadline("sound", harness.sounds.played.wait_for(1)).await,
        [(SoundName::Bloom, 70)]
    );
}

#[tokio::test]
async fn marking_all_read_takes_the_notifications_back() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    for id in ["1", "2"] {
        control.push(CREATED, live(id, "normal"));
        running.alert("shown", &format!("n:{id}"), words(id)).await;
    }
    running.core.inbox_mark_all_read().await.unwrap();
    within_deadline("withdrawn", harness.notifications.withdrawn.wait_for(2)).await;
    assert_eq!(harness.notifications.withdrawn_items(), ["n:1", "n:2"]);
}

/// Only the first one makes a sound, because the second arrives too soon after it.
fn words(id: &str) -> &'static str {
    if id == "1" {
        "Notification shown; with sound"
    } else {
        "Notification shown; no sound: one had just played"
    }
}

#[tokio::test]
async fn a_notification_of_an_earlier_run_is_taken_back_and_leads_to_its_item() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    away(&harness, &control).await;
    let running = harness.start();
    running.connected().await;
    let handle = harness.notifications.handle_of("n:first").unwrap();
    harness
        .notifications
        .publish(gloria_core::ports::NotificationEvent::Activated {
            handle,
            activation_token: None,
        });
    running
        .until("requested", |state| {
            state.requested_item.as_deref() == Some("n:first")
        })
        .await;
    control.push("notification.deleted", json!({"id": "first"}));
    within_deadline("withdrawn", harness.notifications.withdrawn.wait_for(1)).await;
    assert_eq!(harness.notifications.withdrawn_items(), ["n:first"]);
}

#[tokio::test]
async fn a_service_that_hangs_is_said_and_what_it_missed_is_reported_when_it_is_back() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    harness.notifications.behave(Behaviour::Hangs);
    control.push(CREATED, live("asked", "normal"));
    within_deadline("asked", harness.notifications.asked.wait_for(1)).await;
    harness
        .notifications
        .publish(gloria_core::ports::NotificationEvent::Service(
            ServiceState::Hanging,
        ));
    let state = running
        .until("said", |state| {
            let mut kinds = state.notices.iter().map(|notice| notice.kind);
            kinds.any(|kind| kind == NoticeKind::Notifications)
        })
        .await;
    assert!(
        state.notices[0].message.words().contains("does not answer"),
        "{state:?}"
    );
    for id in 0..30 {
        control.push(CREATED, live(&id.to_string(), "normal"));
    }
    running.until("stored", |state| state.counts.total == 31).await;
    assert_eq!(
        harness.notifications.asked.all().len(),
        1,
        "nothing more is asked of it"
    );

    harness.notifications.behave(Behaviour::Answers);
    harness
        .notifications
        .publish(gloria_core::ports::NotificationEvent::Service(
            ServiceState::Ready,
        ));
    within_deadline("back", harness.notifications.shown.wait_for(2)).await;
    running.until("well", |state| state.notices.is_empty()).await;
    let states = async {
        loop {
            let mut updates = running.core.attach().await.unwrap().updates;
            let items = running.items().await;
            let reported = items.iter().all(|item| {
                let state = item.alert.as_ref().map(|alert| alert.state);
                matches!(state, Some(AlertState::Shown | AlertState::InDigest))
            });
            if reported {
                break;
            }
            let _ = updates.recv().await;
        }
    };
    within_deadline("all of it was told", states).await;
    let titles = harness.titles();
    assert_eq!(
        titles.iter().filter(|title| *title == "title asked").count(),
        1,
        "{titles:?}"
    );
    assert!(titles.len() <= 4, "{titles:?}");
}

#[tokio::test]
async fn a_service_that_goes_away_and_comes_back_is_asked_again_for_what_failed() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    harness.notifications.vanish();
    control.push(CREATED, live("1", "normal"));
    let failed = "Notification not shown: this desktop has no notification service; it will be tried again";
    running.alert("failed", "n:1", failed).await;
    harness.notifications.behave(Behaviour::Answers);
    running
        .alert("shown", "n:1", "Notification shown; with sound")
        .await;
    assert_eq!(harness.titles(), ["title 1"]);
}

#[tokio::test]
async fn what_a_paused_service_keeps_is_not_reported_again() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    harness.notifications.behave(Behaviour::Paused);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running
        .alert("queued", "n:1", "Notification shown; with sound")
        .await;
    harness.notifications.behave(Behaviour::Answers);
    control.push(CREATED, live("2", "urgent"));
    within_deadline("the second", harness.notifications.shown.wait_for(2)).await;
    assert_eq!(harness.titles(), ["title 1", "title 2"]);
}
