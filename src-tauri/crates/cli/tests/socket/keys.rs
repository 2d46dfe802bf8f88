//! Items by the beginning of their keys.

use serde_json::Value;

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn an_item_is_named_by_the_beginning_of_its_key_as_the_table_has_it() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    for id in [
        "7f3a1234-99aa",
        "7f3a1234-88bb",
        "7f3a5678-0000",
        "c0ffee 1",
        "4217",
        "421",
        "gone",
        "gone-2",
    ] {
        scene.push(id);
    }
    running.until(|state| state.counts.total == 8).await;
    scene.delete("gone");
    running.until(|state| state.counts.total == 7).await;
    let mut running = Some(running);
    for (place, unread) in [("app", 5), ("file", 3)] {
        let mark = async |key: &str| scene.outcome(&["inbox", "read", key]).await;
        let keys = if place == "app" {
            ["n:7f3a5", "n:4217"]
        } else {
            ["n:c0ff", "n:421"]
        };
        for key in keys {
            let (code, said, words) = mark(key).await;
            assert_eq!((code, &*words), (0, ""), "{place}: {key}: {said}");
        }
        for (key, expected) in [
            (
                "n:7f3a1234",
                "n:7f3a1234 is more than one item: n:7f3a1234-88bb, n:7f3a1234-99aa",
            ),
            ("n:c", "n:c is not in the inbox"),
            // An item that may have been deleted, or was, and never one of the others.
            ("n:42", "n:42 is not in the inbox"),
            ("n:gone", "n:gone is not in the inbox"),
        ] {
            let (code, said, words) = mark(key).await;
            assert_eq!((code, words), (1, format!("gloria: {expected}\n")), "{place}");
            let said: Value = serde_json::from_str(&said).unwrap();
            assert_eq!(said["counts"]["unread"], unread, "{place}: {key}");
        }
        if let Some(running) = running.take() {
            running.end().await;
        }
    }
}
