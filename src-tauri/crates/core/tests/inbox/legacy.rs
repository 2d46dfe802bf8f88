//! The single file of versions before accounts is split into a file per account, without loss.

use std::fs;
use std::path::{Path, PathBuf};

use gloria_core::account::Account;
use gloria_core::inbox::{Inbox, Opened};
use gloria_core::item::{InboxView, Reason};
use gloria_core::paths::Paths;
use gloria_core::protocol::InboxQuery;
use rusqlite::Connection;
use tempfile::TempDir;

const GLORIA: &str = "https://gloria.example/api";
const OTHER: &str = "https://other.example";
const FIXTURE: &str = include_str!("../fixtures/inbox-v3.sql");
const OLDER: [&str; 2] = [
    include_str!("../fixtures/inbox-v1.sql"),
    include_str!("../fixtures/inbox-v2.sql"),
];

struct Home {
    folder: TempDir,
}

impl Home {
    /// Adds the file of an earlier version, as a killed program leaves it: with a log next to it.
    fn with_legacy() -> Self {
        let home = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        home.put_legacy();
        home
    }

    fn put_legacy(&self) {
        self.put(FIXTURE);
    }

    fn put(&self, fixture: &str) {
        let written = self.folder.path().join("written.sqlite");
        let db = Connection::open(&written).unwrap();
        db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
        db.execute_batch(fixture).unwrap();
        let legacy = self.paths().legacy_inbox();
        for suffix in ["", "-wal"] {
            let path = |file: &Path| {
                let mut name = file.as_os_str().to_owned();
                name.push(suffix);
                PathBuf::from(name)
            };
            fs::copy(path(&written), path(&legacy)).unwrap();
        }
        drop(db);
        fs::remove_file(&written).unwrap();
    }

    fn paths(&self) -> Paths {
        Paths::within(self.folder.path())
    }

    fn open(&self, server: &str) -> Opened {
        let paths = self.paths();
        let folder = Account::of(server).data_folder(&paths);
        Inbox::open_account(&paths, &folder, server).unwrap()
    }

    fn file(&self, server: &str) -> PathBuf {
        Account::of(server).inbox_file(&self.paths())
    }

    /// Returns every file below the folder.
    fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path.file_name().unwrap().to_string_lossy().into_owned());
                }
            }
        }
        found.retain(|name| name != "inbox.lock");
        found.sort();
        found
    }
}

fn titles(inbox: &Inbox) -> Vec<String> {
    let query = InboxQuery {
        filter: InboxView::Inbox.into(),
        after: None,
        limit: 50,
    };
    let page = inbox.page(&query).unwrap();
    page.items.into_iter().map(|item| item.title).collect()
}

fn is_whole(home: &Home) {
    let gloria = home.open(GLORIA);
    assert_eq!(gloria.problem, None);
    assert_eq!(titles(&gloria.inbox), ["unread of gloria", "read of gloria"]);
    assert_eq!(gloria.inbox.cursor().unwrap().as_deref(), Some("7"));
    assert_eq!(gloria.inbox.heard_at().unwrap(), Some(1_790_000_000_000));
    assert_eq!(gloria.inbox.counts().unwrap().unread, 1);
    let other = home.open(OTHER);
    assert_eq!(titles(&other.inbox), ["the secret of other"]);
    assert_eq!(other.inbox.cursor().unwrap().as_deref(), Some("40"));
    drop((gloria, other));
    assert_eq!(home.files(), ["inbox.sqlite", "inbox.sqlite"], "and nothing else");
}

#[test]
fn each_server_becomes_an_account_with_all_that_was_there() {
    let home = Home::with_legacy();
    is_whole(&home);
    let rows = |sql: &str| -> i64 {
        let db = Connection::open(home.file(GLORIA)).unwrap();
        db.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(rows("SELECT count(*) FROM event"), 2);
    assert_eq!(rows("SELECT count(*) FROM early"), 1);
    assert_eq!(rows("SELECT count(*) FROM item WHERE deleted_at IS NOT NULL"), 1);
    let left = fs::read(home.file(GLORIA)).unwrap();
    let secret = b"the secret of other";
    assert!(
        !left.windows(secret.len()).any(|part| part == secret),
        "nothing of another account is left in what is free"
    );
}

#[test]
fn the_files_of_the_first_versions_lose_nothing_either() {
    for (version, fixture) in (1..).zip(OLDER) {
        let home = Home {
            folder: tempfile::tempdir().unwrap(),
        };
        home.put(fixture);
        let gloria = home.open(GLORIA);
        assert_eq!(gloria.problem, None, "schema {version}");
        assert_eq!(titles(&gloria.inbox), ["unread of gloria", "read of gloria"]);
        assert_eq!(gloria.inbox.cursor().unwrap().as_deref(), Some("7"));
        let heard = (version == 2).then_some(1_790_000_000_000);
        assert_eq!(gloria.inbox.heard_at().unwrap(), heard);
        let counts = gloria.inbox.counts().unwrap();
        assert_eq!((counts.total, counts.unread, counts.unseen), (2, 1, 1));
        let item = gloria.inbox.item("n:b").unwrap().unwrap();
        assert_eq!((item.created_at, item.read_at), (3, None));
        assert_eq!(
            item.alert.map(|alert| alert.reason),
            Some(Reason::Earlier {
                words: "Toast shown".into()
            })
        );
        let other = home.open(OTHER);
        assert_eq!(titles(&other.inbox), ["the secret of other"]);
        assert_eq!(other.inbox.cursor().unwrap().as_deref(), Some("40"));
        drop((gloria, other));
        assert_eq!(home.files(), ["inbox.sqlite", "inbox.sqlite"], "schema {version}");
    }
}

#[test]
fn it_is_the_same_whichever_account_is_opened_first_and_without_one() {
    let home = Home::with_legacy();
    drop(home.open(OTHER));
    is_whole(&home);
    let home = Home::with_legacy();
    assert_eq!(home.open("https://new.example").inbox.counts().unwrap().total, 0);
    fs::remove_dir_all(Account::of("https://new.example").data_folder(&home.paths())).unwrap();
    is_whole(&home);
}

#[test]
fn a_start_that_was_killed_half_way_is_begun_again_and_gets_no_row_twice() {
    let home = Home::with_legacy();
    // The other servers' files were created, a draft was half written, and the file itself was still there.
    drop(home.open(GLORIA));
    home.put_legacy();
    fs::remove_file(home.file(GLORIA)).unwrap();
    is_whole(&home);
}

#[test]
fn what_an_earlier_version_put_there_afterwards_is_added() {
    let home = Home::with_legacy();
    is_whole(&home);
    home.put_legacy();
    let db = Connection::open(home.paths().legacy_inbox()).unwrap();
    db.execute_batch(
        "UPDATE item SET title = 'older words' WHERE key = 'n:b';
         INSERT INTO item (source, key, kind, title, body, priority, actions, extra, created_at, received_at, alert,
             sort_at)
         VALUES (2, 'n:c', 'notification', 'meanwhile', 'b', 1, '[]', '{}', 9, 9, '', 9)",
    )
    .unwrap();
    drop(db);
    let gloria = home.open(GLORIA);
    assert_eq!(
        titles(&gloria.inbox),
        ["meanwhile", "unread of gloria", "read of gloria"]
    );
    assert_eq!(gloria.inbox.counts().unwrap().total, 3);
    assert!(!home.paths().legacy_inbox().exists());
}

#[test]
fn a_file_that_another_program_holds_is_split_once_it_is_free() {
    let home = Home::with_legacy();
    let other = Connection::open(home.paths().legacy_inbox()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let opened = home.open(GLORIA);
    assert!(opened.busy && opened.problem.is_some());
    let mut inbox = opened.inbox;
    assert_eq!(titles(&inbox), ["unread of gloria", "read of gloria"], "a copy");
    assert!(inbox.return_to_file().is_err());
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    inbox.return_to_file().unwrap();
    assert!(!inbox.is_in_fallback());
    drop(inbox);
    is_whole(&home);
}

#[test]
fn a_newer_file_is_left_alone_and_a_damaged_one_is_set_aside_with_its_position() {
    let home = Home::with_legacy();
    let legacy = home.paths().legacy_inbox();
    let db = Connection::open(&legacy).unwrap();
    db.pragma_update(None, "user_version", 999).unwrap();
    drop(db);
    let opened = home.open(GLORIA);
    assert!(opened.problem.unwrap().id == "advised-newer");
    assert!(legacy.exists() && !home.file(GLORIA).exists());

    let home = Home::with_legacy();
    let legacy = home.paths().legacy_inbox();
    // Its log alone would repair it.
    fs::remove_file(legacy.with_file_name("inbox.sqlite-wal")).unwrap();
    fs::write(&legacy, "this was never a database").unwrap();
    let opened = home.open(GLORIA);
    assert!(opened.problem.unwrap().id == "notice-storage-set-aside");
    assert!(!opened.inbox.is_in_fallback() && !legacy.exists());
    assert!(home.folder.path().join("inbox.damaged-1.sqlite").exists());
}

#[test]
fn before_the_app_has_started_the_command_line_reads_the_old_file() {
    let home = Home::with_legacy();
    let legacy = home.paths().legacy_inbox();
    assert_eq!(
        titles(&Inbox::open_read_only(&legacy, OTHER).unwrap()),
        ["the secret of other"]
    );
    assert!(legacy.exists());
}
