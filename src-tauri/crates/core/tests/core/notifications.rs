//! The notification service's behaviour, and the core's reaction.

use gloria_core::alerts::presence::WindowPresence;
use gloria_core::item::Mark;
use gloria_core::ports::fakes::Behaviour;
use gloria_core::ports::{NotificationHandle, SoundError, Subject};
use gloria_core::protocol::{MarkRequest, PreferencesForm, TestReport, View};

use crate::harness::{CREATED, Harness, Spoken as _, backend, live, within_deadline};

#[tokio::test]
async fn a_click_leads_to_the_item_and_opens_the_window_with_the_token_of_the_click() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    within_deadline("notification", harness.notifications.shown.wait_for(1)).await;
    running.until("filed", |state| state.counts.total == 1).await;

    // A service reports other applications' notifications too.
    let other = NotificationHandle {
        service: ":fake.0".into(),
        id: 77,
    };
    harness.notifications.click(other, None);
    let handle = harness.notifications.handle_of("n:1").unwrap();
    harness
        .notifications
        .click(handle, Some("token-of-the-click".into()));

    let opened = within_deadline("window", harness.window.opened.wait_for(1)).await;
    assert_eq!(opened, [Some("token-of-the-click".to_owned())]);
    running
        .until("requested", |state| {
            state.requested_item.as_deref() == Some("n:1")
        })
        .await;
}

#[tokio::test]
async fn what_is_read_before_the_service_has_answered_is_withdrawn_once_it_has() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    harness.notifications.behave(Behaviour::Hangs);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    within_deadline("asked", harness.notifications.asked.wait_for(1)).await;
    running.until("filed", |state| state.counts.total == 1).await;
    let read = MarkRequest {
        keys: vec!["n:1".into()],
        mark: Mark::Read,
    };
    running.core.inbox_mark(read).await.unwrap();

    harness.notifications.behave(Behaviour::Answers);

    within_deadline("withdrawn", harness.notifications.withdrawn.wait_for(1)).await;
    assert_eq!(harness.notifications.withdrawn_items(), ["n:1"]);
}

#[tokio::test]
async fn a_click_that_a_window_did_not_show_is_left_to_the_next_one() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("filed", |state| state.counts.total == 1).await;
    let window = WindowPresence {
        focused: true,
        visible: true,
        last_input: None,
    };
    running.core.window_presence(Some(window)).await.unwrap();
    let requested = async || running.core.attach().await.unwrap().snapshot.requested_item;

    running.core.item_show(Some("n:1".into())).await.unwrap();
    running.core.window_presence(None).await.unwrap();
    assert_eq!(requested().await.as_deref(), Some("n:1"));

    // The page of this one hung, so it is made anew by the same click.
    running.core.window_presence(Some(window)).await.unwrap();
    running.core.window_presence(None).await.unwrap();
    assert_eq!(requested().await.as_deref(), Some("n:1"));

    // An item that no page survives does not keep every window from opening.
    running.core.window_presence(Some(window)).await.unwrap();
    running.core.window_presence(None).await.unwrap();
    assert_eq!(requested().await, None);

    // Each click has two of its own, and a page that shows the item ends the request.
    running.core.item_show(Some("n:1".into())).await.unwrap();
    running.core.window_presence(Some(window)).await.unwrap();
    running.core.window_presence(None).await.unwrap();
    assert_eq!(requested().await.as_deref(), Some("n:1"));
    let keys = vec!["n:1".to_owned()];
    let mark = Mark::Read;
    running.core.inbox_mark(MarkRequest { keys, mark }).await.unwrap();
    assert_eq!(requested().await, None);
}

#[tokio::test]
async fn a_click_on_what_says_that_the_user_is_needed_leads_to_where_that_is_done() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.require_token("another");
    control.end_streams();
    within_deadline("notified", harness.notifications.shown.wait_for(1)).await;
    let handle = harness.notifications.handle(&Subject::App).unwrap();
    harness.notifications.click(handle, None);
    within_deadline("window", harness.window.opened.wait_for(1)).await;
    running
        .until("sign-in", |state| state.requested_view == Some(View::Setup))
        .await;
}

/// The words of each step, after whether it passed.
fn found(report: &TestReport) -> Vec<(bool, String)> {
    let words = |step: &gloria_core::protocol::TestStep| (step.passed, step.detail.words());
    report.steps.iter().map(words).collect()
}

#[tokio::test]
async fn a_test_notification_says_what_became_of_it_and_of_its_sound() {
    let (backend, _control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;

    let report = running.core.notification_test().await.unwrap();
    assert!(report.succeeded);
    let words = [
        "the desktop says that it shows it",
        "it was played at a volume of 70 %",
    ];
    assert_eq!(found(&report), words.map(|words| (true, words.to_owned())));
    assert_eq!(harness.titles(), ["This is a test"]);
    assert_eq!(harness.sounds.played.all().len(), 1);
    let handle = harness.notifications.handle(&Subject::App).unwrap();
    harness.notifications.click(handle, None);
    within_deadline("window", harness.window.opened.wait_for(1)).await;

    harness.notifications.behave(Behaviour::Absent);
    *harness.sounds.failure.lock().unwrap() = Some(SoundError::NoDevice);
    let report = running.core.notification_test().await.unwrap();
    assert!(!report.succeeded);
    let words = [
        "this desktop has no notification service",
        "no sound device was found",
    ];
    assert_eq!(found(&report), words.map(|words| (false, words.to_owned())));

    harness.notifications.behave(Behaviour::Paused);
    let off = PreferencesForm {
        sounds: Some(false),
        ..PreferencesForm::default()
    };
    running.core.preferences_save(off).await.unwrap();
    let report = running.core.notification_test().await.unwrap();
    assert!(report.succeeded, "what the user turned off is no failure");
    let words = [
        "\"do not disturb\" is on, so the desktop shows it later",
        "sounds are turned off in the preferences",
    ];
    assert_eq!(found(&report), words.map(|words| (true, words.to_owned())));
}
