//! `gloria events`: follows the running app.

use gloria_core::protocol::EventType;
use serde_json::json;

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn events_of_the_types_come_through_the_app_and_not_from_the_server() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let mut all = scene.follow(&[]);
    let mut some = scene.follow(&["--type", "workflow.completed", "--type", "workflow.failed"]);
    let mut first = scene.follow(&["--type", "notification.created", "--count", "1"]);
    for follower in [&mut all, &mut some, &mut first] {
        follower.expect_state("listening").await;
    }
    let control = scene.backend.control();
    scene.push("1");
    control.push(
        "workflow.completed",
        json!({"workflowId": "w1", "name": "Deploy"}),
    );
    all.expect_event("1").await;
    first.expect_event("1").await;
    assert_eq!(first.next().await, None, "it was asked for one");
    assert_eq!(first.ended().await, (0, String::new()));
    let event = all.next().await.unwrap();
    assert_eq!(event["type"], "workflow.completed");
    assert_eq!(some.next().await.unwrap(), event);
    assert_eq!(event["data"]["name"], "Deploy");
    assert!(
        event["lastEventId"].is_string() && event["missed"].is_boolean(),
        "{event}"
    );

    let seen = control.observed();
    assert_eq!((seen.streams, seen.streams_total), (1, 1), "the app's alone");
    for (follower, signal) in [(all, "INT"), (some, "TERM")] {
        follower.signal(signal);
        assert_eq!(follower.ended().await, (0, String::new()), "{signal}");
    }
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_when_the_app_was_started_again() {
    let scene = Scene::set().await;
    let mut running = scene.start().await;
    let mut follower = scene.follow(&["--type", "notification.created"]);
    follower.expect_state("listening").await;
    for id in ["1", "2"] {
        running.end().await;
        follower.expect_state("waiting").await;
        running = scene.start().await;
        follower.expect_state("listening").await;
        scene.push(id);
        follower.expect_event(id).await;
    }
    running.end().await;
    follower.expect_state("waiting").await;
    follower.signal("INT");
    assert_eq!(follower.ended().await, (0, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_app_it_is_3_and_what_is_called_wrongly_2_with_the_types_that_there_are() {
    let scene = Scene::set().await;
    let (code, said, words) = scene.outcome(&["events"]).await;
    assert_eq!((code, &*said), (3, ""));
    assert_eq!(words, "gloria: Gloria Notify is not running\n");

    let (code, _, words) = scene
        .outcome(&["events", "--type", "notification.exploded"])
        .await;
    assert_eq!(code, 2);
    assert_eq!(EventType::ALL.len(), 14);
    for event_type in EventType::ALL {
        assert!(words.contains(event_type.name()), "{words}");
    }
    for wrong in [
        &["events", "--count", "0"][..],
        &["events", "extra"],
        &["open", "1", "2"],
        &["inbox", "mark", "read"],
    ] {
        assert_eq!(scene.outcome(wrong).await.0, 2, "{wrong:?}");
    }
}

/// There is no event, so only the closed pipe can end it.
#[tokio::test(flavor = "multi_thread")]
async fn it_ends_when_nobody_reads_it_any_more() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let mut follower = scene.follow(&["--type", "workflow.failed"]);
    follower.expect_state("listening").await;
    assert_eq!(follower.ended().await, (0, String::new()));

    // Also while it waits for an app.
    let mut follower = scene.follow(&[]);
    follower.expect_state("listening").await;
    running.end().await;
    follower.expect_state("waiting").await;
    assert_eq!(follower.ended().await, (0, String::new()));
}

/// In this state its write never returns, so it cannot end by itself.
#[tokio::test(flavor = "multi_thread")]
async fn it_ends_when_it_is_asked_to_although_its_reader_stands_still() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let mut follower = scene.follow(&["--type", "notification.created"]);
    follower.expect_state("listening").await;
    // More than fits into a pipe and the reader's buffer.
    let text = "x".repeat(16_000);
    for id in 0..40 {
        let data = json!({"id": id.to_string(), "title": "t", "message": text});
        scene.backend.control().push("notification.created", data);
    }
    running.until(|state| state.counts.total == 40).await;
    follower.signal("TERM");
    let ended = tokio::time::timeout(crate::scene::DEADLINE, follower.child.wait());
    assert_eq!(ended.await.unwrap().unwrap().code(), Some(0));
    running.end().await;
}
