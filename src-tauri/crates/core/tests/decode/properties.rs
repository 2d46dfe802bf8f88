//! Properties for any data from a server.

use super::*;

/// Any JSON as text: nested, huge, unusual.
fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| serde_json::json!(number).to_string()),
        prop::sample::select(vec![
            "1e999",
            "-1e999",
            "NaN",
            "Infinity",
            "123456789012345678901234567890",
            "-0.0",
            "1E-400"
        ])
        .prop_map(str::to_owned),
        any::<String>().prop_map(|text| serde_json::json!(text).to_string()),
        "(\\\\ud8[0-9a-f]{2}|\\\\udc00|\\\\n|<p>|&amp;|2026-01-0[0-9]|T03:04|:|/|true|9){0,6}"
            .prop_map(|text| format!("\"{text}\"")),
        Just(format!("{}{}", "[".repeat(300), "]".repeat(300))),
        Just(format!("{}1{}", "{\"a\":".repeat(300), "}".repeat(300))),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let names = "(id|title|message|data|type|name|url|date|seconds|[a-z]{0,4})";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|entries| format!("[{}]", entries.join(","))),
            prop::collection::vec((names, inner), 0..4).prop_map(|entries| {
                let fields: Vec<_> = entries
                    .iter()
                    .map(|(name, value)| format!("\"{name}\":{value}"))
                    .collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_optional_field_costs_the_notification(
        field in prop::sample::select(vec!["id", "category", "priority", "link", "actions", "actor", "groupKey",
            "createdAt", "expiresAt", "supersedes", "progress", "readAt", "seenAt", "archivedAt", "read", "isRead",
            "status", "type",
            "data", "payload", "notification", "body", "text", "subject", "name", "tags", "event", "timestamp", "url",
            "fromTheFuture", ""]),
        value in any_json(),
        first in any::<bool>(),
    ) {
        let fields = format!("\"{field}\":{value}");
        let needed = r#""title":"The title","message":"The message""#;
        let data = if first { format!("{{{fields},{needed}}}") } else { format!("{{{needed},{fields}}}") };
        let post = post("notification.created", &data);
        prop_assert_eq!((post.title.as_str(), post.body.as_str()), ("The title", "The message"));
    }
}

proptest! {
    #[test]
    fn nothing_a_server_sends_panics(
        event in "(notification|workflow|system|user)\\.[a-z_]{0,12}",
        data in ".{0,200}",
    ) {
        anything::read(format!("{event}\n{data}").as_bytes());
    }

    #[test]
    fn no_json_panics(
        event in prop::sample::select(vec!["notification.created", "notification.updated", "workflow.failed",
            "system.maintenance", "connection_established"]),
        field in prop::sample::select(vec!["id", "title", "message", "actions", "actor", "progress", "createdAt",
            "workflowId", "heartbeatInterval", "startsAt", "priority"]),
        value in prop::sample::select(vec!["null", "1e999", "-1", "[]", "{}", "[{}]", "\"\"", "true",
            "18446744073709551615", "1.5", "\"2026-13-45T99:99:99Z\"", "[[[[]]]]"]),
    ) {
        let data = format!(r#"{{"id":"1","workflowId":"1","title":"t","message":"m","{field}":{value}}}"#);
        anything::read(format!("{event}\n{data}").as_bytes());
    }
}
