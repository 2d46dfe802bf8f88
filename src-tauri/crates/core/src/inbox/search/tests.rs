//! The index and the rules of [`super::hits`] agree, whatever is stored, changed, deleted and looked for.

use jiff::tz::TimeZone;
use proptest::prelude::*;
use rusqlite::params;

use super::{index, matches, parse};
use crate::inbox::Inbox;
use crate::item::{InboxView, Item};
use crate::protocol::{InboxFilter, InboxQuery};

fn inbox() -> Inbox {
    Inbox::in_memory("https://gloria.example").expect("an inbox")
}

fn query(text: &str, after: Option<String>, limit: u32) -> InboxQuery {
    InboxQuery {
        filter: InboxFilter {
            text: Some(text.to_owned()),
            everywhere: true,
            ..InboxView::Inbox.into()
        },
        after,
        limit,
    }
}

/// Returns the items of all pages.
fn all(inbox: &Inbox, text: &str, limit: u32) -> Vec<Item> {
    let (mut items, mut after) = (Vec::new(), None);
    loop {
        let page = inbox.page(&query(text, after, limit)).expect("a page");
        items.extend(page.items);
        after = page.next;
        if after.is_none() {
            return items;
        }
    }
}

fn put(inbox: &Inbox, key: usize, [title, body, actor]: &[String; 3], sort_at: i64, priority: i64) {
    let sql =
        "INSERT INTO item (key, kind, title, body, actor, priority, actions, extra, created_at, received_at,
            sort_at)
        VALUES (?1, 'notification', ?2, ?3, ?4, ?5, '[]', '{}', 0, 0, ?6)
        ON CONFLICT (key) DO UPDATE SET title = excluded.title, body = excluded.body, actor = excluded.actor,
            priority = excluded.priority, sort_at = excluded.sort_at, deleted_at = NULL";
    let values = params![key.to_string(), title, body, actor, priority, sort_at];
    inbox.db.execute(sql, values).expect("stored");
}

#[derive(Debug, Clone)]
enum Step {
    Put(usize, [String; 3], i64, i64),
    /// As a deletion by the server: the key stays.
    Erase(usize),
    /// As in memory, where the oldest rows are dropped.
    Drop(usize),
    Mark(usize),
}

fn text() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "disk",
        "disks",
        "di",
        "Łódź",
        "lodz",
        "Straße",
        "stras",
        "a",
        "東京",
        "東",
        "京都",
        "x-1",
        "e\u{301}te",
        "ete",
        "กรุง",
        "\"",
        "*",
        "NEAR(",
    ]);
    prop::collection::vec(word, 0..4).prop_map(|words| words.join(" "))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..9_usize, [text(), text(), text()], -3..9_i64, 0..4_i64)
            .prop_map(|(key, texts, at, priority)| Step::Put(key, texts, at, priority)),
        1 => (0..9_usize).prop_map(Step::Erase),
        1 => (0..9_usize).prop_map(Step::Drop),
        1 => (0..9_usize).prop_map(Step::Mark),
    ]
}

fn do_step(inbox: &Inbox, step: &Step) {
    let execute = |sql: &str, key: usize| inbox.db.execute(sql, [key.to_string()]).expect("done");
    match step {
        Step::Put(key, texts, at, priority) => put(inbox, *key, texts, *at, *priority),
        Step::Erase(key) => {
            execute(
                "UPDATE item SET deleted_at = 1, title = '', body = '', actor = NULL WHERE key = ?1",
                *key,
            );
        }
        Step::Drop(key) => {
            execute("DELETE FROM item WHERE key = ?1", *key);
        }
        Step::Mark(key) => {
            execute(
                "UPDATE item SET read_at = 1, archived_at = 1 WHERE key = ?1",
                *key,
            );
        }
    }
}

proptest! {
    #[test]
    fn every_page_has_what_matches_in_the_order_of_the_list(
        steps in prop::collection::vec(step(), 0..30),
        texts in prop::collection::vec(text(), 1..5),
        limit in 1..4_u32,
        // The index is emptied here, and made again in steps, as after an upgrade.
        emptied in any::<bool>(),
    ) {
        let mut inbox = inbox();
        for step in &steps {
            do_step(&inbox, step);
        }
        if emptied {
            inbox.db.execute("UPDATE search_state SET fold = -1", []).expect("done");
            index::reset_if_foreign(&mut inbox.db).expect("emptied");
            for step in &steps {
                do_step(&inbox, step);
            }
            while inbox.index_step().expect("a step") {}
        }
        let check = "INSERT INTO search (search) VALUES ('integrity-check')";
        inbox.db.execute(check, []).expect("a sound index");
        let stored = all(&inbox, "", 100);
        for text in texts {
            let terms = parse(&text, &TimeZone::UTC).terms;
            let keys = |items: &[Item]| items.iter().map(|item| item.key.clone()).collect::<Vec<_>>();
            let expected: Vec<Item> = stored.iter().filter(|item| matches(item, &terms)).cloned().collect();
            prop_assert_eq!(keys(&all(&inbox, &text, limit)), keys(&expected), "{}", text);
        }
    }

    #[test]
    fn no_text_is_an_error(text in any::<String>(), title in any::<String>()) {
        let inbox = inbox();
        put(&inbox, 1, &[title, text.clone(), String::new()], 0, 1);
        inbox.page(&query(&text, None, 50)).expect("a page");
    }
}
