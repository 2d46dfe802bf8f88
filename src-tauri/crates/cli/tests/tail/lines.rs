//! Its lines: states, events, and fields that could not be read.

use gloria_backend::{Answer, Route, TEST_TOKEN};
use serde_json::{Value, json};

use crate::harness::{CREATED, Tail, backend, gloria, note};

#[tokio::test]
async fn states_then_events_then_the_asked_for_end() {
    let (backend, control) = backend().await;
    let mut tail = Tail::start(&backend, &["--type", CREATED, "--count", "2"]);
    assert_eq!(tail.until("state", Some("connecting")).await["attempt"], 0);
    tail.until("state", Some("connected")).await;
    control.push("user.updated", json!({"userId": "7"}));
    control.push(CREATED, note("a"));
    let id = control.push(CREATED, note("b"));
    let first = tail.until("event", None).await;
    assert_eq!(
        (&first["event"], &first["data"]),
        (&json!(CREATED), &note("a")),
        "unknown fields are kept"
    );
    let second = tail.until("event", None).await;
    assert_eq!((&second["id"], &second["data"]["id"]), (&json!(id), &json!("b")));
    assert_eq!(tail.exit_code().await, Some(0));
}

#[tokio::test]
async fn invalid_events_are_reported_and_heartbeats_left_out() {
    let (backend, control) = backend().await;
    let mut tail = Tail::start(&backend, &["--count", "2"]);
    tail.until("state", Some("connected")).await;
    assert_eq!(tail.until("event", None).await["event"], "connection_established");
    control.beat();
    let id = control.push_text(CREATED, None, "{broken");
    control.push(CREATED, note("a"));
    let invalid = tail.line().await.unwrap();
    assert_eq!(
        (&invalid["kind"], &invalid["event"], &invalid["id"]),
        (&json!("invalid"), &json!(CREATED), &json!(id))
    );
    assert!(invalid["error"].as_str().unwrap().contains("not valid JSON"));
    assert_eq!(
        (&invalid["code"], &invalid["args"]),
        (&json!("unreadable-not-json-at"), &json!({"line": 1, "column": 2}))
    );
    assert_eq!(tail.until("event", None).await["data"]["id"], "a");
    assert_eq!(tail.exit_code().await, Some(0));
}

#[tokio::test]
async fn events_cannot_speak_to_the_terminal() {
    let (backend, control) = backend().await;
    let hostile = "clear \u{9b}2J red \u{9b}31m title \u{9d}0;x\u{9c} del \u{7f} \
                   turned \u{202e}txt\u{2066} tag\u{e0041}";
    for arguments in [&["--count", "2"][..], &["--count", "2", "--raw"]] {
        let mut tail = Tail::start(&backend, arguments);
        tail.until("state", Some("connected")).await;
        let data = json!({"id": hostile, "title": hostile, "message": "m", hostile: 1}).to_string();
        control.push_text(CREATED, None, &data);
        let mut line = tail.text().await.unwrap();
        while !line.contains("clear ") {
            line = tail.text().await.unwrap();
        }
        assert!(
            !line.contains(|c: char| c.is_control() || gloria_core::text::is_invisible(c)),
            "{line:?}"
        );
        let event: Value = serde_json::from_str(&line).unwrap();
        let data = &event["data"];
        let reported: Value = match data.as_str() {
            Some(raw) => serde_json::from_str(raw).unwrap(),
            None => data.clone(),
        };
        assert_eq!(reported["title"], hostile, "it means the same");
        assert_eq!(tail.exit_code().await, Some(0));
    }
}

#[tokio::test]
async fn messy_events_are_reported_with_what_was_left_out_of_them() {
    let (backend, control) = backend().await;
    let mut tail = Tail::start(&backend, &["--count", "3"]);
    tail.until("state", Some("connected")).await;
    tail.until("event", None).await;
    let half = r#"{"id":"1","title":"Release is out \ud83c","message":"m",
        "priority":"very","createdAt":"Invalid Date"}"#;
    control.push_text(CREATED, None, half);
    control.push_text(
        "message",
        None,
        &format!(r#"{{"type":"{CREATED}","data":{half}}}"#),
    );
    let event = tail.until("event", None).await;
    assert_eq!(event["data"]["title"], "Release is out \u{fffd}");
    assert_eq!(event["leftOut"], json!(["priority", "createdAt"]));
    let inside = tail.until("event", None).await;
    assert_eq!(
        (&inside["event"], &inside["leftOut"]),
        (&json!(CREATED), &event["leftOut"])
    );
    assert_eq!(tail.exit_code().await, Some(0));
}

#[tokio::test]
async fn raw_is_what_came_byte_for_byte() {
    let (backend, control) = backend().await;
    let mut tail = Tail::start(&backend, &["--raw", "--count", "4"]);
    tail.until("state", Some("connected")).await;
    assert_eq!(tail.until("event", None).await["event"], "connection_established");
    control.beat();
    assert_eq!(tail.until("event", None).await["event"], "heartbeat");
    control.push_raw("data:  two spaces\ndata: and a line\n\n");
    let plain = tail.until("event", None).await;
    assert_eq!(
        (&plain["event"], &plain["data"]),
        (&json!("message"), &json!(" two spaces\nand a line"))
    );
    control.push_raw(": \u{fffd}\nid: \nevent: odd type\ndata: {broken\n\n");
    let odd = tail.until("event", None).await;
    assert_eq!(
        (&odd["event"], &odd["id"], &odd["data"]),
        (&json!("odd type"), &json!(""), &json!("{broken"))
    );
    assert_eq!(tail.exit_code().await, Some(0));
}

#[tokio::test]
async fn quiet_ends_with_a_summary_alone() {
    let (backend, control) = backend().await;
    let mut tail = Tail::start(
        &backend,
        &["--quiet", "--raw", "--type", CREATED, "--count", "100"],
    );
    tail.until("state", Some("connected")).await;
    let range = control.push_many(100).unwrap();
    let summary = tail.line().await.unwrap();
    assert_eq!(
        (&summary["kind"], &summary["events"]),
        (&json!("summary"), &json!(100)),
        "{summary}"
    );
    assert!(summary["bytes"].as_u64().unwrap() > 5_000, "{summary}");
    assert!(summary["seconds"].as_f64().unwrap() > 0.0);
    assert!(
        summary["lastEventId"].as_str().is_some_and(|id| !id.is_empty()),
        "{summary} {range:?}"
    );
    assert_eq!(tail.exit_code().await, Some(0));
}

#[tokio::test]
async fn a_lost_connection_is_reported_and_resumed() {
    let (backend, control) = backend().await;
    let mut tail = Tail::start(&backend, &["--type", CREATED]);
    tail.until("state", Some("connected")).await;
    control.push(CREATED, note("a"));
    tail.until("event", None).await;
    control.answer(Route::Stream, 1, Answer::new(503)).unwrap();
    control.reset();
    let waiting = tail.until("state", Some("waiting")).await;
    assert!(
        waiting["retryInMs"].is_u64() && !waiting["reason"].as_str().unwrap().is_empty(),
        "{waiting}"
    );
    assert_eq!(
        (&waiting["code"], &waiting["args"]["problem"]["id"]),
        (&json!("cause-broken-off"), &json!("break-reset")),
        "{waiting}"
    );
    let refused = tail.until("state", Some("waiting")).await;
    assert_eq!(
        (&refused["reason"], &refused["code"], &refused["args"]),
        (
            &json!("the server answered 503"),
            &json!("cause-status"),
            &json!({"status": 503})
        )
    );
    control.push(CREATED, note("b"));
    assert_eq!(
        tail.until("event", None).await["data"]["id"],
        "b",
        "resumed without loss or repetition"
    );
}

#[tokio::test]
async fn a_websocket_is_followed_like_an_event_stream() {
    let (backend, control) = backend().await;
    for named_by_url in [true, false] {
        let home = tempfile::tempdir().unwrap();
        let url = format!("{}/ws", backend.websocket_url());
        let mut arguments = vec!["tail", "--raw", "--type", CREATED, "--count", "2"];
        if named_by_url {
            arguments.extend(["--url", &url]);
        }
        let mut command = gloria(&home, &arguments);
        command
            .env("GLORIA_API_URL", backend.websocket_url())
            .env("GLORIA_TOKEN", TEST_TOKEN);
        let mut tail = Tail::spawn(command, home);
        tail.until("state", Some("connected")).await;
        let text = r#"{"id": "a",  "title":"\u20ac"}"#;
        let id = control.push_text(CREATED, None, text);
        let line = tail.until("event", None).await;
        assert_eq!((&line["id"], &line["data"]), (&json!(id), &json!(text)));
        control.reset();
        tail.until("state", Some("waiting")).await;
        control.push(CREATED, note("b"));
        assert!(
            tail.until("event", None).await["data"]
                .as_str()
                .unwrap()
                .contains("\"b\"")
        );
        assert_eq!(tail.exit_code().await, Some(0));
    }
    let paths: Vec<_> = control
        .observed()
        .requests
        .into_iter()
        .map(|seen| seen.path)
        .collect();
    assert_eq!(paths, ["/api/v1/ws"; 4]);
}
