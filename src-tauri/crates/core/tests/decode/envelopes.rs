//! Ids, types, and the structures that frameworks put around an event.

use super::*;

#[test]
fn the_id_is_the_jsons_or_the_events_or_made_of_the_content() {
    let key = |frame_id: &str, carried: Option<&str>, data: &str| {
        let context = DecodeContext {
            inherited_id: carried,
            ..CONTEXT
        };
        let frame = Frame {
            id: Arc::from(frame_id),
            ..frame("notification.created", data)
        };
        match event::decode(&frame, &context).map(|decoded| decoded.event) {
            Ok(Event::Posted(post)) => post.key,
            other => panic!("{other:?}"),
        }
    };
    for (id, expected) in [
        (r#""7""#, "n:7"),
        ("7", "n:7"),
        ("7.0", "n:7"),
        (
            "340282366920938463463374607431768211455",
            "n:340282366920938463463374607431768211455",
        ),
        (
            r#"{"$oid":"507f1f77bcf86cd799439011"}"#,
            "n:507f1f77bcf86cd799439011",
        ),
        (r#"" a\u202eb\u0000 ""#, "n:a%E2%80%AEb%00"),
        ("null", "n:e-1"),
        ("true", "n:e-1"),
        (r#""""#, "n:e-1"),
    ] {
        assert_eq!(
            key("e-1", Some("e-0"), &format!(r#"{{"id":{id},"title":"t"}}"#)),
            expected,
            "{id}"
        );
    }
    let long = |end: &str| {
        key(
            "1",
            None,
            &format!(r#"{{"id":"{}{end}","title":"t"}}"#, "x".repeat(300)),
        )
    };
    assert!(
        long("a").len() < 100 && long("a") != long("b"),
        "a long id stays one of its own"
    );
    let (one, other) = (r#"{"title":"one"}"#, r#"{"title":"other"}"#);
    assert!(key("", None, one).starts_with("n:h-"));
    assert_eq!(
        key("", None, one),
        key("", None, one),
        "the same when it comes again"
    );
    assert_ne!(key("", None, one), key("", None, other));
    assert_ne!(
        key("5", Some("5"), one),
        key("5", Some("5"), other),
        "an id carried over from the event before names neither"
    );
}

#[test]
fn the_type_may_be_inside_and_the_fields_further_in() {
    for (event, data) in [
        (
            "message",
            r#"{"type":"notification.created","data":{"id":"5","title":"t"}}"#,
        ),
        (
            "message",
            r#"{"event":"notification.created","payload":{"id":5,"title":"t"}}"#,
        ),
        (
            "message",
            r#"{"eventType":"NOTIFICATION_CREATED","id":"5","title":"t"}"#,
        ),
        (
            "message",
            r#"{"type":"notification.created","data":"{\"id\":\"5\",\"title\":\"t\"}"}"#,
        ),
        (
            "message",
            r#""{\"type\":\"notification.created\",\"id\":5,\"title\":\"t\"}""#,
        ),
        (
            "message",
            r#"{"specversion":"1.0","type":"com.gloria.notification.created","id":"e","subject":"s",
                "data":{"id":"5","title":"t"}}"#,
        ),
        ("message", r#"{"id":"5","title":"t"}"#),
        (
            "update",
            r#"{"type":"notification.created","id":"5","title":"t"}"#,
        ),
        ("notification", r#"{"id":"5","title":"t"}"#),
        (
            "Notification.Created",
            r#"{"notification":{"id":"5","title":"t"}}"#,
        ),
        (
            "notification.created",
            r#"{"data":{"type":"notifications","id":"5","attributes":{"title":"t"}}}"#,
        ),
        ("notification.created", r#"[{"id":"5","title":"t"}]"#),
        (
            "notification.created",
            r#"{"notifications":[{"id":"5","title":"t"}]}"#,
        ),
    ] {
        let post = post(event, data);
        assert_eq!(
            (post.key.as_str(), post.title.as_str()),
            ("n:5", "t"),
            "{event} {data}"
        );
    }
    for data in [
        r#"{"type":"chat.message","id":"5","title":"t"}"#,
        r#"{"message":"welcome"}"#,
        r#"{"id":"5"}"#,
        "[]",
        "{}",
    ] {
        assert_eq!(error("message", data), DecodeError::UnknownType, "{data}");
    }
    for data in [
        r#"{"type":"notification.deleted","id":"event","data":{"id":"5"}}"#,
        r#"{"type":"notification.deleted","id":5}"#,
    ] {
        assert_eq!(
            decode(&frame("message", data)),
            Ok(Event::NotificationDeleted {
                id: "n:5".to_owned(),
                version: None
            }),
            "{data}"
        );
    }
    assert_eq!(
        decode(&frame("message", r#"{"type":"heartbeat"}"#)),
        Ok(Event::Heartbeat)
    );
    assert_eq!(
        decode(&frame("notification.deleted", "5")),
        Ok(Event::NotificationDeleted {
            id: "n:5".to_owned(),
            version: None
        })
    );
    assert_eq!(
        post("notification.created", "The build is green").title,
        "The build is green"
    );
}

#[test]
fn a_list_is_each_of_its_entries() {
    let data = r#"[{"id":"1","title":"one"},{"title":"two"},{"title":"three"},{"id":"9"}]"#;
    let Ok(Event::Several(events)) = decode(&frame("notification.created", data)) else {
        panic!("not a list");
    };
    let [
        Event::Posted(one),
        Event::Posted(two),
        Event::Posted(three),
        Event::Unreadable(last),
    ] = &*events
    else {
        panic!("{events:?}");
    };
    assert_eq!(
        (one.title.as_str(), two.title.as_str(), three.title.as_str()),
        ("one", "two", "three")
    );
    assert_ne!(
        two.key, three.key,
        "without an id of their own they are still two"
    );
    assert_eq!(last.id.as_deref(), Some("9"));
}

#[test]
fn the_beat_is_read_in_either_unit() {
    for (interval, expected) in [
        ("30", Some(30_000)),
        ("999", Some(999_000)),
        ("1000", Some(1000)),
        ("30000", Some(30_000)),
        (r#""30""#, Some(30_000)),
        (r#""30s""#, Some(30_000)),
        (r#""30000ms""#, Some(30_000)),
        (r#""00:00:30""#, Some(30_000)),
        (r#""PT30S""#, Some(30_000)),
        ("0", None),
        ("-5", None),
        (r#""often""#, None),
        ("null", None),
    ] {
        let data = format!(r#"{{"heartbeatInterval":{interval}}}"#);
        let Ok(Event::ConnectionEstablished(greeting)) = decode(&frame("connection_established", &data))
        else {
            panic!("{interval}");
        };
        assert_eq!(
            greeting.heartbeat,
            expected.map(Duration::from_millis),
            "{interval}"
        );
    }
    let data = r#"{"serverTime":"2026-01-02T03:04:05Z","position":41,"connectionId":"c-1"}"#;
    let Ok(Event::ConnectionEstablished(greeting)) = decode(&frame("connection_established", data)) else {
        panic!("not taken");
    };
    assert_eq!(
        (greeting.server_time, greeting.position.as_deref()),
        (Some(NOW), Some("41"))
    );
}

#[test]
fn gaps_and_refusals_are_read() {
    assert_eq!(
        decode(&frame(
            "stream.gap",
            r#"{"from":"12","to":"2026-01-02T03:04:05Z"}"#
        )),
        Ok(Event::Gap {
            from: Some(GapEnd::Id("12".to_owned())),
            to: Some(GapEnd::Time(NOW)),
        })
    );
    assert_eq!(
        decode(&frame("stream.gap", "")),
        Ok(Event::Gap { from: None, to: None })
    );
    for (data, status, code) in [
        (
            r#"{"statusCode":401,"code":"UNAUTHENTICATED"}"#,
            Some(401),
            Some("UNAUTHENTICATED"),
        ),
        (
            r#"{"error":{"status":"403","code":"forbidden","message":"Keep out"}}"#,
            Some(403),
            Some("forbidden"),
        ),
        (r#"{"code":503}"#, Some(503), None),
        (r#"{"message":"Something with a secret"}"#, None, None),
    ] {
        let Ok(Event::ServerError(error)) = decode(&frame("error", data)) else {
            panic!("{data}");
        };
        assert_eq!((error.status, error.code.as_deref()), (status, code), "{data}");
    }
}

#[test]
fn an_object_of_very_many_fields_is_read_by_their_exact_names() {
    let with = |fields: usize| {
        let tiny: String = (0..fields).map(|n| format!(r#""{n:x}":1,"#)).collect();
        let data = format!(
            r#"{{{tiny}"id":"7","title":"t","Created_At":"2026-01-02T03:04:05Z","expiresAt":"2030-01-02T03:04:05Z"}}"#
        );
        let wrapped = format!(r#"{{"data":{data}}}"#);
        let (plain, inside) = (
            post("notification.created", &data),
            post("notification.created", &wrapped),
        );
        for post in [&plain, &inside] {
            assert_eq!((post.key.as_str(), post.title.as_str()), ("n:7", "t"));
            assert!(post.expires_at.is_some());
        }
        (plain.created_at.is_some(), inside.created_at.is_some())
    };
    assert_eq!(with(100), (true, true));
    // About the maximum size of an event.
    assert_eq!(with(400_000), (false, false));
}
