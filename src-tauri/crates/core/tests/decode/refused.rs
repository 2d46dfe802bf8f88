//! Data that is rejected or shortened.

use super::*;

#[test]
fn only_what_cannot_be_read_at_all_is_refused() {
    let created = "notification.created";
    for data in [
        r#"{"id":"1"}"#,
        "{}",
        r#"{"id":"1","title":"  ","message":null}"#,
        r#"{"title":[],"message":true}"#,
    ] {
        assert_eq!(error(created, data), DecodeError::Missing("title"), "{data}");
    }
    for data in ["[]", "null", "true", "12", "[[1]]"] {
        assert_eq!(error(created, data), DecodeError::NotAnObject, "{data}");
    }
    assert_eq!(
        error("notification.updated", r#"{"read":true}"#),
        DecodeError::Missing("id")
    );
    assert_eq!(
        error(created, "{\n\"id\": "),
        DecodeError::Json { line: 2, column: 6 }
    );
    assert_eq!(error("notification.exploded", "{}"), DecodeError::UnknownType);
    assert_eq!(error("message", "hello"), DecodeError::UnknownType);
}

#[test]
fn what_cannot_be_read_is_something_for_the_inbox() {
    let item = |event: &str, data: &str| match event::decode(&frame(event, data), &CONTEXT) {
        Err(undecoded) => undecoded.item(),
        Ok(decoded) => panic!("taken: {decoded:?}"),
    };
    let unreadable = |id: &str, event_type| {
        Some(Event::Unreadable(Unreadable {
            id: Some(id.to_owned()),
            event_type,
        }))
    };
    assert_eq!(
        item("notification.created", r#"{"id":7}"#),
        unreadable("7", "notification.created")
    );
    assert_eq!(
        item("NOTIFICATION_CREATED", "{"),
        unreadable("1", "notification.created"),
        "the event's id, where the JSON cannot be read"
    );
    assert_eq!(
        item("system.announcement", "{}"),
        unreadable("1", "system.announcement")
    );
    assert_eq!(item("workflow.failed", "[]"), unreadable("1", "workflow.failed"));
    assert_eq!(item("notification.deleted", "{}"), None);
    assert_eq!(item("notification.exploded", "{"), None);
}

#[test]
fn neither_an_error_nor_what_was_left_out_shows_a_value() {
    let secret = r#"{"id":"1","title":{"payroll":"secret"},"message":[{"secret":1}],"priority":"secret"}"#;
    let text = error("notification.created", secret).to_string();
    assert!(!text.contains("payroll") && !text.contains("secret"), "{text}");
    let whole = r#"{"id":"1","title":"t","priority":"secret","expiresAt":"secret","actor":{"x":"secret"}}"#;
    let left = left_out("notification.created", whole);
    assert_eq!(left, ["priority", "actor", "expiresAt"]);
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
fn over_long_data_loses_the_excess() {
    let long = format!(
        r#"{{"id":"1","title":"{0}","message":"{0}","attachment":"{1}","note":"kept"}}"#,
        "é".repeat(50_000),
        "x".repeat(3 << 20)
    );
    let post = post("notification.created", &long);
    assert_eq!(post.title.chars().count(), 301, "300 and the sign of a cut");
    assert_eq!(post.body.chars().count(), 16 * 1024 + 1);
    assert!(!post.extra.contains_key("attachment"));
    assert_eq!(post.extra["note"], "kept");
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
        ("error", true),
    ] {
        assert_eq!(is_listened_to(event, &types), taken, "{event}");
        assert!(is_listened_to(event, &[]), "{event}: no list means all");
    }
}
