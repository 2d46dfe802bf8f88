//! The log of events: what it keeps, and what is erased from it.

use gloria_core::EventTypes;
use gloria_core::inbox::{Cursor, Inbox, LogPage, LogQuery, Now, Retention, Sweep};
use gloria_core::protocol::EventType;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::harness::{NOON, QUIET, SERVER, arrival, folder, on_disk, open};

const DAY: i64 = 24 * 3_600_000;

const ALL: LogQuery = LogQuery {
    since: None,
    types: EventTypes::ALL,
    after: 0,
    limit: 1000,
};

fn comes(inbox: &mut Inbox, event_id: &str, event_type: &str, data: &Value, at: i64) {
    let arrivals = vec![arrival(event_id, event_type, data)].into();
    let now = Now { here: at, server: at };
    inbox
        .file(&arrivals, Cursor::At(event_id.to_owned()), now, |_| QUIET)
        .unwrap();
}

fn created(id: &str) -> Value {
    json!({"id": id, "title": format!("title {id}"), "message": "m"})
}

/// The types and ids of the items on a page.
fn lines(page: &LogPage) -> Vec<String> {
    let events = page.events.iter().map(|logged| {
        let event = &logged.event.event;
        format!(
            "{} {}",
            event.event_type().name(),
            event.item_key().unwrap_or_default()
        )
    });
    events.collect()
}

#[test]
fn every_event_is_logged_once_in_its_order_with_what_listeners_get() {
    let folder = folder();
    let path = folder.path().join("inbox.sqlite");
    let mut inbox = open(&path);
    let change = json!({"id": "1", "title": "other", "link": null});
    inbox.begin_connection();
    comes(&mut inbox, "1", "notification.created", &created("1"), NOON);
    comes(&mut inbox, "2", "notification.updated", &change, NOON + 1);
    comes(
        &mut inbox,
        "3",
        "user.status_changed",
        &json!({"userId": "u", "status": "away"}),
        NOON + 2,
    );
    comes(
        &mut inbox,
        "4",
        "workflow.started",
        &json!({"workflowId": "w", "name": "Deploy"}),
        NOON + 3,
    );
    comes(&mut inbox, "5", "heartbeat", &json!({}), NOON + 4);
    // The server resends them after a connection was lost.
    inbox.begin_connection();
    comes(&mut inbox, "1", "notification.created", &created("1"), NOON + 5);
    comes(
        &mut inbox,
        "3",
        "user.status_changed",
        &json!({"userId": "u", "status": "away"}),
        NOON + 6,
    );

    let page = on_disk(&path).logged(&ALL).unwrap();
    assert_eq!(
        lines(&page),
        [
            "notification.created n:1",
            "notification.updated n:1",
            "user.status_changed ",
            "workflow.started w:w"
        ]
    );
    assert_eq!((page.erased, page.next), (0, None));
    let change = serde_json::to_value(&page.events[1].event).unwrap();
    assert_eq!(change["lastEventId"], "2");
    assert_eq!(change["replayed"], true);
    let change = change["data"].as_object().unwrap();
    assert!(change["link"].is_null() && change.contains_key("link"));
    assert!(!change.contains_key("message"), "what is absent has not changed");

    let since = LogQuery {
        since: Some(NOON + 2),
        ..ALL
    };
    assert_eq!(lines(&inbox.logged(&since).unwrap()).len(), 2);
    let types = [EventType::NotificationUpdated, EventType::WorkflowStarted];
    let some = LogQuery {
        types: types.into_iter().collect(),
        ..ALL
    };
    assert_eq!(
        lines(&inbox.logged(&some).unwrap()),
        ["notification.updated n:1", "workflow.started w:w"]
    );
}

#[test]
fn pages_together_are_the_whole_log() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    for id in 0..10 {
        let id = id.to_string();
        comes(&mut inbox, &id, "notification.created", &created(&id), NOON);
    }
    for limit in [1, 3, 5, 10, 11] {
        let (mut query, mut all) = (LogQuery { limit, ..ALL }, Vec::new());
        loop {
            let page = inbox.logged(&query).unwrap();
            all.extend(lines(&page));
            match page.next {
                Some(next) => query.after = next,
                None => break,
            }
        }
        assert_eq!(all, lines(&inbox.logged(&ALL).unwrap()), "{limit}");
    }
}

/// The bytes of the file and its write-ahead log.
fn holds(folder: &std::path::Path, marker: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        bytes
            .windows(marker.len())
            .any(|window| window == marker.as_bytes())
    })
}

#[test]
fn of_a_deleted_item_nothing_is_left_whenever_its_events_come() {
    let folder = folder();
    let mut inbox = open(&folder.path().join("inbox.sqlite"));
    let marked = |field: &str| json!({"id": "1", "title": "t", field: format!("secret-{field}")});
    inbox.begin_connection();
    // A change that comes before its notification, which is deleted before it comes at all.
    comes(&mut inbox, "1", "notification.updated", &marked("category"), NOON);
    comes(&mut inbox, "2", "notification.created", &marked("message"), NOON);
    comes(&mut inbox, "3", "notification.updated", &marked("actor"), NOON);
    comes(&mut inbox, "4", "notification.created", &created("2"), NOON);
    assert!(inbox.settle().unwrap());
    assert!(holds(folder.path(), "secret-message"));
    comes(&mut inbox, "5", "notification.deleted", &json!({"id": "1"}), NOON);
    comes(&mut inbox, "6", "notification.updated", &marked("body"), NOON);
    comes(
        &mut inbox,
        "7",
        "notification.updated",
        &json!({"id": "1", "title": "secret-late"}),
        NOON,
    );
    inbox.settle().unwrap();
    assert!(!holds(folder.path(), "secret-"));
    let page = inbox.logged(&ALL).unwrap();
    assert_eq!(
        lines(&page),
        ["notification.created n:2", "notification.deleted n:1"]
    );
    assert_eq!(page.erased, 5);
}

#[test]
fn it_is_kept_as_long_as_items_that_were_read() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    for (id, days_ago) in [("1", 100), ("2", 90), ("3", 89)] {
        comes(
            &mut inbox,
            id,
            "notification.created",
            &created(id),
            NOON - days_ago * DAY,
        );
    }
    for id in 0..250 {
        let status = json!({"userId": "u", "status": format!("s{id}")});
        comes(
            &mut inbox,
            &format!("s{id}"),
            "user.status_changed",
            &status,
            NOON - 95 * DAY,
        );
    }
    let mut sweep = Sweep::new(Retention::default(), NOON);
    while !inbox.sweep(&mut sweep).unwrap().done {}
    assert_eq!(lines(&inbox.logged(&ALL).unwrap()), ["notification.created n:3"]);
    // The items themselves were not read.
    assert_eq!(inbox.counts().unwrap().total, 3);
}

proptest! {
    /// Whatever comes in whatever order, what the log returns was never deleted after it came.
    #[test]
    fn a_deletion_erases_all_that_came_before(
        steps in proptest::collection::vec((0_u8..3, 0_u8..3), 1..30),
    ) {
        let mut inbox = Inbox::in_memory(SERVER).unwrap();
        inbox.begin_connection();
        for (place, (kind, id)) in steps.iter().enumerate() {
            let data = json!({"id": id.to_string(), "title": format!("{place}"), "message": "m"});
            let types = ["notification.created", "notification.updated", "notification.deleted"];
            let event_type = types[usize::from(*kind)];
            comes(&mut inbox, &place.to_string(), event_type, &data, NOON);
            if *kind == 2 {
                let key = format!("n:{id}");
                let page = inbox.logged(&ALL).unwrap();
                let left = page.events.iter().filter(|logged| {
                    let event = &logged.event.event;
                    event.item_key() == Some(&key) && event.event_type() != EventType::NotificationDeleted
                });
                prop_assert_eq!(left.count(), 0);
            }
        }
    }
}
