//! The user's actions: when they are sent, and what becomes of them.

mod model;

use std::collections::BTreeMap;
use std::time::Duration;

use gloria_core::inbox::{Inbox, Now};

use gloria_core::item::{Item, Mark, Snooze, SnoozedUntil};
use gloria_core::outbox::{Action, MarkSet, Next, Wanted};
use serde_json::Value;

use crate::harness::{NOON, QUIET, SERVER, arrival, created, file, folder, give_up, open};

fn key(item: u8) -> String {
    format!("n:{item}")
}

/// Of a server that knows all marks, and takes changes of one notification at a time.
const SINGLY: Wanted = Wanted {
    unknown: MarkSet::NONE,
    bulk: false,
};

fn next(inbox: &mut Inbox, now: i64) -> Next {
    inbox.next_action(now, SINGLY).unwrap()
}

fn confirm(inbox: &mut Inbox, action: &Action) -> Option<Item> {
    let none = BTreeMap::new();
    inbox.finish_action(action, &none, MarkSet::NONE).unwrap().pop()
}

fn send(inbox: &mut Inbox, now: i64) -> Action {
    match next(inbox, now) {
        Next::Send(action) => action,
        other @ (Next::Later(_) | Next::Nothing) => panic!("{other:?}"),
    }
}

fn mark(inbox: &mut Inbox, item: u8, mark: Mark, now: i64) -> Option<Item> {
    inbox.mark(&[key(item)], mark, now).unwrap().pop()
}

fn text(action: &Action) -> String {
    Value::from(action.changes.clone()).to_string()
}

#[test]
fn reading_is_sent_at_once_and_done_can_be_taken_back_for_ten_seconds() {
    let home = folder();
    let mut inbox = open(&home.path().join("inbox.sqlite"));
    file(&mut inbox, &[created("1", "1"), created("2", "2")]);
    assert!(mark(&mut inbox, 1, Mark::Read, NOON).unwrap().pending);
    let read = send(&mut inbox, NOON);
    assert_eq!(
        (read.notifications.as_slice(), text(&read)),
        (
            ["1".to_owned()].as_slice(),
            r#"{"read":true,"seen":true}"#.to_owned()
        )
    );
    let item = confirm(&mut inbox, &read).unwrap();
    assert!(!item.pending && item.read_at == Some(NOON));

    mark(&mut inbox, 1, Mark::Archived, NOON);
    let wait = Next::Later(Duration::from_secs(10));
    assert_eq!(next(&mut inbox, NOON), wait);
    let back = mark(&mut inbox, 1, Mark::Unarchived, NOON + 9_000).unwrap();
    assert!(!back.pending);
    assert_eq!(next(&mut inbox, NOON + 60_000), Next::Nothing);

    // One that has left is followed by its opposite.
    mark(&mut inbox, 1, Mark::Archived, NOON);
    let done = send(&mut inbox, NOON + 10_000);
    assert_eq!(text(&done), r#"{"archived":true}"#);
    mark(&mut inbox, 1, Mark::Unarchived, NOON + 10_001);
    assert_eq!(
        send(&mut inbox, NOON + 10_001),
        done,
        "it has to be answered first"
    );
    confirm(&mut inbox, &done);
    assert_eq!(text(&send(&mut inbox, NOON + 10_001)), r#"{"archived":false}"#);
}

#[test]
fn all_are_those_that_the_user_saw_and_the_apps_own_rows_stay_here() {
    let home = folder();
    let mut inbox = open(&home.path().join("inbox.sqlite"));
    let gap = arrival("3", "stream.gap", r#"{"from":"1","to":"3"}"#);
    file(&mut inbox, &[created("1", "1"), created("2", "2"), gap]);
    give_up(&mut inbox);
    assert_eq!(inbox.mark_all_read(NOON).unwrap(), 3);
    file(&mut inbox, &[created("4", "4")]);
    let mut sent = Vec::new();
    while let Next::Send(action) = next(&mut inbox, NOON + 10_000) {
        confirm(&mut inbox, &action);
        sent.extend(action.notifications);
    }
    assert_eq!(sent, ["1", "2"]);
}

#[test]
fn a_refused_action_is_taken_back_and_says_why_until_the_next_one() {
    let home = folder();
    let path = home.path().join("inbox.sqlite");
    let mut inbox = open(&path);
    file(&mut inbox, &[created("1", "1")]);
    mark(&mut inbox, 1, Mark::Read, NOON);
    assert_eq!(inbox.counts().unwrap().unread, 0);
    let read = send(&mut inbox, NOON);
    drop(inbox);
    let mut inbox = open(&path);
    assert_eq!(
        send(&mut inbox, NOON),
        read,
        "it has the same key after a restart"
    );
    let reason = gloria_core::message::action_refused("locked".to_owned());
    let item = inbox
        .finish_action(
            &read,
            &BTreeMap::from([("1".to_owned(), reason.clone())]),
            MarkSet::NONE,
        )
        .unwrap()
        .remove(0);
    assert_eq!((item.read_at, item.refused.as_ref()), (None, Some(&reason)));
    assert_eq!(inbox.counts().unwrap().unread, 1);
    assert_eq!(next(&mut inbox, NOON + 60_000), Next::Nothing);
    drop(inbox);
    let mut inbox = open(&path);
    assert_eq!(inbox.item("n:1").unwrap().unwrap().refused, Some(reason));
    assert_eq!(mark(&mut inbox, 1, Mark::Read, NOON).unwrap().refused, None);
}

#[test]
fn what_the_server_does_not_take_stays_here_and_is_offered_again() {
    let home = folder();
    let mut inbox = open(&home.path().join("inbox.sqlite"));
    file(&mut inbox, &[created("1", "1")]);
    mark(&mut inbox, 1, Mark::Read, NOON);
    let first = send(&mut inbox, NOON);
    inbox.take_back_action(MarkSet::ALL).unwrap();
    let item = inbox.item("n:1").unwrap().unwrap();
    assert!(item.read_at.is_some() && !item.pending);
    mark(&mut inbox, 1, Mark::Unread, NOON);
    mark(&mut inbox, 1, Mark::Read, NOON);
    let again = send(&mut inbox, NOON);
    assert_eq!(again.changes, first.changes);
    assert_ne!(again.idempotency_key, first.idempotency_key);
    confirm(&mut inbox, &again);
    assert!(mark(&mut inbox, 1, Mark::Unread, NOON).unwrap().pending);
}

#[test]
fn a_mark_that_the_server_does_not_know_stays_here_and_the_others_are_sent() {
    let home = folder();
    let path = home.path().join("inbox.sqlite");
    let mut inbox = open(&path);
    file(&mut inbox, &[created("1", "1")]);
    mark(&mut inbox, 1, Mark::Flagged, NOON);
    mark(&mut inbox, 1, Mark::Read, NOON);
    assert_eq!(
        text(&send(&mut inbox, NOON)),
        r#"{"flagged":true,"read":true,"seen":true}"#
    );
    let flagged = MarkSet::of(3);
    inbox.take_back_action(flagged).unwrap();
    let wanted = Wanted {
        unknown: flagged,
        ..SINGLY
    };
    let Next::Send(read) = inbox.next_action(NOON, wanted).unwrap() else {
        panic!("the rest is sent")
    };
    assert_eq!(text(&read), r#"{"read":true,"seen":true}"#);
    let item = confirm(&mut inbox, &read).unwrap();
    assert!(item.flagged_at.is_some() && item.read_at.is_some() && !item.pending);
    assert_eq!(inbox.next_action(NOON, wanted).unwrap(), Next::Nothing);
    let waiting = inbox.waiting_actions().unwrap();
    assert_eq!((waiting.items, waiting.kept), (0, flagged));
    drop(inbox);
    // It is offered again, and one that says nothing of it does not know it either.
    let mut inbox = open(&path);
    let again = send(&mut inbox, NOON);
    assert_eq!(text(&again), r#"{"flagged":true}"#);
    let items = inbox.finish_action(&again, &BTreeMap::new(), flagged).unwrap();
    assert!(items[0].flagged_at.is_some() && !items[0].pending);
    let again = send(&mut inbox, NOON);
    assert!(confirm(&mut inbox, &again).unwrap().flagged_at.is_some());
    assert_eq!(inbox.waiting_actions().unwrap().kept, MarkSet::NONE);
    assert_eq!(next(&mut inbox, NOON), Next::Nothing);
}

#[test]
fn the_same_on_several_items_is_one_request_and_each_is_refused_for_itself() {
    let home = folder();
    let path = home.path().join("inbox.sqlite");
    let mut inbox = open(&path);
    let many: Vec<_> = (0..120)
        .map(|id| created(&id.to_string(), &id.to_string()))
        .collect();
    file(&mut inbox, &many);
    mark(&mut inbox, 7, Mark::Flagged, NOON);
    inbox.mark_all_read(NOON).unwrap();
    let bulk = Wanted { bulk: true, ..SINGLY };
    let at = NOON + 10_000;
    let Next::Send(first) = inbox.next_action(at, bulk).unwrap() else {
        panic!("it is due")
    };
    assert_eq!(
        (first.notifications.as_slice(), text(&first)),
        (
            ["7".to_owned()].as_slice(),
            r#"{"flagged":true,"read":true,"seen":true}"#.to_owned()
        )
    );
    confirm(&mut inbox, &first);
    let Next::Send(first) = inbox.next_action(at, bulk).unwrap() else {
        panic!("it is due")
    };
    assert_eq!(first.notifications.len(), 100);
    drop(inbox);
    let mut inbox = open(&path);
    assert_eq!(inbox.next_action(at, bulk).unwrap(), Next::Send(first.clone()));
    let reason = gloria_core::message::action_refused("locked".to_owned());
    let refused = BTreeMap::from([("3".to_owned(), reason.clone())]);
    let items = inbox.finish_action(&first, &refused, MarkSet::NONE).unwrap();
    assert_eq!(items.len(), 100);
    let item = |key| inbox.item(key).unwrap().unwrap();
    assert_eq!((item("n:3").read_at, item("n:3").refused), (None, Some(reason)));
    assert!(item("n:2").read_at.is_some() && !item("n:2").pending);
    assert_eq!(inbox.counts().unwrap().unread, 1);
    let Next::Send(rest) = inbox.next_action(at, bulk).unwrap() else {
        panic!("nineteen are left")
    };
    assert_eq!(rest.notifications.len(), 19);
    // A server that takes them one at a time gets them so, with other keys.
    inbox.take_back_action(MarkSet::NONE).unwrap();
    let single = send(&mut inbox, at);
    assert_eq!(single.notifications, ["101"]);
    assert_ne!(single.idempotency_key, rest.idempotency_key);
}

#[test]
fn a_request_is_the_same_again_although_an_item_of_it_was_deleted_or_posted_anew() {
    let home = folder();
    let mut inbox = open(&home.path().join("inbox.sqlite"));
    file(
        &mut inbox,
        &[created("1", "1"), created("2", "2"), created("3", "3")],
    );
    inbox.mark_all_read(NOON).unwrap();
    let bulk = Wanted { bulk: true, ..SINGLY };
    let sent = inbox.next_action(NOON + 10_000, bulk).unwrap();
    let anew = r#"{"id":"2","title":"another","message":"m"}"#;
    file(
        &mut inbox,
        &[
            arrival("4", "notification.deleted", r#"{"id":"1"}"#),
            arrival("5", "notification.created", anew),
        ],
    );
    assert_eq!(inbox.next_action(NOON + 10_000, bulk).unwrap(), sent);
    let Next::Send(action) = sent else {
        panic!("{sent:?}")
    };
    let reason = gloria_core::message::action_refused("locked".to_owned());
    let refused = BTreeMap::from([("2".to_owned(), reason)]);
    inbox.finish_action(&action, &refused, MarkSet::NONE).unwrap();
    let item = |key| inbox.item(key).unwrap();
    assert_eq!(item("n:1"), None);
    let anew = item("n:2").unwrap();
    assert_eq!((anew.read_at, anew.pending, anew.refused), (None, false, None));
    assert!(item("n:3").unwrap().read_at.is_some());
    assert_eq!(inbox.next_action(NOON + 10_000, bulk).unwrap(), Next::Nothing);
}

#[test]
fn what_was_read_before_an_item_returns_from_its_snooze_is_not_sent() {
    let home = folder();
    let mut inbox = open(&home.path().join("inbox.sqlite"));
    file(&mut inbox, &[created("1", "1"), created("2", "2")]);
    let until = SnoozedUntil {
        at: NOON + 3_600_000,
        wall: None,
    };
    for item in [1, 2] {
        mark(&mut inbox, item, Mark::Read, NOON);
        mark(&mut inbox, item, Mark::Flagged, NOON);
        mark(&mut inbox, item, Mark::Snoozed(until), NOON);
    }
    let sent = send(&mut inbox, NOON);
    assert_eq!(
        text(&sent),
        r#"{"flagged":true,"read":true,"seen":true,"snoozedUntil":"2026-11-26T13:00:00Z"}"#
    );
    let now = Now {
        here: until.at,
        server: until.at,
    };
    assert_eq!(inbox.wake(now, |_| QUIET).unwrap().len(), 2);
    let is_back = |item: &Item| {
        item.read_at.is_none()
            && item.seen_at.is_none()
            && item.snoozed_until.is_none()
            && item.flagged_at.is_some()
    };
    assert!(is_back(&inbox.item("n:1").unwrap().unwrap()));
    assert!(is_back(&inbox.item("n:2").unwrap().unwrap()));
    // The answer comes late and does not make it read again.
    assert!(is_back(&confirm(&mut inbox, &sent).unwrap()));
    let flagged = send(&mut inbox, until.at);
    assert_eq!(text(&flagged), r#"{"flagged":true}"#);
    confirm(&mut inbox, &flagged);
    assert_eq!(next(&mut inbox, until.at), Next::Nothing);
}

#[test]
fn a_snooze_by_the_wall_clock_keeps_its_time_under_the_servers_events_and_moves_with_the_zone() {
    let home = folder();
    let mut inbox = open(&home.path().join("inbox.sqlite"));
    file(&mut inbox, &[created("1", "1")]);
    let zone = |hours| jiff::tz::TimeZone::fixed(jiff::tz::offset(hours));
    let until = Snooze::Tomorrow.until(NOON, &zone(0)).unwrap();
    mark(&mut inbox, 1, Mark::Snoozed(until), NOON);
    let flagged = r#"{"id":"1","flaggedAt":"2026-11-26T11:00:00Z"}"#;
    file(&mut inbox, &[arrival("2", "notification.updated", flagged)]);
    assert!(inbox.move_snoozes(&zone(1)).unwrap(), "it is still 08:00");
    let item = inbox.item("n:1").unwrap().unwrap();
    assert_eq!(item.snoozed_until, Some(until.at - 3_600_000));
    assert!(item.flagged_at.is_some());
    let sent = send(&mut inbox, NOON);
    assert_eq!(
        text(&sent),
        r#"{"seen":true,"snoozedUntil":"2026-11-27T07:00:00Z"}"#
    );
    confirm(&mut inbox, &sent);
    assert!(inbox.move_snoozes(&zone(2)).unwrap());
    assert_eq!(
        text(&send(&mut inbox, NOON)),
        r#"{"snoozedUntil":"2026-11-27T06:00:00Z"}"#
    );
}

#[test]
fn of_a_deleted_item_no_action_and_no_reason_is_left() {
    let home = folder();
    let path = home.path().join("inbox.sqlite");
    let mut inbox = open(&path);
    file(&mut inbox, &[created("1", "1")]);
    mark(&mut inbox, 1, Mark::Read, NOON);
    let read = send(&mut inbox, NOON);
    let reason = gloria_core::message::action_refused("the-reason".to_owned());
    let refused = BTreeMap::from([("1".to_owned(), reason)]);
    inbox.finish_action(&read, &refused, MarkSet::NONE).unwrap();
    mark(&mut inbox, 1, Mark::Flagged, NOON);
    let deleted = arrival("2", "notification.deleted", r#"{"id":"1"}"#);
    file(&mut inbox, &[deleted]);
    assert_eq!(next(&mut inbox, NOON), Next::Nothing);
    drop(inbox);
    let db = rusqlite::Connection::open(&path).unwrap();
    for table in ["outbox", "server_mark", "refusal"] {
        let rows: i64 = db
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
            .unwrap();
        assert_eq!(rows, 0, "{table}");
    }
    drop(db);
    let bytes = std::fs::read(&path).unwrap();
    let has = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(!has(b"the-reason") && !has(read.idempotency_key.as_bytes()));
}

#[test]
fn what_waits_so_that_it_can_be_taken_back_is_sent_when_the_app_ends() {
    let home = folder();
    let mut inbox = open(&home.path().join("inbox.sqlite"));
    file(&mut inbox, &[created("1", "1")]);
    assert!(!inbox.release_actions().unwrap());
    mark(&mut inbox, 1, Mark::Archived, NOON);
    assert!(matches!(next(&mut inbox, NOON), Next::Later(_)));
    assert!(inbox.release_actions().unwrap());
    assert_eq!(
        text(&send(&mut inbox, NOON)),
        r#"{"archived":true,"read":true,"seen":true}"#
    );
}

#[test]
fn what_is_posted_anew_was_not_read() {
    let home = folder();
    let mut inbox = open(&home.path().join("inbox.sqlite"));
    file(&mut inbox, &[created("1", "1")]);
    mark(&mut inbox, 1, Mark::Read, NOON);
    let other = r#"{"id":"1","title":"another","message":"m"}"#;
    file(&mut inbox, &[arrival("2", "notification.created", other)]);
    assert_eq!(inbox.item("n:1").unwrap().unwrap().read_at, None);
    assert_eq!(next(&mut inbox, NOON), Next::Nothing);
}

#[test]
fn a_clock_that_was_set_back_delays_nothing() {
    let home = folder();
    let mut inbox = open(&home.path().join("inbox.sqlite"));
    file(&mut inbox, &[created("1", "1")]);
    mark(&mut inbox, 1, Mark::Archived, NOON);
    send(&mut inbox, NOON - 86_400_000);
}

/// Nothing is half applied: neither the mark nor the action is stored.
#[test]
fn on_a_full_disk_an_action_is_refused_whole() {
    let home = folder();
    let path = home.path().join("inbox.sqlite");
    let mut inbox = open(&path);
    let many: Vec<_> = (0..200)
        .map(|id| created(&id.to_string(), &id.to_string()))
        .collect();
    file(&mut inbox, &many);
    inbox.limit_pages(1).unwrap();
    let keys: Vec<_> = (0..200).map(|id| format!("n:{id}")).collect();
    inbox.mark(&keys, Mark::Read, NOON).unwrap_err();
    assert_eq!(inbox.counts().unwrap().unread, 200);
    drop(inbox);
    let mut inbox = open(&path);
    assert_eq!(inbox.counts().unwrap().unread, 200);
    assert_eq!(next(&mut inbox, NOON), Next::Nothing);
}

#[test]
fn a_locked_file_refuses_an_action_whole() {
    let home = folder();
    let path = home.path().join("inbox.sqlite");
    let mut inbox = open(&path);
    file(&mut inbox, &[created("1", "1")]);
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    inbox.mark(&[key(1)], Mark::Read, NOON).unwrap_err();
    assert!(!inbox.item("n:1").unwrap().unwrap().pending);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(next(&mut inbox, NOON), Next::Nothing);
    assert!(
        Inbox::open_read_only(&path, SERVER)
            .unwrap()
            .item("n:1")
            .unwrap()
            .unwrap()
            .read_at
            .is_none()
    );
}
