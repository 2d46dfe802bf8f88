use std::io::ErrorKind;

use gloria_backend::{Backend, BackendOptions, ChangeKind, SignIn, TEST_TOKEN};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::client::{Events, Raw, backend, data, get, http, note, stream, stream_after};

async fn send(backend: &Backend, method: Method, path: &str, key: Option<&str>, body: &str) -> Response {
    let mut request = http()
        .request(method, format!("{}{path}", backend.api_url()))
        .bearer_auth(TEST_TOKEN)
        .body(body.to_owned());
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    request.send().await.unwrap()
}

async fn list(backend: &Backend, query: &str) -> Value {
    get(backend, &format!("/notifications?{query}"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

#[tokio::test]
async fn notifications_are_listed_by_last_change_as_they_stand() {
    let backend = backend().await;
    let control = backend.control();
    for id in ["a", "b", "c"] {
        control.push("notification.created", note(id));
    }
    control.push("notification.updated", json!({ "id": "a", "title": "Moved" }));
    control.push("notification.deleted", json!({ "id": "b" }));
    control.push(
        "system.announcement",
        json!({ "id": "s", "message": "Canteen closed" }),
    );

    let first = list(&backend, "limit=2").await;
    assert_eq!(first["notifications"][0]["id"], "c");
    let moved = &first["notifications"][1];
    assert_eq!(
        (&moved["title"], &moved["message"]),
        (&json!("Moved"), &json!("Hall 3 at 14:00"))
    );
    assert_eq!(moved["eventId"], "4");
    let versions = [&first["notifications"][0]["version"], &moved["version"]];
    assert_eq!(versions, [&json!(1), &json!(2)], "each counts by itself");
    assert_eq!((&first["next"], &first["more"]), (&json!("4"), &json!(true)));

    let second = list(&backend, "after=4").await;
    assert_eq!(
        second["notifications"],
        json!([{ "id": "b", "deleted": true, "version": 2, "eventId": "5" }])
    );
    assert_eq!((&second["next"], &second["more"]), (&json!("6"), &json!(false)));
    assert_eq!(
        list(&backend, "after=unknown").await["notifications"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(
        get(&backend, "/notifications?limit=0")
            .send()
            .await
            .unwrap()
            .status(),
        400
    );
}

#[tokio::test]
async fn a_change_that_comes_before_its_notification_is_in_the_list_too() {
    let backend = backend().await;
    let control = backend.control();
    let read = json!({ "id": "a", "readAt": "2026-11-26T12:00:00Z" });
    control.push("notification.updated", read.clone());
    control.push("notification.created", note("a"));
    assert_eq!(
        list(&backend, "").await["notifications"][0]["readAt"],
        read["readAt"]
    );
}

#[tokio::test]
async fn a_change_is_applied_once_and_reported_to_all_streams() {
    let backend = backend().await;
    let control = backend.control();
    control.push("notification.created", note("a"));
    let mut events = stream(&backend).await;

    let patch = async |key, body| send(&backend, Method::PATCH, "/notifications/a", Some(key), body).await;
    let first = patch("k1", r#"{"read":true}"#).await;
    assert_eq!(
        (first.status(), &first.headers()["content-type"]),
        (200.try_into().unwrap(), &"application/json".parse().unwrap())
    );
    let first: Value = first.json().await.unwrap();
    assert!(first["readAt"].is_string() && first["seenAt"].is_string());
    let reported = events.event().await;
    assert_eq!(reported.event, "notification.updated");
    assert_eq!(data(&reported)["readAt"], first["readAt"]);

    // Another change in between, so that a repeat that was done again would show.
    patch("k2", r#"{"read":false}"#).await;
    assert_eq!(data(&events.event().await), json!({ "id": "a", "readAt": null }));
    let repeat: Value = patch("k1", r#"{"read":true}"#).await.json().await.unwrap();
    assert_eq!(repeat, first);
    assert!(list(&backend, "").await["notifications"][0]["readAt"].is_null());
    assert!(events.is_silent().await);

    let seen = control.observed();
    let applied: Vec<_> = seen
        .changes
        .iter()
        .map(|change| (change.key.as_deref(), change.applied))
        .collect();
    assert_eq!(
        applied,
        [(Some("k1"), true), (Some("k2"), true), (Some("k1"), false)]
    );
    assert_eq!(seen.changes[0].kind, ChangeKind::Patch(json!({ "read": true })));
}

#[tokio::test]
async fn flags_snoozes_and_acknowledgements_are_set_and_removed() {
    let backend = backend().await;
    backend.control().push("notification.created", note("a"));
    let patch = async |body| {
        let response = send(&backend, Method::PATCH, "/notifications/a", None, body).await;
        response.json::<Value>().await.unwrap()
    };
    let until = "2026-11-30T08:00:00Z";
    let all = patch(r#"{"flagged":true,"acknowledged":true,"snoozedUntil":"2026-11-30T08:00:00Z"}"#).await;
    assert!(all["flaggedAt"].is_string() && all["acknowledgedAt"].is_string());
    assert_eq!(all["snoozedUntil"], until);
    let none = patch(r#"{"flagged":false,"snoozedUntil":null}"#).await;
    assert!(none["flaggedAt"].is_null() && none["snoozedUntil"].is_null());
    assert!(none["acknowledgedAt"].is_string());
    assert_eq!(patch(r#"{"snoozedUntil":"soon"}"#).await["status"], 400);
}

#[tokio::test]
async fn what_users_did_stays_when_the_same_event_is_sent_again_and_goes_with_another() {
    let backend = backend().await;
    let control = backend.control();
    let first = json!({"id": "1", "title": "first"});
    control.push("notification.created", first.clone());
    let flagged = json!({"id": "1", "flaggedAt": "2026-01-02T03:04:05Z"});
    control.push("notification.updated", flagged);
    control.push("notification.created", first);
    let repeated = control.notification("1").unwrap();
    assert_eq!(repeated["flaggedAt"], "2026-01-02T03:04:05Z");
    control.push("notification.created", json!({"id": "1", "title": "second"}));
    let renewed = control.notification("1").unwrap();
    assert_eq!(
        (&renewed["title"], renewed.get("flaggedAt")),
        (&json!("second"), None)
    );
}

#[tokio::test]
async fn several_are_changed_at_once_and_those_that_are_not_are_named() {
    let backend = backend().await;
    let control = backend.control();
    for id in ["a", "b", "c"] {
        control.push("notification.created", note(id));
    }
    let patch = async |body| send(&backend, Method::PATCH, "/notifications", Some("k"), body).await;
    let body = r#"{"ids":["a","none","c"],"read":true}"#;
    let first: Value = patch(body).await.json().await.unwrap();
    assert_eq!(
        first,
        json!({ "refused": [{ "id": "none", "detail": "there is no notification none" }] })
    );
    let again: Value = patch(body).await.json().await.unwrap();
    assert_eq!(again, first);
    let seen = control.observed().changes;
    let applied: Vec<_> = seen
        .iter()
        .map(|change| (change.notification.as_str(), change.applied))
        .collect();
    let expected = [
        ("a", true),
        ("none", false),
        ("c", true),
        ("a", false),
        ("none", false),
        ("c", false),
    ];
    assert_eq!(applied, expected);
    assert_eq!(seen[0].kind, ChangeKind::Patch(json!({ "read": true })));
    let listed = list(&backend, "").await;
    let is_read = |id: &str| {
        let all = listed["notifications"].as_array().unwrap().iter();
        let mut of = all.filter(|note| note["id"] == id);
        of.next().unwrap()["readAt"].is_string()
    };
    assert_eq!([is_read("a"), is_read("b"), is_read("c")], [true, false, true]);
}

#[tokio::test]
async fn a_key_belongs_to_one_request() {
    let backend = backend().await;
    backend.control().push("notification.created", note("a"));
    let key = Some("k");
    assert_eq!(
        send(&backend, Method::DELETE, "/notifications/a", key, "")
            .await
            .status(),
        204
    );
    assert_eq!(
        send(&backend, Method::DELETE, "/notifications/a", key, "")
            .await
            .status(),
        204
    );
    let other = send(&backend, Method::POST, "/receipts", key, r#"{"id":"a"}"#).await;
    assert_eq!(other.status(), 422);
    assert_eq!(other.headers()["content-type"], "application/problem+json");
    // Without the key it is a new request, for a notification that is gone.
    assert_eq!(
        send(&backend, Method::DELETE, "/notifications/a", None, "")
            .await
            .status(),
        404
    );
}

#[tokio::test]
async fn deletion_reaches_the_streams() {
    let backend = backend().await;
    backend.control().push("notification.created", note("a"));
    let mut events = stream(&backend).await;
    send(&backend, Method::DELETE, "/notifications/a", None, "").await;
    let reported = events.event().await;
    assert_eq!(
        (reported.event.as_str(), data(&reported)),
        ("notification.deleted", json!({ "id": "a" }))
    );
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_a_reason() {
    let backend = backend().await;
    backend.control().push("notification.created", note("a"));
    let cases = [
        (Method::PATCH, "/notifications/a", "{}", 400),
        (Method::PATCH, "/notifications/a", "not json", 400),
        (Method::PATCH, "/notifications/a", r#"{"read":"yes"}"#, 400),
        (Method::PATCH, "/notifications/a", r#"{"readAt":true}"#, 400),
        (Method::PATCH, "/notifications", r#"{"ids":7,"read":true}"#, 400),
        (Method::PATCH, "/notifications", r#"{"ids":["a"]}"#, 400),
        (Method::PATCH, "/notifications/none", r#"{"read":true}"#, 404),
        (Method::DELETE, "/notifications/none", "", 404),
        (Method::POST, "/receipts", "[]", 400),
        (Method::POST, "/receipts", "[1]", 400),
        (Method::PUT, "/receipts", "{}", 405),
        (Method::GET, "/nothing", "", 404),
    ];
    for (method, path, body, status) in cases {
        let response = send(&backend, method, path, None, body).await;
        assert_eq!(response.status(), status, "{path} {body}");
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json",
            "{path} {body}"
        );
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["status"], status);
        assert!(!problem["detail"].as_str().unwrap().is_empty());
    }
    assert!(
        backend
            .control()
            .observed()
            .changes
            .iter()
            .all(|change| !change.applied)
    );
}

#[tokio::test]
async fn receipts_are_kept_once_each() {
    let backend = backend().await;
    let receipt = json!({ "notificationId": "a", "outcome": "shown" });
    let post = async |key, body: Value| {
        send(&backend, Method::POST, "/receipts", Some(key), &body.to_string())
            .await
            .status()
    };
    assert_eq!(post("k1", receipt.clone()).await, 204);
    assert_eq!(post("k1", receipt.clone()).await, 204);
    assert_eq!(post("k2", json!([{ "n": 1 }, { "n": 2 }])).await, 204);
    assert_eq!(post("k3", json!({ "receipts": [{ "n": 3 }] })).await, 204);
    assert_eq!(
        json!(backend.control().observed().receipts),
        json!([receipt, { "n": 1 }, { "n": 2 }, { "n": 3 }])
    );
}

#[tokio::test]
async fn a_change_whose_answer_is_lost_has_happened_and_may_be_asked_again() {
    let backend = backend().await;
    let control = backend.control();
    control.push("notification.created", note("a"));
    control.lose_answers(1);
    let lost = http()
        .patch(format!("{}/notifications/a", backend.api_url()))
        .bearer_auth(TEST_TOKEN)
        .header("idempotency-key", "k")
        .body(r#"{"archived":true}"#)
        .send()
        .await;
    assert!(lost.is_err());
    let again = send(
        &backend,
        Method::PATCH,
        "/notifications/a",
        Some("k"),
        r#"{"archived":true}"#,
    )
    .await;
    assert!(again.json::<Value>().await.unwrap()["archivedAt"].is_string());
    let applied: Vec<_> = control
        .observed()
        .changes
        .iter()
        .map(|change| change.applied)
        .collect();
    assert_eq!(applied, [true, false]);
}

#[tokio::test]
async fn a_lost_answer_is_a_reset() {
    let backend = backend().await;
    backend.control().push("notification.created", note("a"));
    backend.control().lose_answers(1);
    let mut raw = Raw::request(&backend, "DELETE", "/api/v1/notifications/a").await;
    assert_eq!(raw.finish().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(raw.received.is_empty());
}

#[tokio::test]
async fn where_users_sign_in_is_public_and_absent_unless_it_is_set() {
    let of = async |backend: &Backend| {
        let request = http().get(format!("{}/auth", backend.api_url()));
        request.send().await.unwrap()
    };
    assert_eq!(of(&backend().await).await.status(), 404);
    let options = BackendOptions {
        sign_in: Some(SignIn {
            issuer: "https://id.example".to_owned(),
            client_id: "gloria".to_owned(),
            scopes: None,
            prompt: Some("consent".to_owned()),
            audience: None,
        }),
        ..BackendOptions::default()
    };
    let backend = Backend::start(options).await.unwrap();
    let response = of(&backend).await;
    assert_eq!(response.status(), 200);
    let document: Value = response.json().await.unwrap();
    let expected = json!({"issuer": "https://id.example", "client_id": "gloria", "prompt": "consent"});
    assert_eq!(document, expected);
}

#[tokio::test]
async fn a_test_event_is_sent_to_the_caller_alone_and_never_again() {
    let backend = backend().await;
    backend.control().set_user("another-token", Some("user-2"));
    let post = async |token: &str| {
        let url = format!("{}/test-event", backend.api_url());
        http().post(url).bearer_auth(token).send().await.unwrap()
    };
    assert_eq!(
        post(TEST_TOKEN).await.status(),
        409,
        "there is no stream to send it to"
    );
    let mut own = stream(&backend).await;
    let mut second = stream(&backend).await;
    let others = http()
        .get(format!("{}/sse", backend.api_url()))
        .bearer_auth("another-token");
    let mut others = Events::open(others).await.greeted().await;

    let answer = post(TEST_TOKEN).await;
    assert_eq!(answer.status(), 202);
    let id = answer.json::<Value>().await.unwrap()["id"].clone();
    for stream in [&mut own, &mut second] {
        let event = stream.event().await;
        assert_eq!(
            (&*event.event, &data(&event)["id"]),
            ("notification.created", &id)
        );
    }
    assert!(others.is_silent().await);
    let mut later = stream_after(&backend, "0").await;
    assert!(later.is_silent().await);
    let again = post(TEST_TOKEN).await.json::<Value>().await.unwrap();
    assert_ne!(again["id"], id);
    assert_eq!(post("no-token").await.status(), 401);
}
