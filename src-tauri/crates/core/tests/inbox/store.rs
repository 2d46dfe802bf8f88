//! The inbox's order, its counts, and reading during writes.

use std::sync::mpsc;
use std::time::Duration;

use gloria_core::inbox::{Arrival, Cursor, Inbox, InboxThread};
use gloria_core::item::{Counts, InboxView, Item, Mark, SnoozedUntil};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::harness::{NOON, NOW, QUIET, SERVER, arrival, keys, open, page};

const DEADLINE: Duration = Duration::from_secs(90);

fn file(inbox: &mut Inbox, arrivals: Vec<Arrival>) {
    let cursor = Cursor::At(arrivals.last().unwrap().event_id.clone());
    inbox.file(&arrivals.into(), cursor, NOW, |_| QUIET).unwrap();
}

fn created(id: usize, priority: &str, minute: usize) -> Arrival {
    let data = json!({"id": id.to_string(), "title": format!("title {id}"), "message": "m", "priority": priority,
        "createdAt": NOON - 3_600_000 + i64::try_from(minute).unwrap() * 60_000});
    arrival(
        &format!("{id}, {priority}, {minute}"),
        "notification.created",
        &data,
    )
}

fn view(inbox: &Inbox, view: InboxView, limit: u32) -> Vec<Item> {
    let (mut items, mut after) = (Vec::new(), None);
    loop {
        let page = page(inbox, view, after, limit);
        items.extend(page.items);
        after = page.next;
        if after.is_none() {
            return items;
        }
    }
}

#[test]
fn what_is_urgent_is_on_top_while_it_is_unread() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    let posts = [
        (1, "urgent", 1),
        (2, "normal", 9),
        (3, "urgent", 3),
        (4, "high", 8),
    ];
    file(
        &mut inbox,
        posts
            .map(|(id, priority, minute)| created(id, priority, minute))
            .into(),
    );
    assert_eq!(keys(&inbox), ["n:3", "n:1", "n:2", "n:4"]);
    let read = inbox.mark(&["n:3".into()], Mark::Read, NOON).unwrap();
    assert_eq!(
        (read[0].pinned, read[0].views.as_slice()),
        (false, &[InboxView::Inbox][..])
    );
    assert_eq!(keys(&inbox), ["n:1", "n:2", "n:4", "n:3"]);
    inbox.mark(&["n:3".into()], Mark::Unread, NOON).unwrap();
    inbox.mark(&["n:1".into()], Mark::Archived, NOON).unwrap();
    assert_eq!(keys(&inbox), ["n:3", "n:2", "n:4"]);
    let less = json!({"id": "3", "priority": "low"});
    file(&mut inbox, vec![arrival("less", "notification.updated", &less)]);
    assert_eq!(keys(&inbox), ["n:2", "n:4", "n:3"]);
}

/// What can happen to the inbox.
#[derive(Debug, Clone)]
enum Operation {
    Create(usize, &'static str, usize),
    Update(usize, Value),
    Delete(usize),
    Mark(Vec<usize>, Mark),
    AllSeen,
    AllRead,
}

fn any_operation() -> impl Strategy<Value = Operation> {
    let id = 0..6_usize;
    let mark = prop::sample::select(vec![
        Mark::Seen,
        Mark::Read,
        Mark::Unread,
        Mark::Archived,
        Mark::Unarchived,
        Mark::Flagged,
        Mark::Unflagged,
        Mark::Snoozed(SnoozedUntil {
            at: NOON + 1,
            wall: None,
        }),
        Mark::Unsnoozed,
        Mark::Acknowledged,
        Mark::Unacknowledged,
    ]);
    let change = prop::sample::select(vec![
        json!({"readAt": NOON}),
        json!({"readAt": null}),
        json!({"archivedAt": NOON}),
        json!({"archivedAt": null}),
        json!({"seenAt": NOON}),
        json!({"flaggedAt": NOON}),
        json!({"flaggedAt": null}),
        json!({"snoozedUntil": NOON + 60_000}),
        json!({"snoozedUntil": NOON - 60_000}),
        json!({"snoozedUntil": null}),
        json!({"ackRequired": true}),
        json!({"acknowledgedAt": NOON}),
        json!({"priority": "urgent"}),
        json!({"priority": "normal"}),
    ]);
    let priority = prop::sample::select(vec!["low", "normal", "urgent"]);
    prop_oneof![
        4 => (id.clone(), priority, 0..4_usize)
            .prop_map(|(id, priority, minute)| Operation::Create(id, priority, minute)),
        2 => (id.clone(), change).prop_map(|(id, change)| Operation::Update(id, change)),
        1 => id.clone().prop_map(Operation::Delete),
        2 => (prop::collection::vec(id, 1..4), mark).prop_map(|(ids, mark)| Operation::Mark(ids, mark)),
        1 => Just(Operation::AllSeen),
        1 => Just(Operation::AllRead),
    ]
}

fn apply(inbox: &mut Inbox, event_id: usize, operation: &Operation) {
    let event_id = event_id.to_string();
    match operation {
        Operation::Create(id, priority, minute) => file(
            inbox,
            vec![Arrival {
                event_id,
                ..created(*id, priority, *minute)
            }],
        ),
        Operation::Update(id, change) => {
            let mut data = change.clone();
            data["id"] = id.to_string().into();
            file(inbox, vec![arrival(&event_id, "notification.updated", &data)]);
        }
        Operation::Delete(id) => {
            let data = json!({ "id": id.to_string() });
            file(inbox, vec![arrival(&event_id, "notification.deleted", &data)]);
        }
        Operation::Mark(ids, mark) => {
            let keys: Vec<_> = ids.iter().map(|id| format!("n:{id}")).collect();
            inbox.mark(&keys, *mark, NOON).unwrap();
        }
        Operation::AllSeen => drop(inbox.mark_all_seen(NOON).unwrap()),
        Operation::AllRead => drop(inbox.mark_all_read(NOON).unwrap()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The stored counts equal counted ones, the order keys of items equal the order of their pages, and the views of
    /// an item are those that contain it.
    #[test]
    fn numbers_order_and_views_agree_with_the_rows(
        operations in prop::collection::vec(any_operation(), 1..40),
        limit in 1..5_u32,
    ) {
        let mut inbox = Inbox::in_memory(SERVER).unwrap();
        for (place, operation) in operations.iter().enumerate() {
            apply(&mut inbox, place, operation);
            let views = [
                InboxView::Inbox,
                InboxView::Unread,
                InboxView::Flagged,
                InboxView::Snoozed,
                InboxView::Archived,
            ];
            let lists = views.map(|name| (name, view(&inbox, name, limit)));
            let [(_, all), (_, unread), ..] = &lists;
            let count = |items: &[Item], which: fn(&Item) -> bool| {
                u32::try_from(items.iter().filter(|item| which(item)).count()).unwrap()
            };
            let counted = Counts {
                unseen: count(all, |item| item.seen_at.is_none()),
                unread: count(unread, |_| true),
                total: count(all, |_| true),
            };
            prop_assert_eq!(inbox.counts().unwrap(), counted, "after {:?}", operation);
            for (name, items) in &lists {
                prop_assert!(items.is_sorted_by(|above, below| above.sort > below.sort), "{name:?}: {items:?}");
                for item in items {
                    prop_assert!(item.views.contains(name), "{item:?}");
                    let places = lists.iter().filter(|(_, items)| items.contains(item)).count();
                    prop_assert_eq!(item.views.len(), places);
                }
            }
        }
    }
}

async fn look(inbox: &InboxThread) -> Vec<String> {
    timeout(DEADLINE, inbox.read(|inbox| Ok(keys(inbox))))
        .await
        .unwrap()
        .unwrap()
}

async fn comes(inbox: &InboxThread, id: usize) {
    let work = move |inbox: &mut Inbox| {
        file(inbox, vec![created(id, "normal", id)]);
        Ok(())
    };
    timeout(DEADLINE, inbox.call(work)).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_look_sees_what_was_answered_before_it_and_waits_for_no_work() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = InboxThread::spawn(open(&folder.path().join("inbox.sqlite"))).unwrap();
    for id in 0..20 {
        comes(&inbox, id).await;
        assert_eq!(look(&inbox).await.len(), id + 1);
    }
    // The writer is busy with something long.
    let (done, wait) = mpsc::channel::<()>();
    let (begun, beginning) = tokio::sync::oneshot::channel();
    let busy = tokio::spawn({
        let inbox = inbox.clone();
        async move {
            let work = move |_: &mut Inbox| {
                begun.send(()).unwrap();
                let _ = wait.recv();
                Ok(())
            };
            inbox.call(work).await
        }
    });
    beginning.await.unwrap();
    assert_eq!(look(&inbox).await.len(), 20);
    drop(done);
    busy.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_look_goes_where_the_inbox_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inbox.sqlite");
    let inbox = InboxThread::spawn(open(&path)).unwrap();
    comes(&inbox, 1).await;
    assert_eq!(look(&inbox).await, ["n:1"]);
    inbox.call(|inbox| inbox.fall_back_to_memory(true)).await.unwrap();
    comes(&inbox, 2).await;
    assert_eq!(look(&inbox).await, ["n:2", "n:1"], "in memory");
    inbox
        .call(|inbox| inbox.return_to_file().map(drop))
        .await
        .unwrap();
    comes(&inbox, 3).await;
    assert_eq!(look(&inbox).await, ["n:3", "n:2", "n:1"], "in the file again");

    let memory = InboxThread::spawn(Inbox::in_memory(SERVER).unwrap()).unwrap();
    comes(&memory, 1).await;
    assert_eq!(look(&memory).await, ["n:1"]);
}
