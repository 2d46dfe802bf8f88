//! Which event types are requested, and where the stream resumes when they change.

use serde_json::json;

use super::Harness;

#[test]
fn widened_types_are_asked_for_from_where_leaving_out_began() {
    let types = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let cursor = |harness: &Harness| harness.inbox.cursor().unwrap().unwrap();
    let mut harness = Harness::new();
    harness.created("5", "a", "A");
    harness
        .inbox
        .set_event_types(&types(&["notification.created"]))
        .unwrap();
    harness.created("9", "b", "B");
    harness
        .inbox
        .set_event_types(&types(&["notification.created"]))
        .unwrap();
    assert_eq!(cursor(&harness), "9", "nothing changed");
    harness
        .inbox
        .set_event_types(&types(&["notification.created", "workflow.failed"]))
        .unwrap();
    assert_eq!(cursor(&harness), "5");
    // All events are sent again, and only new ones are news.
    harness.reconnect();
    harness.comes(
        "7",
        "workflow.failed",
        &json!({"workflowId": "w", "name": "Import"}),
    );
    harness.created("9", "b", "B");
    assert_eq!(harness.alerts, ["A", "B", "Import"]);
    harness
        .inbox
        .set_event_types(&types(&["workflow.failed"]))
        .unwrap();
    assert_eq!(cursor(&harness), "9", "less is no reason to go back");
    harness.inbox.set_event_types(&[]).unwrap();
    assert_eq!(cursor(&harness), "5", "all of it was left out since then");
    harness
        .inbox
        .set_event_types(&types(&["workflow.failed"]))
        .unwrap();
    harness.inbox.set_event_types(&[]).unwrap();
    assert_eq!(cursor(&harness), "5");
}
