//! What the server's list says of a notification counts where it is known to be newer: by its version. It never takes
//! back what came over the stream.

use gloria_core::EventTypes;
use gloria_core::backfill::{Missing, Progress};
use gloria_core::inbox::{Cursor, Effect, LogQuery, Now, Origin};
use gloria_core::item::{Item, ItemKind, ItemWords, Mark};
use gloria_core::message;
use serde_json::{Value, json};

use super::super::harness::{NOON, NOW};
use super::Harness;
use super::versions::page_of;

const CREATED: &str = "notification.created";
const UPDATED: &str = "notification.updated";
const DELETED: &str = "notification.deleted";

/// What it is about, what is known of a notification, what a page says, and what it is then: title and whether it is
/// read, or nothing.
type Case = (
    &'static str,
    Vec<(&'static str, Value)>,
    Value,
    Option<(&'static str, bool)>,
);

fn check(what: &str, known: &[(&str, Value)], page: &Value, then: Option<(&str, bool)>) {
    let mut harness = Harness::new();
    for (place, (event, data)) in known.iter().enumerate() {
        harness.comes(&format!("{place}"), event, data);
    }
    harness.reconnect();
    harness.page(&json!([page]), page_of(1));
    let item = harness.inbox.item("n:a").unwrap();
    let is = item
        .as_ref()
        .map(|item| (item.title.as_str(), item.read_at.is_some()));
    assert_eq!(is, then, "{what}");
}

#[test]
fn the_table() {
    let post = |title: &str, version: Option<i64>| {
        json!({
            "id": "a", "title": title, "message": "m", "version": version,
        })
    };
    let read = |title: &str, version: Option<i64>| {
        let mut data = post(title, version);
        data["readAt"] = NOON.into();
        data
    };
    let gone = |version: Option<i64>| json!({"id": "a", "deleted": true, "version": version});
    let deleted = |version: Option<i64>| json!({"id": "a", "version": version});
    let created = |title: &str, version| (CREATED, post(title, version));
    let cases: Vec<Case> = vec![
        ("unknown", vec![], post("new", Some(3)), Some(("new", false))),
        (
            "unknown, without a version",
            vec![],
            read("new", None),
            Some(("new", true)),
        ),
        ("unknown and gone", vec![], gone(Some(3)), None),
        (
            "newer",
            vec![created("old", Some(1))],
            read("new", Some(2)),
            Some(("new", true)),
        ),
        (
            "newer, unread again",
            vec![(CREATED, read("old", Some(1)))],
            post("old", Some(2)),
            Some(("old", false)),
        ),
        (
            "the same",
            vec![created("known", Some(2))],
            read("other", Some(2)),
            Some(("other", true)),
        ),
        (
            "older",
            vec![created("known", Some(2))],
            read("other", Some(1)),
            Some(("known", false)),
        ),
        (
            "none against one",
            vec![created("known", Some(2))],
            read("other", None),
            Some(("known", false)),
        ),
        (
            "one against none",
            vec![created("old", None)],
            read("new", Some(1)),
            Some(("new", true)),
        ),
        (
            "none against none",
            vec![created("known", None)],
            read("other", None),
            Some(("known", true)),
        ),
        (
            "marks without a version remove none",
            vec![
                created("known", None),
                (UPDATED, json!({"id": "a", "readAt": NOON})),
            ],
            post("known", None),
            Some(("known", true)),
        ),
        (
            "gone by a newer version",
            vec![created("known", Some(1))],
            gone(Some(2)),
            None,
        ),
        (
            "gone by the same",
            vec![created("known", Some(2))],
            gone(Some(2)),
            Some(("known", false)),
        ),
        (
            "gone by none",
            vec![created("known", Some(1))],
            gone(None),
            Some(("known", false)),
        ),
        (
            "gone, both without",
            vec![created("known", None)],
            gone(None),
            None,
        ),
        (
            "deleted here, the same version",
            vec![created("known", Some(1)), (DELETED, deleted(Some(2)))],
            post("known", Some(2)),
            None,
        ),
        (
            "deleted here, none in the page",
            vec![created("known", Some(1)), (DELETED, deleted(Some(2)))],
            post("other", None),
            None,
        ),
        (
            "deleted here without a version",
            vec![created("known", None), (DELETED, deleted(None))],
            post("other", Some(9)),
            None,
        ),
        (
            "deleted here, created again since",
            vec![created("known", Some(1)), (DELETED, deleted(Some(2)))],
            post("again", Some(3)),
            Some(("again", false)),
        ),
        (
            "gone here, read elsewhere since",
            vec![created("known", Some(1)), (DELETED, deleted(Some(2)))],
            read("known", Some(3)),
            None,
        ),
        (
            "deleted before it came",
            vec![(DELETED, deleted(Some(2)))],
            post("known", Some(1)),
            None,
        ),
    ];
    for (what, known, page, then) in cases {
        check(what, &known, &page, then);
    }
}

#[test]
fn what_came_while_the_page_was_asked_for_is_newer_than_the_page() {
    let mut harness = Harness::new();
    let place = (0, i64::MAX);
    harness.created("1", "a", "posted since");
    harness.page_asked_at(place, &json!([{"id": "a", "deleted": true}]), page_of(1));
    harness.page_asked_at(
        place,
        &json!([{"id": "a", "title": "old", "message": "m", "version": 7}]),
        page_of(1),
    );
    assert_eq!(harness.item("n:a").title, "posted since");
}

#[test]
fn what_is_old_does_not_alert_and_what_was_made_in_the_gap_does_once() {
    let mut harness = Harness::new();
    let at = |id: &str, time: &str| json!({"id": id, "title": id, "message": "m", "createdAt": time});
    let page = json!([at("old", "2026-11-26T11:59:59Z"), at("in it", "2026-11-26T12:00:00Z"),
        {"id": "undated", "title": "undated", "message": "m"}]);
    harness.page(&page, page_of(3));
    harness.page(&page, page_of(3));
    assert_eq!(harness.alerts, ["in it", "undated"]);
    assert_eq!(harness.inbox.counts().unwrap().total, 3);
    // The stream brings one of them as well.
    let filed = harness.comes("1", CREATED, &at("in it", "2026-11-26T12:00:00Z"));
    assert!(matches!(&filed[..], [Effect::Nothing]), "{filed:?}");
    assert_eq!(harness.alerts.len(), 2);
}

#[test]
fn progress_is_stored_with_its_page_and_another_gap_keeps_the_last_page_from_being_the_last() {
    let mut harness = Harness::new();
    harness.created("7", "a", "a");
    let first = harness.inbox.missing(NOW).unwrap().unwrap();
    assert!(first.is_first && first.after.is_none() && first.gaps == 0);
    let end = |gaps, next: &str| Progress::Page {
        gaps,
        next: Some(next.to_owned()),
        is_last: true,
        items: 1,
    };
    harness.page(&json!([]), end(0, "7"));
    assert_eq!(harness.inbox.missing(NOW).unwrap(), None, "once for each inbox");

    harness.reconnect();
    harness.comes("20", "stream.gap", &json!({"from": "7", "to": "20"}));
    let missing = harness.inbox.missing(NOW).unwrap().unwrap();
    assert_eq!(
        (missing.after.as_deref(), missing.gaps, missing.is_first),
        (Some("7"), 1, false)
    );
    assert_eq!(missing.since, Some(NOON));
    harness.reconnect();
    harness.comes("40", "stream.gap", &json!({"from": "20", "to": "40"}));
    harness.page(&json!([]), end(1, "18"));
    let missing = harness.inbox.missing(NOW).unwrap().unwrap();
    assert_eq!(
        (missing.after.as_deref(), missing.gaps, missing.items),
        (Some("18"), 2, 1)
    );
    harness.page(&json!([]), Progress::FromBeginning);
    assert_eq!(harness.inbox.missing(NOW).unwrap().unwrap().after, None);
    harness.page(&json!([]), Progress::Shown);
    assert_eq!(harness.inbox.counts().unwrap().total, 2);
    harness.page(&json!([]), end(2, "40"));
    assert_eq!(harness.inbox.missing(NOW).unwrap(), None::<Missing>);
    assert_eq!(
        harness.inbox.counts().unwrap().total,
        1,
        "nothing is missing any more"
    );
}

#[test]
fn a_gap_that_is_given_up_is_a_row_with_its_ends() {
    let mut harness = Harness::new();
    let gap = json!({"from": "17", "to": "42"});
    harness.comes("42", "stream.gap", &gap);
    assert_eq!(harness.items(), [], "it may be filled");
    harness.page(&json!([]), Progress::Shown);
    let items = harness.items();
    assert_eq!(
        (items[0].kind, items[0].words.clone()),
        (
            ItemKind::Gap,
            Some(ItemWords {
                title: message::gap_title(),
                body: Some(message::gap_between(
                    message::gap_event("17"),
                    message::gap_event("42")
                )),
            })
        )
    );
    assert_eq!((items[0].title.as_str(), items[0].body.as_str()), ("", ""));
    harness.page(&json!([]), Progress::GivenUp);
    harness.reconnect();
    harness.comes("42", "stream.gap", &gap);
    assert!(harness.inbox.missing(NOW).unwrap().is_some(), "maybe another one");
    harness.page(&json!([]), Progress::GivenUp);
    harness.comes("60", "stream.gap", &json!({"from": "50", "to": "60"}));
    harness.page(&json!([]), Progress::GivenUp);
    harness.comes("", "stream.gap", &json!({}));
    harness.page(&json!([]), Progress::GivenUp);
    let items = harness.items();
    assert_eq!((items.len(), harness.alerts.len()), (3, 3));
    let titles: Vec<_> = items
        .iter()
        .map(|item| &*item.words.as_ref().unwrap().title.id)
        .collect();
    assert_eq!(titles, ["gap-title-between", "gap-title-between", "gap-title"]);
    assert_eq!(harness.inbox.cursor().unwrap().as_deref(), Some("60"));
}

#[test]
fn another_gap_after_one_that_is_shown_is_shown_as_well_and_both_go_once_they_are_filled() {
    let mut harness = Harness::new();
    harness.created("17", "a", "a");
    harness.reconnect();
    harness.comes("42", "stream.gap", &json!({"from": "17", "to": "42"}));
    harness.page(&json!([]), Progress::Shown);
    assert_eq!(harness.alerts.len(), 2);
    harness.reconnect();
    harness.comes("60", "stream.gap", &json!({"from": "42", "to": "60"}));
    let later = Now {
        here: NOW.here + 5000,
        server: NOW.server + 5000,
    };
    let missing = harness.inbox.missing(later).unwrap().unwrap();
    assert_eq!((missing.gaps, missing.is_shown), (2, false));
    assert_eq!(
        missing.since,
        Some(NOON),
        "what was made after the last event is news"
    );
    harness.page(&json!([]), Progress::GivenUp);
    let items = harness.items();
    let gaps: Vec<_> = items.iter().filter(|item| item.kind == ItemKind::Gap).collect();
    assert_eq!((gaps.len(), harness.alerts.len()), (1, 3), "one row, said again");
    let body = gaps[0].words.as_ref().and_then(|words| words.body.clone());
    assert_eq!(body, Some(message::gap_unknown()));

    harness.reconnect();
    harness.comes("80", "stream.gap", &json!({"from": "60", "to": "80"}));
    harness.page(&json!([]), Progress::Shown);
    harness.comes("90", "stream.gap", &json!({"from": "80", "to": "90"}));
    let end = Progress::Page {
        gaps: 2,
        next: Some("90".to_owned()),
        is_last: true,
        items: 0,
    };
    harness.page(&json!([]), end);
    let items = harness.items();
    let gaps = items.iter().filter(|item| item.kind == ItemKind::Gap);
    assert_eq!(gaps.count(), 1, "that which was given up stays");
}

#[test]
fn a_page_that_the_stream_has_overtaken_is_asked_for_again() {
    let mut harness = Harness::new();
    harness.created("1", "a", "a");
    harness.reconnect();
    harness.comes("9", "stream.gap", &json!({"from": "1", "to": "9"}));
    let asked = harness.inbox.missing(NOW).unwrap().unwrap();
    // A server whose events have no versions, and the page was made before the last of them.
    harness.comes("10", UPDATED, &json!({"id": "a", "readAt": NOON}));
    let page = json!([
        {"id": "a", "title": "new", "message": "m", "version": 2},
        {"id": "b", "title": "b", "message": "m", "version": 1},
    ]);
    let end = || Progress::Page {
        gaps: 1,
        next: Some("10".to_owned()),
        is_last: true,
        items: 2,
    };
    harness.page_asked_at((asked.place, asked.logged), &page, end());
    assert!(
        harness.item("n:a").read_at.is_some(),
        "what the stream said last counts"
    );
    assert_eq!(harness.item("n:b").title, "b");
    let missing = harness.inbox.missing(NOW).unwrap().unwrap();
    assert_eq!((&missing.after, missing.pages), (&asked.after, 0), "once more");
    let page = json!([
        {"id": "a", "title": "new", "message": "m", "version": 3, "readAt": NOON},
        {"id": "b", "title": "b", "message": "m", "version": 1},
    ]);
    harness.page(&page, end());
    let item = harness.item("n:a");
    assert!(item.title == "new" && item.read_at.is_some());
    assert_eq!(harness.inbox.missing(NOW).unwrap(), None);
}

#[test]
fn a_page_that_is_stored_in_halves_is_asked_for_again_if_the_first_was_overtaken() {
    let mut harness = Harness::new();
    harness.created("1", "a", "a");
    harness.reconnect();
    harness.comes("9", "stream.gap", &json!({"from": "1", "to": "9"}));
    let asked = harness.inbox.missing(NOW).unwrap().unwrap();
    harness.comes("10", UPDATED, &json!({"id": "a", "readAt": NOON}));
    let place = (asked.place, asked.logged);
    let first = json!([{"id": "a", "title": "new", "message": "m", "version": 2}]);
    let origin = Origin::Page {
        since: Some(NOON),
        is_first: false,
        place: asked.place,
        logged: asked.logged,
    };
    harness.page_from(origin, &first, Cursor::Unchanged);
    let end = || Progress::Page {
        gaps: 1,
        next: Some("10".to_owned()),
        is_last: true,
        items: 2,
    };
    let second = json!([{"id": "b", "title": "b", "message": "m"}]);
    harness.page_asked_at(place, &second, end());
    let missing = harness.inbox.missing(NOW).unwrap().expect("once more");
    assert_eq!(missing.after, asked.after);
    harness.page(&json!([]), end());
    assert_eq!(harness.inbox.missing(NOW).unwrap(), None);
}

#[test]
fn what_changed_in_the_gap_counts_although_a_later_change_came_over_the_stream_before_the_page() {
    let mut harness = Harness::new();
    harness.comes(
        "1",
        CREATED,
        &json!({"id": "a", "title": "a", "message": "m", "version": 1}),
    );
    harness.reconnect();
    harness.comes("3", UPDATED, &json!({"id": "a", "title": "b", "version": 3}));
    let page = json!([{"id": "a", "title": "b", "message": "m", "version": 3, "readAt": NOON}]);
    harness.page(&page, page_of(1));
    let item = harness.item("n:a");
    assert!(item.read_at.is_some() && item.title == "b");
    assert_eq!(harness.alerts.len(), 1);
}

#[test]
fn what_a_page_had_before_the_stream_is_an_event_once_the_stream_has_it() {
    let mut harness = Harness::new();
    harness.comes("1", CREATED, &json!({"id": "b", "title": "b", "message": "m"}));
    harness.reconnect();
    let post = json!({"id": "a", "title": "a", "message": "m"});
    harness.page(&json!([post]), page_of(1));
    let logged = |harness: &Harness| {
        let query = LogQuery {
            since: None,
            types: EventTypes::ALL,
            after: 0,
            limit: 10,
        };
        harness.inbox.logged(&query).unwrap().events.len()
    };
    assert_eq!(logged(&harness), 1, "a page is no event");
    harness.comes("2", CREATED, &post);
    assert_eq!(logged(&harness), 2);
    harness.reconnect();
    harness.comes("3", CREATED, &post);
    assert_eq!(logged(&harness), 2, "the same post under another id");
    assert_eq!(harness.alerts.len(), 2);
}

#[test]
fn what_comes_in_the_moment_of_the_first_list_alerts_although_the_list_has_it_as_old() {
    let post = |id: &str| json!({"id": id, "title": id, "message": "m"});
    let mut harness = Harness::new();
    harness.first_page(&json!([post("a"), post("b"), post("c")]), page_of(3));
    assert_eq!(harness.alerts.len(), 0);
    // Read in the meantime, by the user.
    harness.inbox.mark(&["n:b".into()], Mark::Read, NOON).unwrap();
    for (event, id) in [("1", "a"), ("2", "b")] {
        harness.comes(event, CREATED, &post(id));
    }
    assert_eq!(harness.alerts, ["a"]);
    assert!(harness.item("n:b").read_at.is_some());
    // Once.
    harness.reconnect();
    harness.comes("3", CREATED, &post("a"));
    assert_eq!(harness.alerts, ["a"]);
}

#[test]
fn what_cannot_be_read_in_a_page_is_counted_once_however_often_the_page_comes() {
    let mut harness = Harness::new();
    let entries: Vec<_> = (0..9).map(|id| json!({ "id": id.to_string() })).collect();
    for _ in 0..3 {
        harness.page(&json!(entries), page_of(9));
    }
    let items = harness.items();
    assert_eq!(items.len(), 6);
    let more = |item: &Item| item.words.as_ref().map(|words| words.title.clone());
    assert!(
        items
            .iter()
            .any(|item| more(item) == Some(message::unreadable_more_title(4))),
        "{items:?}"
    );
}
