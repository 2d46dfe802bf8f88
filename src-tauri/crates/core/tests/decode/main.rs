//! Decoding of frames from servers, valid and invalid.

use std::sync::Arc;
use std::time::Duration;

use gloria_core::event::{
    self, Change, DecodeContext, DecodeError, Event, Field, GapEnd, Post, Unreadable, is_listened_to,
};
use gloria_core::item::{ItemKind, Priority};
use gloria_stream::Frame;
use proptest::prelude::*;

mod anything;
mod corpus;
mod envelopes;
mod frameworks;
mod pages;
mod properties;
mod refused;
mod shapes;

fn frame(event: &str, data: &str) -> Frame {
    Frame {
        event: Arc::from(event),
        data: data.to_owned(),
        id: Arc::from("1"),
    }
}

const NOW: i64 = 1_767_323_045_000;
const CONTEXT: DecodeContext<'static> = DecodeContext {
    server: None,
    now: NOW,
    inherited_id: None,
};

fn left_out(event: &str, data: &str) -> Vec<&'static str> {
    match event::decode(&frame(event, data), &CONTEXT) {
        Ok(decoded) => decoded.left_out.iter().map(|left| left.field).collect(),
        Err(error) => panic!("not taken: {error:?}"),
    }
}

fn decode(frame: &Frame) -> Result<Event, DecodeError> {
    event::decode(frame, &CONTEXT)
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
