//! The inbox on a real disk: nothing lost, nothing twice, whatever the file is like.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use gloria_core::alerts::{Decision, Verdict};
use gloria_core::event::{DecodeContext, decode};
use gloria_core::inbox::{Arrival, Cursor, Effect, Inbox, InboxError, Now, fingerprint};
use gloria_core::item::{InboxView, ItemKind, Mark, Reason};
use gloria_core::protocol::{InboxPage, InboxQuery};
use gloria_stream::Frame;
use tempfile::TempDir;

const SERVER: &str = "https://gloria.example/api";

const NOW: Now = Now {
    here: 1_000_000,
    server: 1_000_000,
};

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(path: &Path) -> Inbox {
    let opened = Inbox::open(path, SERVER).unwrap();
    assert_eq!(opened.problem, None);
    opened.inbox
}

/// What the file has, beside its writer.
fn on_disk(path: &Path) -> Inbox {
    Inbox::open_read_only(path, SERVER).unwrap()
}

fn arrival(event_id: &str, event_type: &str, data: &str) -> Arrival {
    let frame = Frame {
        event: Arc::from(event_type),
        data: data.to_owned(),
        id: Arc::from(event_id),
    };
    Arrival {
        event_id: event_id.to_owned(),
        own_id: !event_id.is_empty(),
        resets_id: false,
        fingerprint: fingerprint(event_type, data),
        event_type: event_type.to_owned(),
        event: decode(&frame, &DecodeContext::default())
            .ok()
            .map(|decoded| decoded.event),
        bytes: data.len(),
        missed: false,
    }
}

fn created(event_id: &str, id: &str) -> Arrival {
    let data = format!(r#"{{"id":"{id}","title":"title {id}","message":"m"}}"#);
    arrival(event_id, "notification.created", &data)
}

fn file(inbox: &mut Inbox, arrivals: &[Arrival]) -> Vec<Effect> {
    try_to_file(inbox, arrivals).unwrap()
}

fn try_to_file(inbox: &mut Inbox, arrivals: &[Arrival]) -> Result<Vec<Effect>, InboxError> {
    let ids = arrivals.iter().rev().map(|arrival| arrival.event_id.clone());
    let cursor = ids
        .into_iter()
        .find(|id| !id.is_empty())
        .map_or(Cursor::Stays, Cursor::At);
    inbox.file(&arrivals.to_vec().into(), cursor, NOW, |posted| {
        let reason = if posted.shown_before {
            Reason::ShownBefore
        } else {
            Reason::LowPriority
        };
        Decision {
            verdict: Verdict::Suppress,
            reason,
        }
    })
}

fn reason(inbox: &Inbox, key: &str) -> Reason {
    inbox.item(key).unwrap().unwrap().alert.unwrap().reason
}

fn posted(filed: &[Effect]) -> Vec<&str> {
    let keys = filed.iter().filter_map(|filed| match filed {
        Effect::Posted(item) => Some(item.key.as_str()),
        Effect::Changed(_) | Effect::Removed(_) | Effect::Nothing => None,
    });
    keys.collect()
}

fn page(inbox: &Inbox, view: InboxView, after: Option<String>, limit: u32) -> InboxPage {
    let filter = view.into();
    inbox.page(&InboxQuery { filter, after, limit }).unwrap()
}

fn keys(inbox: &Inbox) -> Vec<String> {
    page(inbox, InboxView::Inbox, None, 100)
        .items
        .into_iter()
        .map(|item| item.key)
        .collect()
}

#[test]
fn rows_and_cursor_survive_together() {
    let folder = folder();
    let path = folder.path().join("deep/inbox.sqlite");
    file(&mut open(&path), &[created("1", "a"), created("2", "b")]);
    let inbox = open(&path);
    assert_eq!(inbox.cursor().unwrap().as_deref(), Some("2"));
    assert_eq!(keys(&inbox), ["n:b", "n:a"]);
}

#[test]
fn a_replay_posts_nothing_twice() {
    let folder = folder();
    let mut inbox = open(&folder.path().join("inbox.sqlite"));
    let day = [
        created("1", "a"),
        arrival("2", "workflow.started", r#"{"workflowId":"w","name":"Import"}"#),
        arrival(
            "3",
            "workflow.failed",
            r#"{"workflowId":"w","name":"Import","error":"no space"}"#,
        ),
        arrival("4", "notification.deleted", r#"{"id":"a"}"#),
    ];
    assert_eq!(posted(&file(&mut inbox, &day)), ["n:a", "w:w"]);
    assert_eq!(posted(&file(&mut inbox, &day)), Vec::<&str>::new());
    assert_eq!(keys(&inbox), ["w:w"], "what was deleted stays deleted");
    let failed = inbox.item("w:w").unwrap().unwrap();
    assert_eq!(
        failed.kind,
        ItemKind::WorkflowFailed,
        "a replayed start does not restart it"
    );
}

#[test]
fn a_notification_sent_again_under_another_event_id_is_known_by_its_own() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    assert_eq!(posted(&file(&mut inbox, &[created("1", "a")])), ["n:a"]);
    assert_eq!(
        posted(&file(&mut inbox, &[created("2", "a")])),
        Vec::<&str>::new()
    );
    assert_eq!(
        inbox.cursor().unwrap().as_deref(),
        Some("2"),
        "the cursor moves on all the same"
    );
}

#[test]
fn two_notifications_under_one_event_id_are_both_taken() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    assert_eq!(
        posted(&file(&mut inbox, &[created("1", "a"), created("1", "b")])),
        ["n:a", "n:b"]
    );
}

#[test]
fn a_delete_that_comes_before_its_notification_still_deletes() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    let early = arrival("1", "notification.deleted", r#"{"id":"a"}"#);
    assert_eq!(
        posted(&file(&mut inbox, &[early, created("2", "a")])),
        Vec::<&str>::new()
    );
    assert_eq!(keys(&inbox), Vec::<String>::new());
}

#[test]
fn what_cannot_be_decoded_moves_the_cursor_and_nothing_else() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    let bad = arrival("9", "notification.created", "{");
    assert_eq!(bad.event, None);
    assert_eq!(file(&mut inbox, &[bad]), [Effect::Nothing]);
    assert_eq!(inbox.cursor().unwrap().as_deref(), Some("9"));
}

#[test]
fn events_without_ids_leave_the_cursor() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    file(&mut inbox, &[created("5", "a"), created("", "b")]);
    assert_eq!(inbox.cursor().unwrap().as_deref(), Some("5"));
    assert_eq!(inbox.counts().unwrap().total, 2);
}

#[test]
fn seen_read_and_archived_are_three_things() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    file(
        &mut inbox,
        &[created("1", "a"), created("2", "b"), created("3", "c")],
    );
    let counts = |inbox: &Inbox| {
        let counts = inbox.counts().unwrap();
        (counts.unseen, counts.unread, counts.total)
    };
    assert_eq!(counts(&inbox), (3, 3, 3));
    inbox.mark_all_seen(5).unwrap();
    assert_eq!(counts(&inbox), (0, 3, 3));
    inbox
        .mark(&["n:a".into(), "n:unknown".into()], Mark::Read, 6)
        .unwrap();
    assert_eq!(counts(&inbox), (0, 2, 3));
    inbox.mark(&["n:a".into()], Mark::Unread, 7).unwrap();
    assert_eq!(counts(&inbox), (0, 3, 3));
    inbox.mark(&["n:b".into()], Mark::Archived, 8).unwrap();
    assert_eq!(counts(&inbox), (0, 2, 2));
    let archived = page(&inbox, InboxView::Archived, None, 10).items;
    assert_eq!(
        (archived[0].key.as_str(), archived[0].archived_at),
        ("n:b", Some(8))
    );
    inbox.mark(&["n:b".into()], Mark::Unarchived, 9).unwrap();
    inbox.mark_all_read(10).unwrap();
    assert_eq!(counts(&inbox), (0, 0, 3));
}

#[test]
fn an_update_from_elsewhere_marks_and_changes() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    let update = arrival(
        "2",
        "notification.updated",
        r#"{"id":"a","title":"Changed","priority":"high","readAt":"1970-01-01T00:00:02Z"}"#,
    );
    let filed = file(&mut inbox, &[created("1", "a"), update]);
    let Some(Effect::Changed(item)) = filed.last() else {
        panic!("not changed: {filed:?}")
    };
    assert_eq!(
        (item.title.as_str(), item.read_at, item.seen_at),
        ("Changed", Some(2000), Some(2000))
    );
    assert_eq!(inbox.counts().unwrap().unread, 0);
}

#[test]
fn a_change_that_comes_again_undoes_nothing_that_was_posted_after_it() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    let edited = |event_id: &str, title: &str| {
        let data = format!(r#"{{"id":"1","title":"{title}"}}"#);
        arrival(event_id, "notification.updated", &data)
    };
    let anew = r#"{"id":"1","title":"anew","message":"m"}"#;
    let all = [
        created("1", "1"),
        edited("2", "edited"),
        arrival("3", "notification.created", anew),
        edited("4", "edited anew"),
    ];
    file(&mut inbox, &all);
    let title = |inbox: &Inbox| inbox.item("n:1").unwrap().unwrap().title;
    for again in [&all[..], &all[..3], &all[1..2], &all[2..3]] {
        inbox.begin_connection();
        file(&mut inbox, again);
        assert_eq!(title(&inbox), "edited anew");
    }
}

#[test]
fn a_superseded_notification_makes_room() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    let newer = arrival(
        "2",
        "notification.created",
        r#"{"id":"b","title":"t","message":"m","supersedes":"a"}"#,
    );
    let filed = file(&mut inbox, &[created("1", "a"), newer]);
    assert!(filed.contains(&Effect::Removed("n:a".into())), "{filed:?}");
    assert_eq!(keys(&inbox), ["n:b"]);
}

#[test]
fn one_that_is_sent_again_does_not_take_away_what_was_posted_anew() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    let newer = r#"{"id":"2","title":"newer","message":"m","supersedes":"1"}"#;
    let anew = r#"{"id":"1","title":"anew","message":"m"}"#;
    file(
        &mut inbox,
        &[created("1", "1"), arrival("2", "notification.created", newer)],
    );
    assert_eq!(keys(&inbox), ["n:2"]);
    file(
        &mut inbox,
        &[
            arrival("3", "notification.created", anew),
            arrival("4", "notification.created", newer),
        ],
    );
    assert!(inbox.item("n:1").unwrap().is_some());
}

#[test]
fn pages_follow_each_other_without_gap_or_overlap() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    // Out of order and with equal times, as a replay beside live events may be.
    let arrivals: Vec<_> = (0..250)
        .map(|n| {
            let data = format!(
                r#"{{"id":"{n}","title":"t","message":"m","createdAt":"1970-01-01T00:00:{:02}Z"}}"#,
                (n * 7) % 60
            );
            arrival(&n.to_string(), "notification.created", &data)
        })
        .collect();
    file(&mut inbox, &arrivals);
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = page(&inbox, InboxView::Inbox, after, 60);
        seen.extend(page.items.iter().map(|item| (item.created_at, item.key.clone())));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 250);
    assert!(seen.windows(2).all(|pair| pair[0].0 >= pair[1].0), "newest first");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 250, "each once");
}

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
    inbox.leave_file(true).unwrap();
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
    inbox.leave_file(true).unwrap();
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
    // So large that the last two of them are remembered.
    let large = |n: u32| Arrival {
        bytes: 6 << 20,
        ..created(&n.to_string(), &n.to_string())
    };
    let all: Vec<_> = (2..=9).map(large).collect();
    inbox.leave_file(true).unwrap();
    for arrival in &all {
        file(&mut inbox, std::slice::from_ref(arrival));
    }
    assert!(inbox.return_to_file().unwrap().ask_again);
    file(&mut inbox, &all[..1]);

    inbox.leave_file(true).unwrap();
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
    inbox.leave_file(true).unwrap();
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
    assert!(inbox.is_aside(), "a file that refuses everything is wrong itself");

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
    inbox.leave_file(true).unwrap();
    file(&mut inbox, &[created("2", "b")]);
    assert!(inbox.return_to_file().is_err());
    assert!(inbox.is_aside());
    file(&mut inbox, &[created("3", "c")]);
    fs::remove_file(folder.path().join("deep")).unwrap();
    inbox.return_to_file().unwrap();
    assert_eq!(keys(&on_disk(&path)), ["n:c", "n:b", "n:a"]);
}
