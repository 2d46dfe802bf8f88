//! A page of the server's list is read as tolerantly as events are, or not at all.

use gloria_core::event::page::{Page, PageFault, page};
use gloria_core::event::{Event, Post};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::CONTEXT;

fn read(value: &Value) -> Result<Page, PageFault> {
    page(value.to_string().as_bytes(), &CONTEXT)
}

fn posts(page: &Page) -> Vec<&Post> {
    let posts = page.entries.iter().map(|entry| {
        let Event::Posted(post) = &entry.event else {
            panic!("{:?}", entry.event);
        };
        post
    });
    posts.collect()
}

#[test]
fn entries_have_the_fields_of_events_and_their_marks() {
    let read = read(&json!({
        "notifications": [
            {"id": 7, "title": "one", "message": "m", "readAt": "2026-11-26T12:00:00Z", "version": 3, "eventId": "9"},
            {"Title": "without an id", "body": "m", "event_id": "10", "eventId": "10"},
            {"id": "gone", "deleted": true, "version": 4, "eventId": "11"},
            {"id": "unreadable", "eventId": "12"},
            {"deleted": true},
        ],
        "next": 12, "more": true, "total": 99,
    }))
    .unwrap();
    assert_eq!(
        (read.next.as_deref(), read.more, read.entries.len()),
        (Some("12"), true, 4)
    );
    let Event::Posted(one) = &read.entries[0].event else {
        panic!()
    };
    assert_eq!(
        (one.key.as_str(), one.states.version, one.extra.len()),
        ("n:7", Some(3), 0)
    );
    assert!(one.read_at.is_some());
    let Event::Posted(other) = &read.entries[1].event else {
        panic!()
    };
    assert_eq!(other.key, "n:10", "as the stream names it");
    let gone = Event::NotificationDeleted {
        id: "n:gone".into(),
        version: Some(4),
    };
    assert_eq!(read.entries[2].event, gone);
    assert!(
        matches!(&read.entries[3].event, Event::Unreadable(what) if what.id.as_deref() == Some("unreadable"))
    );
}

#[test]
fn whether_there_is_more_is_said_or_follows() {
    let item = json!({"id": "a", "title": "a"});
    let table = [
        (json!({"notifications": []}), false),
        (json!({"notifications": [item], "next": null}), false),
        (json!({"notifications": [item], "next": "4"}), true),
        (json!({"notifications": [], "next": "4"}), false),
        (
            json!({"notifications": [item], "next": "4", "more": false}),
            false,
        ),
        (json!({"notifications": [], "next": "4", "more": true}), true),
    ];
    for (value, more) in table {
        let page = read(&value).unwrap();
        assert_eq!(page.more, more, "{value}");
        assert_eq!(posts(&page).len(), page.entries.len());
    }
}

#[test]
fn what_is_no_page_is_used_in_no_part() {
    let item = json!({"id": "a", "title": "a"});
    let table = [
        (json!([item]), PageFault::NotAPage),
        (json!({"items": [item]}), PageFault::NotAPage),
        (json!({"notifications": {"a": item}}), PageFault::NotAPage),
        (json!({"notifications": [item, null]}), PageFault::NotAPage),
        (
            json!({"notifications": vec![item.clone(); 1001]}),
            PageFault::TooMany,
        ),
        (json!({"notifications": [item], "more": true}), PageFault::NoNext),
        (
            json!({"notifications": [item], "more": true, "next": ""}),
            PageFault::NoNext,
        ),
        (
            json!({"notifications": [item], "more": true, "next": "x".repeat(8193)}),
            PageFault::NoNext,
        ),
    ];
    for (value, fault) in table {
        assert_eq!(read(&value), Err(fault));
    }
    assert_eq!(page(b"<!doctype html>", &CONTEXT), Err(PageFault::NotJson));
    assert_eq!(page(b"", &CONTEXT), Err(PageFault::NotJson));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = page(&bytes, &CONTEXT);
    }
}
