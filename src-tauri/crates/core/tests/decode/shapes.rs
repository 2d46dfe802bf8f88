//! Fields in formats with one obvious meaning.

use super::*;

fn notification(fields: &str) -> Post {
    post(
        "notification.created",
        &format!(r#"{{"id":"1","title":"t","message":"m",{fields}}}"#),
    )
}

fn change(fields: &str) -> Change {
    match decode(&frame("notification.updated", &format!(r#"{{"id":1,{fields}}}"#))) {
        Ok(Event::NotificationUpdated(change)) => change,
        other => panic!("{other:?}"),
    }
}

#[test]
fn half_an_emoji_costs_half_an_emoji() {
    let post = post(
        "notification.created",
        r#"{"id":"1","title":"Release is out \ud83c","message":"See the notes \ud83d"}"#,
    );
    assert_eq!(post.title, "Release is out \u{fffd}");
    assert_eq!(post.body, "See the notes \u{fffd}");
}

#[test]
fn priorities_are_read_in_any_case_and_by_their_usual_names() {
    for (priority, expected) in [
        (r#""HIGH""#, Priority::High),
        (r#""High""#, Priority::High),
        (r#""medium""#, Priority::Normal),
        (r#""critical""#, Priority::Urgent),
        (r#""P1""#, Priority::Urgent),
        (r#""PRIORITY_URGENT""#, Priority::Urgent),
        (r#""warning""#, Priority::High),
        (r#""trivial""#, Priority::Low),
        (r#"{"name":"Highest","id":1}"#, Priority::Urgent),
        (r#""none""#, Priority::Normal),
        (r#""""#, Priority::Normal),
        ("3", Priority::Normal),
        ("null", Priority::Normal),
        ("[[]]", Priority::Normal),
    ] {
        assert_eq!(
            notification(&format!(r#""priority":{priority}"#)).priority,
            expected,
            "{priority}"
        );
    }
}

#[test]
fn a_time_that_cannot_be_read_costs_the_time() {
    for (time, expected) in [
        (r#""2026-01-02T03:04:05""#, Some(NOW)),
        (r#""2026-01-02 03:04:05.000000""#, Some(NOW)),
        (r#""Fri, 02 Jan 2026 03:04:05 GMT""#, Some(NOW)),
        ("1767323045.5", Some(NOW + 500)),
        (r#""Invalid Date""#, None),
        (r#""""#, None),
        ("{}", None),
    ] {
        assert_eq!(
            notification(&format!(r#""createdAt":{time}"#)).created_at,
            expected,
            "{time}"
        );
        assert_eq!(
            notification(&format!(r#""created_at":{time}"#)).created_at,
            expected,
            "{time}"
        );
    }
    for (time, expected) in [
        ("1767326645", Some(NOW + 3_600_000)),
        ("1767326645000", Some(NOW + 3_600_000)),
        (r#""9999-12-31T23:59:59Z""#, None),
        (r#""0001-01-01T00:00:00""#, None),
        (r#""never""#, None),
        ("0", None),
    ] {
        assert_eq!(
            notification(&format!(r#""expiresAt":{time}"#)).expires_at,
            expected,
            "{time}"
        );
    }
    let data = r#"{"id":"1","title":"t","expiresAt":"soon","createdAt":"Invalid Date","readAt":"maybe"}"#;
    assert_eq!(
        left_out("notification.created", data),
        ["readAt", "createdAt", "expiresAt"]
    );
}

#[test]
fn links_as_the_web_app_has_them_are_the_servers() {
    let server = url::Url::parse("https://gloria.example/api/v1").unwrap_or_else(|error| panic!("{error}"));
    let context = DecodeContext {
        server: Some(&server),
        ..CONTEXT
    };
    let data = r#"{"id":"1","title":"t","link":"/tasks/17?tab=notes#c3","actions":[{"label":"Open","link":"/tasks/17"},
        {"title":"Docs","url":"https://a:b@docs.example/"},{"label":"x"},{"label":"Bad","link":"javascript:1"}]}"#;
    let decoded = event::decode(&frame("notification.created", data), &context);
    let Ok(Event::Posted(post)) = decoded.as_ref().map(|decoded| &decoded.event) else {
        panic!("{decoded:?}")
    };
    assert_eq!(
        post.link.as_deref(),
        Some("https://gloria.example/tasks/17?tab=notes#c3")
    );
    let actions: Vec<_> = post
        .actions
        .iter()
        .map(|action| (action.label.as_str(), action.link.as_str()))
        .collect();
    assert_eq!(
        actions,
        [
            ("Open", "https://gloria.example/tasks/17"),
            ("Docs", "https://docs.example/")
        ]
    );
    assert_eq!(
        decoded.map(|decoded| decoded.left_out.len()),
        Ok(1),
        "two buttons are missing, in one field"
    );
}

#[test]
fn a_text_without_a_title_gets_its_first_line() {
    for (data, title, body) in [
        (r#""title":"t","message":null"#, "t", ""),
        (r#""title":"t""#, "t", ""),
        (r#""title":"t","message":"  ""#, "t", ""),
        (r#""title":"","message":"one line""#, "one line", ""),
        (r#""title":null,"message":"one\ntwo""#, "one", "two"),
        (r#""message":["one","two","three"]"#, "one", "two\nthree"),
        (r#""subject":"s","body":"b""#, "s", "b"),
        (r#""Title":"T","Message":"M""#, "T", "M"),
        (r#""title":5,"message":1.5"#, "5", "1.5"),
        (
            r#""title":{"en":"t"},"message":{"text":"m","html":"<p>m</p>"}"#,
            "t",
            "m",
        ),
        (r#""title":true,"message":"m""#, "m", ""),
    ] {
        let post = post("notification.created", &format!(r#"{{"id":"1",{data}}}"#));
        assert_eq!((post.title.as_str(), post.body.as_str()), (title, body), "{data}");
    }
    let long = post(
        "notification.created",
        &format!(r#"{{"message":"{}"}}"#, "x".repeat(400)),
    );
    assert_eq!((long.title.chars().count(), long.body.len()), (301, 400));
}

#[test]
fn read_is_a_time_or_a_yes() {
    for (fields, expected) in [
        (r#""read":true"#, Field::Value(NOW)),
        (r#""isRead":true"#, Field::Value(NOW)),
        (r#""is_read":1"#, Field::Value(NOW)),
        (r#""read":"true""#, Field::Value(NOW)),
        (r#""unread":false"#, Field::Value(NOW)),
        (r#""status":"read""#, Field::Value(NOW)),
        (r#""readAt":1767323000,"read":true"#, Field::Value(NOW - 45_000)),
        (r#""read":true,"readAt":null"#, Field::Value(NOW)),
        (r#""readAt":null"#, Field::Null),
        (r#""isRead":false"#, Field::Null),
        (r#""readAt":"0001-01-01T00:00:00Z""#, Field::Null),
        (r#""readAt":{}"#, Field::Absent),
        (r#""title":"t""#, Field::Absent),
        (r#""data":{"read_at":"2026-01-02 03:04:05"}"#, Field::Value(NOW)),
    ] {
        assert_eq!(change(fields).read_at, expected, "{fields}");
    }
    assert_eq!(change(r#""archived":true"#).archived_at, Field::Value(NOW));
    assert_eq!(change(r#""seen":true"#).seen_at, Field::Value(NOW));
    let nothing =
        change(r#""link":null,"category":null,"actions":null,"message":null,"expiresAt":null,"title":null"#);
    assert_eq!(
        (&nothing.link, &nothing.category, &nothing.body),
        (&Field::Null, &Field::Null, &Field::Null)
    );
    assert_eq!(
        (&nothing.actions, &nothing.expires_at),
        (&Field::Null, &Field::Null)
    );
    assert_eq!(
        (&nothing.title, &nothing.priority),
        (&Field::Absent, &Field::Absent)
    );
    let created = notification(r#""read":true,"archivedAt":"2026-01-02T03:04:05Z""#);
    assert_eq!(
        (created.read_at, created.archived_at, created.seen_at),
        (Some(NOW), Some(NOW), None)
    );
}

#[test]
fn flags_snoozes_acknowledgements_and_versions_are_read() {
    let set = change(
        r#""flagged":true,"snoozedUntil":"2026-01-02T03:04:05Z","isAcknowledged":1,"ackRequired":"yes""#,
    );
    assert_eq!(
        (set.flagged_at, set.snoozed_until),
        (Field::Value(NOW), Field::Value(NOW))
    );
    assert_eq!(
        (set.acknowledged_at, set.ack_required),
        (Field::Value(NOW), Field::Value(true))
    );
    let cleared = change(r#""flaggedAt":null,"snoozedUntil":null,"acknowledgedAt":null,"ackRequired":false"#);
    assert_eq!(
        (cleared.flagged_at, cleared.snoozed_until),
        (Field::Null, Field::Null)
    );
    assert_eq!(
        (cleared.acknowledged_at, cleared.ack_required),
        (Field::Null, Field::Value(false))
    );
    let silent = change(r#""title":"t""#);
    assert_eq!(
        (silent.flagged_at, silent.snoozed_until),
        (Field::Absent, Field::Absent)
    );
    assert_eq!(
        (silent.acknowledged_at, silent.ack_required),
        (Field::Absent, Field::Absent)
    );
    let created =
        notification(r#""flaggedAt":1767323045,"ackRequired":true,"acknowledged_at":1767323045,"version":7"#);
    let states = created.states;
    assert_eq!(
        (states.flagged_at, states.acknowledged_at),
        (Some(NOW), Some(NOW))
    );
    assert_eq!(
        (states.ack_required, states.version, states.snoozed_until),
        (true, Some(7), None)
    );
    for (version, expected) in [
        ("3", Some(3)),
        (r#""12""#, Some(12)),
        ("0", Some(0)),
        // The version of a format, and what no window can read exactly.
        (r#""1.0""#, None),
        ("1.5", None),
        ("-1", None),
        ("9007199254740992", None),
        ("null", None),
        ("{}", None),
    ] {
        assert_eq!(
            change(&format!(r#""version":{version}"#)).version,
            expected,
            "{version}"
        );
    }
}

#[test]
fn html_is_shown_as_words() {
    let post = post(
        "notification.created",
        r#"{"id":"1","title":"R&amp;D","message":"<p>Hello&nbsp;<strong>world</strong>, a &lt; b</p><p>x <3</p>",
            "category":"Q&amp;A"}"#,
    );
    assert_eq!(
        (post.title.as_str(), post.body.as_str()),
        ("R&D", "Hello world, a < b\nx <3")
    );
    assert_eq!(post.category.as_deref(), Some("Q&A"));
}

#[test]
fn names_numbers_and_lists_have_a_plain_reading() {
    for (actor, expected) in [
        (r#""Anna""#, Some("Anna")),
        (r#"{"name":"Anna"}"#, Some("Anna")),
        (r#"{"id":4,"displayName":"Anna"}"#, Some("Anna")),
        (r#"{"firstName":"Anna","lastName":"Ek"}"#, Some("Anna Ek")),
        (r#"{"email":"anna@gloria.example"}"#, Some("anna@gloria.example")),
        (r#""{\"name\":\"Anna\"}""#, Some("Anna")),
        ("4", None),
        ("[]", None),
    ] {
        assert_eq!(
            notification(&format!(r#""actor":{actor}"#)).actor.as_deref(),
            expected,
            "{actor}"
        );
    }
    for (category, expected) in [
        ("7", Some("7")),
        (r#"{"id":7,"name":"Tasks"}"#, Some("Tasks")),
        (r#"["a","b"]"#, Some("a, b")),
        ("true", None),
    ] {
        assert_eq!(
            notification(&format!(r#""category":{category}"#))
                .category
                .as_deref(),
            expected,
            "{category}"
        );
    }
    for (progress, expected) in [
        ("50", Some(50)),
        (r#""50""#, Some(50)),
        (r#""50%""#, Some(50)),
        ("0.5", Some(50)),
        (r#""3/10""#, Some(30)),
        (r#"{"current":3,"total":10}"#, Some(30)),
        ("1", Some(1)),
        ("101", None),
        ("-1", None),
        (r#""done""#, None),
    ] {
        let data = format!(r#"{{"workflowId":"w","progress":{progress}}}"#);
        assert_eq!(post("workflow.started", &data).progress, expected, "{progress}");
    }
    for error in [
        r#""disk full""#,
        r#"{"message":"disk full","code":28}"#,
        r#"{"error":{"reason":"disk full"}}"#,
        r#"[{"message":"disk full"}]"#,
    ] {
        let data = format!(r#"{{"workflow":{{"id":"w","name":"Import"}},"error":{error}}}"#);
        let post = post("workflow.failed", &data);
        assert_eq!(
            (post.key.as_str(), post.title.as_str(), post.body.as_str()),
            ("w:w", "Import", "disk full")
        );
    }
}
