//! The file of an inbox: of another account or version, damaged, full, or missing; and events that arrive in memory
//! meanwhile.

use std::fs;
#[cfg(unix)]
use std::path::Path;

use gloria_core::inbox::{Arrival, Inbox, InboxError};
use gloria_core::item::{Mark, Reason};

use crate::harness::{SERVER, created, file, folder, keys, on_disk, open, posted, reason, try_to_file};

#[test]
fn a_file_of_another_account_is_left_alone() {
    let folder = folder();
    let path = folder.path().join("inbox.sqlite");
    file(&mut open(&path), &[created("1", "a")]);
    let other = Inbox::open(&path, "https://other.example/api").unwrap();
    assert!(other.problem.unwrap().id == "advised-move");
    assert_eq!(
        (other.inbox.cursor().unwrap(), other.inbox.counts().unwrap().total),
        (None, 0)
    );
    assert!(Inbox::open_read_only(&path, "https://other.example/api").is_err());
    drop(other.inbox);
    assert_eq!(open(&path).counts().unwrap().total, 1);
}

#[test]
fn a_newer_database_is_left_alone_and_the_app_goes_on_in_memory() {
    let folder = folder();
    let path = folder.path().join("inbox.sqlite");
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("CREATE TABLE hologram (x); PRAGMA user_version = 999;")
        .unwrap();
    drop(raw);
    let before = fs::read(&path).unwrap();

    let mut opened = Inbox::open(&path, SERVER).unwrap();

    let problem = opened.problem.unwrap();
    assert!(
        problem.to_string().contains("storage-newer (found: 999"),
        "{problem}"
    );
    assert_eq!(posted(&file(&mut opened.inbox, &[created("1", "a")])), ["n:a"]);
    assert_eq!(fs::read(&path).unwrap(), before, "not one byte was changed");
}

#[test]
fn a_damaged_database_is_set_aside_and_a_new_one_begun() {
    let folder = folder();
    let path = folder.path().join("inbox.sqlite");
    fs::write(&path, "this was never a database, but it is somebody's file").unwrap();
    let mut opened = Inbox::open(&path, SERVER).unwrap();
    assert!(opened.problem.unwrap().id == "notice-storage-set-aside");
    file(&mut opened.inbox, &[created("1", "a")]);
    drop(opened.inbox);
    assert_eq!(open(&path).counts().unwrap().total, 1, "the new file keeps");
    assert!(
        fs::read_to_string(folder.path().join("inbox.damaged-1.sqlite"))
            .unwrap()
            .starts_with("this was")
    );
}

#[test]
fn a_page_torn_in_the_middle_is_found_when_opening() {
    let folder = folder();
    let path = folder.path().join("inbox.sqlite");
    let mut inbox = open(&path);
    let many: Vec<_> = (0..2000)
        .map(|n| created(&n.to_string(), &n.to_string()))
        .collect();
    file(&mut inbox, &many);
    drop(inbox);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0xAB);
    fs::write(&path, bytes).unwrap();

    let opened = Inbox::open(&path, SERVER).unwrap();

    assert!(opened.problem.unwrap().id == "notice-storage-set-aside");
    assert_eq!(
        opened.inbox.cursor().unwrap().as_deref(),
        Some("1999"),
        "the cursor was saved from the wreck"
    );
}

/// Something with this name that is no file, and what it is.
#[cfg(unix)]
fn make_other_than_file(kind: &str, path: &Path) {
    match kind {
        "pipe" => {
            let made = std::process::Command::new("mkfifo").arg(path).status();
            assert!(made.unwrap().success());
        }
        "socket" => drop(std::os::unix::net::UnixListener::bind(path).unwrap()),
        "folder" => fs::create_dir(path).unwrap(),
        "device" => std::os::unix::fs::symlink("/dev/zero", path).unwrap(),
        unknown => panic!("{unknown}"),
    }
}

#[cfg(unix)]
const OTHER_THAN_FILES: [&str; 4] = ["pipe", "socket", "folder", "device"];

#[cfg(unix)]
#[test]
fn what_is_no_file_is_waited_for_by_nobody_and_set_aside() {
    for kind in OTHER_THAN_FILES {
        let folder = folder();
        let path = folder.path().join("inbox.sqlite");
        make_other_than_file(kind, &path);
        let refused = Inbox::open_read_only(&path, SERVER).unwrap_err();
        assert!(matches!(refused, InboxError::NotAFile(_)), "{kind}: {refused}");
        let mut opened = Inbox::open(&path, SERVER).unwrap();
        assert_eq!(opened.problem.unwrap().id, "notice-storage-set-aside", "{kind}");
        file(&mut opened.inbox, &[created("1", "a")]);
        drop(opened.inbox);
        assert_eq!(open(&path).counts().unwrap().total, 1, "{kind}");
        let aside = folder.path().join("inbox.damaged-1.sqlite");
        assert!(fs::symlink_metadata(aside).is_ok(), "{kind}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_beside_the_inbox_leaves_it_as_it_is() {
    for suffix in ["wal", "shm", "journal"] {
        for kind in OTHER_THAN_FILES {
            let folder = folder();
            let path = folder.path().join("inbox.sqlite");
            file(&mut open(&path), &[created("1", "a")]);
            let before = fs::read(&path).unwrap();
            let other = folder.path().join(format!("inbox.sqlite-{suffix}"));
            make_other_than_file(kind, &other);
            let mut opened = Inbox::open(&path, SERVER).unwrap();
            let problem = opened.problem.unwrap();
            assert_eq!(problem.id, "advised-move", "{kind} {suffix}");
            assert!(problem.to_string().contains("storage-not-a-file"), "{problem}");
            file(&mut opened.inbox, &[created("2", "b")]);
            assert_eq!(fs::read(&path).unwrap(), before, "{kind} {suffix}");
            // What came meanwhile is stored once it is out of the way.
            fs::rename(&other, folder.path().join("away")).unwrap();
            opened.inbox.return_to_file().unwrap();
            drop(opened.inbox);
            assert_eq!(open(&path).counts().unwrap().total, 2, "{kind} {suffix}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_lock_that_is_no_file_is_waited_for_by_nobody() {
    for kind in OTHER_THAN_FILES {
        let folder = folder();
        let path = folder.path().join("inbox.sqlite");
        make_other_than_file(kind, &folder.path().join("inbox.lock"));
        file(&mut open(&path), &[created("1", "a")]);
        assert_eq!(open(&path).counts().unwrap().total, 1, "{kind}");
    }
}

#[test]
fn a_full_database_refuses_the_whole_batch_and_keeps_the_cursor() {
    let folder = folder();
    let path = folder.path().join("inbox.sqlite");
    let mut inbox = open(&path);
    file(&mut inbox, &[created("1", "a")]);
    inbox.limit_pages(60).unwrap();
    let flood: Vec<_> = (2..20_000)
        .map(|n| created(&n.to_string(), &n.to_string()))
        .collect();
    let error = try_to_file(&mut inbox, &flood).unwrap_err();
    assert_eq!(error.to_string(), "the disk is full");
    assert_eq!(inbox.cursor().unwrap().as_deref(), Some("1"));
    assert_eq!(inbox.counts().unwrap().total, 1);
}

#[test]
fn what_came_in_memory_is_brought_to_the_file_with_its_cursor() {
    let folder = folder();
    let path = folder.path().join("inbox.sqlite");
    let mut inbox = open(&path);
    file(&mut inbox, &[created("1", "a")]);
    inbox.fall_back_to_memory(true).unwrap();
    file(
        &mut inbox,
        &[created("2", "b"), created("2", "b"), created("3", "c")],
    );
    inbox.mark(&["n:b".into()], Mark::Read, 5).unwrap();
    assert_eq!(on_disk(&path).counts().unwrap().total, 1);
    let returned = inbox.return_to_file().unwrap();
    assert!(!returned.ask_again);
    let on_disk = on_disk(&path);
    assert_eq!(on_disk.cursor().unwrap().as_deref(), Some("3"));
    assert_eq!(keys(&on_disk), ["n:c", "n:b", "n:a"]);
    assert_eq!(on_disk.item("n:b").unwrap().unwrap().read_at, Some(5));
}

#[test]
fn what_is_too_much_to_remember_is_asked_for_again_and_not_alerted_again() {
    let folder = folder();
    let path = folder.path().join("inbox.sqlite");
    let mut inbox = open(&path);
    file(&mut inbox, &[created("1", "a")]);
    inbox.fall_back_to_memory(true).unwrap();
    let all: Vec<_> = (2..=11_001)
        .map(|n| created(&n.to_string(), &n.to_string()))
        .collect();
    for batch in all.chunks(500) {
        file(&mut inbox, batch);
    }
    assert_eq!(inbox.cursor().unwrap().as_deref(), Some("11001"));

    let returned = inbox.return_to_file().unwrap();

    assert!(returned.ask_again);
    assert_eq!(
        inbox.cursor().unwrap().as_deref(),
        Some("1"),
        "it never passes what is not stored"
    );
    let stored = inbox.counts().unwrap().total;
    assert!((9_001..=10_001).contains(&stored), "{stored}");
    file(&mut inbox, &all);
    assert_eq!(inbox.counts().unwrap().total, 11_001);
    assert_eq!(reason(&inbox, "n:2"), Reason::ShownBefore);
    assert_eq!(reason(&inbox, "n:11001"), Reason::LowPriority);
    file(&mut inbox, &[created("11002", "2")]);
    assert_eq!(inbox.counts().unwrap().total, 11_001);
}

#[test]
fn a_second_trouble_before_all_was_sent_again_alerts_nothing_twice() {
    let folder = folder();
    let path = folder.path().join("inbox.sqlite");
    let mut inbox = open(&path);
    file(&mut inbox, &[created("1", "a")]);
    // So large that only the last two fit into the journal.
    let large = |n: u32| Arrival {
        bytes: 6 << 20,
        ..created(&n.to_string(), &n.to_string())
    };
    let all: Vec<_> = (2..=9).map(large).collect();
    inbox.fall_back_to_memory(true).unwrap();
    for arrival in &all {
        file(&mut inbox, std::slice::from_ref(arrival));
    }
    assert!(inbox.return_to_file().unwrap().ask_again);
    file(&mut inbox, &all[..1]);

    inbox.fall_back_to_memory(true).unwrap();
    file(&mut inbox, &all[1..2]);
    inbox.return_to_file().unwrap();
    file(&mut inbox, &all[2..]);

    for key in ["n:2", "n:3", "n:4", "n:7"] {
        assert_eq!(reason(&inbox, key), Reason::ShownBefore, "{key}");
    }
    assert_eq!(inbox.counts().unwrap().total, 9);
}

#[test]
fn what_the_file_alone_refuses_costs_itself_alone_on_the_way_back() {
    let folder = folder();
    let path = folder.path().join("inbox.sqlite");
    let mut inbox = open(&path);
    file(&mut inbox, &[created("1", "a")]);
    inbox.fall_back_to_memory(true).unwrap();
    let batch = ["b", "poison", "c", "d", "e"].map(|id| created(&format!("e-{id}"), id));
    file(&mut inbox, &batch);
    let other = rusqlite::Connection::open(&path).unwrap();
    let refuse = |what: &str| {
        format!(
            "CREATE TRIGGER refuse BEFORE INSERT ON item WHEN {what} BEGIN SELECT raise(ABORT, 'no'); END"
        )
    };

    other.execute_batch(&refuse("true")).unwrap();
    inbox.return_to_file().unwrap_err();
    assert!(
        inbox.is_in_fallback(),
        "a file that refuses everything is wrong itself"
    );

    other.execute_batch("DROP TRIGGER refuse").unwrap();
    other
        .execute_batch(&refuse("new.title = 'title poison'"))
        .unwrap();
    let returned = inbox.return_to_file().unwrap();
    assert_eq!((returned.given_up, returned.ask_again), (1, false));
    let on_disk = on_disk(&path);
    assert_eq!(on_disk.cursor().unwrap().as_deref(), Some("e-e"));
    let mut keys = keys(&on_disk);
    let instead = keys.iter().position(|key| key.starts_with("u:")).unwrap();
    keys.remove(instead);
    assert_eq!(keys, ["n:e", "n:d", "n:c", "n:b", "n:a"]);
    assert_eq!(reason(&on_disk, "n:e"), Reason::LowPriority);
}

#[test]
fn a_folder_that_cannot_be_made_keeps_the_inbox_in_memory() {
    let folder = folder();
    let path = folder.path().join("deep/inbox.sqlite");
    let mut inbox = open(&path);
    file(&mut inbox, &[created("1", "a")]);
    fs::remove_dir_all(folder.path().join("deep")).unwrap();
    fs::write(folder.path().join("deep"), "in the way").unwrap();
    assert!(matches!(
        try_to_file(&mut inbox, &[created("2", "b")]),
        Err(InboxError::Gone)
    ));
    inbox.fall_back_to_memory(true).unwrap();
    file(&mut inbox, &[created("2", "b")]);
    assert!(inbox.return_to_file().is_err());
    assert!(inbox.is_in_fallback());
    file(&mut inbox, &[created("3", "c")]);
    fs::remove_file(folder.path().join("deep")).unwrap();
    inbox.return_to_file().unwrap();
    assert_eq!(keys(&on_disk(&path)), ["n:c", "n:b", "n:a"]);
}
