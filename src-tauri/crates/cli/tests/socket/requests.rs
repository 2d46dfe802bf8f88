//! The role of requests, and the commands of `gloria` that use it.

use gloria_desktop::socket::AppRequest;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::scene::{DEADLINE, Running, Scene};

async fn with_items(scene: &Scene) -> Running {
    let running = scene.start().await;
    for id in ["1", "2", "3"] {
        scene.push(id);
    }
    running.until(|state| state.counts.total == 3).await;
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_go_through_the_running_core_and_every_reader_of_it_sees_them() {
    let scene = Scene::set().await;
    let running = with_items(&scene).await;
    let window = running.core.attach().await.unwrap();
    let (mut state, mut updates) = (window.snapshot, window.updates);

    let (code, said, words) = scene.outcome(&["inbox", "mark", "read", "n:1", "n:3"]).await;
    assert_eq!((code, &*words), (0, ""), "{said}");
    let marked: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        marked,
        json!({"kind": "marked", "counts": {"unseen": 1, "unread": 1, "total": 3}})
    );
    while state.counts.unread != 1 {
        state.apply(updates.recv().await.unwrap());
    }
    assert_eq!(running.unread_keys().await, ["n:2"]);

    let (code, _, words) = scene.outcome(&["inbox", "mark", "archived", "n:9", "n:2"]).await;
    assert_eq!((code, &*words), (1, "gloria: n:9 is not in the inbox\n"));
    assert!(
        running.unread_keys().await.is_empty(),
        "the other one is marked all the same"
    );
    assert_eq!(scene.backend.control().observed().streams_total, 1);
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_by_way_of_the_app_and_in_its_file() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let control = scene.backend.control();
    for data in [
        json!({"id": "1", "title": "Zakłady Łódź", "message": "the disk is full"}),
        json!({"id": "2", "title": "Lange Straße", "message": "closed", "actor": {"name": "Anna"}}),
        json!({"id": "3", "title": "Disk replaced", "message": "", "priority": "urgent"}),
    ] {
        control.push("notification.created", data);
    }
    running.until(|state| state.counts.total == 3).await;
    let archived = serde_json::from_value(json!({"keys": ["n:1"], "mark": "archived"})).unwrap();
    running.core.inbox_mark(archived).await.unwrap();

    let search = async |words: &[&str]| {
        let (code, said, words) = scene.outcome(&[&["inbox", "search"], words].concat()).await;
        assert_eq!((code, &*words), (0, ""));
        let items = said
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        items.collect::<Vec<_>>()
    };
    let check = async || {
        let found = search(&["LODZ", "dis"]).await;
        assert_eq!(
            (found.len(), &found[0]["key"]),
            (1, &json!("n:1")),
            "archived ones too"
        );
        assert_eq!(found[0]["hits"]["title"], json!([{"start": 8, "end": 12}]));
        assert_eq!(found[0]["hits"]["body"], json!([{"start": 4, "end": 7}]));
        let keys = |found: &[Value]| found.iter().map(|item| item["key"].clone()).collect::<Vec<_>>();
        assert_eq!(keys(&search(&["disk"]).await), ["n:3", "n:1"]);
        assert_eq!(keys(&search(&["disk", "--limit", "1"]).await), ["n:3"]);
        assert_eq!(keys(&search(&["from:anna", "strasse"]).await), ["n:2"]);
        assert_eq!(keys(&search(&["\"disk is full\""]).await), ["n:1"]);
        assert!(search(&["AND", "(", "NEAR"]).await.is_empty());
    };
    check().await;
    running.end().await;
    check().await;
    let (code, _, words) = scene.outcome(&["inbox", "search"]).await;
    assert_eq!(code, 2, "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_is_the_same_by_way_of_the_app_and_from_its_file() {
    let scene = Scene::set().await;
    let running = with_items(&scene).await;
    let list = async || {
        let (code, said, words) = scene.outcome(&["inbox", "list"]).await;
        assert_eq!((code, &*words), (0, ""));
        let keys = said
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["key"].clone());
        assert_eq!(keys.collect::<Vec<_>>().len(), 3, "{said}");
        said
    };
    // The states of the alerts are written a moment later.
    let shown = |said: &str| said.matches("\"state\":\"shown\"").count() == 3;
    let mut by_app = list().await;
    while !shown(&by_app) {
        by_app = list().await;
    }
    let (_, two, _) = scene.outcome(&["inbox", "list", "--limit", "2"]).await;
    assert_eq!(two.lines().count(), 2);
    assert_eq!(scene.outcome(&["inbox", "list", "--limit", "0"]).await.1, "");
    running.end().await;
    assert_eq!(list().await, by_app);

    // Without an app, its file is changed.
    let (code, said, words) = scene.outcome(&["inbox", "mark", "read", "n:1", "n:2"]).await;
    assert_eq!((code, &*words), (0, ""), "{said}");
    assert_eq!(
        serde_json::from_str::<Value>(&said).unwrap()["counts"],
        json!({"unseen": 1, "unread": 1, "total": 3})
    );
    let (code, _, words) = scene.outcome(&["inbox", "mark", "read", "n:9"]).await;
    assert_eq!((code, &*words), (1, "gloria: n:9 is not in the inbox\n"));
    let running = scene.start().await;
    assert_eq!(running.unread_keys().await, ["n:3"]);
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_verb_does_the_same_by_way_of_the_app_and_in_its_file() {
    type Holds = fn(&Value) -> bool;
    /// Where an item is listed after each verb, and what it looks like.
    const VERBS: [(&str, &str, Holds); 9] = [
        ("flag", "flagged", |item| item["flaggedAt"].is_i64()),
        ("unflag", "inbox", |item| item["flaggedAt"].is_null()),
        ("read", "inbox", |item| item["readAt"].is_i64()),
        ("unread", "unread", |item| item["readAt"].is_null()),
        ("done", "archived", |item| item["archivedAt"].is_i64()),
        ("undo", "inbox", |item| item["archivedAt"].is_null()),
        ("ack", "inbox", |item| item["acknowledgedAt"].is_i64()),
        ("unack", "inbox", |item| item["acknowledgedAt"].is_null()),
        ("unsnooze", "inbox", |item| item["snoozedUntil"].is_null()),
    ];
    let scene = Scene::set().await;
    let mut running = Some(with_items(&scene).await);
    for place in ["app", "file"] {
        for (verb, filter, holds) in VERBS {
            let (code, said, words) = scene.outcome(&["inbox", verb, "n:2"]).await;
            assert_eq!((code, &*words), (0, ""), "{place}: {verb}: {said}");
            let item = listed(&scene, filter).await;
            assert!(item.as_ref().is_some_and(holds), "{place}: {verb}: {item:?}");
        }
        // Out of the inbox until then, and back before if that is wanted.
        for until in ["1h30m", "this-afternoon", "tomorrow", "monday", "23:59:59.9"] {
            let (code, said, words) = scene.outcome(&["inbox", "snooze", until, "n:2"]).await;
            assert_eq!((code, &*words), (0, ""), "{place}: {until}: {said}");
            let said: Value = serde_json::from_str(&said).unwrap();
            let item = listed(&scene, "snoozed").await.unwrap();
            assert_eq!(said["snoozedUntil"], item["snoozedUntil"], "{place}: {until}");
            assert!(said["snoozedUntil"].is_i64(), "{place}: {until}");
            assert_eq!(said["counts"]["total"], 2, "{place}: {until}");
            let (code, _, words) = scene.outcome(&["inbox", "unsnooze", "n:2"]).await;
            assert_eq!((code, &*words), (0, ""), "{place}: {until}");
            assert!(listed(&scene, "inbox").await.is_some(), "{place}: {until}");
        }
        let (code, said, words) = scene.outcome(&["inbox", "snooze", "2001-01-01", "n:2"]).await;
        assert_eq!((code, &*said), (1, ""), "{place}");
        assert_eq!(words, "gloria: choose a time in the next year\n", "{place}");
        let (code, _, words) = scene.outcome(&["inbox", "flag", "n:9"]).await;
        assert_eq!(
            (code, &*words),
            (1, "gloria: n:9 is not in the inbox\n"),
            "{place}"
        );
        assert_eq!(scene.outcome(&["inbox", "snooze", "later", "n:2"]).await.0, 2);
        if let Some(running) = running.take() {
            running.end().await;
        }
    }
}

/// The item `n:2` as a list has it.
async fn listed(scene: &Scene, filter: &str) -> Option<Value> {
    let (code, said, words) = scene.outcome(&["inbox", "list", "--filter", filter]).await;
    assert_eq!((code, &*words), (0, ""));
    let mut items = said
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    items.find(|item| item["key"] == "n:2")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_every_item_once_in_a_file_that_only_its_user_reads() {
    let scene = Scene::set().await;
    let running = with_items(&scene).await;
    let data = json!({"id": "4", "title": "title 4", "message": "m", "shelf": {"row": "=1+1"}});
    scene.backend.control().push("notification.created", data);
    running.until(|state| state.counts.total == 4).await;
    for arguments in [&["done", "n:1"][..], &["snooze", "tomorrow", "n:2"]] {
        assert_eq!(scene.outcome(&[&["inbox"], arguments].concat()).await.0, 0);
    }
    // Beside the app, which goes on.
    let (code, said, words) = scene.outcome(&["inbox", "export"]).await;
    assert_eq!((code, &*words), (0, ""));
    let items: Vec<Value> = serde_json::from_str(&said).unwrap();
    let keys: Vec<_> = items.iter().map(|item| item["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["n:1", "n:2", "n:3", "n:4"]);
    assert_eq!(items[0]["unknownFields"], json!({}));
    assert_eq!(items[3]["unknownFields"], json!({"shelf": {"row": "=1+1"}}));
    let done = items[0]["archivedAt"].as_str().unwrap();
    assert!(done.ends_with('Z') && done.contains('T'), "{done}");
    assert!(items[1]["snoozedUntil"].is_string() && items[2]["snoozedUntil"].is_null());

    let target = scene.home.path().join("inbox.csv");
    let path = target.to_str().unwrap();
    std::fs::write(&target, "an older one").unwrap();
    let (code, said, words) = scene
        .outcome(&["inbox", "export", "--format", "csv", "--output", path])
        .await;
    assert_eq!((code, &*words), (0, ""));
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said, json!({"kind": "exported", "items": 4, "file": path}));
    let table = std::fs::read_to_string(&target).unwrap();
    assert!(table.starts_with("key,kind,title,body,"), "{table}");
    assert_eq!(table.matches("\r\n").count(), 5, "{table}");
    assert!(!table.contains("shelf"), "{table}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&target).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    running.end().await;

    // What is no file is not replaced, and nothing is left beside it.
    let folder = scene.home.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    let (code, _, words) = scene
        .outcome(&["inbox", "export", "--output", folder.to_str().unwrap()])
        .await;
    assert_eq!(code, 1);
    assert!(words.contains("is not a file"), "{words}");
    let (code, _, words) = scene
        .outcome(&["inbox", "export", "--output", "/nowhere/inbox.json"])
        .await;
    assert_eq!(code, 1);
    assert!(words.contains("/nowhere/inbox.json cannot be written"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_is_gone_with_the_app_that_had_it_and_does_not_come_back() {
    let scene = Scene::set().await;
    let running = with_items(&scene).await;
    let (code, _, words) = scene.outcome(&["erase"]).await;
    assert_eq!(code, 2, "nobody can be asked: {words}");
    assert!(holds(scene.home.path(), "title 1"));
    let erasing = scene.outcome(&["erase", "--yes", "--json"]);
    let (code, said, words) = erasing.await;
    timeout(DEADLINE, running.served).await.unwrap().unwrap();
    // Without a keyring, its entries are left to the next start.
    assert_eq!(code, 5, "{said} {words}");
    assert!(words.contains("tokens may still be in the keyring"), "{words}");
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said, json!({"kind": "erased", "accounts": 1, "tokensLeft": true}));
    assert!(!holds(scene.home.path(), "title 1"));
    let (_, said, words) = scene.outcome(&["account", "list"]).await;
    assert_eq!(said, "", "{words}");
    let (_, said, words) = scene.outcome(&["inbox", "list"]).await;
    assert_eq!(said, "", "{words}");
}

/// Whether any file in the folder, or in those in it, contains the text.
fn holds(folder: &std::path::Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, text);
        }
        let bytes = if path.is_file() {
            std::fs::read(&path).unwrap()
        } else {
            Vec::new()
        };
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_opens_what_it_names_and_whatever_else_it_asks_for_is_refused() {
    let scene = Scene::set().await;
    let running = with_items(&scene).await;
    assert_eq!(scene.outcome(&["open", "gloria-notify:open/n%3A2"]).await.0, 0);
    running
        .until(|state| state.requested_item.as_deref() == Some("n:2"))
        .await;
    assert_eq!(scene.outcome(&["open", "GLORIA-NOTIFY://show"]).await.0, 0);
    assert_eq!(scene.asked.all().len(), 2);
    for url in [
        "gloria-notify:quit",
        "gloria-notify:open/n:2?token=secret",
        "gloria-notify:open/%0A",
    ] {
        let (code, output, words) = scene.outcome(&["open", url]).await;
        assert_eq!((code, &*output), (2, ""), "{url}");
        assert!(words.contains("no address that Gloria Notify opens"), "{words}");
        assert!(!words.contains("secret"), "{words}");
    }
    assert_eq!(scene.asked.all().len(), 2, "no window is opened by them");
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_is_opened_with_the_item_and_the_token_of_the_click() {
    let scene = Scene::set().await;
    for arguments in [&["open"][..], &["open", "n:1"], &["retry"], &["quit"]] {
        let (code, _, words) = scene.outcome(arguments).await;
        assert_eq!(
            (code, &*words),
            (3, "gloria: Gloria Notify is not running\n"),
            "{arguments:?}"
        );
    }
    let running = with_items(&scene).await;
    assert_eq!(scene.outcome(&["open"]).await.0, 0);
    let mut command = scene.command(&["open", "n:2"]);
    let output = command
        .env("XDG_ACTIVATION_TOKEN", "token-7")
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    running
        .until(|state| state.requested_item.as_deref() == Some("n:2"))
        .await;
    let open = |token: Option<&str>| AppRequest::Open {
        activation_token: token.map(str::to_owned),
    };
    assert_eq!(scene.asked.all(), [open(None), open(Some("token-7"))]);

    let (code, _, words) = scene.outcome(&["open", "n:404"]).await;
    assert_eq!((code, &*words), (1, "gloria: this item is no longer there\n"));
    assert_eq!(
        scene.asked.all().len(),
        2,
        "no window for an item that is not there"
    );

    running.core.connection_disconnect().await.unwrap();
    running
        .until(|state| state.connection.connected_since.is_none())
        .await;
    assert_eq!(scene.outcome(&["retry"]).await.0, 0);
    running
        .until(|state| state.connection.connected_since.is_some())
        .await;

    assert_eq!(scene.outcome(&["quit"]).await.0, 0);
    assert_eq!(scene.asked.all().last(), Some(&AppRequest::Quit));
    assert_eq!(scene.outcome(&["quit"]).await.0, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_asks_one_thing_after_the_other_and_gets_codes_where_it_asks_wrongly() {
    let scene = Scene::set().await;
    let running = with_items(&scene).await;
    let mut client = scene.client().await;
    client.say("{\"role\":\"request\",\"protocol\":1}\n").await;
    let greeting = client.json().await;
    assert_eq!(greeting["accepted"]["protocol"], 1, "{greeting}");
    assert!(greeting["accepted"]["version"].is_string(), "{greeting}");

    // In a single write, as scripts may send them.
    client
        .say(
            "{\"id\":7,\"call\":\"inbox_item\",\"request\":\"n:1\"}\n\
             {\"id\":8,\"call\":\"inbox_items\"}\n\
             {\"id\":9,\"call\":\"inbox_item\",\"request\":{}}\n\
             {\"id\":10,\"call\":\"window_shows\",\"request\":{}}\n\
             {\"id\":11,\"call\":\"app_open\",\"request\":{\"activationToken\":\"a\\u0000b\"}}\n",
        )
        .await;
    let answer = client.json().await;
    assert_eq!(
        (&answer["id"], &answer["ok"]["title"]),
        (&json!(7), &json!("title 1"))
    );
    for (id, code) in [
        (8, "unknownCommand"),
        (9, "invalidRequest"),
        (10, "unknownCommand"),
    ] {
        let answer = client.json().await;
        assert_eq!(
            (&answer["id"], &answer["error"]["code"]),
            (&json!(id), &json!(code))
        );
        assert!(answer["error"]["message"]["id"].is_string(), "{answer}");
    }
    assert_eq!(client.json().await, json!({"id": 11, "ok": null}));
    let opened = AppRequest::Open {
        activation_token: None,
    };
    assert_eq!(scene.asked.all(), [opened], "what is no token is left out");

    client.say("half a thought\n").await;
    assert_eq!(client.json().await["refused"]["code"], "notUnderstood");
    client.expect_end().await;
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_is_refused_with_words_and_may_still_ask_plainly() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    for role in ["request", "listener", "window"] {
        let mut client = scene.client().await;
        client
            .say(&format!("{{\"role\":\"{role}\",\"protocol\":99}}\n"))
            .await;
        let refused = client.json().await["refused"].take();
        assert_eq!(refused["code"], "otherVersion", "{refused}");
        assert_eq!(refused["protocol"], 1);
        assert!(
            refused["words"].as_str().unwrap().contains("another version"),
            "{refused}"
        );
        client.expect_end().await;
    }
    for line in ["status\n", "{\"role\":\"status\",\"protocol\":99}\n"] {
        let mut client = scene.client().await;
        client.say(line).await;
        assert_eq!(client.json().await["health"], "connected");
        client.expect_end().await;
    }
    for line in ["open\n", "quit\n"] {
        let mut client = scene.client().await;
        client.say(line).await;
        assert_eq!(client.json().await, json!({"done": true}));
        client.expect_end().await;
    }
    timeout(DEADLINE, running.served).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_pasted_is_given_to_nobody_and_a_window_cannot_ask() {
    let scene = Scene::set().await;
    let running = scene.start().await;
    let ask = |address: &Value| {
        let request = json!({"id": 1, "call": "access_token", "request": address});
        format!("{request}\n")
    };
    for (address, code) in [
        (json!(scene.backend.api_url()), "refused"),
        (json!("https://other.example/api/v1"), "refused"),
        (json!("no address at all"), "refused"),
        (json!(7), "invalidRequest"),
    ] {
        let mut requester = scene.client().await;
        requester.say("{\"role\":\"request\",\"protocol\":1}\n").await;
        assert!(requester.line().await.contains("accepted"));
        requester.say(&ask(&address)).await;
        let answer = requester.json().await;
        assert_eq!(answer["error"]["code"], code, "{address}: {answer}");
        assert_eq!(answer["ok"], Value::Null, "{address}");
        // The place is another one's then.
        requester.expect_end().await;
    }
    let mut window = scene.raw_window().await;
    window.say(&ask(&json!(scene.backend.api_url()))).await;
    let answer = window.json().await;
    assert_eq!(answer["answer"]["error"]["code"], "unknownCommand", "{answer}");
    running.end().await;
}
