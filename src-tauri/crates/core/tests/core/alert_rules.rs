//! The alert rules for Prometheus, and their tests, ask for what the app writes: a series that it does not write is
//! an alert that never comes.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::harness::{Harness, backend, within_deadline};

const RULES: &str = include_str!("../../../../packaging/monitoring/gloria-notify.rules.yml");
const TESTS: &str = include_str!("../../../../packaging/monitoring/gloria-notify.rules.test.yml");

/// What a collector adds, and what is different in each version.
const NOT_COMPARED: [&str; 3] = ["instance", "job", "version"];

/// One that is named in a text: its name, and its labels with the values that they may have.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Selector {
    name: String,
    labels: Vec<(String, Vec<String>)>,
}

/// Returns the series that rules, tests of rules or a file of metrics name. What a rule records has colons in its
/// name, and is not the app's.
fn selectors(text: &str) -> BTreeSet<Selector> {
    let mut found = BTreeSet::new();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    for (at, _) in text.match_indices("gloria_") {
        if text[..at].ends_with(is_name) {
            continue;
        }
        let rest = &text[at..];
        let (name, rest) = rest.split_at(rest.find(|c| !is_name(c)).unwrap_or(rest.len()));
        let labels = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let labels = labels
            .map_or("", |(labels, _)| labels)
            .split(',')
            .filter_map(|label| {
                let (label, values) = label.split_once('=')?;
                let values = values.trim_start_matches('~').trim_matches('"');
                (!NOT_COMPARED.contains(&label))
                    .then(|| (label.to_owned(), values.split('|').map(str::to_owned).collect()))
            });
        found.insert(Selector {
            name: name.to_owned(),
            labels: labels.collect(),
        });
    }
    found
}

/// Returns what of a selector has no series.
fn missing(selector: &Selector, written: &BTreeSet<Selector>) -> Vec<String> {
    let has = |label: &str, value: &str| {
        written.iter().any(|series| {
            let mut labels = series.labels.iter();
            series.name == selector.name && labels.any(|(name, values)| name == label && values == &[value])
        })
    };
    if !written.iter().any(|series| series.name == selector.name) {
        return vec![selector.name.clone()];
    }
    let labels = selector.labels.iter();
    let pairs = labels.flat_map(|(label, values)| values.iter().map(move |value| (label, value)));
    pairs
        .filter(|(label, value)| !has(label, value))
        .map(|(label, value)| format!("{}{{{label}={value:?}}}", selector.name))
        .collect()
}

#[test]
fn what_a_rule_names_is_found_in_it() {
    let text = r#"increase(gloria_a_total[1h]) > 0 unless gloria_b{state=~"x|y"} or x_gloria_c, instance:gloria_d:e"#;
    let found: Vec<_> = selectors(text)
        .into_iter()
        .map(|it| (it.name, it.labels))
        .collect();
    let states = vec![("state".to_owned(), vec!["x".to_owned(), "y".to_owned()])];
    assert_eq!(
        found,
        [
            ("gloria_a_total".to_owned(), Vec::new()),
            ("gloria_b".to_owned(), states)
        ]
    );
    let written = selectors("gloria_b{state=\"x\",version=\"1\"} 0\n");
    let missing = selectors(text)
        .iter()
        .flat_map(|it| missing(it, &written))
        .collect::<Vec<_>>();
    assert_eq!(missing, ["gloria_a_total", "gloria_b{state=\"y\"}"]);
}

#[tokio::test]
async fn every_metric_and_label_of_the_rules_and_their_tests_is_in_the_first_file_that_the_app_writes() {
    let (backend, _control) = backend().await;
    let mut harness = Harness::signed_in(&backend);
    let file = harness.home.path().join("gloria.prom");
    harness
        .environment
        .insert("GLORIA_METRICS_TEXTFILE", file.display().to_string());
    let running = harness.start();
    let written = async {
        while !file.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    within_deadline("the file", written).await;
    let text = std::fs::read_to_string(&file).unwrap();
    running.stop().await;
    let written = selectors(&text);
    for (what, asked) in [("the rules", RULES), ("the tests of the rules", TESTS)] {
        let asked = selectors(asked);
        assert!(asked.len() >= 10, "{asked:?}");
        let missing: Vec<_> = asked.iter().flat_map(|it| missing(it, &written)).collect();
        assert!(missing.is_empty(), "{what} ask for {missing:?}: {text}");
    }
}
