//! The inbox does not grow without limit, deleted content is removed from the disk, and an account has one writer.

use std::fs;
use std::path::Path;

use gloria_core::EventTypes;
use gloria_core::inbox::{Cursor, Effect, Inbox, InboxError, LogQuery, Now, Retention, Sweep};
use gloria_core::item::{Mark, SnoozedUntil};
use gloria_core::message;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::harness::{NOON, NOW, QUIET, SERVER, arrival, keys, open};

const DAY: i64 = 24 * 3_600_000;

const KEEP: Retention = Retention {
    days: 90,
    items: 100,
    megabytes: 500,
};

fn comes(inbox: &mut Inbox, event_id: &str, event_type: &str, data: &Value, at: i64) -> Vec<Effect> {
    let arrival = arrival(event_id, event_type, data);
    let now = Now { here: at, server: at };
    let cursor = Cursor::At(event_id.to_owned());
    inbox.file(&vec![arrival].into(), cursor, now, |_| QUIET).unwrap()
}

fn notification(id: usize, priority: &str) -> Value {
    json!({"id": id.to_string(), "title": format!("title {id}"), "message": "m", "priority": priority})
}

fn created(inbox: &mut Inbox, id: usize, priority: &str, at: i64) -> Vec<Effect> {
    let event_id = format!("{id}");
    comes(
        inbox,
        &event_id,
        "notification.created",
        &notification(id, priority),
        at,
    )
}

/// Runs all steps. Returns the removed keys in order.
fn sweep(inbox: &mut Inbox, retention: Retention, now: i64) -> Vec<String> {
    let (mut sweep, mut removed) = (Sweep::new(retention, now), Vec::new());
    loop {
        let swept = inbox.sweep(&mut sweep).unwrap();
        removed.extend(swept.removed);
        if swept.done {
            return removed;
        }
    }
}

#[test]
fn what_was_read_goes_after_its_time_and_what_was_not_stays() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    for (id, days_ago) in [(1, 100), (2, 100), (3, 10), (4, 10)] {
        created(&mut inbox, id, "normal", NOON - days_ago * DAY);
    }
    inbox
        .mark(&["n:1".into(), "n:3".into()], Mark::Read, NOON)
        .unwrap();
    inbox.mark(&["n:4".into()], Mark::Archived, NOON).unwrap();
    assert_eq!(sweep(&mut inbox, KEEP, NOON), ["n:1"]);
    assert_eq!(keys(&inbox), ["n:3", "n:2"]);
    assert_eq!(sweep(&mut inbox, KEEP, NOON + 80 * DAY), ["n:3", "n:4"]);
    assert!(sweep(&mut inbox, KEEP, NOON + 80 * DAY).is_empty());
}

#[test]
fn what_has_expired_goes_within_the_week() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    let mut data = notification(1, "urgent");
    data["expiresAt"] = (NOON + DAY).into();
    comes(&mut inbox, "1", "notification.created", &data, NOON);
    assert!(sweep(&mut inbox, KEEP, NOON + 7 * DAY).is_empty());
    assert_eq!(sweep(&mut inbox, KEEP, NOON + 8 * DAY), ["n:1"]);
}

#[test]
fn over_the_number_the_oldest_go_and_the_unread_urgent_last_of_all() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    for id in 0..350 {
        let priority = if id % 2 == 0 { "urgent" } else { "normal" };
        created(&mut inbox, id, priority, NOON + i64::try_from(id).unwrap());
    }
    inbox.mark(&["n:0".into()], Mark::Read, NOON).unwrap();
    let removed = sweep(&mut inbox, KEEP, NOON + DAY);
    assert_eq!(removed.len(), 250);
    // The read and the normal ones, 176 in all, then the oldest of the others.
    assert_eq!(removed[..3], ["n:0", "n:1", "n:3"]);
    assert_eq!(removed[175..178], ["n:349", "n:2", "n:4"]);
    assert_eq!(inbox.counts().unwrap().total, 100);
    assert_eq!(keys(&inbox).first().map(String::as_str), Some("n:348"));
}

#[test]
fn the_number_is_of_each_category_and_what_is_marked_stays() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    let mut id = 0;
    for (category, count) in [(json!("build"), 250), (json!("mail"), 90), (Value::Null, 130)] {
        for _ in 0..count {
            let mut data = notification(id, "normal");
            data["category"] = category.clone();
            data["ackRequired"] = (id == 2).into();
            let event_id = id.to_string();
            let at = NOON + i64::try_from(id).unwrap();
            comes(&mut inbox, &event_id, "notification.created", &data, at);
            id += 1;
        }
    }
    inbox.mark(&["n:0".into()], Mark::Flagged, NOON).unwrap();
    let until = SnoozedUntil {
        at: NOON + 300 * DAY,
        wall: None,
    };
    inbox.mark(&["n:1".into()], Mark::Snoozed(until), NOON).unwrap();
    inbox.mark(&["n:0".into()], Mark::Read, NOON).unwrap();
    let removed = sweep(&mut inbox, KEEP, NOON + DAY);
    assert_eq!(removed.len(), 150 + 30);
    assert_eq!(removed[..2], ["n:3", "n:4"], "the oldest that is not marked");
    assert_eq!(
        removed[149..151],
        ["n:152", "n:340"],
        "then those without a category"
    );
    // Nor does age remove them, while a read item goes.
    let keys = ["n:0".into(), "n:1".into(), "n:2".into(), "n:160".into()];
    inbox.mark(&keys, Mark::Read, NOON).unwrap();
    assert_eq!(sweep(&mut inbox, KEEP, NOON + 100 * DAY), ["n:160"]);
    // They may go once they are as others are.
    inbox.mark(&keys, Mark::Unflagged, NOON).unwrap();
    inbox.mark(&keys, Mark::Unsnoozed, NOON).unwrap();
    inbox.mark(&keys, Mark::Acknowledged, NOON).unwrap();
    assert_eq!(sweep(&mut inbox, KEEP, NOON + 100 * DAY), ["n:0", "n:1", "n:2"]);
}

/// Files items of about a kilobyte each, a hundred in a batch.
fn fill(inbox: &mut Inbox, ids: std::ops::Range<usize>) {
    let ids: Vec<_> = ids.collect();
    for batch in ids.chunks(100) {
        let arrivals: Vec<_> = batch
            .iter()
            .map(|id| {
                let mut data = notification(*id, "normal");
                data["message"] = "x".repeat(1000).into();
                arrival(&id.to_string(), "notification.created", &data)
            })
            .collect();
        let cursor = Cursor::At(batch.last().unwrap().to_string());
        inbox.file(&arrivals.into(), cursor, NOW, |_| QUIET).unwrap();
    }
}

fn key(id: usize) -> String {
    format!("n:{id}")
}

#[test]
fn what_is_too_large_loses_its_log_first_and_then_the_oldest_read_and_unread_items() {
    let folder = tempfile::tempdir().unwrap();
    let mut inbox = open(&folder.path().join("inbox.sqlite"));
    fill(&mut inbox, 0..2000);
    let flagged: Vec<_> = (0..100).map(key).collect();
    let read: Vec<_> = (1000..1500).map(key).collect();
    inbox.mark(&flagged, Mark::Flagged, NOON).unwrap();
    inbox.mark(&read, Mark::Read, NOON).unwrap();
    let logged = |inbox: &Inbox| {
        let all = LogQuery {
            since: None,
            types: EventTypes::ALL,
            after: 0,
            limit: 5000,
        };
        inbox.logged(&all).unwrap().events.len()
    };
    let limited = |megabytes| Retention {
        items: 1_000_000,
        megabytes,
        ..KEEP
    };
    let mut limit = (0..)
        .find(|size| !inbox.is_larger_than(limited(*size)).unwrap())
        .unwrap()
        - 1;
    // The log is enough to be within the limit.
    assert_eq!(sweep(&mut inbox, limited(limit), NOON), [""; 0]);
    assert!((1..2000).contains(&logged(&inbox)), "{}", logged(&inbox));
    let mut removed = Vec::new();
    while removed.len() < 700 {
        limit -= 1;
        removed.extend(sweep(&mut inbox, limited(limit), NOON));
        assert!(!inbox.is_larger_than(limited(limit)).unwrap());
        assert!(removed.is_empty() || logged(&inbox) == 0, "the log goes first");
    }
    assert_eq!(removed[..500], read, "what was read, oldest first");
    assert_eq!(removed[500], key(100), "then the oldest that is not flagged");
    assert!(!removed.iter().any(|key| flagged.contains(key)), "{removed:?}");
    assert!(inbox.item("n:1999").unwrap().is_some(), "the newest is kept");
}

#[test]
fn what_is_never_removed_may_be_too_large_and_that_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let mut inbox = open(&folder.path().join("inbox.sqlite"));
    fill(&mut inbox, 0..1000);
    let flagged: Vec<_> = (0..1000).map(key).collect();
    inbox.mark(&flagged, Mark::Flagged, NOON).unwrap();
    let ends = |inbox: &mut Inbox| {
        let mut sweep = Sweep::new(Retention { megabytes: 1, ..KEEP }, NOON);
        loop {
            let swept = inbox.sweep(&mut sweep).unwrap();
            if swept.done {
                return swept.too_large;
            }
            assert!(!swept.too_large, "only the end of a sweep knows");
        }
    };
    assert!(ends(&mut inbox));
    assert_eq!(inbox.counts().unwrap().total, 1000);
    inbox.mark(&flagged[..900], Mark::Unflagged, NOON).unwrap();
    assert!(!ends(&mut inbox), "what is left of removed items takes no room");
}

#[test]
fn what_was_removed_in_time_is_not_shown_again_by_a_replay() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    inbox.begin_connection();
    created(&mut inbox, 1, "normal", NOON - 100 * DAY);
    inbox.mark(&["n:1".into()], Mark::Read, NOON).unwrap();
    assert_eq!(sweep(&mut inbox, KEEP, NOON), ["n:1"]);
    // While the key is stored, and after that while its event is.
    for now in [NOON, NOON + 200 * DAY] {
        sweep(&mut inbox, KEEP, now);
        inbox.begin_connection();
        assert_eq!(created(&mut inbox, 1, "normal", now), [Effect::Nothing]);
        assert!(keys(&inbox).is_empty());
    }
    inbox.begin_connection();
    let news = json!({"id": "1", "title": "anew", "message": "m"});
    comes(&mut inbox, "9", "notification.created", &news, NOON + 200 * DAY);
    assert_eq!(keys(&inbox), ["n:1"], "what was posted anew is no replay");
}

#[test]
fn the_keys_of_the_deleted_are_forgotten_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inbox.sqlite");
    let mut inbox = open(&path);
    for id in 0..250 {
        let event_id = id.to_string();
        comes(
            &mut inbox,
            &event_id,
            "notification.deleted",
            &json!({ "id": event_id }),
            NOON,
        );
    }
    let rows = || {
        let db = rusqlite::Connection::open(&path).unwrap();
        db.query_row("SELECT (SELECT count(*) FROM item), gone FROM tally", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })
        .unwrap()
    };
    sweep(&mut inbox, KEEP, NOON + 89 * DAY);
    assert_eq!(rows(), (250, 250));
    sweep(&mut inbox, KEEP, NOON + 90 * DAY);
    assert_eq!(rows(), (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// For any contents, a sweep ends within the limits, and its steps are small.
    #[test]
    fn a_sweep_ends_within_the_bounds(
        posts in prop::collection::vec((0..200_i64, any::<bool>(), any::<bool>()), 0..300),
        items in 100..200_u32,
    ) {
        let mut inbox = Inbox::in_memory(SERVER).unwrap();
        for (id, (days_ago, urgent, read)) in posts.iter().enumerate() {
            created(&mut inbox, id, if *urgent { "urgent" } else { "normal" }, NOON - days_ago * DAY);
            if *read {
                inbox.mark(&[format!("n:{id}")], Mark::Read, NOON).unwrap();
            }
        }
        let retention = Retention { items, ..KEEP };
        let mut sweep = Sweep::new(retention, NOON);
        let mut steps = 0;
        loop {
            let swept = inbox.sweep(&mut sweep).unwrap();
            prop_assert!(swept.removed.len() <= 100);
            steps += 1;
            if swept.done {
                break;
            }
        }
        prop_assert!(steps < 20, "{steps} steps");
        prop_assert!(inbox.counts().unwrap().total <= items);
        let young = posts.iter().filter(|(days_ago, _, read)| !read || *days_ago < 90).count();
        prop_assert_eq!(inbox.counts().unwrap().total as usize, young.min(items as usize));
    }
}

/// Whether any file in the folder contains the text.
fn holds(folder: &Path, marker: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        bytes
            .windows(marker.len())
            .any(|window| window == marker.as_bytes())
    })
}

const MARKER: &str = "s3cret-words-for-nobody-else";

/// A notification with the marker in every text.
fn secret(id: usize) -> Value {
    json!({"id": id.to_string(), "title": format!("{MARKER} {id}"), "message": format!("{MARKER} ").repeat(300),
        "category": MARKER, "actor": MARKER, "link": format!("https://gloria.example/{MARKER}"),
        "groupKey": MARKER, "unknown": MARKER, "actions": [{"label": MARKER, "link": "https://gloria.example/"}]})
}

#[test]
fn what_is_removed_for_its_age_number_or_size_is_gone_from_the_disk() {
    let age = NOON + 100 * DAY;
    let number = Retention { items: 1, ..KEEP };
    let size = Retention { megabytes: 0, ..KEEP };
    for (retention, now) in [(KEEP, age), (number, NOON), (size, NOON)] {
        let folder = tempfile::tempdir().unwrap();
        let mut inbox = open(&folder.path().join("inbox.sqlite"));
        for id in 0..40 {
            comes(
                &mut inbox,
                &format!("c{id}"),
                "notification.created",
                &secret(id),
                NOON,
            );
            comes(
                &mut inbox,
                &format!("u{id}"),
                "notification.updated",
                &secret(id),
                NOON,
            );
        }
        let read: Vec<_> = (0..40).map(key).collect();
        inbox.mark(&read, Mark::Read, NOON).unwrap();
        assert!(holds(folder.path(), MARKER));
        let removed = sweep(&mut inbox, retention, now);
        assert!(removed.len() >= 39, "{retention:?}: {}", removed.len());
        // The one that the number leaves.
        let data = json!({ "id": "39" });
        comes(&mut inbox, "d", "notification.deleted", &data, NOON);
        assert!(inbox.settle().unwrap());
        assert!(!holds(folder.path(), MARKER), "{retention:?}");
    }
}

#[test]
fn what_was_deleted_is_gone_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let mut inbox = open(&folder.path().join("inbox.sqlite"));
    // Rows before and after them share their pages.
    for id in 0..40 {
        created(&mut inbox, 1000 + id, "normal", NOON);
        comes(
            &mut inbox,
            &format!("c{id}"),
            "notification.created",
            &secret(id),
            NOON,
        );
        comes(
            &mut inbox,
            &format!("u{id}"),
            "notification.updated",
            &secret(id),
            NOON,
        );
        // A change of an item that never arrives.
        comes(
            &mut inbox,
            &format!("e{id}"),
            "notification.updated",
            &secret(500 + id),
            NOON,
        );
    }
    assert!(holds(folder.path(), MARKER));
    for id in (0..40).chain(500..540) {
        let data = json!({ "id": id.to_string() });
        comes(&mut inbox, &format!("d{id}"), "notification.deleted", &data, NOON);
    }
    assert!(inbox.settle().unwrap());
    assert!(!holds(folder.path(), MARKER));
    assert_eq!(keys(&inbox).len(), 40);
}

#[test]
fn a_reader_in_the_middle_of_a_look_delays_the_last_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inbox.sqlite");
    let mut inbox = open(&path);
    created(&mut inbox, 1, "normal", NOON);
    let reader = rusqlite::Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM item").unwrap();
    comes(&mut inbox, "2", "notification.deleted", &json!({"id": "1"}), NOON);
    assert!(!inbox.settle().unwrap(), "and nobody waits for it");
    reader.execute_batch("COMMIT").unwrap();
    assert!(inbox.settle().unwrap());
}

#[test]
fn a_second_writer_is_refused_and_nothing_is_kept_in_memory_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inbox.sqlite");
    let inbox = open(&path);
    let Err(error) = Inbox::open(&path, SERVER) else {
        panic!("two writers");
    };
    assert!(matches!(error, InboxError::InUse));
    assert_eq!(
        error.message_with_advice(&path),
        message::advised_end_other(message::storage_in_use())
    );
    assert!(
        Inbox::open_read_only(&path, SERVER).is_ok(),
        "reading is no filing"
    );
    drop(inbox);
    open(&path);
}

#[test]
fn a_writer_in_memory_keeps_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inbox.sqlite");
    let mut inbox = open(&path);
    inbox.fall_back_to_memory(true).unwrap();
    assert!(matches!(Inbox::open(&path, SERVER), Err(InboxError::InUse)));
    inbox.return_to_file().unwrap();
    assert!(matches!(Inbox::open(&path, SERVER), Err(InboxError::InUse)));
}

#[test]
fn a_long_log_is_emptied_when_it_is_quiet_and_a_short_one_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inbox.sqlite");
    let log = || {
        fs::metadata(folder.path().join("inbox.sqlite-wal"))
            .unwrap()
            .len()
    };
    let mut inbox = open(&path);
    assert!(inbox.settle().unwrap());
    created(&mut inbox, 0, "normal", NOON);
    let short = log();
    assert!(inbox.settle().unwrap());
    assert_eq!(log(), short);
    let mut id = 1;
    while log() <= 4 << 20 {
        created(&mut inbox, id, "normal", NOON);
        id += 1;
    }
    assert!(inbox.settle().unwrap());
    assert_eq!(log(), 0);
    assert_eq!(inbox.counts().unwrap().total as usize, id);
}
