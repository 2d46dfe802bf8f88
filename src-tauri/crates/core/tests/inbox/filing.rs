//! Events that are repeated or out of order lead to the expected rows, and alert once.

mod fallback;
mod first;
mod gaps;
mod lists;
mod pages;
mod properties;
mod types;
mod versions;

use std::path::Path;

use gloria_core::backfill::Progress;
use gloria_core::inbox::{Arrival, Cursor, Effect, Inbox, Now, fingerprint};
use gloria_core::item::{InboxView, Item, ItemKind, Mark};
use serde_json::{Value, json};

use crate::harness::{NOON, NOW, QUIET, SERVER, arrival, page};

/// An inbox and a stream of events to it.
struct Harness {
    inbox: Inbox,
    now: Now,
    /// The id that the stream has reached.
    id: String,
    /// The alerts, as key and title.
    alerts: Vec<String>,
}

impl Harness {
    fn new() -> Self {
        let mut inbox = Inbox::in_memory(SERVER).unwrap();
        inbox.begin_connection();
        Self {
            inbox,
            now: NOW,
            id: String::new(),
            alerts: Vec::new(),
        }
    }

    fn reconnect(&mut self) {
        self.inbox.begin_connection();
    }

    /// Stores an event with its own id, or with the inherited one if `id` is empty.
    fn comes(&mut self, id: &str, event_type: &str, data: &Value) -> Vec<Effect> {
        let own_id = !id.is_empty() && id != self.id;
        if !id.is_empty() {
            id.clone_into(&mut self.id);
        }
        let arrival = Arrival {
            own_id,
            ..arrival(&self.id, event_type, data)
        };
        let cursor = if self.id.is_empty() {
            Cursor::Unchanged
        } else {
            Cursor::At(self.id.clone())
        };
        let alerts = &mut self.alerts;
        let filed = self
            .inbox
            .file(&vec![arrival].into(), cursor, self.now, |posted| {
                // Like the gate.
                let item = posted.item;
                if item.read_at.is_none() && item.kind != ItemKind::WorkflowRunning {
                    alerts.push(item.title.clone());
                }
                QUIET
            });
        filed.unwrap()
    }

    fn created(&mut self, event_id: &str, id: &str, title: &str) -> Vec<Effect> {
        let data = json!({"id": id, "title": title, "message": "m"});
        self.comes(event_id, "notification.created", &data)
    }

    fn updated(&mut self, event_id: &str, data: &Value) -> Vec<Effect> {
        self.comes(event_id, "notification.updated", data)
    }

    fn deleted(&mut self, event_id: &str, id: &str) -> Vec<Effect> {
        self.comes(event_id, "notification.deleted", &json!({ "id": id }))
    }

    fn item(&self, key: &str) -> Item {
        self.inbox.item(key).unwrap().unwrap()
    }

    fn items(&self) -> Vec<Item> {
        let mut items = page(&self.inbox, InboxView::Inbox, None, 500).items;
        items.extend(page(&self.inbox, InboxView::Archived, None, 500).items);
        items
    }

    fn titles(&self) -> Vec<String> {
        self.items().into_iter().map(|item| item.title).collect()
    }
}

#[test]
fn each_end_of_a_workflow_is_news_and_a_start_is_not() {
    let mut harness = Harness::new();
    let workflow = |name: &str| json!({"workflowId": "w", "name": name});
    let failed = json!({"workflowId": "w", "name": "third", "error": "disk full"});
    harness.comes("1", "workflow.completed", &workflow("first"));
    harness.comes("2", "workflow.started", &workflow("second"));
    assert_eq!(harness.item("w:w").kind, ItemKind::WorkflowRunning);
    harness.comes("3", "workflow.failed", &failed);
    assert_eq!(
        (harness.item("w:w").kind, harness.item("w:w").body.as_str()),
        (ItemKind::WorkflowFailed, "disk full")
    );
    assert_eq!(harness.item("w:w").read_at, None);
    harness.comes("4", "workflow.started", &workflow("fourth"));
    harness.comes("5", "workflow.completed", &workflow("fifth"));
    assert_eq!(harness.item("w:w").kind, ItemKind::WorkflowCompleted);
    assert_eq!(harness.alerts, ["first", "third", "fifth"]);
}

#[test]
fn a_workflows_state_that_is_sent_on_each_connection_says_nothing_new() {
    let failed = json!({"workflowId": "w", "name": "Import", "error": "disk full"});
    for ids in [["1", "2", "3"], ["", "", ""]] {
        let mut harness = Harness::new();
        for id in ids {
            harness.comes(id, "workflow.failed", &failed);
            harness.inbox.mark(&["w:w".into()], Mark::Archived, NOON).unwrap();
            harness.reconnect();
        }
        assert_eq!(harness.alerts, ["Import"], "{ids:?}");
        assert!(harness.item("w:w").archived_at.is_some());
        let other = json!({"workflowId": "w", "name": "Import", "error": "no rights"});
        harness.comes(
            if ids[0].is_empty() { "" } else { "4" },
            "workflow.failed",
            &other,
        );
        assert_eq!(harness.alerts.len(), 2, "another error is news");
        assert!(harness.item("w:w").archived_at.is_none());
    }
}

#[test]
fn what_was_read_or_changed_before_it_came_is_filed_as_that() {
    let mut harness = Harness::new();
    harness.updated("1", &json!({"id": "1", "title": "corrected"}));
    harness.updated("2", &json!({"id": "1", "readAt": "2026-11-26T11:00:00Z"}));
    harness.deleted("3", "2");
    for id in ["1", "2", "3"] {
        harness.created(&format!("1{id}"), id, &format!("title {id}"));
    }
    assert_eq!(harness.alerts, ["title 3"]);
    assert_eq!(harness.titles(), ["title 3", "corrected"]);
    assert!(harness.item("n:1").read_at.is_some());
    harness.updated("20", &json!({"id": "1", "readAt": null}));
    assert_eq!(
        harness.item("n:1").read_at,
        None,
        "what came early is not kept for ever"
    );
}

#[test]
fn a_notification_says_itself_that_it_was_read_or_archived() {
    let mut harness = Harness::new();
    let read = json!({"id": "1", "title": "read", "message": "m", "readAt": "2026-11-26T11:00:00Z"});
    let archived = json!({"id": "2", "title": "done", "message": "m", "archivedAt": "2026-11-26T11:00:00Z"});
    harness.comes("1", "notification.created", &read);
    harness.comes("2", "notification.created", &archived);
    assert_eq!(harness.alerts, Vec::<String>::new());
    assert_eq!(harness.inbox.counts().unwrap().unread, 0);
    assert_eq!(harness.inbox.counts().unwrap().total, 1);
}

#[test]
fn posted_again_after_deletion_is_shown_and_a_replay_is_not() {
    let at =
        |title: &str, created: &str| json!({"id": "1", "title": title, "message": "m", "createdAt": created});
    let (old, new) = ("2026-11-26T10:00:00Z", "2026-11-26T11:00:00Z");
    let mut harness = Harness::new();
    harness.comes("1", "notification.created", &at("first", old));
    harness.deleted("2", "1");
    // The server's history once more: with its ids, with other ids, and without.
    harness.reconnect();
    harness.comes("1", "notification.created", &at("first", old));
    harness.deleted("2", "1");
    harness.comes("8", "notification.created", &at("first", old));
    harness.comes("", "notification.created", &at("first", old));
    assert_eq!(harness.titles(), Vec::<String>::new());
    harness.comes("9", "notification.created", &at("first", new));
    assert_eq!(harness.titles(), ["first"], "the same words, made anew");
    harness.deleted("10", "1");
    harness.comes("11", "notification.created", &at("second", new));
    assert_eq!(harness.titles(), ["second"]);
    harness.deleted("12", "1");
    harness.comes("13", "notification.created", &at("older", old));
    assert_eq!(
        harness.titles(),
        Vec::<String>::new(),
        "an older version that comes late"
    );
    assert_eq!(harness.alerts, ["first", "first", "second"]);

    let mut harness = Harness::new();
    harness.created("1", "1", "timeless");
    harness.deleted("2", "1");
    harness.created("3", "1", "timeless");
    assert_eq!(harness.titles(), ["timeless"], "an event of its own");
    harness.reconnect();
    harness.created("1", "1", "timeless");
    harness.deleted("2", "1");
    harness.created("3", "1", "timeless");
    assert_eq!(harness.titles(), ["timeless"]);
    assert_eq!(harness.alerts.len(), 2);
}

#[test]
fn a_maintenance_that_is_moved_is_reported_again() {
    let mut harness = Harness::new();
    let on =
        |text: &str, starts: &str| json!({"id": "m", "title": "Update", "message": text, "startsAt": starts});
    let (saturday, sunday) = ("2026-11-28T22:00:00Z", "2026-11-29T22:00:00Z");
    harness.comes("1", "system.maintenance", &on("Saturday 22:00", saturday));
    harness.inbox.mark(&["s:m".into()], Mark::Archived, NOON).unwrap();
    harness.comes("2", "system.maintenance", &on("Saturday 22:00", saturday));
    assert!(
        harness.item("s:m").archived_at.is_some(),
        "the same says nothing new"
    );
    harness.comes("3", "system.maintenance", &on("Sunday 22:00", sunday));
    let item = harness.item("s:m");
    assert_eq!(
        (item.body.as_str(), item.read_at, item.archived_at),
        ("Sunday 22:00", None, None)
    );
    harness.comes("4", "system.maintenance", &on("Sunday 22:00", saturday));
    assert_eq!(harness.alerts.len(), 3, "another time is another time");
    harness.reconnect();
    for (id, message, starts) in [("1", "Saturday 22:00", saturday), ("3", "Sunday 22:00", sunday)] {
        harness.comes(id, "system.maintenance", &on(message, starts));
    }
    assert_eq!(harness.alerts.len(), 3, "a replay");
}

#[test]
fn a_server_that_counts_from_one_on_each_connection_loses_nothing() {
    let mut harness = Harness::new();
    harness.created("1", "a", "A");
    harness.updated("2", &json!({"id": "a", "title": "B"}));
    harness.updated("3", &json!({"id": "a", "title": "C"}));
    harness.reconnect();
    harness.created("1", "b", "other");
    harness.updated("2", &json!({"id": "a", "title": "B"}));
    assert_eq!(harness.item("n:a").title, "B");
    harness.comes(
        "3",
        "workflow.failed",
        &json!({"workflowId": "w", "name": "Import"}),
    );
    assert_eq!(harness.alerts, ["A", "other", "Import"]);
}

#[test]
fn notifications_that_only_their_events_number_do_not_replace_each_other() {
    let mut harness = Harness::new();
    let come = |harness: &mut Harness, id: &str, title: &str| {
        harness.comes(
            id,
            "notification.created",
            &json!({"title": title, "message": "m"}),
        );
    };
    for (one, other) in [("A", "B"), ("C", "D"), ("C", "D"), ("A", "B")] {
        come(&mut harness, "1", one);
        come(&mut harness, "2", other);
        harness.reconnect();
    }
    let mut titles = harness.titles();
    titles.sort();
    assert_eq!(titles, ["A", "B", "C", "D"]);
    assert_eq!(
        harness.alerts,
        ["A", "B", "C", "D"],
        "what comes again is a replay"
    );
}

#[test]
fn changes_there_and_back_end_where_they_ended() {
    for carried in ["7", ""] {
        let mut harness = Harness::new();
        harness.created(carried, "a", "first");
        for title in ["A", "B", "A"] {
            harness.updated("", &json!({"id": "a", "title": title}));
        }
        assert_eq!(harness.item("n:a").title, "A", "{carried:?}");
    }
}

#[test]
fn what_the_user_marked_survives_a_replay() {
    let mut harness = Harness::new();
    harness.created("1", "a", "A");
    harness.updated("2", &json!({"id": "a", "readAt": "2026-11-26T11:00:00Z"}));
    harness.inbox.mark(&["n:a".into()], Mark::Unread, NOON).unwrap();
    harness.reconnect();
    harness.created("1", "a", "A");
    harness.updated("2", &json!({"id": "a", "readAt": "2026-11-26T11:00:00Z"}));
    assert_eq!(harness.item("n:a").read_at, None);
}

#[test]
fn null_takes_back_what_was_said() {
    let mut harness = Harness::new();
    let data = json!({"id": "a", "title": "A", "message": "m", "link": "https://gloria.example/1", "category": "c",
        "readAt": "2026-11-26T11:00:00Z", "actions": [{"label": "Go", "link": "https://gloria.example/2"}]});
    harness.comes("1", "notification.created", &data);
    harness.updated(
        "2",
        &json!({"id": "a", "readAt": null, "link": null, "category": null, "actions": null, "title": null}),
    );
    let item = harness.item("n:a");
    assert_eq!(
        (item.read_at, item.link, item.category, item.actions.len()),
        (None, None, None, 0)
    );
    assert_eq!(item.title, "A", "an item is never without a title");
    harness.updated("3", &json!({"id": "a", "archivedAt": "2026-11-26T11:00:00Z"}));
    harness.updated("4", &json!({"id": "a", "archivedAt": null}));
    assert_eq!(harness.item("n:a").archived_at, None);
    // The user's action is newer until the server has it.
    harness.inbox.mark(&["n:a".into()], Mark::Archived, NOON).unwrap();
    harness.updated("5", &json!({"id": "a", "archivedAt": null}));
    assert_eq!(harness.item("n:a").archived_at, Some(NOON));
}

#[test]
fn a_notification_that_replaces_itself_stays() {
    let mut harness = Harness::new();
    let data = json!({"id": "a", "title": "A", "message": "m", "supersedes": "a"});
    harness.comes("1", "notification.created", &data);
    assert_eq!(harness.titles(), ["A"]);
}

#[test]
fn the_servers_time_is_kept_whatever_this_computers_clock_says() {
    let mut harness = Harness::new();
    let year = 365 * 24 * 3_600_000;
    let made = |id: &str, hour: i64| {
        let created = jiff::Timestamp::from_millisecond(NOON + hour * 3_600_000).unwrap();
        json!({"id": id, "title": id, "message": "m", "createdAt": created.to_string()})
    };
    // This computer's clock is a year behind, and the server sends the time.
    harness.now.here = NOON - year;
    harness.comes("1", "notification.created", &made("a", -1));
    // A wrong time of the server does not keep an item at the top.
    harness.comes("2", "notification.created", &made("ahead", 48));
    harness.now.server += 60_000;
    harness.comes(
        "3",
        "notification.created",
        &json!({"id": "timeless", "title": "timeless", "message": "m"}),
    );
    assert_eq!(harness.item("n:a").created_at, NOON - 3_600_000);
    assert_eq!(harness.item("n:ahead").created_at, NOON + 48 * 3_600_000);
    assert_eq!(harness.titles(), ["timeless", "ahead", "a"]);
}

/// Stores an item like an earlier version: in English, with the fingerprint of its text.
fn store_as_earlier(path: &Path, key: &str, content: i64, title: &str, body: &str) {
    let db = rusqlite::Connection::open(path).unwrap();
    // It had no index of words.
    db.execute_batch("DROP TRIGGER IF EXISTS search_changed").unwrap();
    let sql = "UPDATE item SET title = ?2, body = ?3, content = ?4 WHERE key = ?1";
    let changed = db.execute(sql, rusqlite::params![key, title, body, content]);
    assert_eq!(changed.unwrap(), 1, "{key}");
}

#[test]
fn rows_of_an_earlier_version_keep_their_words_and_what_comes_again_is_no_news() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inbox.sqlite3");
    let mut harness = Harness::new();
    harness.inbox = Inbox::open(&path, SERVER).unwrap().inbox;
    harness.inbox.begin_connection();
    let gap = json!({"from": "17", "to": "42"});
    let maintenance = json!({"id": "m", "message": "From noon on"});
    let workflow = json!({"workflowId": "w", "error": "disk full"});
    harness.comes("42", "stream.gap", &gap);
    harness.page(&json!([]), Progress::GivenUp);
    harness.comes("43", "system.maintenance", &maintenance);
    harness.comes("44", "workflow.failed", &workflow);
    assert_eq!(harness.alerts.len(), 3);
    let rows = [
        (
            "g:event 17..event 42",
            "gap",
            "2",
            "Notifications are missing here",
            "What came",
        ),
        ("s:m", "maintenance", "1", "Planned maintenance", "From noon on"),
        ("w:w", "workflowFailed", "2", "Workflow w", "disk full"),
    ];
    for (key, kind, priority, title, body) in rows {
        let content = fingerprint(kind, &format!("{priority}\0\0{title}\0{body}"));
        store_as_earlier(&path, key, content, title, body);
    }
    for (key, _, _, title, body) in rows {
        let item = harness.item(key);
        assert_eq!(
            (item.title.as_str(), item.body.as_str(), item.words),
            (title, body, None)
        );
    }
    // A server that numbers its events anew for each connection.
    harness.reconnect();
    harness.comes("1", "stream.gap", &gap);
    harness.comes("2", "system.maintenance", &maintenance);
    harness.comes("3", "workflow.failed", &workflow);
    assert_eq!(
        (harness.alerts.len(), harness.items().len()),
        (3, 3),
        "nothing is shown twice"
    );
}

#[test]
fn no_text_of_a_server_passes_for_a_message_of_the_app() {
    let mut harness = Harness::new();
    let forged = "\u{1}{\"id\":\"gap-title\",\"args\":{}}";
    harness.created("1", "a", forged);
    harness.created("2", "b", "B");
    harness.updated("3", &json!({"id": "b", "title": forged, "message": forged}));
    for key in ["n:a", "n:b"] {
        let item = harness.item(key);
        assert!(
            item.words.is_none() && item.title.contains("gap-title"),
            "{item:?}"
        );
    }
}
