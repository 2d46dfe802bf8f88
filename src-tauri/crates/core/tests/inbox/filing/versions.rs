//! Of two statements of the server about an item, the one with the higher version is in force, in whatever order and
//! however often they arrive.

use gloria_core::backfill::Progress;
use gloria_core::inbox::Effect;
use gloria_core::item::Item;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::harness::NOON;
use super::Harness;

/// All that a server says of one notification in one version; nothing after its deletion.
#[derive(Debug, Clone)]
struct State {
    title: u8,
    marks: [bool; 5],
    /// It is sent as a whole notification and not as a change, as when a client catches up.
    is_whole: bool,
}

const FIELDS: [&str; 5] = [
    "readAt",
    "archivedAt",
    "flaggedAt",
    "snoozedUntil",
    "acknowledgedAt",
];

fn any_state() -> impl Strategy<Value = State> {
    (0..3_u8, any::<[bool; 5]>(), any::<bool>()).prop_map(|(title, mut marks, is_whole)| {
        // What is archived is read and returns at no time.
        marks[0] |= marks[1];
        marks[3] &= !marks[1];
        State {
            title,
            marks,
            is_whole,
        }
    })
}

fn data(version: usize, state: &State) -> Value {
    let mut data = json!({
        "id": "a", "version": version, "title": format!("title {}", state.title), "message": "m",
        "createdAt": "2026-11-26T11:00:00Z",
    });
    for (field, set) in FIELDS.iter().zip(state.marks) {
        data[*field] = if set { json!(NOON + 3_600_000) } else { Value::Null };
    }
    data
}

pub(super) fn page_of(items: u32) -> Progress {
    Progress::Page {
        gaps: 1,
        next: None,
        is_last: false,
        items,
    }
}

fn marks(item: &Item) -> [bool; 5] {
    [
        item.read_at,
        item.archived_at,
        item.flagged_at,
        item.snoozed_until,
        item.acknowledged_at,
    ]
    .map(|at| at.is_some())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_highest_version_is_in_force_after_any_interleaving(
        states in prop::collection::vec(any_state(), 1..6),
        is_deleted in any::<bool>(),
        seed in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..12),
        order in any::<u64>(),
        pages in prop::collection::vec(any::<bool>(), 24),
    ) {
        let mut events: Vec<(&str, Value)> = states
            .iter()
            .enumerate()
            .map(|(place, state)| {
                let event = if place == 0 || state.is_whole { "notification.created" } else { "notification.updated" };
                (event, data(place + 1, state))
            })
            .collect();
        if is_deleted {
            events.push(("notification.deleted", json!({"id": "a", "version": states.len() + 1})));
        }
        // Each at least once, in some order, with repetitions and reconnects between them.
        let mut places: Vec<usize> = (0..events.len()).collect();
        places.sort_by_key(|place| (*place as u64 + 1).wrapping_mul(order | 1).rotate_left(23));
        let mut deliveries: Vec<(usize, bool)> = places.into_iter().map(|place| (place, false)).collect();
        for (index, reconnects) in &seed {
            deliveries.insert(index.index(deliveries.len() + 1), (index.index(events.len()), *reconnects));
        }
        let mut harness = Harness::new();
        for ((place, reconnects), in_page) in deliveries.iter().zip(pages.iter().cycle()) {
            if *reconnects {
                harness.reconnect();
            }
            let (event, data) = &events[*place];
            if *in_page {
                // The server's list says the same, and may have been asked for at any time.
                let mut entry = data.clone();
                entry["deleted"] = (*event == "notification.deleted").into();
                harness.page_asked_at((i64::MAX, i64::MAX), &json!([entry]), page_of(1));
            } else {
                harness.comes(&format!("e{place}"), event, data);
            }
        }
        let item = harness.inbox.item("n:a").unwrap();
        if is_deleted {
            prop_assert_eq!(item, None);
        } else {
            let item = item.unwrap();
            let last = &states[states.len() - 1];
            prop_assert_eq!(item.version, i64::try_from(states.len()).ok());
            prop_assert_eq!(&item.title, &format!("title {}", last.title), "{:?}", deliveries);
            prop_assert_eq!(marks(&item), last.marks, "{:?}", deliveries);
        }
    }
}

#[test]
fn what_is_not_newer_changes_nothing_and_null_clears() {
    let mut harness = Harness::new();
    let created = json!({"id": "a", "version": 2, "title": "a", "message": "m", "ackRequired": true});
    harness.comes("1", "notification.created", &created);
    for version in [1, 2] {
        let read = json!({"id": "a", "version": version, "readAt": NOON, "acknowledgedAt": NOON});
        assert_eq!(harness.updated(&format!("2-{version}"), &read), [Effect::Nothing]);
        let deleted = json!({"id": "a", "version": version});
        let effect = harness.comes(&format!("3-{version}"), "notification.deleted", &deleted);
        assert_eq!(effect, [Effect::Nothing]);
    }
    assert_eq!(harness.inbox.counts().unwrap().unread, 1);
    let all = json!({"id": "a", "version": 3, "readAt": NOON, "acknowledgedAt": NOON, "flaggedAt": NOON,
        "snoozedUntil": NOON + 60_000});
    harness.updated("4", &all);
    let item = harness.item("n:a");
    assert_eq!(marks(&item), [true, false, true, true, true]);
    assert_eq!(harness.inbox.counts().unwrap().total, 0, "snoozed");
    let none = json!({"id": "a", "version": 4, "readAt": null, "acknowledgedAt": null, "flaggedAt": null,
        "snoozedUntil": null});
    // Also on a later connection, under an id that is known.
    harness.reconnect();
    harness.updated("4", &none);
    let item = harness.item("n:a");
    assert_eq!(marks(&item), [false; 5]);
    assert!(item.pinned, "it has to be acknowledged");
    assert_eq!(harness.inbox.counts().unwrap().unread, 1);
    // Without a version, everything is as it always was.
    harness.updated("5", &json!({"id": "a", "readAt": NOON}));
    assert!(harness.item("n:a").read_at.is_some());
    assert_eq!(harness.item("n:a").version, Some(4));
}

#[test]
fn a_boolean_or_a_state_that_comes_before_its_notification_counts() {
    let mut harness = Harness::new();
    harness.updated("1", &json!({"id": "1", "version": 2, "read": true}));
    harness.comes("2", "notification.deleted", &json!({"id": "2", "version": 2}));
    for id in ["1", "2", "3"] {
        let created = json!({"id": id, "version": 1, "title": format!("title {id}"), "message": "m"});
        harness.comes(&format!("3{id}"), "notification.created", &created);
    }
    assert!(harness.item("n:1").read_at.is_some());
    assert_eq!(harness.inbox.item("n:2").unwrap(), None);
    assert_eq!(harness.alerts, ["title 3"]);
    harness.updated("4", &json!({"id": "3", "version": 2, "isRead": true}));
    assert!(harness.item("n:3").read_at.is_some());
    // Created again after its deletion.
    let again = json!({"id": "2", "version": 3, "title": "again", "message": "m"});
    harness.comes("5", "notification.created", &again);
    assert_eq!(harness.item("n:2").title, "again");
}
