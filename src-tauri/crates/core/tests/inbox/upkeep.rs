//! The inbox does not grow without limit, deleted content is removed from the disk, and an account has one writer.

use std::fs;
use std::path::Path;

use gloria_core::inbox::{Cursor, Effect, Inbox, InboxError, Now, Retention, Sweep};
use gloria_core::item::Mark;
use gloria_core::message;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::harness::{NOON, QUIET, SERVER, arrival, keys, open};

const DAY: i64 = 24 * 3_600_000;

const KEEP: Retention = Retention { days: 90, items: 100 };

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
        let retention = Retention { days: 90, items };
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

#[test]
fn what_was_deleted_is_gone_from_the_disk() {
    const MARKER: &str = "s3cret-words-for-nobody-else";
    let folder = tempfile::tempdir().unwrap();
    let mut inbox = open(&folder.path().join("inbox.sqlite"));
    let secret = |id: usize| {
        json!({"id": id.to_string(), "title": format!("{MARKER} {id}"), "message": format!("{MARKER} ").repeat(300),
            "category": MARKER, "actor": MARKER, "link": format!("https://gloria.example/{MARKER}"),
            "groupKey": MARKER, "unknown": MARKER, "actions": [{"label": MARKER, "link": "https://gloria.example/"}]})
    };
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
