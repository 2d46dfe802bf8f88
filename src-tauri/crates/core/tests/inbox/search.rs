//! Finding items by words and conditions, in the file and while it is written.

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use gloria_core::inbox::{Inbox, InboxThread, Retention, Sweep};
use gloria_core::item::{InboxView, ItemKind, Mark, Priority};
use gloria_core::protocol::{InboxFilter, InboxPage, InboxQuery};
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::harness::{NOON, SERVER, arrival, created, file, folder, give_up, on_disk, open};

const DEADLINE: Duration = Duration::from_secs(20);

fn everywhere(text: &str) -> InboxFilter {
    InboxFilter {
        text: Some(text.to_owned()),
        everywhere: true,
        ..InboxView::Inbox.into()
    }
}

fn filtered(inbox: &Inbox, filter: InboxFilter) -> InboxPage {
    let query = InboxQuery {
        filter,
        after: None,
        limit: 100,
    };
    inbox.page(&query).unwrap()
}

fn keys(page: &InboxPage) -> Vec<&str> {
    page.items.iter().map(|item| item.key.as_str()).collect()
}

fn post(inbox: &mut Inbox, data: Value) {
    let event = format!("of {}", data["id"]);
    file(inbox, &[arrival(&event, "notification.created", &data)]);
}

fn filled() -> Inbox {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    let day = 24 * 60 * 60 * 1000;
    let posts = [
        json!({"id": "1", "title": "Zakłady Łódź", "message": "Disk full", "createdAt": NOON - 5 * day}),
        json!({"id": "2", "title": "Lange Straße", "message": "closed", "category": "roads",
            "createdAt": NOON - 4 * day}),
        json!({"id": "3", "title": "Disk failed", "message": "Replace it", "priority": "urgent",
            "actor": {"name": "Zoë Müller"}, "category": "storage", "createdAt": NOON - 3 * day}),
        json!({"id": "4", "title": "東京タワー", "message": "", "actor": {"name": "Disk Robot"},
            "createdAt": NOON - 2 * day}),
        json!({"id": "5", "title": "Diskette", "message": "found", "category": "Storage",
            "createdAt": NOON - day}),
    ];
    for data in posts {
        post(&mut inbox, data);
    }
    inbox.mark(&["n:5".into()], Mark::Archived, NOON).unwrap();
    inbox.mark(&["n:1".into()], Mark::Read, NOON).unwrap();
    inbox
}

#[test]
fn words_and_conditions_find_items_urgent_ones_first_and_then_the_newest() {
    let inbox = filled();
    let table: [(&str, &[&str]); 18] = [
        ("lodz", &["n:1"]),
        ("strasse", &["n:2"]),
        ("di", &["n:3", "n:5", "n:4", "n:1"]),
        // One letter is a whole word: nothing has it yet.
        ("disk f", &[]),
        ("disk fa", &["n:3"]),
        ("\"disk\"", &["n:3", "n:4", "n:1"]),
        ("\"full disk\"", &[]),
        ("東京", &["n:4"]),
        ("京", &["n:4"]),
        ("from:disk", &["n:4"]),
        ("from:\"zoe muller\" repl", &["n:3"]),
        ("category:stor", &["n:3", "n:5"]),
        ("is:unread di", &["n:3", "n:4"]),
        ("is:done", &["n:5"]),
        ("is:urgent", &["n:3"]),
        ("before:2026-11-23", &["n:2", "n:1"]),
        ("after:2026-11-24 disk", &["n:5", "n:4"]),
        ("nowhere", &[]),
    ];
    for (text, expected) in table {
        let page = filtered(&inbox, everywhere(text));
        assert_eq!(keys(&page), expected, "{text}");
        assert!(page.complete);
    }
    // The view counts unless everything is searched.
    let in_view = |view: InboxView, text: &str| InboxFilter {
        text: Some(text.to_owned()),
        ..view.into()
    };
    assert_eq!(
        keys(&filtered(&inbox, in_view(InboxView::Inbox, "diskette"))),
        Vec::<&str>::new()
    );
    assert_eq!(
        keys(&filtered(&inbox, in_view(InboxView::Archived, "di"))),
        ["n:5"]
    );
    assert_eq!(
        keys(&filtered(&inbox, in_view(InboxView::Unread, "di"))),
        ["n:3", "n:4"]
    );
    assert_eq!(
        keys(&filtered(&inbox, in_view(InboxView::Inbox, "is:done di"))),
        ["n:5"]
    );
}

/// They are stored as codes, and shown in the language of the user.
#[test]
fn the_words_of_the_app_itself_are_not_found_by_their_codes() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    file(
        &mut inbox,
        &[arrival("gap", "stream.gap", &json!({"from": "1", "to": "9"}))],
    );
    give_up(&mut inbox);
    assert_eq!(filtered(&inbox, everywhere("")).items[0].kind, ItemKind::Gap);
    for text in ["gap", "id", "title"] {
        assert_eq!(filtered(&inbox, everywhere(text)).items, [], "{text}");
    }
}

#[test]
fn a_page_says_where_the_words_are() {
    let inbox = filled();
    let page = filtered(&inbox, everywhere("lodz disk"));
    let hits = &page.hits[0];
    assert_eq!(hits.key, "n:1");
    assert_eq!((hits.title[0].start, hits.title[0].end), (8, 12));
    assert_eq!((hits.body[0].start, hits.body[0].end), (0, 4));
    assert_eq!(filtered(&inbox, everywhere("is:read")).hits, []);
}

#[test]
fn filters_select_by_one_field_each() {
    let inbox = filled();
    let all = || everywhere("");
    let name = |name: &str| Some(name.to_owned());
    let table: [(InboxFilter, &[&str]); 8] = [
        (
            InboxFilter {
                category: name("storage"),
                ..all()
            },
            &["n:3"],
        ),
        (
            InboxFilter {
                category: name(""),
                ..all()
            },
            &["n:4", "n:1"],
        ),
        (
            InboxFilter {
                sender: name("Zoë Müller"),
                ..all()
            },
            &["n:3"],
        ),
        (
            InboxFilter {
                priority: Some(Priority::Urgent),
                ..all()
            },
            &["n:3"],
        ),
        (
            InboxFilter {
                kind: Some(ItemKind::Gap),
                ..all()
            },
            &[],
        ),
        (
            InboxFilter {
                unread: Some(false),
                ..all()
            },
            &["n:5", "n:1"],
        ),
        (
            InboxFilter {
                since: Some(NOON - 200_000_000),
                ..all()
            },
            &["n:5", "n:4"],
        ),
        (
            InboxFilter {
                until: Some(NOON - 200_000_000),
                unread: Some(true),
                ..all()
            },
            &["n:3", "n:2"],
        ),
    ];
    for (filter, expected) in table {
        assert_eq!(keys(&filtered(&inbox, filter.clone())), expected, "{filter:?}");
    }
}

/// Whether the bytes are anywhere in the files of the inbox.
fn is_on_disk(path: &Path, marker: &str) -> bool {
    let folder = path.parent().unwrap();
    fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(marker.len()).any(|part| part == marker.as_bytes())
    })
}

/// The index would otherwise keep a word of a deleted item until its parts are merged some day.
#[test]
fn words_of_what_was_changed_deleted_or_removed_in_time_leave_the_file() {
    let folder = folder();
    let path = folder.path().join("inbox.sqlite");
    let mut inbox = open(&path);
    // Letters that no other word begins with, because the index leaves out what words have in common.
    let markers = [
        "qzchangedmarker",
        "xzdeletedmarker",
        "wzremovedmarker",
        "vzdroppedmarker",
    ];
    for (number, marker) in (0..).zip(markers) {
        let data = json!({"id": format!("marked-{number}"), "title": marker.to_uppercase(), "message": marker,
            "actor": {"name": marker}, "category": marker});
        post(&mut inbox, data);
        for other in 0..40 {
            file(
                &mut inbox,
                &[created(
                    &format!("{number}-{other}"),
                    &format!("{number}-{other}"),
                )],
            );
        }
    }
    while !inbox.settle().unwrap() {}
    for marker in markers {
        assert!(is_on_disk(&path, marker), "{marker} is in the index");
        assert_eq!(filtered(&inbox, everywhere(marker)).items.len(), 1);
    }
    let change =
        json!({"id": "marked-0", "title": "quiet", "message": null, "actor": null, "category": null});
    file(&mut inbox, &[arrival("c", "notification.updated", &change)]);
    file(
        &mut inbox,
        &[arrival("d", "notification.deleted", &json!({"id": "marked-1"}))],
    );
    inbox.mark(&["n:marked-2".into()], Mark::Read, NOON).unwrap();
    let mut sweep = Sweep::new(
        Retention {
            days: 90,
            items: 20_000,
            megabytes: 500,
        },
        NOON + 91 * 24 * 60 * 60 * 1000,
    );
    while !inbox.sweep(&mut sweep).unwrap().done {}
    file(
        &mut inbox,
        &[arrival(
            "e",
            "notification.created",
            &json!({"id": "9", "title": "t", "supersedes": "marked-3"}),
        )],
    );
    file(
        &mut inbox,
        &[arrival("f", "notification.deleted", &json!({"id": "marked-3"}))],
    );
    while !inbox.settle().unwrap() {}
    for marker in markers {
        assert_eq!(filtered(&inbox, everywhere(marker)).items, [], "{marker}");
        assert!(!is_on_disk(&path, marker), "{marker} is on the disk");
        assert!(
            !is_on_disk(&path, &marker.to_uppercase()),
            "{marker} is on the disk"
        );
    }
    assert_eq!(filtered(&inbox, everywhere("title")).items.len(), 100);
}

#[test]
fn items_of_an_earlier_version_are_found_after_small_steps_newest_first_and_new_ones_at_once() {
    let folder = folder();
    let path = folder.path().join("inbox.sqlite");
    let mut inbox = open(&path);
    let old: Vec<_> = (0..250)
        .map(|id| created(&id.to_string(), &id.to_string()))
        .collect();
    file(&mut inbox, &old);
    drop(inbox);
    let raw = Connection::open(&path).unwrap();
    raw.execute("UPDATE search_state SET fold = 0", []).unwrap();
    drop(raw);
    let mut inbox = open(&path);
    let found = |inbox: &Inbox| {
        let page = inbox
            .page(&InboxQuery {
                filter: everywhere("title"),
                after: None,
                limit: 500,
            })
            .unwrap();
        (page.items.len(), page.complete)
    };
    assert_eq!(found(&inbox), (0, false));
    file(&mut inbox, &[created("new", "new")]);
    inbox.mark(&["n:3".into()], Mark::Read, NOON).unwrap();
    file(
        &mut inbox,
        &[arrival(
            "u",
            "notification.updated",
            &json!({"id": "3", "title": "title changed"}),
        )],
    );
    file(
        &mut inbox,
        &[arrival("x", "notification.deleted", &json!({"id": "4"}))],
    );
    assert_eq!(found(&inbox), (2, false));
    assert!(inbox.index_step().unwrap());
    let page = filtered(&inbox, everywhere("\"title 249\""));
    assert_eq!(keys(&page), ["n:249"], "the newest are first");
    // Where it stopped is kept over restarts.
    drop(inbox);
    let mut inbox = open(&path);
    assert_eq!(found(&inbox), (102, false));
    while inbox.index_step().unwrap() {}
    assert_eq!(found(&inbox), (250, true));
    assert_eq!(found(&on_disk(&path)), (250, true));
    assert!(!inbox.index_step().unwrap());
}

#[tokio::test]
async fn a_newer_search_ends_an_older_one_that_waits_for_the_reader() {
    let folder = folder();
    let mut inbox = open(&folder.path().join("inbox.sqlite"));
    file(&mut inbox, &[created("1", "1")]);
    let thread = InboxThread::spawn(inbox).unwrap();
    let (blocker, until) = mpsc::channel::<()>();
    let until = std::sync::Arc::new(std::sync::Mutex::new(until));
    // The reader is busy meanwhile.
    let busy = tokio::spawn({
        let thread = thread.clone();
        async move {
            let read = thread.read(move |inbox| {
                until.lock().unwrap().recv().ok();
                inbox.counts()
            });
            read.await.unwrap()
        }
    });
    tokio::task::yield_now().await;
    let query = |text: &str| InboxQuery {
        filter: everywhere(text),
        after: None,
        limit: 10,
    };
    let mut searches = Vec::new();
    for text in ["t", "ti", "tit"] {
        let (thread, query) = (thread.clone(), query(text));
        searches.push(tokio::spawn(async move { thread.search(query).await.unwrap() }));
        tokio::task::yield_now().await;
    }
    blocker.send(()).unwrap();
    let mut found = Vec::new();
    for search in searches {
        let page = timeout(DEADLINE, search).await.unwrap().unwrap();
        found.push(page.map(|page| page.items.len()));
    }
    assert_eq!(found, [None, None, Some(1)]);
    busy.await.unwrap();
}
