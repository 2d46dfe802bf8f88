//! `gloria replay`: from the file, and to the listeners of the running app.

use std::time::Duration;

use gloria_core::item::{AlertState, Item};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::scene::{DEADLINE, Running, Scene};

/// More than waits for a listener at once.
const MANY: usize = 2500;

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Returns an item when its alert is no longer about to be shown.
async fn settled(running: &Running, key: &str) -> Item {
    let item = async {
        loop {
            let item = running.core.inbox_item(key.into()).await.unwrap().unwrap();
            let alert = item.alert.as_ref().unwrap();
            if alert.state != AlertState::Pending {
                return item;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(DEADLINE, item).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_the_same_with_the_app_and_without_it() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    scene.push("1");
    scene.push("2");
    running.until(|state| state.counts.total == 2).await;
    let (code, printed, words) = scene.outcome(&["replay"]).await;
    assert_eq!((code, &*words), (0, ""));
    let events = lines(&printed);
    assert_eq!(events.len(), 2, "{printed}");
    assert_eq!(events[0]["kind"], "event");
    assert_eq!(events[0]["type"], "notification.created");
    assert_eq!(events[0]["data"]["title"], "title 1");
    assert!(events[0]["receivedAt"].as_i64() <= events[1]["receivedAt"].as_i64());
    assert!(events[0]["lastEventId"].is_string() && events[0]["replayed"] == true);

    scene
        .backend
        .control()
        .push("notification.deleted", json!({"id": "1"}));
    running.until(|state| state.counts.total == 1).await;
    running.end().await;
    let (code, printed, _) = scene.outcome(&["replay", "--since", "1h"]).await;
    assert_eq!(code, 0);
    let events = lines(&printed);
    assert_eq!(events[0]["data"]["id"], "2");
    assert_eq!(events[1]["type"], "notification.deleted");
    assert_eq!(events[2], json!({"kind": "erased", "count": 1}));
    let (_, printed, _) = scene.outcome(&["replay", "--type", "notification.deleted"]).await;
    assert_eq!(lines(&printed).len(), 1);
    let (_, printed, _) = scene.outcome(&["replay", "--since", "2999-01-01"]).await;
    assert_eq!(printed, "");

    let (code, _, words) = scene.outcome(&["replay", "--listeners"]).await;
    assert_eq!((code, words.is_empty()), (3, false), "no app runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_get_all_of_it_in_order_and_nobody_is_alerted() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    for id in 0..MANY {
        scene.push(&id.to_string());
    }
    running
        .until(|state| usize::try_from(state.counts.total) == Ok(MANY))
        .await;
    // Its alert is decided when it is stored, and shown a little later.
    let before = settled(&running, "n:0").await;
    let mut follower = scene.follow(&["--type", "notification.created"]);
    follower.expect_state("listening").await;
    let replayed = async { scene.outcome(&["replay", "--listeners"]).await };
    let read = async {
        for id in 0..MANY {
            let event = follower.next().await.unwrap();
            assert_eq!(event["data"]["id"], id.to_string(), "{event}");
            assert_eq!(event["replayed"], true);
        }
    };
    let ((code, printed, words), ()) = tokio::join!(replayed, read);
    assert_eq!((code, &*words), (0, ""));
    assert_eq!(
        lines(&printed),
        [json!({"kind": "replayed", "events": MANY, "erased": 0})]
    );
    let after = running.core.inbox_item("n:0".into()).await.unwrap();
    assert_eq!(after, Some(before), "with its alerts");
    let state = running.core.attach().await.unwrap().snapshot;
    assert_eq!(usize::try_from(state.counts.unread), Ok(MANY));
    running.end().await;
}
