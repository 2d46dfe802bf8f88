//! Gaps that look like an earlier one, and notifications that change while a gap is filled.

use gloria_core::backfill::Progress;
use gloria_core::item::ItemKind;
use serde_json::{Value, json};

use super::super::harness::NOW;
use super::Harness;

const GAP: &str = "stream.gap";

/// The last page of a gap.
fn end(gaps: u32) -> Progress {
    Progress::Page {
        gaps,
        next: None,
        is_last: true,
        items: 0,
    }
}

impl Harness {
    /// The position to ask after, if something is missing.
    fn asked_after(&mut self) -> Option<Option<String>> {
        self.inbox.missing(NOW).unwrap().map(|missing| missing.after)
    }

    fn gap_rows(&self) -> usize {
        let items = self.items();
        items.iter().filter(|item| item.kind == ItemKind::Gap).count()
    }
}

/// An inbox with a notification, and nothing missing.
fn filled() -> Harness {
    let mut harness = Harness::new();
    harness.created("7", "a", "a");
    harness.page(&json!([]), end(0));
    harness
}

fn gaps_without_ids() -> [Value; 3] {
    [json!({}), json!({"reason": "overflow"}), json!({"from": "3"})]
}

#[test]
fn a_gap_without_an_id_that_looks_like_an_earlier_one_is_asked_for_again() {
    for gap in gaps_without_ids() {
        let mut harness = filled();
        harness.comes("", GAP, &gap);
        assert_eq!(harness.asked_after(), Some(Some("7".into())), "{gap}");
        harness.page(&json!([]), end(1));
        assert_eq!(harness.asked_after(), None);
        harness.created("8", "b", "b");
        harness.comes("", GAP, &gap);
        assert_eq!(harness.asked_after(), Some(Some("8".into())), "{gap}, again");
        harness.page(&json!([]), end(1));
        harness.reconnect();
        harness.comes("", GAP, &gap);
        assert_eq!(
            harness.asked_after(),
            Some(Some("8".into())),
            "{gap}, on another connection"
        );
        let missed = json!([{"id": "c", "title": "c", "message": "m"}]);
        harness.page(&missed, end(1));
        assert_eq!(harness.asked_after(), None);
        assert_eq!(harness.alerts, ["a", "b", "c"]);
        assert_eq!(harness.gap_rows(), 0);
    }
}

#[test]
fn a_gap_that_is_reported_on_each_connection_is_one_row_where_there_is_no_list() {
    for gap in gaps_without_ids() {
        let mut harness = filled();
        for _ in 0..3 {
            harness.comes("", GAP, &gap);
            assert!(harness.asked_after().is_some(), "{gap}");
            harness.page(&json!([]), Progress::NoList);
            assert_eq!((harness.gap_rows(), harness.alerts.len()), (1, 2), "{gap}");
            harness.reconnect();
        }
    }
}

#[test]
fn a_gap_that_comes_again_while_it_is_filled_keeps_its_row_and_the_last_page_from_being_the_last() {
    let mut harness = filled();
    harness.comes("", GAP, &json!({}));
    harness.page(&json!([]), Progress::Shown);
    harness.comes("", GAP, &json!({}));
    assert!(harness.inbox.missing(NOW).unwrap().unwrap().is_shown);
    harness.page(&json!([]), end(1));
    assert!(harness.asked_after().is_some(), "the page was made before");
    assert_eq!((harness.gap_rows(), harness.alerts.len()), (1, 2));
    harness.page(&json!([]), end(2));
    assert_eq!((harness.asked_after(), harness.gap_rows()), (None, 0));
}

#[test]
fn two_gaps_in_the_same_minute_are_both_asked_for() {
    let gap = |from: u32, to: u32| {
        let at = |second: u32| format!("2026-11-26T11:59:{second:02}Z");
        json!({"from": at(from), "to": at(to)})
    };
    let mut harness = filled();
    harness.comes("9", GAP, &gap(1, 5));
    harness.page(&json!([]), Progress::Shown);
    assert_eq!(harness.gap_rows(), 1);
    harness.comes("10", GAP, &gap(10, 15));
    harness.page(&json!([]), end(2));
    assert_eq!((harness.asked_after(), harness.gap_rows()), (None, 0));
    harness.reconnect();
    harness.comes("12", GAP, &gap(20, 25));
    assert_eq!(harness.asked_after(), Some(Some("10".into())));
}

#[test]
fn a_notification_that_changes_more_often_than_a_page_takes_is_filed_all_the_same() {
    let mut harness = filled();
    harness.reconnect();
    harness.comes("20", GAP, &json!({"from": "7", "to": "20"}));
    for repeat in 0..4 {
        assert_eq!(harness.inbox.counts().unwrap().total, 1);
        let asked = harness.inbox.missing(NOW).unwrap().expect("once more");
        assert_eq!((asked.after.as_deref(), asked.pages), (Some("7"), 0));
        harness.updated(
            &format!("3{repeat}"),
            &json!({"id": "hot", "title": format!("title {repeat}")}),
        );
        let page = json!([{"id": "hot", "title": "old", "message": "m"}]);
        harness.page_asked_at((asked.place, asked.logged), &page, end(1));
    }
    assert_eq!(harness.item("n:hot").title, "title 3");
    assert_eq!(harness.asked_after(), None);
}

/// What is known of a notification before the page is asked for, its version in the page, and whether the page is asked
/// for again although the stream has brought version 5 meanwhile.
#[test]
fn a_page_is_not_asked_for_again_where_the_versions_tell_which_is_newer() {
    let entry =
        |version: Option<i64>| json!({"id": "hot", "title": "entry", "message": "m", "version": version});
    let table = [
        (None, Some(4), false, "stream"),
        (None, Some(6), false, "entry"),
        (Some(3), Some(6), false, "entry"),
        (Some(3), Some(5), false, "entry"),
        // What changed in the gap came with a version that the stream has not brought.
        (Some(3), Some(4), true, "stream"),
        (Some(3), None, true, "stream"),
    ];
    for (known, version, is_repeated, title) in table {
        let mut harness = filled();
        if known.is_some() {
            harness.comes("8", "notification.created", &entry(known));
        }
        harness.reconnect();
        harness.comes("20", GAP, &json!({"from": "7", "to": "20"}));
        let asked = harness.inbox.missing(NOW).unwrap().unwrap();
        harness.updated("30", &json!({"id": "hot", "title": "stream", "version": 5}));
        harness.page_asked_at((asked.place, asked.logged), &json!([entry(version)]), end(1));
        let what = format!("{known:?}, {version:?}");
        assert_eq!(harness.asked_after().is_some(), is_repeated, "{what}");
        assert_eq!(harness.item("n:hot").title, title, "{what}");
    }
}
