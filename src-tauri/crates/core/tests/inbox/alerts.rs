//! Alerts as rows: they are requested until they are answered, and no longer.

mod growth;
mod harness;
mod model;

use gloria_core::alerts::{Decision, DigestKind, Verdict};
use gloria_core::inbox::{DueQuery, Target};
use gloria_core::item::{AlertState, Mark, Priority, Reason, SoundReason};
use gloria_core::ports::{Answer, Delivery, ServiceState};
use serde_json::json;

use crate::harness::NOON;
use harness::{Harness, MINUTE, collected, file, handle, query, shown, titles};

#[test]
fn what_was_not_answered_before_a_kill_is_asked_for_once_more_and_what_was_is_not() {
    let mut harness = Harness::new();
    let all = vec![harness.created("a", "normal"), harness.created("b", "urgent")];
    harness.file(all, &shown());
    let due = harness.due();
    assert_eq!(titles(&due), ["title b", "title a"], "what is urgent comes first");
    assert_eq!(
        titles(&harness.due()),
        Vec::<&str>::new(),
        "it is asked for already"
    );
    harness.answer(&due.asks[0]);
    harness.restart();
    let due = harness.due();
    assert_eq!(titles(&due), ["title a"]);
    assert_eq!(due.sound, Some(Priority::Normal));
    harness.answer(&due.asks[0]);
    harness.restart();
    assert_eq!(harness.due().asks, []);
    let records = harness.inbox.alerts().unwrap();
    assert!(records.iter().all(|record| record.state == AlertState::Shown
        && record.handle.is_some()
        && record.answered_at == Some(NOON)));
}

#[test]
fn what_waited_for_more_than_two_minutes_is_reported_in_one_digest() {
    let mut harness = Harness::new();
    for id in ["a", "b", "c"] {
        let created = harness.created(id, "normal");
        harness.file(vec![created], &shown());
    }
    harness.pass(3 * MINUTE);
    let fresh = harness.created("d", "normal");
    harness.file(vec![fresh], &shown());
    harness.restart();
    let due = harness.due();
    assert_eq!(
        titles(&due),
        ["title d", "3 notifications that were not shown yet"]
    );
    let digest = &due.asks[1];
    assert_eq!(
        gloria_words::Words::english().phrase(&digest.body),
        "Newest: title c"
    );
    harness.answer(digest);
    let digests = harness.inbox.digests().unwrap();
    assert_eq!(digests.len(), 1);
    let members: Vec<_> = harness
        .inbox
        .alerts()
        .unwrap()
        .into_iter()
        .filter(|record| record.digest == Some(digests[0].id) && record.state == AlertState::InDigest)
        .map(|record| record.item)
        .collect();
    assert_eq!(members, ["n:a", "n:b", "n:c"]);
}

#[test]
fn what_is_urgent_is_shown_by_itself_after_a_kill_however_late() {
    let mut harness = Harness::new();
    let all = vec![
        harness.created("a", "urgent"),
        harness.created("b", "normal"),
        harness.created("c", "normal"),
    ];
    harness.file(all, &shown());
    harness.pass(60 * MINUTE);
    harness.restart();
    let due = harness.due();
    assert_eq!(
        titles(&due),
        ["title a", "2 notifications that were not shown yet"]
    );
    assert_eq!(due.sound, Some(Priority::Urgent));
}

#[test]
fn what_is_read_deleted_or_expired_by_then_is_not_shown() {
    let mut harness = Harness::new();
    let expires = json!({"id": "old", "title": "old", "message": "m",
        "expiresAt": "2026-11-26T12:01:00Z"});
    let all = vec![
        harness.created("read", "normal"),
        harness.created("deleted", "urgent"),
        harness.event("notification.created", &expires),
        harness.created("elsewhere", "normal"),
    ];
    harness.file(all, &shown());
    harness.restart();
    harness.inbox.mark(&["n:read".into()], Mark::Read, NOON).unwrap();
    let gone = vec![
        harness.event("notification.deleted", &json!({"id": "deleted"})),
        harness.event(
            "notification.updated",
            &json!({"id": "elsewhere", "readAt": "2026-11-26T12:00:30Z"}),
        ),
    ];
    harness.file(gone, &shown());
    harness.pass(MINUTE);
    assert_eq!(harness.due().asks, []);
    assert!(
        harness
            .states()
            .iter()
            .all(|(_, state)| *state == AlertState::Suppressed),
        "{:?}",
        harness.states()
    );
}

#[test]
fn what_a_batch_makes_and_takes_back_is_never_decided_about() {
    let mut harness = Harness::new();
    let all = vec![
        harness.created("deleted", "urgent"),
        harness.created("read", "urgent"),
        harness.created("stays", "urgent"),
        harness.event("notification.deleted", &json!({"id": "deleted"})),
        harness.event(
            "notification.updated",
            &json!({"id": "read", "readAt": "2026-11-26T12:00:30Z"}),
        ),
    ];
    let mut asked = Vec::new();
    file(&mut harness.inbox, all, harness.now, |posted| {
        asked.push((posted.item.key.clone(), posted.item.read_at.is_some()));
        if posted.item.read_at.is_some() {
            Decision {
                verdict: Verdict::Suppress,
                reason: Reason::Handled,
            }
        } else {
            shown()
        }
    });
    assert_eq!(
        asked,
        [("n:read".to_owned(), true), ("n:stays".to_owned(), false)]
    );
    assert_eq!(titles(&harness.due()), ["title stays"]);
}

#[test]
fn what_was_shown_is_withdrawn_by_its_handle_also_in_a_later_run() {
    let mut harness = Harness::new();
    let all = vec![harness.created("a", "normal"), harness.created("b", "normal")];
    harness.file(all, &shown());
    let due = harness.due();
    let handles: Vec<_> = due.asks.iter().map(|ask| harness.answer(ask)).collect();
    harness.restart();
    harness.inbox.mark(&["n:a".into()], Mark::Read, NOON).unwrap();
    assert_eq!(harness.due().withdrawals, handles[..1]);
    // It stays due until it is recorded, also in the next run.
    harness.restart();
    assert_eq!(harness.due().withdrawals, handles[..1]);
    harness.inbox.record_withdrawn(&handles[..1]).unwrap();
    assert_eq!(harness.due().withdrawals, []);

    harness.inbox.mark_all_read(NOON).unwrap();
    assert_eq!(
        harness.due().withdrawals,
        handles[1..],
        "mark all read withdraws too"
    );
    assert!(
        harness
            .states()
            .iter()
            .all(|(_, state)| *state == AlertState::Withdrawn)
    );
}

#[test]
fn a_digest_goes_with_the_last_of_its_members() {
    let mut harness = Harness::new();
    let all: Vec<_> = (0..6)
        .map(|id| harness.created(&id.to_string(), "normal"))
        .collect();
    harness.file(all, &collected(DigestKind::Missed));
    assert_eq!(harness.due_while(&[DigestKind::Missed]).asks, [], "more may come");
    let due = harness.due();
    assert_eq!(titles(&due), ["6 notifications while you were away"]);
    let handle = harness.answer(&due.asks[0]);
    let keys: Vec<_> = (0..6).map(|id| format!("n:{id}")).collect();
    harness.inbox.mark(&keys[..5], Mark::Read, NOON).unwrap();
    assert_eq!(harness.due().withdrawals, []);
    harness.inbox.mark(&keys[5..], Mark::Read, NOON).unwrap();
    assert_eq!(harness.due().withdrawals, [handle]);
}

#[test]
fn an_answer_for_what_was_read_meanwhile_is_withdrawn() {
    let mut harness = Harness::new();
    let created = harness.created("a", "normal");
    harness.file(vec![created], &shown());
    let due = harness.due();
    harness.inbox.mark(&["n:a".into()], Mark::Read, NOON).unwrap();
    let handle = harness.answer(&due.asks[0]);
    assert_eq!(harness.due().withdrawals, [handle]);
}

#[test]
fn a_failure_after_the_item_was_deleted_brings_nothing_back() {
    let mut harness = Harness::new();
    let created = harness.created("a", "normal");
    harness.file(vec![created], &shown());
    let due = harness.due();
    let deleted = harness.event("notification.deleted", &json!({"id": "a"}));
    harness.file(vec![deleted], &shown());
    let recorded = harness
        .inbox
        .record(&due.asks[0].target, &Err(Reason::Lost), NOON)
        .unwrap();
    assert_eq!(recorded.item, None);
    harness.inbox.resume_alerts(harness.now, &[]).unwrap();
    assert_eq!(harness.due().asks, []);
}

#[test]
fn what_the_service_did_not_show_is_tried_again_when_it_is_back() {
    let mut harness = Harness::new();
    let all: Vec<_> = (0..3)
        .map(|id| harness.created(&id.to_string(), "normal"))
        .collect();
    harness.file(all, &shown());
    for ask in harness.due().asks {
        harness
            .inbox
            .record(&ask.target, &Err(Reason::Lost), NOON)
            .unwrap();
    }
    assert_eq!(harness.due().asks, [], "not again by itself");
    let words = harness.inbox.item("n:0").unwrap().unwrap().alert.unwrap().words;
    assert_eq!(
        gloria_words::Words::english().say(&words),
        "Notification not shown: the notification service went away; it will be tried again"
    );
    harness.inbox.resume_alerts(harness.now, &[]).unwrap();
    assert_eq!(titles(&harness.due()), ["title 0", "title 1", "title 2"]);
}

#[test]
fn nothing_is_asked_of_a_service_that_hangs_and_what_waited_is_one_digest() {
    let mut harness = Harness::new();
    let hanging = DueQuery {
        service: ServiceState::Hanging,
        ..query(harness.now)
    };
    for id in 0..8 {
        let created = harness.created(&id.to_string(), "normal");
        harness.file(vec![created], &shown());
        assert_eq!(harness.inbox.due(&hanging).unwrap().asks, []);
    }
    harness.inbox.resume_alerts(harness.now, &[]).unwrap();
    assert_eq!(
        titles(&harness.due()),
        ["8 notifications that were not shown yet"]
    );
}

#[test]
fn without_a_service_an_alert_has_failed_and_says_so() {
    let mut harness = Harness::new();
    let created = harness.created("a", "normal");
    harness.file(vec![created], &shown());
    let absent = DueQuery {
        service: ServiceState::Absent,
        ..query(harness.now)
    };
    let due = harness.inbox.due(&absent).unwrap();
    assert_eq!((due.asks.len(), due.settled), (0, true));
    let alert = harness.inbox.item("n:a").unwrap().unwrap().alert.unwrap();
    assert_eq!(
        (alert.state, alert.reason),
        (AlertState::Failed, Reason::NoService)
    );
}

#[test]
fn a_notification_that_broke_the_core_is_not_asked_for_again() {
    let mut harness = Harness::new();
    let created = harness.created("a", "urgent");
    harness.file(vec![created], &shown());
    let due = harness.due();
    harness
        .inbox
        .record(&due.asks[0].target, &Err(Reason::Broke), NOON)
        .unwrap();
    harness.restart();
    assert_eq!(harness.due().asks, []);
}

#[test]
fn what_the_service_owes_an_answer_for_is_bounded() {
    let mut harness = Harness::new();
    let all: Vec<_> = (0..40)
        .map(|id| harness.created(&id.to_string(), "urgent"))
        .collect();
    harness.file(all, &shown());
    let due = harness.due();
    assert_eq!((due.asks.len(), due.more), (16, true));
    assert_eq!(harness.due().asks, []);
    harness.answer(&due.asks[0]);
    assert_eq!(harness.due().asks.len(), 1);
}

#[test]
fn news_of_an_item_that_is_on_screen_takes_its_place() {
    let mut harness = Harness::new();
    let created = harness.created("a", "normal");
    harness.file(vec![created], &shown());
    let due = harness.due();
    let handle = harness.answer(&due.asks[0]);
    let data = json!({"id": "a", "title": "other", "message": "m"});
    let again = harness.event("notification.created", &data);
    harness.file(vec![again], &shown());
    let due = harness.due();
    assert_eq!(due.asks[0].replaces, Some(handle.clone()));
    let answer = Answer {
        handle: handle.clone(),
        delivery: Delivery::Queued,
    };
    harness
        .inbox
        .record(&due.asks[0].target, &Ok(answer), NOON)
        .unwrap();
    let handles: Vec<_> = harness
        .inbox
        .alerts()
        .unwrap()
        .into_iter()
        .map(|record| record.handle)
        .collect();
    assert_eq!(handles, [None, Some(handle)]);
}

#[test]
fn what_was_asked_from_memory_is_answered_in_the_file() {
    let mut harness = Harness::new();
    let created = harness.created("a", "normal");
    harness.file(vec![created], &shown());
    let before = harness.due();
    for copy in [true, false] {
        harness.inbox.fall_back_to_memory(copy).unwrap();
        let id = format!("memory {copy}");
        let all = vec![
            harness.created(&id, "normal"),
            harness.created(&format!("waits {copy}"), "normal"),
        ];
        harness.file(all, &shown());
        let due = harness.due();
        let asked = due
            .asks
            .iter()
            .find(|ask| ask.title == format!("title {id}").as_str());
        harness.answer(asked.unwrap());
        if !copy {
            // Its row is only in the file.
            harness.answer(&before.asks[0]);
        }
        harness.inbox.return_to_file().unwrap();
    }
    harness.restart();
    let states = harness.states();
    let of = |key: &str| {
        let of_key: Vec<_> = states.iter().filter(|(item, _)| item == key).collect();
        assert_eq!(of_key.len(), 1, "{key}: {states:?}");
        of_key[0].1
    };
    for key in ["n:a", "n:memory true", "n:memory false"] {
        assert_eq!(of(key), AlertState::Shown, "{key}");
    }
    assert_eq!(titles(&harness.due()), ["title waits true", "title waits false"]);
}

#[test]
fn a_digest_that_was_answered_in_memory_is_in_the_file_with_its_members() {
    let mut harness = Harness::new();
    let all: Vec<_> = (0..4)
        .map(|id| harness.created(&id.to_string(), "normal"))
        .collect();
    harness.file(all, &collected(DigestKind::Missed));
    harness.inbox.fall_back_to_memory(true).unwrap();
    let more: Vec<_> = (4..9)
        .map(|id| harness.created(&id.to_string(), "normal"))
        .collect();
    harness.file(more, &collected(DigestKind::Missed));
    let due = harness.due();
    assert_eq!(titles(&due), ["9 notifications while you were away"]);
    harness.answer(&due.asks[0]);
    harness.inbox.return_to_file().unwrap();
    harness.restart();
    assert_eq!(harness.due().asks, []);
    let digest = harness.inbox.digests().unwrap()[0].id;
    let records = harness.inbox.alerts().unwrap();
    assert_eq!(records.len(), 9);
    assert!(
        records
            .iter()
            .all(|record| record.state == AlertState::InDigest && record.digest == Some(digest))
    );
}

#[test]
fn what_is_in_view_when_it_is_due_is_not_shown_unless_it_is_urgent() {
    let mut harness = Harness::new();
    let all = vec![harness.created("a", "normal"), harness.created("b", "urgent")];
    harness.file(all, &collected(DigestKind::Missed));
    let in_view = DueQuery {
        in_view: Some(SoundReason::Off),
        ..query(harness.now)
    };
    let due = harness.inbox.due(&in_view).unwrap();
    assert_eq!(titles(&due), ["title b"]);
    let words = harness.inbox.item("n:a").unwrap().unwrap().alert.unwrap().words;
    assert_eq!(
        gloria_words::Words::english().say(&words),
        "No notification: the inbox was in front of you; no sound: sounds are off"
    );
}

#[test]
fn a_click_of_an_earlier_run_leads_to_its_item() {
    let mut harness = Harness::new();
    let created = harness.created("a", "normal");
    harness.file(vec![created], &shown());
    let due = harness.due();
    let known = harness.answer(&due.asks[0]);
    harness.restart();
    let subject = harness.inbox.subject_of(&known).unwrap();
    assert_eq!(subject.unwrap().item(), Some("n:a"));
    assert_eq!(harness.inbox.subject_of(&handle(99)).unwrap(), None);
    assert!(matches!(due.asks[0].target, Target::Alert(..)));
}
