//! The window and the tray: what opens the window, what remains after closing it, and how the app ends.

use gloria_desktop_session::wait_until;
use serde_json::json;

use crate::stage::{Account, DEADLINE, Stage};

#[tokio::test]
async fn the_window_is_closed_and_opened_while_the_app_stays_connected() {
    let stage = Stage::set(Account::Given).await;
    let window = stage.start_with_window().await;
    window
        .find("[data-testid=connection][data-state=connected]")
        .await;

    stage.close_window().await;
    stage.push("1", json!({}));
    let notification = stage
        .session
        .wait_for_notification(DEADLINE, |notification| notification.summary == "Task 1")
        .await
        .unwrap();

    // A click on the notification opens its item, once the service's answer has been recorded.
    stage.recorded_as_shown("n:1").await;
    stage
        .session
        .invoke_notification_action(notification.id.unwrap(), "default")
        .unwrap();
    stage.expect_windows(1).await;
    window.turn_to_open_window().await;
    window.find("[data-testid=item-detail][data-key='n:1']").await;
    stage.close_window().await;

    // A click on the tray icon opens the window as it was left a moment ago.
    let icon = stage.tray_says("Gloria Notify").await;
    icon.click(stage.session.bus().unwrap()).await.unwrap();
    stage.expect_windows(1).await;
    window.turn_to_open_window().await;
    window.find("[data-testid=item-detail][data-key='n:1']").await;
    window
        .find("[data-testid=item][data-key='n:1'][data-unread=false]")
        .await;

    let seen = stage.backend.control().observed();
    assert_eq!(
        (seen.streams, seen.streams_total),
        (1, 1),
        "one connection through all of it"
    );
}

#[tokio::test]
async fn a_second_start_opens_the_window_of_the_first_and_ends() {
    let stage = Stage::set(Account::Given).await;
    let mut app = stage.start_in_tray();
    stage.server_saw(|seen| seen.streams == 1).await;
    let icon = stage.tray_says("Connected").await;
    icon.click(stage.session.bus().unwrap()).await.unwrap();
    stage.expect_windows(1).await;
    stage.close_window().await;

    let mut second = stage
        .session
        .spawn("second", stage.command("gloria-notify"))
        .unwrap();
    let ended = second.ended(DEADLINE).await;
    app.check_alive().unwrap();
    assert!(
        ended
            .unwrap_or_else(|error| panic!("{error:?}\nthe first says:\n{}", app.log()))
            .success()
    );
    stage.expect_windows(1).await;
    assert_eq!(stage.backend.control().observed().streams_total, 1);
}

#[tokio::test]
async fn looking_at_the_list_clears_the_badge_and_leaves_what_is_unread() {
    let stage = Stage::set(Account::Given).await;
    let _app = stage.start_in_tray();
    stage.server_saw(|seen| seen.streams == 1).await;
    stage.push("1", json!({}));
    let icon = stage.tray_says("1 new").await;

    icon.click(stage.session.bus().unwrap()).await.unwrap();
    stage.expect_windows(1).await;

    stage.badge_gone().await;
    assert_eq!(stage.stored_keys("unread"), ["n:1"]);
}

#[tokio::test]
async fn the_app_ends_in_order_when_it_is_asked_to() {
    let stage = Stage::set(Account::Given).await;
    let mut app = stage.start_in_tray();
    stage.server_saw(|seen| seen.streams == 1).await;
    stage.tray_says("Connected").await;

    let sent = std::process::Command::new("kill")
        .args(["-s", "TERM", &app.id().to_string()])
        .status();
    assert!(sent.unwrap().success());

    let status = app.ended(DEADLINE).await.unwrap();
    assert!(status.success(), "{status}");
    stage.server_saw(|seen| seen.streams == 0).await;
    wait_until("the icon to go", DEADLINE, async || {
        Ok(stage.session.tray_items().await?.is_empty().then_some(()))
    })
    .await
    .unwrap();
}
