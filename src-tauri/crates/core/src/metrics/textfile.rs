//! The file for the collector of another program, as Prometheus' text format 0.0.4, which differs from OpenMetrics in
//! what a counter's family is called, and in what else a line may have.

use std::collections::BTreeSet;
use std::time::SystemTime;

use crate::connection::epoch_millis;

/// The first line, by which the app knows a file for its own.
pub(crate) const MARK: &str = "# Gloria Notify writes this file every minute.\n";

/// Returns what a file written at this time contains after [`MARK`].
pub(crate) fn contents(open_metrics: &str, written: SystemTime) -> String {
    let mut text = prometheus(open_metrics);
    let millis = epoch_millis(written);
    text.push_str(
        "# HELP gloria_textfile_written_timestamp_seconds When this file was written, since the Unix epoch.\n\
         # TYPE gloria_textfile_written_timestamp_seconds gauge\n",
    );
    let (seconds, rest) = (millis.div_euclid(1000), millis.rem_euclid(1000));
    text.push_str(&format!(
        "gloria_textfile_written_timestamp_seconds {seconds}.{rest:03}\n"
    ));
    text
}

/// Converts OpenMetrics 1.0 to Prometheus' format 0.0.4, without times, exemplars, units and times of creation.
fn prometheus(open_metrics: &str) -> String {
    let counters: BTreeSet<&str> = open_metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"))
        .collect();
    let mut text = String::with_capacity(open_metrics.len());
    for line in open_metrics.lines() {
        if let Some(metadata) = line.strip_prefix("# ") {
            let mut words = metadata.splitn(3, ' ');
            let (Some(word), Some(family), Some(value)) = (words.next(), words.next(), words.next()) else {
                // The end.
                continue;
            };
            let value = match word {
                "HELP" => value.replace("\\\"", "\""),
                "TYPE" => kind(value).to_owned(),
                // Units.
                _ => continue,
            };
            let suffix = if counters.contains(family) { "_total" } else { "" };
            text.push_str(&format!("# {word} {family}{suffix} {value}\n"));
        } else if let Some((series, value)) = sample(line) {
            let name = series.split('{').next().unwrap_or(series);
            if !name.ends_with("_created") {
                text.push_str(&format!("{series} {value}\n"));
            }
        }
    }
    text
}

/// The name of a type, most of which are the same.
fn kind(open_metrics: &str) -> &str {
    match open_metrics {
        "info" | "stateset" => "gauge",
        "unknown" | "gaugehistogram" => "untyped",
        same => same,
    }
}

/// Name with labels, and value. What may follow them is left out.
fn sample(line: &str) -> Option<(&str, &str)> {
    let (mut in_quotes, mut escaped) = (false, false);
    // A label's value may contain spaces and brackets.
    let end = line.find(|c| {
        let is_end = c == ' ' && !in_quotes;
        in_quotes ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        is_end
    })?;
    let value = line[end..].split_whitespace().next()?;
    Some((&line[..end], value))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_counters_family_has_the_name_of_its_samples() {
        let open = "# HELP a Words.\n# TYPE a counter\na_total 1\na_created 1.5\n# EOF\n";
        assert_eq!(
            prometheus(open),
            "# HELP a_total Words.\n# TYPE a_total counter\na_total 1\n"
        );
    }

    #[test]
    fn other_families_keep_theirs_and_no_unit_is_left() {
        let open = "# HELP b_seconds How \\\"long\\\" \\\\ is\\n.\n# TYPE b_seconds histogram\n\
                    # UNIT b_seconds seconds\nb_seconds_sum 0.5\nb_seconds_count 1\n\
                    b_seconds_bucket{le=\"+Inf\"} 1\n# TYPE c unknown\nc 1\n# EOF\n";
        let text = "# HELP b_seconds How \"long\" \\\\ is\\n.\n# TYPE b_seconds histogram\nb_seconds_sum 0.5\n\
                    b_seconds_count 1\nb_seconds_bucket{le=\"+Inf\"} 1\n# TYPE c untyped\nc 1\n";
        assert_eq!(prometheus(open), text);
    }

    #[test]
    fn times_and_exemplars_are_left_out_and_labels_kept_as_they_are() {
        for (open, text) in [
            ("a 1 1700000000.5", "a 1\n"),
            ("a{b=\"c\"} 1 # {d=\"e\"} 0.5 1.5", "a{b=\"c\"} 1\n"),
            (
                "a{b=\"} # \\\" 2 \\\\\",c=\"\"} 1 # {d=\"e\"} 2",
                "a{b=\"} # \\\" 2 \\\\\",c=\"\"} 1\n",
            ),
            ("nonsense", ""),
            ("", ""),
        ] {
            assert_eq!(prometheus(open), text, "{open}");
        }
    }

    #[test]
    fn it_says_when_it_was_written() {
        let written = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_042);
        let text = contents("# EOF\n", written);
        let last = text.lines().last();
        assert_eq!(
            last,
            Some("gloria_textfile_written_timestamp_seconds 1700000000.042")
        );
    }
}
