//! Notifications in the formats of frameworks and gateways.

use super::*;

#[test]
fn a_severity_as_the_type_is_no_type_of_event() {
    for kind in [
        "error",
        "success",
        "info",
        "warning",
        "welcome",
        "ping",
        "task_assigned",
        "App\\\\Notifications\\\\InvoicePaid",
    ] {
        let data = format!(r#"{{"id":5,"type":"{kind}","title":"Payment failed","message":"Card 1 of 2"}}"#);
        let post = post("message", &data);
        assert_eq!(
            (post.key.as_str(), post.title.as_str()),
            ("n:5", "Payment failed"),
            "{kind}"
        );
    }
    let named = r#"{"id":5,"name":"Welcome","title":"Welcome","message":"Good to see you"}"#;
    assert_eq!(post("message", named).key, "n:5");
    let refused = r#"{"type":"error","title":"Unauthorized","status":401,"message":"Sign in"}"#;
    assert!(matches!(
        decode(&frame("message", refused)),
        Ok(Event::ServerError(_))
    ));
    let read = r#"{"type":"notification_read","id":5,"title":"t","message":"m"}"#;
    assert_eq!(error("message", read), DecodeError::UnknownType);
}

#[test]
fn the_type_may_be_the_name_of_a_field() {
    for (event, data) in [
        ("message", r#"{"notification":{"id":5,"title":"t"}}"#),
        ("message", r#"{"data":{"id":5,"title":"t","message":"m"}}"#),
        (
            "message",
            r#"{"success":true,"data":{"notification":{"id":5,"title":"t"}}}"#,
        ),
        ("next", r#"{"data":{"notificationCreated":{"id":5,"title":"t"}}}"#),
        (
            "message",
            r#"{"id":"1","type":"next","payload":{"data":{"notificationAdded":{"id":5,"title":"t"}}}}"#,
        ),
        (
            "message",
            r#"{"data":{"type":"notifications","id":"5","attributes":{"title":"t","message":"m"}}}"#,
        ),
        ("message", r#"["notification.created",{"id":5,"title":"t"}]"#),
        (
            "notification.created",
            r#"["notification.created",{"id":5,"title":"t"}]"#,
        ),
        (
            "message",
            r#"[null,null,"user:7","notification_created",{"id":5,"title":"t"}]"#,
        ),
        (
            "Illuminate\\Notifications\\Events\\BroadcastNotificationCreated",
            r#"{"id":5,"title":"t","type":"App\\Notifications\\InvoicePaid"}"#,
        ),
        ("notifications", r#"[{"id":5,"title":"t"}]"#),
        ("notification.received", r#"{"id":5,"title":"t"}"#),
    ] {
        let post = post(event, data);
        assert_eq!(
            (post.key.as_str(), post.title.as_str()),
            ("n:5", "t"),
            "{event} {data}"
        );
    }
}

#[test]
fn what_an_answer_says_of_itself_is_not_the_notification() {
    for data in [
        r#"{"success":true,"message":"OK","data":{"id":5,"title":"t","message":"m"}}"#,
        r#"{"status":"success","message":"created","notification":{"id":5,"title":"t","body":"m"}}"#,
    ] {
        let post = post("notification.created", data);
        assert_eq!((post.key.as_str(), post.title.as_str()), ("n:5", "t"), "{data}");
    }
    let own = r#"{"id":5,"title":"t","message":"m","data":{"id":99,"title":"Order"}}"#;
    assert_eq!(post("notification.created", own).key, "n:5");
}

#[test]
fn data_of_its_own_does_not_name_what_is_deleted() {
    for data in [
        r#"{"id":5,"title":"t","data":{"id":99,"order":1}}"#,
        r#"{"id":5,"readAt":null,"payload":{"id":99}}"#,
    ] {
        assert_eq!(
            decode(&frame("notification.deleted", data)),
            Ok(Event::NotificationDeleted {
                id: "n:5".to_owned(),
                version: None
            }),
            "{data}"
        );
    }
}

#[test]
fn one_event_may_change_or_delete_many() {
    let several = |event: &str, data: &str| match decode(&frame(event, data)) {
        Ok(Event::Several(events)) => events,
        other => panic!("{other:?}"),
    };
    let deleted = |id: &str| Event::NotificationDeleted {
        id: id.to_owned(),
        version: None,
    };
    for data in [
        r#"{"ids":[5,"6"]}"#,
        r#"{"data":{"notificationIds":[5,6]}}"#,
        "[5,6]",
    ] {
        assert_eq!(
            several("notification.deleted", data),
            [deleted("n:5"), deleted("n:6")],
            "{data}"
        );
    }
    let events = several("notification.updated", r#"{"ids":[5,6],"read":true}"#);
    for (event, key) in events.iter().zip(["n:5", "n:6"]) {
        let Event::NotificationUpdated(change) = event else {
            panic!("{event:?}");
        };
        assert_eq!((change.key.as_str(), &change.read_at), (key, &Field::Value(NOW)));
    }
}

#[test]
fn a_text_in_one_language_is_read_whatever_the_language() {
    for title in [
        r#"{"de":"t"}"#,
        r#"{"Text":"t"}"#,
        r#"{"en-US":"t","de-DE":"x"}"#,
        r#"{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"t"}]}]}"#,
        r#"["t",null]"#,
    ] {
        let post = post("notification.created", &format!(r#"{{"id":5,"title":{title}}}"#));
        assert_eq!(post.title, "t", "{title}");
    }
}

#[test]
fn a_refusal_in_words_is_one() {
    for (event, data) in [
        ("error", "Unauthorized"),
        ("error", r#""Unauthorized""#),
        ("error", "401"),
        ("error", r#"{"error":{"code":401}}"#),
        ("error", r#"{"message":"jwt expired"}"#),
        ("error", r#"{"error":"Token has expired"}"#),
        ("error", r#"{"errors":[{"status":"401","title":"Unauthorized"}]}"#),
        ("message", r#"{"type":"auth_error","message":"no"}"#),
        ("auth_error", r#"{"message":"no"}"#),
        ("unauthorized", "no"),
    ] {
        let event = decode(&frame(event, data));
        let answer = event
            .as_ref()
            .ok()
            .and_then(gloria_core::event::refusal::response_of);
        assert_eq!(answer.map(|head| head.status), Some(401), "{event:?} {data}");
    }
    for data in [
        "Printer unavailable",
        r#"{"message":"Access to the printer is forbidden"}"#,
    ] {
        let event = decode(&frame("error", data));
        assert_eq!(
            event
                .as_ref()
                .ok()
                .and_then(gloria_core::event::refusal::response_of),
            None,
            "{data}"
        );
    }
}

#[test]
fn one_change_of_very_many_takes_no_more_memory_than_a_long_list() {
    // Each of the ids would get a copy of each field.
    let ids = "1,".repeat(200_000);
    let fields: String = (0..20_000).map(|n| format!("\"f{n}\":1,")).collect();
    let data = format!(r#"{{{fields}"read":true,"ids":[{ids}2]}}"#);
    for event in ["notification.updated", "notification.deleted"] {
        match decode(&frame(event, &data)) {
            Ok(Event::Several(events)) => assert_eq!(events.len(), 10_000),
            other => panic!("not a list: {:?}", other.err()),
        }
        assert!(left_out(event, &data).contains(&"list"));
    }
}
