//! A session bus that ends while the app runs.

use gloria_desktop_session::SessionOptions;

use crate::scene::{DEADLINE, Scene};

#[tokio::test]
async fn the_app_outlives_its_session_bus() {
    let mut scene = Scene::set(SessionOptions::default()).await;
    let mut app = scene.app();
    scene.connected().await;
    scene.push("1");
    scene.stored_item("the first", |item| item["key"] == "n:1").await;

    scene.session.stop_bus();

    scene.push("2");
    scene
        .stored_item("what came after", |item| item["key"] == "n:2")
        .await;
    app.check_alive().unwrap();
}

#[tokio::test]
async fn an_open_window_outlives_the_session_bus_and_ends_as_it_is_asked_to() {
    let mut scene = Scene::set(SessionOptions {
        sound: false,
        ..SessionOptions::default()
    })
    .await;
    let mut agent = scene.app();
    scene.connected().await;
    let mut window = scene.notify("window", &["--open"]);
    scene.expect_windows(1).await;

    scene.session.stop_bus();

    scene.push("1");
    scene
        .stored_item("what came after", |item| item["key"] == "n:1")
        .await;
    agent.check_alive().unwrap();
    window.check_alive().unwrap();
    scene.expect_windows(1).await;
    // Both have a code that says how they ended.
    let quit = scene.command("gloria").arg("quit").status().unwrap();
    assert!(quit.success(), "{quit}");
    for program in [&mut window, &mut agent] {
        let status = program.ended(DEADLINE).await.unwrap();
        assert_eq!(status.code(), Some(0), "{}", program.log());
    }
}
