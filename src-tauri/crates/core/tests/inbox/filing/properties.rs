//! Whatever the server does to its notifications, and however its connections break, the rows end in the server's
//! state.

use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Harness;

/// What a server does to one notification.
#[derive(Debug, Clone)]
enum Change {
    Retitle(u8),
    Read,
    Unread,
    Archive,
}

#[derive(Debug, Clone)]
struct History {
    changes: Vec<Change>,
    /// How many of its events come before it.
    early: usize,
    /// After which of its events it is deleted, if it is.
    deleted_after: Option<usize>,
}

fn any_history() -> impl Strategy<Value = History> {
    let change = prop_oneof![
        (0..3_u8).prop_map(Change::Retitle),
        Just(Change::Read),
        Just(Change::Unread),
        Just(Change::Archive)
    ];
    (
        prop::collection::vec(change, 0..5),
        0..5_usize,
        prop::option::of(0..6_usize),
    )
        .prop_map(|(changes, early, deleted_after)| History {
            early: early.min(changes.len()),
            changes,
            deleted_after,
        })
}

fn events_of(id: usize, history: &History) -> Vec<(&'static str, Value)> {
    let mut events: Vec<_> = history
        .changes
        .iter()
        .enumerate()
        .map(|(place, change)| {
            // Each with a separate time, as on a server.
            let at = format!("2026-11-26T11:0{place}:00Z");
            let change = match change {
                Change::Retitle(title) => {
                    json!({"id": id.to_string(), "title": format!("{id}, title {title}")})
                }
                Change::Read => json!({"id": id.to_string(), "readAt": at}),
                Change::Unread => json!({"id": id.to_string(), "readAt": null, "updatedAt": at}),
                Change::Archive => json!({"id": id.to_string(), "archivedAt": at}),
            };
            ("notification.updated", change)
        })
        .collect();
    let created = json!({"id": id.to_string(), "title": format!("{id}"), "message": "m"});
    events.insert(history.early, ("notification.created", created));
    if let Some(after) = history.deleted_after {
        let place = after.min(events.len());
        events.insert(place, ("notification.deleted", json!({"id": id.to_string()})));
    }
    events
}

/// The expected state of the remaining items: title, read, archived.
fn ideal(histories: &[History]) -> HashMap<String, (String, bool, bool)> {
    let mut rows = HashMap::new();
    for (id, history) in histories.iter().enumerate() {
        if history.deleted_after.is_some() {
            continue;
        }
        let (mut title, mut read, mut archived) = (id.to_string(), false, false);
        for change in &history.changes {
            match change {
                Change::Retitle(number) => title = format!("{id}, title {number}"),
                Change::Read => read = true,
                Change::Unread => read = false,
                Change::Archive => (read, archived) = (true, true),
            }
        }
        rows.insert(format!("n:{id}"), (title, read, archived));
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is repeated on any connection, with ids or without, the rows end in the server's state, and each
    /// notification alerts at most once.
    #[test]
    fn rows_end_as_the_server_has_them(
        histories in prop::collection::vec(any_history(), 1..5),
        order in prop::collection::vec(any::<prop::sample::Index>(), 40),
        connections in prop::collection::vec((any::<prop::sample::Index>(), 0..12_usize), 1..8),
        has_ids in any::<bool>(),
    ) {
        // One log of all the server's actions, with each notification's events in their order.
        let mut waiting: Vec<_> = histories
            .iter()
            .enumerate()
            .map(|(id, history)| events_of(id, history).into_iter().peekable())
            .collect();
        let mut log = Vec::new();
        for choice in order {
            let open: Vec<_> = (0..waiting.len()).filter(|place| waiting[*place].len() > 0).collect();
            if open.is_empty() {
                break;
            }
            log.extend(waiting[*choice.get(&open)].next());
        }
        for rest in &mut waiting {
            log.extend(rest);
        }
        let mut harness = Harness::new();
        let mut stored = 0;
        let whole = std::iter::once((None, log.len()));
        let connections = connections.into_iter().map(|(from, length)| (Some(from), length)).chain(whole);
        for (from, length) in connections {
            // A server resumes at the position or before it, never after it.
            let from = from.map_or(0, |from| from.index(stored + 1));
            let to = (from + length).min(log.len()).max(stored.min(log.len()));
            harness.reconnect();
            for (place, (event_type, data)) in log.iter().enumerate().take(to).skip(from) {
                let id = if has_ids { (place + 1).to_string() } else { String::new() };
                harness.comes(&id, event_type, data);
            }
            stored = stored.max(to);
        }
        let rows: HashMap<_, _> = harness
            .items()
            .into_iter()
            .map(|item| (item.key, (item.title, item.read_at.is_some(), item.archived_at.is_some())))
            .collect();
        prop_assert_eq!(rows, ideal(&histories));
        let mut once = harness.alerts.clone();
        once.sort_unstable();
        once.dedup();
        prop_assert_eq!(once.len(), harness.alerts.len(), "{:?}", harness.alerts);
    }
}
