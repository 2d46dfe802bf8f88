//! The counters of a stream, by a clock that the test sets.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use gloria_stream::{Cause, DialError, EndCause, HaltReason, IdleReason};

use super::*;
use crate::connection::{self, ConnectionContext};

struct Observed {
    now: ClockReading,
    metrics: Metrics,
}

impl Observed {
    fn new() -> Self {
        let now = ClockReading {
            wall: SystemTime::UNIX_EPOCH + Duration::from_secs(600),
            monotonic: Instant::now(),
        };
        Self {
            now,
            metrics: Metrics::new(now),
        }
    }

    fn pass(&mut self, seconds: u64) -> &mut Self {
        self.now.wall += Duration::from_secs(seconds);
        self.now.monotonic += Duration::from_secs(seconds);
        self
    }

    fn step(&mut self, step: Step<'_>) -> &mut Self {
        self.metrics.step(self.now, step);
        self
    }

    fn change(&mut self, status: &Status) -> &mut Self {
        self.step(Step::Changed(status))
    }

    fn dial(&mut self) -> &mut Self {
        self.step(Step::Dialed).change(&Status::Connecting { attempt: 0 })
    }

    fn open(&mut self) -> &mut Self {
        let since = self.now.monotonic;
        self.dial().change(&Status::Connected { since })
    }

    fn wait(&mut self, cause: Cause) -> &mut Self {
        let until = self.now.monotonic;
        self.change(&Status::Waiting {
            attempt: 1,
            until,
            cause,
        })
    }

    fn view(&mut self) -> MetricsView {
        self.metrics.view(self.now)
    }

    fn kinds(&mut self) -> Vec<(String, u64)> {
        let errors = self.view().errors;
        errors
            .into_iter()
            .map(|error| (error.kind, error.count))
            .collect()
    }
}

fn halted(reason: HaltReason) -> Status {
    Status::Halted { reason, until: None }
}

fn counted(kinds: &[(&str, u64)]) -> Vec<(String, u64)> {
    kinds
        .iter()
        .map(|(kind, count)| ((*kind).to_owned(), *count))
        .collect()
}

#[test]
fn nothing_has_happened_yet() {
    let mut observed = Observed::new();
    let view = observed.view();
    assert_eq!((view.since, view.attempts, view.success_rate), (600_000, 0, None));
    assert_eq!((view.processing, view.median_connection_ms), (None, None));
    assert_eq!(view.minutes.len(), 1);
}

#[test]
fn attempts_connections_and_their_success() {
    let mut observed = Observed::new();
    observed.dial().wait(Cause::Dial(DialError::NameNotFound)).pass(5);
    observed.dial().wait(Cause::Status(503)).pass(5);
    observed
        .open()
        .pass(100)
        .wait(Cause::Ended(EndCause::Closed))
        .pass(5);
    observed.open().pass(40);
    let view = observed.view();
    assert_eq!(
        (view.attempts, view.reconnect_attempts, view.connections),
        (4, 3, 2)
    );
    assert_eq!(view.success_rate, Some(0.5));
    assert_eq!(
        (view.connected_ms, view.longest_connection_ms),
        (140_000, 100_000)
    );
    assert_eq!(
        view.median_connection_ms,
        Some(100_000),
        "of those that have ended"
    );
    assert_eq!(
        observed.kinds(),
        counted(&[("dns", 1), ("closed", 1), ("status_5xx", 1)])
    );
    assert_eq!(observed.pass(100).view().longest_connection_ms, 140_000);
}

#[test]
fn an_attempt_under_way_is_neither_good_nor_bad() {
    let mut observed = Observed::new();
    assert_eq!(observed.dial().view().success_rate, None);
    observed.change(&Status::Idle(IdleReason::Stopped));
    assert_eq!(observed.view().success_rate, None, "it was called off");
}

#[test]
fn a_wait_that_is_cut_short_is_no_second_failure() {
    let mut observed = Observed::new();
    observed.dial().wait(Cause::Status(503)).wait(Cause::Status(503));
    observed.change(&Status::CircuitOpen {
        attempt: 3,
        until: Instant::now(),
        cause: Cause::Status(503),
    });
    assert_eq!(observed.kinds(), counted(&[("status_5xx", 1)]));
}

#[test]
fn each_refused_token_counts_once() {
    let mut observed = Observed::new();
    observed.dial().step(Step::TokenRefused).step(Step::Dialed);
    observed
        .step(Step::TokenRefused)
        .change(&halted(HaltReason::Unauthorized));
    observed.dial().change(&halted(HaltReason::Forbidden));
    let view = observed.view();
    assert_eq!((view.attempts, view.authentication_failures), (3, 3));
    assert_eq!(view.success_rate, Some(0.0));
    assert_eq!(
        observed.kinds(),
        counted(&[("unauthorized", 2), ("forbidden", 1)])
    );
}

#[test]
fn timeouts_are_all_that_was_waited_for() {
    let mut observed = Observed::new();
    let limit = Duration::from_secs(10);
    observed
        .dial()
        .wait(Cause::Dial(DialError::ConnectTimedOut(limit)));
    observed
        .dial()
        .wait(Cause::Dial(DialError::AnswerTimedOut(limit)));
    observed
        .open()
        .pass(75)
        .wait(Cause::Ended(EndCause::Silent(Duration::from_secs(75))));
    observed.dial().wait(Cause::Dial(DialError::ConnectionRefused));
    assert_eq!(observed.view().timeouts, 3);
}

#[test]
fn a_stream_that_is_dropped_ends_its_connection_without_a_cause() {
    let mut observed = Observed::new();
    observed.open().pass(30);
    observed.metrics.stopped(observed.now);
    observed.pass(30);
    let view = observed.view();
    assert_eq!((view.connected_ms, view.errors), (30_000, vec![]));
    assert_eq!(view.minutes.iter().map(|minute| minute.failures).sum::<u32>(), 0);
}

#[test]
fn the_median_forgets_old_connections() {
    let mut observed = Observed::new();
    for _ in 0..150 {
        observed.open().pass(1).wait(Cause::Ended(EndCause::Closed));
    }
    for _ in 0..60 {
        observed.open().pass(9).wait(Cause::Ended(EndCause::Closed));
    }
    assert_eq!(observed.view().median_connection_ms, Some(9_000));
}

#[test]
fn events_have_outcomes_and_a_time_from_socket_to_disk() {
    let mut observed = Observed::new();
    let slow = Some(Duration::from_millis(80));
    let quick = Some(Duration::from_micros(400));
    observed.metrics.events(observed.now, Outcome::Taken, 98, quick);
    observed.metrics.events(observed.now, Outcome::Taken, 2, slow);
    observed.metrics.events(observed.now, Outcome::Taken, 1, None);
    observed.metrics.events(observed.now, Outcome::Unknown, 3, None);
    observed.metrics.events(observed.now, Outcome::Failed, 2, None);
    observed
        .step(Step::Heard { bytes: 1000 })
        .step(Step::Heard { bytes: 24 });
    let view = observed.view();
    assert_eq!(
        (view.events, view.unknown_events, view.failed_events),
        (101, 3, 2)
    );
    assert_eq!(view.bytes, 1024);
    let processing = view.processing.unwrap();
    assert_eq!(processing.count, 100);
    assert!((396..=404).contains(&processing.p50_micros), "{processing:?}");
    assert!(
        (79_000..=81_000).contains(&processing.p99_micros),
        "{processing:?}"
    );
    assert_eq!(view.minutes[0].p99_micros, Some(processing.p99_micros));
    let next = observed.pass(60).view();
    assert_eq!(next.minutes[1].p99_micros, None, "the next minute begins anew");
}

#[test]
fn a_minute_tells_what_happened_in_it() {
    let mut observed = Observed::new();
    observed.dial().wait(Cause::Status(503)).pass(20);
    observed.open().pass(70);
    observed.metrics.events(observed.now, Outcome::Taken, 6, None);
    observed.wait(Cause::Ended(EndCause::Closed)).pass(5);
    let minutes = observed.view().minutes;
    let reported: Vec<_> = minutes
        .iter()
        .map(|minute| {
            (
                minute.attempts,
                minute.failures,
                minute.events,
                minute.connected_ms,
            )
        })
        .collect();
    assert_eq!(reported, [(2, 1, 0, 40_000), (0, 1, 6, 30_000)]);
    assert_eq!(minutes[1].at - minutes[0].at, 60_000);
}

#[test]
fn labels_are_distinguished_and_fit_a_label() {
    let mut labels: Vec<_> = ErrorKind::ALL.iter().map(|trouble| trouble.label()).collect();
    labels.sort_unstable();
    labels.dedup();
    assert_eq!(labels.len(), ErrorKind::ALL.len());
    for label in labels {
        assert!(
            label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'),
            "{label}"
        );
    }
}

/// `increase()` in an alert rule misses the step from no series to the first 1.
#[test]
fn every_label_that_is_known_beforehand_has_a_series_before_anything_is_counted() {
    let foreign = Foreign::default();
    let text = metrics::with_local_recorder(&foreign, || Observed::new().metrics.expose().unwrap());
    let outcomes = Outcome::ALL.iter().map(|outcome| outcome.label());
    let causes = ErrorKind::ALL.iter().map(|trouble| trouble.label());
    let events = outcomes.map(|label| format!("gloria_events_total{{outcome=\"{label}\"}}"));
    let errors = causes.map(|label| format!("gloria_connection_errors_total{{cause=\"{label}\"}}"));
    let plain = [
        "connections",
        "connection_attempts",
        "reconnect_attempts",
        "timeouts",
    ];
    let plain = plain.iter().map(|name| format!("gloria_{name}_total"));
    for series in events.chain(errors).chain(plain) {
        let line = format!("{series} 0");
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
        assert!(foreign.0.lock().unwrap().contains_key(&series), "{series}");
    }
}

/// A recorder of another program that has this core inside it.
#[derive(Default)]
struct Foreign(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

impl Foreign {
    fn cell(&self, key: &metrics::Key) -> Arc<AtomicU64> {
        let labels: Vec<_> = key
            .labels()
            .map(|label| format!("{}=\"{}\"", label.key(), label.value()))
            .collect();
        let series = match labels.as_slice() {
            [] => key.name().to_owned(),
            labels => format!("{}{{{}}}", key.name(), labels.join(",")),
        };
        Arc::clone(self.0.lock().unwrap().entry(series).or_default())
    }
}

impl metrics::Recorder for Foreign {
    fn describe_counter(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}

    fn describe_gauge(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}

    fn describe_histogram(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}

    fn register_counter(&self, key: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Counter {
        metrics::Counter::from_arc(self.cell(key))
    }

    fn register_gauge(&self, key: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Gauge {
        metrics::Gauge::from_arc(self.cell(key))
    }

    fn register_histogram(&self, key: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Histogram {
        metrics::Histogram::from_arc(Arc::new(Count(self.cell(key))))
    }
}

struct Count(Arc<AtomicU64>);

impl metrics::HistogramFn for Count {
    fn record(&self, _: f64) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_foreign_recorder_gets_the_numbers_that_the_endpoint_shows() {
    let foreign = Foreign::default();
    let observed = metrics::with_local_recorder(&foreign, || {
        let mut observed = Observed::new();
        observed.dial().step(Step::TokenRefused);
        observed
            .dial()
            .wait(Cause::Dial(DialError::ConnectTimedOut(Duration::from_secs(10))));
        observed.open().step(Step::Heard { bytes: 1024 });
        for outcome in [Outcome::Taken, Outcome::Unknown, Outcome::Failed] {
            observed
                .metrics
                .events(observed.now, outcome, 3, Some(Duration::from_millis(2)));
        }
        observed.pass(90).wait(Cause::Ended(EndCause::Closed));
        observed.metrics.notifications_available(false);
        observed.metrics.version("1.2.3");
        let context = ConnectionContext::new(None, None, None);
        let status = Status::Idle(IdleReason::NotStarted);
        let view = connection::view(&status, None, context, &observed.now);
        observed.metrics.standing(&view, false);
        observed
    });
    let reported = foreign.0.lock().unwrap();
    let text = observed.metrics.expose().unwrap();
    let mut compared = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let name = series.strip_suffix("_count").unwrap_or(series);
        if series.contains("_bucket") || series.ends_with("_sum") {
            continue;
        }
        let cell = reported
            .get(name)
            .unwrap_or_else(|| panic!("{name} is told to nobody else"));
        let cell = cell.load(Ordering::Relaxed);
        let is_gauge = matches!(
            name.split('{').next().unwrap_or(name),
            "gloria_connected"
                | "gloria_last_heard_timestamp_seconds"
                | "gloria_notifications_available"
                | "gloria_build_info"
                | "gloria_health"
                | "gloria_remedy"
                | "gloria_inbox_stored"
        );
        let found = if is_gauge {
            f64::from_bits(cell)
        } else {
            cell as f64
        };
        assert_eq!(found, value.parse::<f64>().unwrap(), "{series}");
        compared += 1;
    }
    assert_eq!(
        compared,
        reported.len(),
        "and no others: {:?}\n{text}",
        reported.keys().collect::<Vec<_>>()
    );
}
