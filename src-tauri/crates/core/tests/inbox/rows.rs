//! The rows of events: nothing is lost or stored twice, and the cursor matches.

use gloria_core::inbox::{Effect, Inbox};
use gloria_core::item::{InboxView, ItemKind, Mark};

use crate::harness::{SERVER, arrival, created, file, folder, keys, open, page, posted};

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
    // Out of order and with equal times, as in a replay among live events.
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
