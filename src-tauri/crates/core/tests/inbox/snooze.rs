//! Snoozed items: hidden until their time, then back with an alert, once.

use std::collections::BTreeMap;

use gloria_core::alerts::{Decision, Verdict};
use gloria_core::inbox::{Effect, Inbox, Now};
use gloria_core::item::{AlertState, InboxView, Mark, Priority, Reason, Snooze, SnoozedUntil, SoundReason};
use gloria_core::outbox::{MarkSet, Next, Wanted};
use jiff::tz::TimeZone;
use serde_json::json;

use crate::harness::{NOON, SERVER, arrival, created, file, folder, keys, open, page};

const HOUR: i64 = 3_600_000;

fn at(millis: i64) -> Now {
    Now {
        here: millis,
        server: millis,
    }
}

fn snoozed(inbox: &mut Inbox, key: &str, at: i64) {
    let mark = Mark::Snoozed(SnoozedUntil { at, wall: None });
    inbox.mark(&[key.into()], mark, NOON).unwrap();
}

fn shown() -> Decision {
    Decision {
        verdict: Verdict::Show,
        reason: Reason::News {
            sound: SoundReason::Off,
        },
    }
}

fn wake(inbox: &mut Inbox, now: i64) -> Vec<String> {
    let woken = inbox.wake(at(now), |posted| {
        assert!(posted.returns);
        shown()
    });
    let key = |effect: Effect| match effect {
        Effect::Posted(item) => item.key,
        Effect::Changed(_) | Effect::Removed(_) | Effect::Nothing => panic!("it is news"),
    };
    woken.unwrap().into_iter().map(key).collect()
}

#[test]
fn it_is_away_until_its_time_and_then_on_top_unread_with_an_alert() {
    let folder = folder();
    let path = folder.path().join("inbox.sqlite");
    let mut inbox = open(&path);
    file(
        &mut inbox,
        &[created("1", "a"), created("2", "b"), created("3", "c")],
    );
    inbox.mark(&["n:a".into()], Mark::Read, NOON).unwrap();
    snoozed(&mut inbox, "n:a", NOON + HOUR);
    snoozed(&mut inbox, "n:b", NOON + 2 * HOUR);
    assert_eq!(keys(&inbox), ["n:c"]);
    assert_eq!(page(&inbox, InboxView::Snoozed, None, 9).items.len(), 2);
    let counts = inbox.counts().unwrap();
    assert_eq!((counts.total, counts.unread, counts.unseen), (1, 1, 1));
    assert_eq!(inbox.next_wake().unwrap(), Some(NOON + HOUR));
    assert!(wake(&mut inbox, NOON + HOUR - 1).is_empty());

    // The app is killed, and starts after the time of the first.
    drop(inbox);
    let mut inbox = open(&path);
    assert_eq!(wake(&mut inbox, NOON + HOUR + 5), ["n:a"]);
    assert_eq!(keys(&inbox), ["n:a", "n:c"], "on top");
    let item = inbox.item("n:a").unwrap().unwrap();
    assert_eq!(
        (item.seen_at, item.read_at, item.snoozed_until),
        (None, None, None)
    );
    assert_eq!(item.alert.unwrap().state, AlertState::Pending);
    assert_eq!(inbox.counts().unwrap().unread, 2);
    assert!(wake(&mut inbox, NOON + HOUR + 6).is_empty(), "once");
    assert_eq!(inbox.next_wake().unwrap(), Some(NOON + 2 * HOUR));

    // What is done, deleted or brought back before has no time any more.
    inbox.mark(&["n:b".into()], Mark::Archived, NOON).unwrap();
    snoozed(&mut inbox, "n:c", NOON + 3 * HOUR);
    inbox.mark(&["n:c".into()], Mark::Unsnoozed, NOON).unwrap();
    snoozed(&mut inbox, "n:a", NOON + 3 * HOUR);
    file(
        &mut inbox,
        &[arrival("9", "notification.deleted", &json!({"id": "a"}))],
    );
    assert_eq!(inbox.next_wake().unwrap(), None);
    assert!(wake(&mut inbox, NOON + 9 * HOUR).is_empty());
}

#[test]
fn more_than_fit_into_one_step_all_return() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    for id in 0..250 {
        file(&mut inbox, &[created(&id.to_string(), &id.to_string())]);
        snoozed(&mut inbox, &format!("n:{id}"), NOON + id);
    }
    let mut all = Vec::new();
    while inbox.next_wake().unwrap().is_some() {
        all.extend(wake(&mut inbox, NOON + HOUR));
    }
    let expected: Vec<_> = (0..250).map(|id| format!("n:{id}")).collect();
    assert_eq!(all, expected);
}

#[test]
fn a_named_time_moves_with_the_zone_and_a_duration_stays() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    file(&mut inbox, &[created("1", "a"), created("2", "b")]);
    let [berlin, new_york] = ["Europe/Berlin", "America/New_York"].map(|name| TimeZone::get(name).unwrap());
    let morning = Snooze::Tomorrow.until(NOON, &berlin).unwrap();
    inbox.mark(&["n:a".into()], Mark::Snoozed(morning), NOON).unwrap();
    snoozed(&mut inbox, "n:b", NOON + HOUR);
    let until = |inbox: &Inbox, key: &str| inbox.item(key).unwrap().unwrap().snoozed_until.unwrap();
    assert!(!inbox.move_snoozes(&berlin).unwrap());
    assert!(inbox.move_snoozes(&new_york).unwrap());
    assert_eq!(until(&inbox, "n:a"), morning.at + 6 * HOUR);
    assert_eq!(until(&inbox, "n:b"), NOON + HOUR);
    // The same time, said by the server, is still the named one; another one is an instant.
    let said = |at: i64| json!({"id": "a", "snoozedUntil": at});
    file(
        &mut inbox,
        &[arrival("3", "notification.updated", &said(morning.at + 6 * HOUR))],
    );
    assert!(inbox.move_snoozes(&berlin).unwrap());
    // Until the server has it, what the user chose counts.
    file(
        &mut inbox,
        &[arrival("5", "notification.updated", &said(morning.at + 7 * HOUR))],
    );
    assert_eq!(until(&inbox, "n:a"), morning.at);
    let wanted = Wanted {
        unknown: MarkSet::NONE,
        bulk: false,
    };
    while let Next::Send(action) = inbox.next_action(NOON, wanted).unwrap() {
        inbox
            .finish_action(&action, &BTreeMap::new(), MarkSet::NONE)
            .unwrap();
    }
    file(
        &mut inbox,
        &[arrival("4", "notification.updated", &said(morning.at + 9 * HOUR))],
    );
    assert!(!inbox.move_snoozes(&new_york).unwrap());
}

#[test]
fn what_returned_in_memory_is_back_in_the_file_with_its_alert() {
    let folder = folder();
    let mut inbox = open(&folder.path().join("inbox.sqlite"));
    file(&mut inbox, &[created("1", "a"), created("2", "b")]);
    snoozed(&mut inbox, "n:a", NOON + HOUR);
    inbox.fall_back_to_memory(true).unwrap();
    snoozed(&mut inbox, "n:b", NOON + HOUR);
    assert_eq!(wake(&mut inbox, NOON + HOUR), ["n:a", "n:b"]);
    inbox.return_to_file().unwrap();
    assert_eq!(inbox.next_wake().unwrap(), None);
    assert!(wake(&mut inbox, NOON + 2 * HOUR).is_empty());
    for key in ["n:a", "n:b"] {
        let alert = inbox.item(key).unwrap().unwrap().alert.unwrap();
        assert_eq!(alert.state, AlertState::Pending, "{key}");
    }
}

#[test]
fn what_must_be_acknowledged_is_on_top_until_it_is_or_is_done() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    let needs = |id: &str| json!({"id": id, "title": id, "message": "m", "ackRequired": true});
    file(
        &mut inbox,
        &[
            arrival("1", "notification.created", &needs("a")),
            created("2", "b"),
        ],
    );
    let top = |inbox: &Inbox| keys(inbox).first().cloned();
    assert_eq!(top(&inbox).as_deref(), Some("n:a"));
    inbox.mark(&["n:a".into()], Mark::Read, NOON).unwrap();
    assert_eq!(top(&inbox).as_deref(), Some("n:a"), "reading is not enough");
    let acknowledged = inbox.mark(&["n:a".into()], Mark::Acknowledged, NOON).unwrap();
    assert_eq!(
        (acknowledged[0].pinned, acknowledged[0].acknowledged_at),
        (false, Some(NOON))
    );
    assert_eq!(top(&inbox).as_deref(), Some("n:b"));
    let again = inbox.mark(&["n:a".into()], Mark::Unacknowledged, NOON).unwrap();
    assert!(again[0].pinned && again[0].priority == Priority::Normal);
    assert!(!inbox.mark(&["n:a".into()], Mark::Archived, NOON).unwrap()[0].pinned);
    assert_eq!(keys(&inbox), ["n:b"]);
}
