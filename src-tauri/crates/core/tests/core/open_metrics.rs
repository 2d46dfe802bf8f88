//! A strict parser of OpenMetrics 1.0 text, limited to counters, gauges and histograms.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
struct Family {
    name: String,
    kind: String,
    unit: String,
    /// The bounds and counts of a histogram's buckets, in order.
    buckets: Vec<(f64, f64)>,
}

/// Returns the samples by name and labels, or what is wrong.
pub(crate) fn read(text: &str) -> Result<BTreeMap<String, f64>, String> {
    let body = text.strip_suffix("# EOF\n").ok_or("it does not end in # EOF")?;
    let (mut samples, mut families) = (BTreeMap::new(), BTreeSet::new());
    let mut family = Family::default();
    for line in body.lines() {
        let wrong = |what: &str| Err(format!("{what}: {line:?}"));
        if let Some(metadata) = line.strip_prefix("# ") {
            let mut words = metadata.splitn(3, ' ');
            let (Some(word), Some(name), Some(value)) = (words.next(), words.next(), words.next()) else {
                return wrong("no metadata");
            };
            if name != family.name {
                finish(&family)?;
                if !families.insert(name.to_owned()) {
                    return wrong("a family in two places");
                }
                family = Family {
                    name: name.to_owned(),
                    ..Family::default()
                };
            }
            match word {
                "TYPE" if family.kind.is_empty() => value.clone_into(&mut family.kind),
                "UNIT" if family.unit.is_empty() => value.clone_into(&mut family.unit),
                "HELP" if !value.is_empty() => {}
                _ => return wrong("metadata that is unknown, empty or there twice"),
            }
            continue;
        }
        let Some((series, value)) = line.rsplit_once(' ') else {
            return wrong("no sample");
        };
        let Ok(value) = value.parse::<f64>() else {
            return wrong("no number");
        };
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let Some(labels) = labels.strip_suffix('}').and_then(labels_of) else {
            return wrong("labels");
        };
        let suffix = name.strip_prefix(&*family.name);
        let fits = match (&*family.kind, suffix) {
            ("counter", Some("_total")) => value >= 0.0,
            ("gauge", Some("")) => true,
            ("histogram", Some("_sum" | "_count")) => value >= 0.0,
            ("histogram", Some("_bucket")) => {
                let bound = labels.iter().find(|(label, _)| label == "le");
                let Some(bound) = bound.and_then(|(_, bound)| bound.parse().ok()) else {
                    return wrong("a bucket without its bound");
                };
                family.buckets.push((bound, value));
                true
            }
            _ => false,
        };
        if !fits {
            return wrong("a sample that does not fit its family");
        }
        if samples.insert(series.to_owned(), value).is_some() {
            return wrong("a sample twice");
        }
        if suffix == Some("_count") && family.buckets.last().is_some_and(|(_, count)| *count != value) {
            return wrong("a count that is not the last bucket's");
        }
    }
    finish(&family)?;
    Ok(samples)
}

fn finish(family: &Family) -> Result<(), String> {
    let name = &family.name;
    if !family.unit.is_empty() && !name.ends_with(&format!("_{}", family.unit)) {
        return Err(format!("{name} does not end in its unit {}", family.unit));
    }
    if family.kind == "counter" && name.ends_with("_total") {
        return Err(format!("{name} is the name of a sample"));
    }
    if family.kind == "histogram" {
        // Comparisons with NaN are false, so it counts as out of order.
        let ordered = family
            .buckets
            .windows(2)
            .all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
        let last = family.buckets.last().map(|(bound, _)| *bound);
        if !ordered || last != Some(f64::INFINITY) {
            return Err(format!("{name} has buckets out of order or without an end"));
        }
    }
    Ok(())
}

/// Returns labels as names and values; the app's labels need no escapes.
fn labels_of(text: &str) -> Option<Vec<(String, String)>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    text.split(',')
        .map(|label| {
            let (name, value) = label.split_once('=')?;
            let value = value.strip_prefix('"')?.strip_suffix('"')?;
            let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            (plain && !name.is_empty() && !value.contains(['"', '\\', '\n']))
                .then(|| (name.to_owned(), value.to_owned()))
        })
        .collect()
}

#[test]
fn the_reader_is_strict() {
    let good = "# HELP a Words.\n# TYPE a counter\na_total{x=\"y\"} 1\n# EOF\n";
    assert_eq!(read(good).map(|samples| samples.len()), Ok(1));
    for bad in [
        "# TYPE a counter\na_total 1\n",
        "# TYPE a counter\na 1\n# EOF\n",
        "# TYPE a_total counter\na_total 1\n# EOF\n",
        "# TYPE a counter\na_total -1\n# EOF\n",
        "# TYPE a gauge\na 1\na 1\n# EOF\n",
        "# TYPE a gauge\na one\n# EOF\n",
        "# TYPE a gauge\n\na 1\n# EOF\n",
        "# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n",
        "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\n# EOF\n",
        "# TYPE a histogram\na_bucket{le=\"1.0\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n# EOF\n",
        "# TYPE a histogram\na_bucket{le=\"1.0\"} 1\na_sum 1\na_count 1\n# EOF\n",
        "# TYPE a histogram\na_sum 1\na_count 2\na_bucket{le=\"+Inf\"} 2\n# EOF\n# EOF\n",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}
