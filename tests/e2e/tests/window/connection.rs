//! Lost connections, unreachable servers, and an app that is killed.

use serde_json::json;

use crate::stage::{Account, DEADLINE, Stage};

#[tokio::test]
async fn a_server_that_goes_and_comes_back_is_reported_and_nothing_is_lost() {
    let stage = Stage::set(Account::Given).await;
    let window = stage.start_with_window().await;
    window
        .find("[data-testid=connection][data-state=connected]")
        .await;
    stage.push("1", json!({}));
    window.find("[data-testid=item][data-key='n:1']").await;

    let control = stage.backend.control();
    control.refuse().await.unwrap();
    control.reset();
    window.find("[data-testid=connection][data-state=waiting]").await;
    stage.tray_says("Reconnecting").await;
    stage.push("2", json!({}));
    stage.push("3", json!({}));

    control.accept().await.unwrap();
    window
        .find("[data-testid=connection][data-state=connected]")
        .await;
    window.find("[data-testid=item][data-key='n:3']").await;
    stage.tray_says("Connected").await;
    let resumed = stage.server_saw(|seen| seen.streams == 1).await;
    assert_eq!(
        resumed.stream_requests().next_back().unwrap().last_event_id(),
        Some("1")
    );
    assert_eq!(stage.stored_keys("inbox"), ["n:1", "n:2", "n:3"]);
}

#[tokio::test]
async fn the_connection_view_and_the_command_line_tell_the_same() {
    let stage = Stage::set(Account::Given).await;
    let window = stage.start_with_window().await;
    window
        .find("[data-testid=connection][data-state=connected]")
        .await;
    let (code, status) = stage.status();
    assert_eq!(
        (code, status["health"].as_str()),
        (0, Some("connected")),
        "{status}"
    );
    assert_eq!(status["metrics"]["connections"], 1);

    window.click("[data-testid=connection-open]").await;
    window
        .find("[data-testid=connection-page][data-state=connected]")
        .await;
    window.find("[data-testid=figures]").await;
    let control = stage.backend.control();
    control.refuse().await.unwrap();
    control.reset();
    window
        .find("[data-testid=connection-page][data-state=waiting]")
        .await;
    let (code, status) = stage.status();
    assert_eq!(
        (code, status["health"].as_str()),
        (1, Some("working")),
        "{status}"
    );

    control.accept().await.unwrap();
    window
        .find("[data-testid=connection-page][data-state=connected]")
        .await;
    let (code, status) = stage.status();
    assert_eq!(code, 0, "{status}");
    assert_eq!(status["metrics"]["connections"], 2);
    assert!(
        status["metrics"]["reconnectAttempts"].as_u64() >= Some(1),
        "{status}"
    );
    window.end_app("TERM").await;
    assert_eq!(stage.status().0, 3, "nobody is there to ask");
}

#[tokio::test]
async fn a_killed_app_loses_nothing_and_shows_nothing_twice() {
    let stage = Stage::set(Account::Given).await;
    let mut app = stage.start_in_tray();
    stage.server_saw(|seen| seen.streams == 1).await;
    stage.push("1", json!({}));
    stage.recorded_as_shown("n:1").await;

    for id in ["2", "3", "4"] {
        app.kill();
        stage.server_saw(|seen| seen.streams == 0).await;
        stage.push(id, json!({}));
        app = stage.start_in_tray();
        stage.recorded_as_shown(&format!("n:{id}")).await;
    }
    stage
        .session
        .wait_for_notification(DEADLINE, |notification| notification.summary == "Task 4")
        .await
        .unwrap();

    assert_eq!(stage.stored_keys("inbox"), ["n:1", "n:2", "n:3", "n:4"]);
    let titles: Vec<_> = stage
        .session
        .notifications()
        .into_iter()
        .map(|notification| notification.summary)
        .collect();
    assert_eq!(titles, ["Task 1", "Task 2", "Task 3", "Task 4"]);
}
