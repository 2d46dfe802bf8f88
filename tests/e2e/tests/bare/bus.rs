//! A session bus that ends while the app runs.

use gloria_desktop_session::SessionOptions;

use crate::scene::Scene;

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
