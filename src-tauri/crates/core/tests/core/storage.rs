//! An inbox file that becomes unusable while the app runs: alerts continue, the user is notified once, and nothing is
//! lost.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use gloria_backend::Backend;
use gloria_core::inbox::Inbox;
use gloria_core::item::{InboxView, Mark};
use gloria_core::metrics::status::Health;
use gloria_core::protocol::{InboxQuery, MarkRequest, NoticeKind, SignOutForm, Snapshot};
use gloria_core::tray::{self, TrayIcon};
use rusqlite::Connection;

use crate::harness::{CREATED, Harness, Spoken, backend, live, within_deadline};

fn file(harness: &Harness) -> PathBuf {
    harness.inbox()
}

/// Reads the file while the app uses it. Returns titles and the reasons of their alerts, oldest first.
fn on_disk(harness: &Harness, backend: &Backend) -> Vec<(String, String)> {
    let server = backend.api_url();
    let inbox = Inbox::open_read_only(&file(harness), &server).unwrap();
    let query = InboxQuery {
        filter: InboxView::Inbox.into(),
        after: None,
        limit: 500,
    };
    let items = inbox.page(&query).unwrap().items;
    items
        .into_iter()
        .rev()
        .map(|item| (item.title, item.alert.unwrap().words.words()))
        .collect()
}

fn titles_on_disk(harness: &Harness, backend: &Backend) -> Vec<String> {
    on_disk(harness, backend)
        .into_iter()
        .map(|(title, _)| title)
        .collect()
}

fn is_in_trouble(state: &Snapshot) -> bool {
    state.notices.iter().any(|notice| {
        notice.kind == NoticeKind::Storage && notice.message.words().contains("kept only until")
    })
}

/// Puts a file where the folder of the inbox was, which stops even an administrator from writing there.
fn block(harness: &Harness) -> PathBuf {
    let folder = file(harness).parent().unwrap().to_owned();
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "in the way").unwrap();
    folder
}

#[tokio::test]
async fn while_nothing_can_be_stored_alerts_go_on_and_all_of_it_is_stored_afterwards() {
    let (backend, control) = backend().await;
    let mut harness = Harness::signed_in(&backend);
    harness.nest();
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("one", |state| state.counts.total == 1).await;

    let folder = block(&harness);
    control.push(CREATED, live("2", "urgent"));
    control.push(CREATED, live("3", "normal"));
    let state = running.until("three", |state| state.counts.total == 3).await;
    assert!(is_in_trouble(&state), "{:?}", state.notices);
    let mark = MarkRequest {
        keys: vec!["n:2".into()],
        mark: Mark::Read,
    };
    running.core.inbox_mark(mark).await.unwrap();
    within_deadline("notifications", harness.notifications.shown.wait_for(4)).await;
    assert_eq!(
        harness.titles(),
        ["title 1", "Gloria Notify needs you", "title 2", "title 3"]
    );

    // Every view shows that the user has to act, although the connection is open.
    let state = running.connected().await;
    let storage = state.connection.storage.clone().unwrap();
    assert!(
        storage.words().contains("make") && storage.words().contains("writable"),
        "{storage}"
    );
    let shown = tray::view(&state, 0);
    assert_eq!(shown.icon, TrayIcon::Attention);
    let report = running.core.status().await.unwrap();
    assert_eq!(
        (report.health, &report.connection.reason),
        (Health::NeedsUser, &Some(storage))
    );

    fs::remove_file(folder).unwrap();
    running.core.connection_retry().await.unwrap();
    let state = running
        .until("well", |state| {
            state.connection.storage.is_none() && state.notices.is_empty()
        })
        .await;
    assert_eq!((state.counts.total, state.counts.unread), (3, 2));
    assert_eq!(
        on_disk(&harness, &backend)
            .iter()
            .map(|(title, alert)| (title.as_str(), alert.split(['.', ':', ';']).next().unwrap()))
            .collect::<Vec<_>>(),
        [
            ("title 1", "Notification shown"),
            ("title 2", "Notification taken back"),
            ("title 3", "Notification shown")
        ]
    );
    control.push(CREATED, live("4", "normal"));
    within_deadline("fourth", harness.notifications.shown.wait_for(5)).await;
    running.stop().await;

    // The next start requests nothing again and shows nothing again.
    let running = harness.start();
    let state = running.connected().await;
    assert_eq!((state.counts.total, state.counts.unread), (4, 3));
    control.push(CREATED, live("5", "normal"));
    within_deadline("fifth", harness.notifications.shown.wait_for(6)).await;
    assert_eq!(harness.titles()[4..], ["title 4", "title 5"]);
    let seen = control.observed();
    assert_eq!(seen.stream_requests().count(), 2, "the stream was never dropped");
    let resumed = seen.stream_requests().next_back().unwrap();
    assert_eq!(resumed.last_event_id(), Some("4"));
}

#[tokio::test]
async fn a_folder_that_is_deleted_is_made_anew_with_all_that_was_in_it() {
    let (backend, control) = backend().await;
    let mut harness = Harness::signed_in(&backend);
    harness.nest();
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("one", |state| state.counts.total == 1).await;
    fs::remove_dir_all(file(&harness).parent().unwrap()).unwrap();
    control.push(CREATED, live("2", "normal"));
    let state = running.until("two", |state| state.counts.total == 2).await;
    assert!(!is_in_trouble(&state), "{:?}", state.notices);
    assert_eq!(titles_on_disk(&harness, &backend), ["title 1", "title 2"]);
    assert_eq!(harness.titles(), ["title 1", "title 2"], "nobody is called");
}

/// Makes the file's disk full for items with a title that begins with "title ", and not for shorter ones.
fn fill_up(harness: &Harness) {
    let other = Connection::open(file(harness)).unwrap();
    // Makes SQLite report a full disk: no row can be inserted after the maximum row id.
    other
        .execute_batch(
            "CREATE TABLE fill (id INTEGER PRIMARY KEY AUTOINCREMENT, more);
             INSERT INTO fill VALUES (9223372036854775807, 0);
             CREATE TRIGGER full BEFORE INSERT ON item
             WHEN new.title LIKE 'title %' AND (SELECT file FROM pragma_database_list WHERE name = 'main') <> ''
             BEGIN INSERT INTO fill (more) VALUES (1); END",
        )
        .unwrap();
}

#[tokio::test]
async fn a_disk_that_is_full_once_the_folder_is_made_anew_costs_no_event() {
    let (backend, control) = backend().await;
    let mut harness = Harness::signed_in(&backend);
    harness.nest();
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("one", |state| state.counts.total == 1).await;
    fill_up(&harness);
    fs::remove_dir_all(file(&harness).parent().unwrap()).unwrap();
    control.push(CREATED, live("2", "normal"));
    let state = running.until("two", |state| state.counts.total == 2).await;
    assert!(is_in_trouble(&state), "{:?}", state.notices);
    let storage = state.connection.storage.unwrap();
    assert!(storage.words().contains("the disk is full"), "{storage}");
    within_deadline("notifications", harness.notifications.shown.wait_for(3)).await;
    assert_eq!(
        harness.titles(),
        ["title 1", "Gloria Notify needs you", "title 2"]
    );
    let other = Connection::open(file(&harness)).unwrap();
    other.execute_batch("DROP TRIGGER full").unwrap();
    running.core.connection_retry().await.unwrap();
    running.until("well", |state| state.notices.is_empty()).await;
    assert_eq!(titles_on_disk(&harness, &backend), ["title 1", "title 2"]);
}

#[tokio::test]
async fn a_file_that_is_damaged_while_it_is_used_is_set_aside_and_a_new_one_begun() {
    let (backend, control) = backend().await;
    // Which would fill the new file.
    control
        .answer(gloria_backend::Route::List, 99, gloria_backend::Answer::new(404))
        .unwrap();
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    // More than SQLite keeps in memory.
    for id in 0..600 {
        let mut long = live(&id.to_string(), "low");
        long["message"] = "word ".repeat(3000).into();
        control.push(CREATED, long);
    }
    running.until("all", |state| state.counts.total == 600).await;
    let mut wal = file(&harness).into_os_string();
    wal.push("-wal");
    for part in [file(&harness), wal.into()] {
        let length = usize::try_from(fs::metadata(&part).unwrap().len()).unwrap();
        fs::write(&part, vec![0xAB; length]).unwrap();
    }
    // Reading it reveals the damage.
    running.items().await;
    control.push(CREATED, live("new", "normal"));
    within_deadline("alerted all the same", harness.notifications.shown.wait_for(1)).await;
    running
        .until("told", |state| {
            state
                .notices
                .iter()
                .any(|notice| notice.message.words().contains("was damaged. It was moved to"))
        })
        .await;
    running.until("stored", |state| state.counts.total == 1).await;
    assert_eq!(titles_on_disk(&harness, &backend), ["title new"]);
    assert_eq!(harness.titles(), ["title new"], "nobody is called");
}

#[tokio::test]
async fn a_file_that_another_program_holds_is_waited_for_and_then_used() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("one", |state| state.counts.total == 1).await;
    let other = Connection::open(file(&harness)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    control.push(CREATED, live("2", "normal"));
    within_deadline("notification", harness.notifications.shown.wait_for(2)).await;
    let state = running.until("told", is_in_trouble).await;
    assert_eq!(state.connection.storage, None, "it may well pass by itself");
    assert_eq!(titles_on_disk(&harness, &backend), ["title 1"]);
    running.core.connection_retry().await.unwrap();
    running
        .until("it stays", |state| state.connection.storage.is_some())
        .await;
    within_deadline("now the user is called", harness.notifications.shown.wait_for(3)).await;
    other.execute_batch("ROLLBACK").unwrap();
    running.core.connection_retry().await.unwrap();
    running.until("well", |state| state.notices.is_empty()).await;
    assert_eq!(titles_on_disk(&harness, &backend), ["title 1", "title 2"]);
}

#[tokio::test]
async fn a_file_that_is_kept_at_the_start_is_used_once_it_is_free() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("one", |state| state.counts.total == 1).await;
    running.stop().await;
    let other = Connection::open(file(&harness)).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let running = harness.start();
    running.until("told", is_in_trouble).await;
    control.push(CREATED, live("2", "normal"));
    within_deadline("notification", harness.notifications.shown.wait_for(2)).await;
    other.execute_batch("ROLLBACK").unwrap();
    running.core.connection_retry().await.unwrap();
    running.until("well", |state| state.notices.is_empty()).await;
    assert_eq!(titles_on_disk(&harness, &backend), ["title 1", "title 2"]);
    running.stop().await;
    let running = harness.start();
    assert_eq!(running.connected().await.counts.total, 2);
    assert_eq!(harness.titles(), ["title 1", "title 2"], "nothing is shown twice");
}

#[tokio::test]
async fn a_file_that_cannot_even_be_read_at_the_start_is_waited_for() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("one", |state| state.counts.total == 1).await;
    running.stop().await;
    let requests = || control.observed().stream_requests().count();
    let before = requests();
    let other = Connection::open(file(&harness)).unwrap();
    other.pragma_update(None, "locking_mode", "EXCLUSIVE").unwrap();
    other.execute_batch("BEGIN EXCLUSIVE; COMMIT").unwrap();
    let running = harness.start();
    running.until("told", is_in_trouble).await;
    control.push(CREATED, live("2", "normal"));
    // Two retries, both of which find the file locked.
    for _ in 0..2 {
        running.core.connection_retry().await.unwrap();
    }
    assert_eq!(requests(), before, "it is not known where to go on");
    drop(other);
    running.until("well", |state| state.counts.total == 2).await;
    let seen = control.observed();
    let resumed = seen.stream_requests().next_back().unwrap();
    assert_eq!(resumed.last_event_id(), Some("1"));
    within_deadline("notification", harness.notifications.shown.wait_for(2)).await;
    assert_eq!(harness.titles(), ["title 1", "title 2"], "nothing is shown twice");
    assert_eq!(titles_on_disk(&harness, &backend), ["title 1", "title 2"]);
}

#[tokio::test]
async fn who_signs_out_while_nothing_can_be_stored_stays_signed_out() {
    let (backend, control) = backend().await;
    let mut harness = Harness::signed_in(&backend);
    harness.nest();
    let running = harness.start();
    running.connected().await;
    let folder = block(&harness);
    control.push(CREATED, live("1", "normal"));
    running.until("told", is_in_trouble).await;
    running
        .core
        .account_sign_out(SignOutForm { erase: false })
        .await
        .unwrap();
    fs::remove_file(folder).unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
    running
        .until("tried again by itself", |state| state.notices.is_empty())
        .await;
    assert_eq!(control.observed().stream_requests().count(), 1);
}

#[tokio::test]
async fn an_event_that_cannot_be_stored_costs_itself_alone() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    let other = Connection::open(file(&harness)).unwrap();
    other
        .execute_batch(
            "CREATE TRIGGER refuse BEFORE INSERT ON item WHEN new.title = 'title poison'
             BEGIN SELECT raise(ABORT, 'no'); END",
        )
        .unwrap();
    for id in ["1", "2", "poison", "4", "5"] {
        control.push(CREATED, live(id, "normal"));
    }
    running.until("the others", |state| state.counts.total >= 4).await;
    within_deadline("notifications", harness.notifications.shown.wait_for(4)).await;
    let mut stored = titles_on_disk(&harness, &backend);
    stored.retain(|title| title.starts_with("title"));
    stored.sort_unstable();
    assert_eq!(stored, ["title 1", "title 2", "title 4", "title 5"]);
    running.stop().await;
    let running = harness.start();
    running.connected().await;
    let seen = control.observed();
    let resumed = seen.stream_requests().next_back().unwrap();
    assert_eq!(resumed.last_event_id(), Some("5"), "it is not asked for again");
}

#[tokio::test]
async fn who_signs_out_while_the_file_is_waited_for_stays_signed_out() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    running.stop().await;
    let before = control.observed().stream_requests().count();
    let other = Connection::open(file(&harness)).unwrap();
    other.pragma_update(None, "locking_mode", "EXCLUSIVE").unwrap();
    other.execute_batch("BEGIN EXCLUSIVE; COMMIT").unwrap();
    let running = harness.start();
    running.until("told", is_in_trouble).await;
    running
        .core
        .account_sign_out(SignOutForm { erase: false })
        .await
        .unwrap();
    drop(other);
    running.until("well", |state| state.notices.is_empty()).await;
    assert_eq!(control.observed().stream_requests().count(), before);
}
