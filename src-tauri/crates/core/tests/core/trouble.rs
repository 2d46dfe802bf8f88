//! A problem with events, disks or devices affects only itself, and is reported.

use gloria_core::Signal;
use gloria_core::ports::SoundError;
use gloria_core::ports::fakes::Behaviour;
use gloria_core::protocol::{NoticeKind, Snapshot};
use serde_json::json;

use crate::harness::{CREATED, Harness, Spoken, backend, live, within_deadline};

#[tokio::test]
async fn bad_events_cost_themselves_alone() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push_text(CREATED, None, "{not json");
    control.push(CREATED, json!({"id": "x", "title": {}, "message": []}));
    control.push("notification.exploded", json!({"id": "y"}));
    control.push(CREATED, json!({"id": "a\u{0}b", "title": "t", "message": "m"}));
    control.push(
        CREATED,
        json!({"id": "evil", "title": "<img src=x onerror=alert(1)>", "message": "m",
        "link": "javascript:alert(1)"}),
    );
    control.push(CREATED, live("good", "normal"));
    running
        .until("three good ones, and two rows that say so", |state| {
            state.counts.total == 5
        })
        .await;
    let items = running.items().await;
    let evil = items.iter().find(|item| item.key == "n:evil").unwrap();
    assert_eq!(
        (evil.title.as_str(), evil.link.as_deref()),
        ("<img src=x onerror=alert(1)>", None)
    );
    assert_eq!(control.observed().streams_total, 1, "the stream never broke");
    let tally = running.core.event_tally().await.unwrap();
    assert_eq!((tally.unknown, tally.invalid), (1, 2));
}

#[tokio::test]
async fn ten_megabytes_in_one_event_are_passed_over_and_what_follows_arrives() {
    let (backend, control) = backend().await;
    // A page would be too large as well.
    control
        .answer(gloria_backend::Route::List, 99, gloria_backend::Answer::new(404))
        .unwrap();
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("before", "normal"));
    running.until("before", |state| state.counts.total == 1).await;
    control.push_huge(10 << 20);
    control.push(CREATED, live("after", "normal"));
    // Two more attempts, in case it was a broken connection; then a pause, which the user need not wait for.
    running
        .until("given up", |state| {
            state.connection.reason.words().contains("3 times in a row")
        })
        .await;
    running.core.connection_retry().await.unwrap();
    running.until("after", |state| state.counts.total == 3).await;
    let items = running.items().await;
    let words: Vec<_> = items.iter().map(Spoken::words).collect();
    let titles: Vec<_> = words.iter().map(|words| words.lines().next().unwrap()).collect();
    assert_eq!(
        titles,
        ["A notification could not be read", "title after", "title before"],
        "what was given up has a row that says so"
    );
}

#[tokio::test]
async fn duplicates_and_disorder_end_in_one_right_state() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push("notification.deleted", json!({"id": "gone"}));
    control.push(CREATED, live("gone", "urgent"));
    control.push_as(CREATED, "77", live("once", "normal"));
    control.push_as(CREATED, "77", live("once", "normal"));
    within_deadline("shown", harness.notifications.shown.wait_for(1)).await;
    control.push("notification.updated", json!({"id": "once", "title": "changed"}));
    running.until("one item", |state| state.counts.total == 1).await;
    control.push(CREATED, live("end", "normal"));
    running.until("the end", |state| state.counts.total == 2).await;
    assert_eq!(harness.titles(), ["title once", "title end"]);
    assert!(running.items().await.iter().any(|item| item.title == "changed"));
}

#[tokio::test]
async fn a_missing_sound_device_or_notification_service_is_reported_and_the_item_stays() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    *harness.sounds.failure.lock().unwrap() = Some(SoundError::NoDevice);
    harness.notifications.behave(Behaviour::Absent);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    let reported = |state: &Snapshot| {
        let kinds: Vec<_> = state.notices.iter().map(|notice| notice.kind).collect();
        kinds.contains(&NoticeKind::Sound) && kinds.contains(&NoticeKind::Notifications)
    };
    let state = running.until("both told", reported).await;
    let words: Vec<_> = state
        .notices
        .iter()
        .map(|notice| notice.message.words())
        .collect();
    assert_eq!(
        words,
        [
            "Sound can't be played: no sound device was found",
            "Notifications can't be shown: this desktop has no notification service"
        ]
    );
    running
        .alert(
            "failed",
            "n:1",
            "Notification not shown: this desktop has no notification service; it will be tried again",
        )
        .await;

    *harness.sounds.failure.lock().unwrap() = None;
    harness.notifications.behave(Behaviour::Answers);
    control.push(CREATED, live("2", "urgent"));
    running
        .until("both well again", |state| state.notices.is_empty())
        .await;
}

#[tokio::test]
async fn a_database_from_a_newer_version_is_reported_and_alerts_go_on() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    std::fs::create_dir_all(harness.inbox().parent().unwrap()).unwrap();
    let newer = rusqlite::Connection::open(harness.inbox()).unwrap();
    newer.pragma_update(None, "user_version", 999).unwrap();
    drop(newer);
    let running = harness.start();
    let state = running.connected().await;
    let notice = state
        .notices
        .iter()
        .find(|notice| notice.kind == NoticeKind::Storage)
        .unwrap();
    assert!(
        notice.message.words().contains("newer version"),
        "{}",
        notice.message
    );
    control.push(CREATED, live("1", "normal"));
    within_deadline("notification", harness.notifications.shown.wait_for(1)).await;
    let state = running.until("one", |state| state.counts.total == 1).await;
    assert!(
        state
            .notices
            .iter()
            .any(|notice| notice.kind == NoticeKind::Storage),
        "the notice stands"
    );
}

#[tokio::test]
async fn an_inbox_that_cannot_be_written_is_reported_and_alerts_go_on() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    // A folder in the place of its log stops even an administrator.
    std::fs::create_dir_all(harness.inbox().with_file_name("inbox.sqlite-wal")).unwrap();
    let running = harness.start();
    let state = running.connected().await;
    let notice = state
        .notices
        .iter()
        .find(|notice| notice.kind == NoticeKind::Storage)
        .unwrap();
    assert!(
        notice.message.words().contains("is not a file"),
        "{}",
        notice.message
    );
    control.push(CREATED, live("1", "normal"));
    within_deadline("notification", harness.notifications.shown.wait_for(1)).await;
}

#[tokio::test]
async fn a_desktop_without_a_tray_says_what_to_do_until_one_comes() {
    let (backend, _control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    running
        .core
        .signal(Signal::TrayHost { present: false })
        .await
        .unwrap();
    let state = running.until("told", |state| !state.notices.is_empty()).await;
    assert_eq!(
        state.notices[0].message.words(),
        "This desktop has no tray. Start Gloria Notify again to open its window"
    );
    running
        .core
        .signal(Signal::TrayHost { present: true })
        .await
        .unwrap();
    running.until("well", |state| state.notices.is_empty()).await;
}
