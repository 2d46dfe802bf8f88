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
