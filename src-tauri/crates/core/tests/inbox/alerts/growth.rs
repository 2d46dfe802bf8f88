//! The stored data about alerts is bounded.

use gloria_core::inbox::{Retention, Sweep};

use super::*;

#[test]
fn an_item_that_is_posted_anew_for_years_keeps_its_newest_alerts() {
    let mut harness = Harness::new();
    for number in 0..60 {
        let data = json!({"id": "a", "title": format!("title {number}"), "message": "m"});
        let created = harness.event("notification.created", &data);
        harness.file(vec![created], &shown());
        let due = harness.due();
        assert_eq!(titles(&due), [format!("title {number}")]);
        harness.answer(&due.asks[0]);
    }
    let alerts = harness.inbox.alerts().unwrap();
    assert_eq!(alerts.len(), 20);
    assert_eq!(alerts.last().map(|alert| alert.state), Some(AlertState::Shown));
}

#[test]
fn what_the_service_is_asked_for_stays_however_much_is_posted_since() {
    let mut harness = Harness::new();
    let first = harness.created("a", "normal");
    harness.file(vec![first], &shown());
    let due = harness.due();
    for number in 0..60 {
        let data = json!({"id": "a", "title": format!("title {number}"), "message": "m"});
        let created = harness.event("notification.created", &data);
        harness.file(vec![created], &shown());
    }
    let handle = harness.answer(&due.asks[0]);
    assert_eq!(harness.due().withdrawals, [handle], "it was replaced since");
}

#[test]
fn digests_of_which_nothing_is_left_are_dropped_but_for_the_newest() {
    let mut harness = Harness::new();
    for number in 0..130 {
        let ids: Vec<_> = (0..4).map(|part| format!("{number}-{part}")).collect();
        let created = ids.iter().map(|id| harness.created(id, "normal")).collect();
        harness.file(created, &collected(DigestKind::Burst));
        let due = harness.due();
        assert_eq!(due.asks.len(), 1);
        let handle = harness.answer(&due.asks[0]);
        let gone =
            |harness: &mut Harness, id: &String| harness.event("notification.deleted", &json!({"id": id}));
        let deleted = ids.iter().map(|id| gone(&mut harness, id)).collect();
        harness.file(deleted, &shown());
        harness.inbox.record_withdrawn(&[handle]).unwrap();
    }
    let later = NOON + 200 * 24 * 60 * MINUTE;
    let mut sweep = Sweep::new(Retention::default(), later);
    while !harness.inbox.sweep(&mut sweep).unwrap().done {}
    assert_eq!(harness.inbox.alerts().unwrap(), []);
    assert_eq!(harness.inbox.digests().unwrap().len(), 100);
}
