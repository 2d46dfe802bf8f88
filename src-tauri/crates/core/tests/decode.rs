//! Frames as servers send them, good and bad, and what becomes of them.

use std::sync::Arc;
use std::time::Duration;

use gloria_core::event::{self, DecodeContext, DecodeError, Event, Post, is_listened_to};
use gloria_core::protocol::{ItemKind, Priority};
use gloria_stream::Frame;
use proptest::prelude::*;

fn frame(event: &str, data: &str) -> Frame {
    Frame {
        event: Arc::from(event),
        data: data.to_owned(),
        id: Arc::from("1"),
    }
}

fn decode(frame: &Frame) -> Result<Event, DecodeError> {
    event::decode(frame, &DecodeContext::default())
        .map(|decoded| decoded.event)
        .map_err(|undecoded| undecoded.error)
}

fn post(event: &str, data: &str) -> Post {
    match decode(&frame(event, data)) {
        Ok(Event::Posted(post)) => post,
        other => panic!("not a post: {other:?}"),
    }
}

fn error(event: &str, data: &str) -> DecodeError {
    match decode(&frame(event, data)) {
        Err(error) => error,
        Ok(event) => panic!("taken: {event:?}"),
    }
}

#[test]
fn all_thirteen_types_and_the_gap_are_known() {
    let seen = [
        (
            "connection_established",
            r#"{"connectionId":"c","heartbeatInterval":15000}"#,
        ),
        ("heartbeat", r#"{"timestamp":"2026-01-02T03:04:05Z"}"#),
        ("notification.created", r#"{"id":"1","title":"t","message":"m"}"#),
        (
            "notification.updated",
            r#"{"id":"1","readAt":"2026-01-02T03:04:05Z"}"#,
        ),
        ("notification.deleted", r#"{"id":"1"}"#),
        ("user.status_changed", r#"{"userId":"7","status":"away"}"#),
        ("user.updated", r#"{"userId":7,"name":"Ada"}"#),
        (
            "workflow.started",
            r#"{"workflowId":"w","name":"Import","progress":3}"#,
        ),
        ("workflow.completed", r#"{"workflowId":"w","name":"Import"}"#),
        ("workflow.failed", r#"{"workflowId":"w","error":"no space"}"#),
        ("system.announcement", r#"{"id":"a","message":"m"}"#),
        (
            "system.maintenance",
            r#"{"id":"a","message":"m","startsAt":"2026-01-02T03:04:05Z"}"#,
        ),
        ("stream.gap", r#"{"from":"1","to":"9"}"#),
    ];
    for (event, data) in seen {
        assert!(
            decode(&frame(event, data)).is_ok(),
            "{event}: {:?}",
            decode(&frame(event, data))
        );
    }
}

#[test]
fn a_full_notification_keeps_every_field() {
    let post = post(
        "notification.created",
        r#"{"id":12,"title":"New\nTask","message":"line\nline","category":"tasks","priority":"urgent",
            "link":"https://gloria.example/t/1","actions":[{"label":"Open","link":"https://gloria.example/a"}],
            "actor":{"name":"Ada"},"groupKey":"g","createdAt":"1970-01-01T00:00:01Z","supersedes":"11",
            "fromTheFuture":{"x":1}}"#,
    );
    assert_eq!(
        (post.key.as_str(), post.title.as_str(), post.body.as_str()),
        ("n:12", "New Task", "line\nline")
    );
    assert_eq!(
        (post.priority, post.kind),
        (Priority::Urgent, ItemKind::Notification)
    );
    assert_eq!(post.actions.len(), 1);
    assert_eq!(
        (post.created_at, post.supersedes.as_deref()),
        (Some(1000), Some("n:11"))
    );
    assert!(
        post.extra.contains_key("fromTheFuture"),
        "unknown fields are kept"
    );
}

#[test]
fn the_heartbeat_is_taken_from_the_greeting() {
    let Ok(Event::ConnectionEstablished(greeting)) =
        decode(&frame("connection_established", r#"{"heartbeatInterval":15000}"#))
    else {
        panic!("the greeting was not taken");
    };
    assert_eq!(greeting.heartbeat, Some(Duration::from_secs(15)));
}

#[test]
fn a_mistake_is_named_by_its_field() {
    let created = "notification.created";
    assert_eq!(
        error(created, r#"{"title":"t","message":"m"}"#),
        DecodeError::Missing("id")
    );
    assert_eq!(
        error(created, r#"{"id":"1","title":"  ","message":"m"}"#),
        DecodeError::Missing("title")
    );
    assert!(matches!(
        error(created, r#"{"id":"1","title":5,"message":"m"}"#),
        DecodeError::Field { field: "title", .. }
    ));
    assert!(matches!(
        error(created, r#"{"id":[1],"title":"t","message":"m"}"#),
        DecodeError::Field { field: "id", .. }
    ));
    assert!(matches!(
        error(
            created,
            "{\"id\":\"a\\u0000b\",\"title\":\"t\",\"message\":\"m\"}"
        ),
        DecodeError::Field { field: "id", .. }
    ));
    assert!(matches!(
        error(
            created,
            r#"{"id":"1","title":"t","message":"m","createdAt":"yesterday"}"#
        ),
        DecodeError::Field {
            field: "createdAt",
            ..
        }
    ));
    assert!(matches!(
        error(
            created,
            r#"{"id":"1","title":"t","message":"m","priority":"very"}"#
        ),
        DecodeError::Field {
            field: "priority",
            ..
        }
    ));
    assert_eq!(error(created, "[]"), DecodeError::NotAnObject);
    assert_eq!(
        error(created, "{\n\"id\": "),
        DecodeError::Json { line: 2, column: 6 }
    );
    assert_eq!(error("notification.exploded", "{}"), DecodeError::UnknownType);
}

#[test]
fn an_error_never_shows_a_value() {
    let text = error(
        "notification.created",
        r#"{"id":"1","title":{"secret":"payroll"},"message":"m"}"#,
    )
    .to_string();
    assert!(!text.contains("payroll") && !text.contains("secret"), "{text}");
}

#[test]
fn hostile_text_is_only_text_and_hostile_links_are_gone() {
    let post = post(
        "notification.created",
        r#"{"id":"1","title":"<img src=x onerror=alert(1)>","message":"<script>alert(1)</script>",
            "link":"javascript:alert(1)","actions":[{"label":"x","link":"data:text/html,x"}]}"#,
    );
    assert_eq!(
        post.title, "<img src=x onerror=alert(1)>",
        "the UI shows it as text"
    );
    assert_eq!((post.link, post.actions), (None, vec![]));
}

#[test]
fn ten_megabytes_are_refused_and_long_texts_are_cut() {
    let huge = format!(r#"{{"id":"1","title":"t","message":"{}"}}"#, "x".repeat(10 << 20));
    assert!(matches!(
        error("notification.created", &huge),
        DecodeError::TooLarge { .. }
    ));
    let long = format!(
        r#"{{"id":"1","title":"{0}","message":"{0}"}}"#,
        "é".repeat(50_000)
    );
    let post = post("notification.created", &long);
    assert!(
        post.title.len() <= 303 && post.title.ends_with('…'),
        "{}",
        post.title.len()
    );
    assert!(post.body.len() <= 16 * 1024 + 3, "{}", post.body.len());
}

proptest! {
    #[test]
    fn nothing_a_server_sends_panics(event in "(notification|workflow|system|user)\\.[a-z_]{0,12}", data in ".{0,200}") {
        let _ = decode(&frame(&event, &data));
    }

    #[test]
    fn no_json_panics(
        event in prop::sample::select(vec!["notification.created", "notification.updated", "workflow.failed",
            "system.maintenance", "connection_established"]),
        field in prop::sample::select(vec!["id", "title", "message", "actions", "actor", "progress", "createdAt",
            "workflowId", "heartbeatInterval", "startsAt", "priority"]),
        value in prop::sample::select(vec!["null", "1e999", "-1", "[]", "{}", "[{}]", "\"\"", "true", "18446744073709551615",
            "1.5", "\"2026-13-45T99:99:99Z\"", "[[[[]]]]"]),
    ) {
        let data = format!(r#"{{"id":"1","workflowId":"1","title":"t","message":"m","{field}":{value}}}"#);
        let _ = decode(&frame(event, &data));
    }
}

#[test]
fn only_what_is_asked_for_is_taken_and_what_keeps_the_connection_whole() {
    let types = ["notification.created".to_owned(), "workflow.failed".to_owned()];
    for (event, taken) in [
        ("notification.created", true),
        ("workflow.failed", true),
        ("notification.create", false),
        ("workflow.started", false),
        ("system.announcement", false),
        ("heartbeat", true),
        ("connection_established", true),
        ("stream.gap", true),
    ] {
        assert_eq!(is_listened_to(event, &types), taken, "{event}");
        assert!(is_listened_to(event, &[]), "{event}: no list means all");
    }
}
