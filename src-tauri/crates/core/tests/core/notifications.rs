//! The notification service's behaviour, and the core's reaction.

use gloria_core::alerts::presence::WindowPresence;
use gloria_core::item::Mark;
use gloria_core::ports::NotificationHandle;
use gloria_core::ports::fakes::Behaviour;
use gloria_core::protocol::MarkRequest;

use crate::harness::{CREATED, Harness, backend, live, within_deadline};

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
async fn a_click_that_a_dying_window_did_not_get_is_left_to_the_next_one() {
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

    // A request that a window could show ends with that window, so that the next one begins with the list.
    running.core.window_presence(Some(window)).await.unwrap();
    running.core.window_presence(None).await.unwrap();
    assert_eq!(requested().await, None);
}
