//! Catching up goes on while the file of the inbox cannot be used, and nothing of it is lost or alerts twice on the way
//! back.

use std::path::Path;
use std::sync::Arc;

use gloria_core::alerts::{Decision, Verdict};
use gloria_core::backfill::Progress;
use gloria_core::inbox::{Cursor, Inbox};
use gloria_core::item::Reason;
use rusqlite::Connection;
use serde_json::json;

use super::super::harness::{NOON, NOW, QUIET, SERVER, folder, open, reason};
use super::Harness;
use super::versions::page_of;

const CREATED: &str = "notification.created";
const GAP: &str = "stream.gap";

fn in_file(path: &Path) -> Harness {
    let mut harness = Harness {
        inbox: open(path),
        ..Harness::new()
    };
    harness.reconnect();
    harness
}

/// An inbox in a file that has the server's list and three notifications.
fn caught_up(path: &Path) -> Harness {
    let mut harness = in_file(path);
    assert!(harness.inbox.missing(NOW).unwrap().unwrap().is_first);
    harness.page(&json!([]), last(0, "0"));
    for (place, id) in ["x", "y", "a"].into_iter().enumerate() {
        let data = json!({"id": id, "title": id, "message": "m", "version": 1});
        harness.comes(&format!("{}", place + 1), CREATED, &data);
    }
    harness.reconnect();
    harness
}

fn last(gaps: u32, next: &str) -> Progress {
    Progress::Page {
        gaps,
        next: Some(next.to_owned()),
        is_last: true,
        items: 0,
    }
}

#[test]
fn an_inbox_in_memory_is_not_a_new_one() {
    let folder = folder();
    let path = folder.path().join("inbox.sqlite");
    let mut harness = caught_up(&path);
    harness.inbox.fall_back_to_memory(false).unwrap();
    assert_eq!(harness.inbox.missing(NOW).unwrap(), None, "the list is known");
    harness.comes("9", GAP, &json!({"from": "3", "to": "9"}));
    let missing = harness.inbox.missing(NOW).unwrap().unwrap();
    assert_eq!(
        (missing.after.as_deref(), missing.since, missing.is_first),
        (Some("3"), Some(NOON), false),
        "what is older is no news"
    );
}

#[test]
fn what_is_missing_in_the_file_is_missing_in_memory_too() {
    let folder = folder();
    let path = folder.path().join("inbox.sqlite");
    let mut harness = caught_up(&path);
    harness.comes("9", GAP, &json!({"from": "3", "to": "9"}));
    harness.page(&json!([]), page_of(2));
    let before = harness.inbox.missing(NOW).unwrap().unwrap();
    harness.inbox.fall_back_to_memory(false).unwrap();
    let missing = harness.inbox.missing(NOW).unwrap().unwrap();
    assert_eq!(
        (
            missing.after,
            missing.gaps,
            missing.pages,
            missing.items,
            missing.since
        ),
        (
            before.after,
            before.gaps,
            before.pages,
            before.items,
            before.since
        )
    );
    assert!(harness.items().is_empty());
    harness.page(&json!([]), Progress::GivenUp);
    assert_eq!(harness.items().len(), 1, "with the words of its row");
}

#[test]
fn the_list_is_not_asked_for_on_behalf_of_a_file_that_cannot_be_read() {
    let folder = folder();
    let path = folder.path().join("inbox.sqlite");
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch("PRAGMA user_version = 999;").unwrap();
    let mut inbox = Inbox::open(&path, SERVER).unwrap().inbox;
    assert!(inbox.is_in_fallback());
    assert_eq!(inbox.missing(NOW).unwrap(), None);
}

#[test]
fn pages_that_came_in_memory_are_asked_for_again_by_the_file() {
    let folder = folder();
    let path = folder.path().join("inbox.sqlite");
    let mut harness = caught_up(&path);
    harness.inbox.fall_back_to_memory(false).unwrap();
    harness.comes("9", GAP, &json!({"from": "3", "to": "9"}));
    // The file knows it, by an event whose row is beyond those that the memory has.
    let changed = json!([{"id": "a", "title": "changed", "message": "m", "version": 2}]);
    let first = || Progress::Page {
        gaps: 1,
        next: Some("8".to_owned()),
        is_last: false,
        items: 1,
    };
    harness.page(&changed, first());
    harness.page(&json!([{"id": "b", "title": "b", "message": "m"}]), last(1, "9"));
    assert_eq!(harness.inbox.missing(NOW).unwrap(), None);

    assert!(!harness.inbox.return_to_file().unwrap().ask_again);
    assert_eq!(harness.inbox.cursor().unwrap().as_deref(), Some("9"));
    assert_eq!(harness.item("n:b").title, "b", "what came is stored");
    let missing = harness.inbox.missing(NOW).unwrap();
    let missing = missing.expect("what was skipped is asked for again");
    assert_eq!((missing.after.as_deref(), missing.gaps), (Some("3"), 1));
    harness.page(&changed, first());
    assert_eq!(harness.item("n:a").title, "changed");
    harness.page(&json!([]), last(1, "9"));
    assert_eq!(harness.inbox.missing(NOW).unwrap(), None);
}

#[test]
fn a_gap_that_is_open_stays_open_when_the_file_was_replaced() {
    let folder = folder();
    let path = folder.path().join("inbox.sqlite");
    let mut harness = caught_up(&path);
    harness.inbox.fall_back_to_memory(true).unwrap();
    harness.comes("9", GAP, &json!({"from": "3", "to": "9"}));
    harness.page(&json!([]), Progress::GivenUp);
    harness.comes("20", GAP, &json!({"from": "10", "to": "20"}));
    for name in ["inbox.sqlite", "inbox.sqlite-wal", "inbox.sqlite-shm"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    harness.inbox.return_to_file().unwrap();
    let missing = harness.inbox.missing(NOW).unwrap();
    assert_eq!(missing.unwrap().after.as_deref(), Some("9"));
    assert_eq!(harness.inbox.cursor().unwrap().as_deref(), Some("20"));
    assert_eq!(harness.items().len(), 4);
}

#[test]
fn a_gap_that_alerted_in_memory_alone_does_not_alert_again() {
    let folder = folder();
    let path = folder.path().join("none").join("inbox.sqlite");
    std::fs::write(folder.path().join("none"), "in the way").unwrap();
    let mut harness = Harness {
        inbox: Inbox::open(&path, SERVER).unwrap().inbox,
        ..Harness::new()
    };
    assert!(
        harness.inbox.missing(NOW).unwrap().unwrap().is_first,
        "there was none"
    );
    harness.page(&json!([]), Progress::Shown);
    std::fs::remove_file(folder.path().join("none")).unwrap();
    harness.inbox.return_to_file().unwrap();
    assert!(harness.inbox.missing(NOW).unwrap().unwrap().is_first);
    let cursor = Cursor::Backfilled(Progress::Shown);
    let decided = harness
        .inbox
        .file(&Arc::from([]), cursor, NOW, |posted| Decision {
            verdict: Verdict::Suppress,
            reason: if posted.shown_before {
                Reason::ShownBefore
            } else {
                QUIET.reason
            },
        });
    assert_eq!(decided.unwrap().len(), 1);
    assert_eq!(reason(&harness.inbox, "g:first"), Reason::ShownBefore);
}
