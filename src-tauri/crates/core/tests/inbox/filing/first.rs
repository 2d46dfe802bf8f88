//! What the server had before the first sign-in is fetched once, or a row says that it could not be.

use gloria_core::backfill::Progress;
use gloria_core::message;
use serde_json::json;

use super::super::harness::NOW;
use super::Harness;

#[test]
fn what_the_server_had_before_is_a_row_if_it_cannot_be_fetched_until_it_is() {
    let mut harness = Harness::new();
    let title = |harness: &Harness| harness.items()[0].words.as_ref().map(|words| words.title.clone());
    harness.inbox.missing(NOW).unwrap();
    harness.page(&json!([]), Progress::Shown);
    assert_eq!(title(&harness), Some(message::gap_first_title()));
    assert!(harness.inbox.missing(NOW).unwrap().unwrap().is_shown);
    harness.page(&json!([]), Progress::Shown);
    assert_eq!((harness.items().len(), harness.alerts.len()), (1, 1));
    let end = Progress::Page {
        gaps: 0,
        next: None,
        is_last: true,
        items: 0,
    };
    harness.page(&json!([]), end);
    assert_eq!(harness.items(), []);
    assert_eq!(harness.inbox.missing(NOW).unwrap(), None);

    let mut harness = Harness::new();
    harness.inbox.missing(NOW).unwrap();
    harness.page(&json!([]), Progress::GivenUp);
    assert_eq!(title(&harness), Some(message::gap_first_title()));
    assert_eq!(harness.inbox.missing(NOW).unwrap(), None);
}

#[test]
fn without_a_list_a_first_sign_in_misses_nothing_and_a_gap_is_a_row() {
    for is_shown in [false, true] {
        let mut harness = Harness::new();
        harness.inbox.missing(NOW).unwrap();
        if is_shown {
            harness.page(&json!([]), Progress::Shown);
        }
        harness.page(&json!([]), Progress::NoList);
        assert_eq!(harness.items(), []);
        assert_eq!(harness.inbox.missing(NOW).unwrap(), None);
    }
    let mut harness = Harness::new();
    harness.inbox.missing(NOW).unwrap();
    harness.page(&json!([]), Progress::Shown);
    harness.comes("9", "stream.gap", &json!({"from": "1", "to": "9"}));
    assert_eq!(harness.items(), [], "one for both follows");
    harness.page(&json!([]), Progress::NoList);
    let words = harness.items()[0].words.clone();
    assert_eq!(
        words.map(|words| words.title),
        Some(message::gap_title()),
        "since when is not known"
    );
    assert_eq!(harness.inbox.missing(NOW).unwrap(), None);
}
