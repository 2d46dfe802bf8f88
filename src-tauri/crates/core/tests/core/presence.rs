//! A window that the user does not look at suppresses no notification.

use std::time::Duration;

use gloria_core::alerts::presence::{IDLE_TIMEOUT, PAGE_LEASE_TIMEOUT, WindowPresence};
use gloria_core::ports::{Observation, SessionState};
use gloria_core::protocol::{Update, View};
use tokio::time::{advance, pause, resume};

use crate::harness::{CREATED, Harness, Running, backend, live, within_deadline};

const LOCKED: SessionState = SessionState {
    locked: true,
    idle: None,
};
const LEFT: SessionState = SessionState {
    locked: false,
    idle: Some(true),
};

async fn in_view(running: &Running, wanted: bool) {
    running.until("who looks", |state| state.in_view == wanted).await;
}

#[tokio::test]
async fn a_page_that_says_nothing_more_spares_nobody_a_notification() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    running.looked_at().await;
    in_view(&running, true).await;
    control.push(CREATED, live("1", "normal"));
    running
        .until("seen as it came", |state| state.counts.total == 1)
        .await;
    pause();
    advance(PAGE_LEASE_TIMEOUT + Duration::from_millis(1)).await;
    resume();
    in_view(&running, false).await;
    control.push(CREATED, live("2", "normal"));
    within_deadline("a notification", harness.notifications.shown.wait_for(1)).await;
    assert_eq!(harness.titles(), ["title 2"]);
}

#[tokio::test]
async fn a_locked_or_idle_session_looks_at_nothing() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    for (id, gone) in [LOCKED, LEFT].into_iter().enumerate() {
        running.looked_at().await;
        in_view(&running, true).await;
        harness.signals.send(Observation::Session(gone)).await;
        in_view(&running, false).await;
        control.push(CREATED, live(&id.to_string(), "normal"));
        within_deadline("a notification", harness.notifications.shown.wait_for(id + 1)).await;
        running.core.inbox_mark_all_seen().await.unwrap();
        let items = running.items().await;
        assert_eq!(items[0].seen_at, None, "nobody saw it");
        harness
            .signals
            .send(Observation::Session(SessionState::default()))
            .await;
        in_view(&running, true).await;
        running.core.inbox_mark_all_seen().await.unwrap();
        assert!(running.items().await[0].seen_at.is_some(), "somebody is back");
    }
}

#[tokio::test]
async fn whoever_touches_nothing_for_minutes_is_gone_where_nobody_else_says_so() {
    let (backend, _) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    running.looked_at().await;
    let touched = || {
        let window = WindowPresence {
            focused: true,
            visible: true,
            last_input: Some(tokio::time::Instant::now().into_std()),
        };
        running.core.window_presence(Some(window))
    };
    touched().await.unwrap();
    in_view(&running, true).await;
    pause();
    advance(IDLE_TIMEOUT).await;
    resume();
    in_view(&running, false).await;
    // The page continues to report what it shows.
    let view = gloria_core::protocol::WindowView {
        inbox_visible: true,
        connection_visible: false,
    };
    running.core.window_shows(view).await.unwrap();
    assert!(!running.core.attach().await.unwrap().snapshot.in_view);
    touched().await.unwrap();
    in_view(&running, true).await;
}

#[tokio::test]
async fn with_the_window_goes_what_its_page_said() {
    let (backend, _) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    running.looked_at().await;
    in_view(&running, true).await;
    running.core.window_presence(None).await.unwrap();
    in_view(&running, false).await;
    // The next window has the focus, and its page has not reported yet.
    let window = WindowPresence {
        focused: true,
        visible: true,
        last_input: None,
    };
    running.core.window_presence(Some(window)).await.unwrap();
    assert!(!running.core.attach().await.unwrap().snapshot.in_view);
}

#[tokio::test]
async fn a_view_that_a_window_did_not_show_is_left_to_the_next_one() {
    let (backend, _) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    let requested = async || running.core.attach().await.unwrap().snapshot.requested_view;
    running.looked_at().await;
    running.core.view_show(View::Preferences).await.unwrap();
    running.core.window_presence(None).await.unwrap();
    assert_eq!(requested().await, Some(View::Preferences));
    running.looked_at().await;
    running.core.window_presence(None).await.unwrap();
    assert_eq!(requested().await, Some(View::Preferences), "its page hung");
    running.looked_at().await;
    running.core.window_presence(None).await.unwrap();
    assert_eq!(requested().await, None, "no page can show it");
}

#[tokio::test]
async fn that_a_view_was_requested_and_shown_are_updates() {
    let (backend, _) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    running.core.view_show(View::Setup).await.unwrap();
    let attached = running.core.attach().await.unwrap();
    assert_eq!(attached.snapshot.requested_view, Some(View::Setup));
    let mut updates = attached.updates;
    running.core.view_shown().await.unwrap();
    let shown = within_deadline("update", updates.recv()).await.unwrap();
    assert_eq!(shown.update, Update::ViewRequested(None));
    assert_eq!(running.core.attach().await.unwrap().snapshot.requested_view, None);
}
