//! Files that a crash, a full disk or a failing one leaves behind: nothing that the cursor has passed is missing, and
//! nothing is shown twice.

use std::fs;
use std::path::Path;

use gloria_core::inbox::{Inbox, Retention, Sweep};
use gloria_core::item::Mark;

use crate::harness::{NOON, SERVER, created, file, folder, open, posted};

const ITEMS: usize = 12;

/// The inbox of a process that was killed, with its write-ahead log: an item in each transaction.
fn killed(path: &Path) -> (Vec<u8>, Vec<u8>) {
    let mut inbox = open(path);
    for id in 1..=ITEMS {
        file(&mut inbox, &[created(&id.to_string(), &id.to_string())]);
    }
    let log = path.with_file_name("inbox.sqlite-wal");
    (fs::read(path).unwrap(), fs::read(log).unwrap())
}

/// Checks that the items are those up to the cursor, and that the server's repetition completes them.
fn is_consistent(path: &Path, what: &str) -> usize {
    let opened = Inbox::open(path, SERVER).unwrap();
    assert_eq!(opened.problem, None, "{what}");
    let mut inbox = opened.inbox;
    let cursor = inbox
        .cursor()
        .unwrap()
        .map_or(0, |cursor| cursor.parse().unwrap());
    assert_eq!(inbox.counts().unwrap().total as usize, cursor, "{what}");
    inbox.begin_connection();
    let again: Vec<_> = (1..=ITEMS)
        .map(|id| created(&id.to_string(), &id.to_string()))
        .collect();
    let news: Vec<_> = (cursor + 1..=ITEMS).map(|id| format!("n:{id}")).collect();
    assert_eq!(posted(&file(&mut inbox, &again)), news, "{what}");
    assert_eq!(inbox.counts().unwrap().total as usize, ITEMS, "{what}");
    cursor
}

#[test]
fn half_a_log_costs_the_last_transactions_with_their_cursor() {
    let first = folder();
    let (database, log) = killed(&first.path().join("inbox.sqlite"));
    let mut cursors = Vec::new();
    for part in 0..=40 {
        let cut = log.len() * part / 40;
        let folder = folder();
        let path = folder.path().join("inbox.sqlite");
        fs::write(&path, &database).unwrap();
        fs::write(folder.path().join("inbox.sqlite-wal"), &log[..cut]).unwrap();
        cursors.push(is_consistent(&path, &format!("cut at {cut}")));
    }
    assert!(cursors.is_sorted(), "{cursors:?}");
    assert_eq!(cursors.last(), Some(&ITEMS), "{cursors:?}");
    assert!(
        cursors.iter().any(|cursor| (1..ITEMS).contains(cursor)),
        "{cursors:?}"
    );
}

#[test]
fn a_log_with_wrong_bytes_in_the_middle_counts_up_to_them() {
    let first = folder();
    let (database, log) = killed(&first.path().join("inbox.sqlite"));
    for part in 0..20 {
        let at = log.len() * part / 20;
        let mut log = log.clone();
        let end = (at + 64).min(log.len());
        log[at..end].fill(0xAB);
        let folder = folder();
        let path = folder.path().join("inbox.sqlite");
        fs::write(&path, &database).unwrap();
        fs::write(folder.path().join("inbox.sqlite-wal"), &log).unwrap();
        assert!(is_consistent(&path, &format!("damaged at {at}")) < ITEMS);
    }
}

#[test]
fn a_sweep_on_a_full_disk_removes_nothing_and_goes_on_once_there_is_room() {
    let folder = folder();
    let path = folder.path().join("inbox.sqlite");
    let mut inbox = open(&path);
    let arrivals: Vec<_> = (0..400)
        .map(|id| created(&id.to_string(), &id.to_string()))
        .collect();
    file(&mut inbox, &arrivals);
    let keys: Vec<_> = (0..400).map(|id| format!("n:{id}")).collect();
    inbox.mark(&keys, Mark::Read, NOON).unwrap();
    // Makes SQLite report a full disk: no row can be inserted after the maximum row id.
    let other = rusqlite::Connection::open(&path).unwrap();
    other
        .execute_batch(
            "CREATE TABLE fill (id INTEGER PRIMARY KEY AUTOINCREMENT, more);
             INSERT INTO fill VALUES (9223372036854775807, 0);
             CREATE TRIGGER full BEFORE UPDATE OF deleted_at ON item WHEN new.key = 'n:150'
             BEGIN INSERT INTO fill (more) VALUES (1); END",
        )
        .unwrap();
    let later = NOON + 100 * 24 * 3_600_000;
    let mut sweep = Sweep::new(Retention::default(), later);
    assert_eq!(inbox.sweep(&mut sweep).unwrap().removed.len(), 100);
    for _ in 0..3 {
        let error = inbox.sweep(&mut sweep).unwrap_err();
        assert_eq!(error.to_string(), "the disk is full");
        assert_eq!(inbox.counts().unwrap().total, 300, "the whole step is undone");
    }
    assert!(!inbox.is_in_fallback(), "what is to be removed needs no room");
    file(&mut inbox, &[created("400", "400")]);
    other.execute_batch("DROP TRIGGER full").unwrap();
    let mut removed = 0;
    loop {
        let swept = inbox.sweep(&mut sweep).unwrap();
        removed += swept.removed.len();
        if swept.done {
            break;
        }
    }
    assert_eq!((removed, inbox.counts().unwrap().total), (300, 1));
}

#[test]
fn no_clock_that_is_set_back_makes_anything_older() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    let arrivals: Vec<_> = (0..20)
        .map(|id| created(&id.to_string(), &id.to_string()))
        .collect();
    file(&mut inbox, &arrivals);
    let keys: Vec<_> = (0..20).map(|id| format!("n:{id}")).collect();
    inbox.mark(&keys, Mark::Read, NOON).unwrap();
    for now in [NOON - 400 * 24 * 3_600_000, 0, i64::MIN / 2, NOON] {
        let mut sweep = Sweep::new(Retention::default(), now);
        loop {
            let swept = inbox.sweep(&mut sweep).unwrap();
            assert_eq!(swept.removed, [""; 0], "{now}");
            if swept.done {
                break;
            }
        }
    }
}
