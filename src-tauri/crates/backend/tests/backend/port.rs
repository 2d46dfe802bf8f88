use gloria_backend::{Backend, BackendOptions, StartError, TEST_TOKEN};
use serde_json::{Value, json};

use crate::client::{Raw, data, get, http, note, stream};

async fn with_port() -> Backend {
    let options = BackendOptions {
        control_listen: Some("127.0.0.1:0".parse().unwrap()),
        ..BackendOptions::default()
    };
    Backend::start(options).await.unwrap()
}

async fn command(backend: &Backend, body: Value) -> (u16, Value) {
    let request = http().post(backend.control_url().unwrap()).body(body.to_string());
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn commands_push_and_tell_what_was_seen() {
    let backend = with_port().await;
    let mut events = stream(&backend).await;
    let push = json!({ "do": "push", "event": "notification.created", "data": note("a") });
    assert_eq!(command(&backend, push).await, (200, json!({ "id": "1" })));
    assert_eq!(data(&events.event().await), note("a"));
    let text = json!({ "do": "push", "event": "notification.created", "data": "not json", "id": "x" });
    assert_eq!(command(&backend, text).await, (200, json!({ "id": "x" })));
    assert_eq!(events.event().await.data, "not json");
    let many = json!({ "do": "pushMany", "count": 3 });
    assert_eq!(
        command(&backend, many).await,
        (200, json!({ "first": "3", "last": "5" }))
    );
    let raw = http()
        .post(format!("{}/raw", backend.control_url().unwrap()))
        .body("data: raw\n\n");
    assert_eq!(raw.send().await.unwrap().status(), 204);
    for _ in 3..=5 {
        events.event().await;
    }
    assert_eq!(events.event().await.data, "raw");

    let seen = http()
        .get(format!("{}/observed", backend.control_url().unwrap()))
        .send()
        .await
        .unwrap();
    let text = seen.text().await.unwrap();
    assert!(!text.contains(TEST_TOKEN));
    let seen: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&seen["streams"], &seen["lastId"]), (&json!(1), &json!("5")));
    assert_eq!(seen["requests"][0]["path"], "/api/v1/sse");
}

#[tokio::test]
async fn each_fault_can_be_asked_for() {
    let backend = with_port().await;
    for body in [
        json!({ "do": "pushHuge", "bytes": 1000 }),
        json!({ "do": "stall", "which": "every" }),
        json!({ "do": "resume" }),
        json!({ "do": "pace", "bytes": 10, "everyMs": 1 }),
        json!({ "do": "pace" }),
        json!({ "do": "loseAnswers", "times": 0 }),
        json!({ "do": "dropHistory" }),
        json!({ "do": "heartbeat", "intervalMs": 50 }),
        json!({ "do": "beat" }),
        json!({ "do": "endStreams" }),
        json!({ "do": "hangUp", "how": "fin" }),
        json!({ "do": "answer", "route": "stream", "times": 1, "answer": { "status": 503 } }),
        json!({ "do": "clearAnswers" }),
        json!({ "do": "refuse" }),
        json!({ "do": "accept" }),
    ] {
        assert_eq!(command(&backend, body.clone()).await.0, 200, "{body}");
    }
    let gone = json!({ "do": "answer", "route": "stream", "times": 1,
        "answer": { "status": 410, "headers": [["x-why", "closed"]], "body": "gone" } });
    command(&backend, gone).await;
    let response = get(&backend, "/sse").send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["x-why"]),
        (410, &"closed".parse().unwrap())
    );

    let mut raw = Raw::stream(&backend).await;
    command(
        &backend,
        json!({ "do": "cutMidEvent", "event": "heartbeat", "data": {} }),
    )
    .await;
    raw.finish().await.unwrap();
    let mut raw = Raw::stream(&backend).await;
    command(&backend, json!({ "do": "hangUp", "how": "reset" })).await;
    assert!(raw.finish().await.is_err());
    command(&backend, json!({ "do": "requireToken", "token": "other" })).await;
    assert_eq!(
        get(&backend, "/notifications").send().await.unwrap().status(),
        401
    );
}

#[tokio::test]
async fn what_is_not_a_command_is_refused_with_the_reason() {
    let backend = with_port().await;
    for (body, reason) in [
        (json!({ "do": "explode" }), "unknown variant `explode`"),
        (json!({ "do": "pushMany" }), "missing field `count`"),
        (json!({ "do": "resume", "now": true }), "unknown field `now`"),
        (json!({ "do": "requireToken", "token": "" }), "the token is empty"),
        (
            json!({ "do": "answer", "route": "stream", "times": 1, "answer": { "status": 42 } }),
            "42 is not a status",
        ),
    ] {
        let (status, problem) = command(&backend, body).await;
        assert_eq!(status, 400);
        assert!(problem["detail"].as_str().unwrap().contains(reason), "{problem}");
    }
}

#[tokio::test]
async fn a_start_that_cannot_be_is_an_error() {
    let taken = with_port().await;
    let start = async |options| Backend::start(options).await.unwrap_err();
    let error = start(BackendOptions {
        listen: taken.address(),
        ..BackendOptions::default()
    })
    .await;
    assert!(matches!(error, StartError::Listen { address, .. } if address == taken.address()));
    let open = Some("0.0.0.0:0".parse().unwrap());
    let error = start(BackendOptions {
        control_listen: open,
        ..BackendOptions::default()
    })
    .await;
    assert!(matches!(error, StartError::ControlNotLoopback(_)));
    let error = start(BackendOptions {
        tokens: vec![String::new()],
        ..BackendOptions::default()
    })
    .await;
    assert!(matches!(error, StartError::NoToken));
}
