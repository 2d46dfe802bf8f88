//! The counters: for this app's own view and endpoint, and through the `metrics` facade for a program that embeds the
//! core and has its own recorder.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use metrics::{counter, gauge, histogram};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::standing::Standing;
use super::unread::Name;
use super::{ErrorKind, Measure, Outcome};
use crate::item::EpochMillis;
use crate::protocol::ConnectionView;

/// In seconds: from a server that disconnects at once to a desktop that stays on for a week.
const DURATION_BOUNDS: [f64; 8] = [1.0, 10.0, 60.0, 600.0, 3_600.0, 21_600.0, 86_400.0, 604_800.0];

/// In seconds: from a cached write to a disk that hangs.
const PROCESSING_BOUNDS: [f64; 9] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 1.0, 10.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CauseLabel {
    cause: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UnreadLabel {
    event: String,
    field: String,
    reason: &'static str,
}

#[derive(Debug)]
pub(super) struct Instruments {
    registry: Registry,
    attempts: Counter,
    reconnect_attempts: Counter,
    connections: Counter,
    failed_attempts: u64,
    errors: Family<CauseLabel, Counter>,
    authentication_failures: Counter,
    timeouts: Counter,
    durations: Histogram,
    bytes: Counter,
    events: Family<OutcomeLabel, Counter>,
    unread: Family<UnreadLabel, Counter>,
    processing: Histogram,
    connected: Gauge,
    last_heard: Gauge<f64, AtomicU64>,
    notifications_available: Gauge,
    standing: Standing,
}

impl Default for Instruments {
    fn default() -> Self {
        let instruments = Self {
            registry: Registry::default(),
            attempts: Counter::default(),
            reconnect_attempts: Counter::default(),
            connections: Counter::default(),
            failed_attempts: 0,
            errors: Family::default(),
            authentication_failures: Counter::default(),
            timeouts: Counter::default(),
            durations: Histogram::new(DURATION_BOUNDS),
            bytes: Counter::default(),
            events: Family::default(),
            unread: Family::default(),
            processing: Histogram::new(PROCESSING_BOUNDS),
            connected: Gauge::default(),
            last_heard: Gauge::default(),
            notifications_available: Gauge::default(),
            standing: Standing::default(),
        };
        instruments.registered()
    }
}

impl Instruments {
    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register(
            "gloria_connection_attempts",
            "Attempts to connect",
            self.attempts.clone(),
        );
        registry.register(
            "gloria_reconnect_attempts",
            "Attempts to connect that were not the first",
            self.reconnect_attempts.clone(),
        );
        registry.register(
            "gloria_connections",
            "Attempts that opened the stream",
            self.connections.clone(),
        );
        registry.register(
            "gloria_connection_errors",
            "Attempts that failed and connections that ended, by cause",
            self.errors.clone(),
        );
        registry.register(
            "gloria_authentication_failures",
            "Attempts that the server refused for their token",
            self.authentication_failures.clone(),
        );
        registry.register(
            "gloria_timeouts",
            "Attempts and connections that ended for want of an answer",
            self.timeouts.clone(),
        );
        registry.register_with_unit(
            "gloria_connection_duration",
            "How long connections lasted that have ended",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register_with_unit(
            "gloria_received",
            "What came over the stream",
            Unit::Bytes,
            self.bytes.clone(),
        );
        registry.register(
            "gloria_events",
            "Events by what became of them",
            self.events.clone(),
        );
        registry.register(
            "gloria_unread",
            "Event types and fields of events that could not be read, by name",
            self.unread.clone(),
        );
        registry.register_with_unit(
            "gloria_event_processing",
            "From the socket to the disk, for each event",
            Unit::Seconds,
            self.processing.clone(),
        );
        registry.register(
            "gloria_connected",
            "1 while the stream is open",
            self.connected.clone(),
        );
        registry.register_with_unit(
            "gloria_last_heard_timestamp",
            "When the last byte came, since the Unix epoch",
            Unit::Seconds,
            self.last_heard.clone(),
        );
        registry.register(
            "gloria_notifications_available",
            "1 while the desktop shows notifications, as far as is known",
            self.notifications_available.clone(),
        );
        self.standing.register(registry);
        self.set_notifications_available(true);
        self.begin_at_zero();
        self
    }

    /// Creates the series of all labels that are known before something is counted: `increase()` in a rule misses the
    /// step from no series to the first 1.
    fn begin_at_zero(&self) {
        for outcome in Outcome::ALL {
            let outcome = outcome.label();
            drop(self.events.get_or_create(&OutcomeLabel { outcome }));
            counter!("gloria_events_total", "outcome" => outcome).increment(0);
        }
        for trouble in ErrorKind::ALL {
            let cause = trouble.label();
            drop(self.errors.get_or_create(&CauseLabel { cause }));
            counter!("gloria_connection_errors_total", "cause" => cause).increment(0);
        }
        for name in [
            "gloria_connection_attempts_total",
            "gloria_reconnect_attempts_total",
            "gloria_connections_total",
            "gloria_authentication_failures_total",
            "gloria_timeouts_total",
            "gloria_received_bytes_total",
        ] {
            counter!(name).increment(0);
        }
    }

    pub(super) fn set_version(&self, version: &str) {
        self.standing.set_version(version);
    }

    pub(super) fn set_standing(&self, connection: &ConnectionView, is_stored: bool) {
        self.standing.set(connection, is_stored);
    }

    pub(super) fn set_notifications_available(&self, available: bool) {
        self.notifications_available.set(available.into());
        gauge!("gloria_notifications_available").set(f64::from(u8::from(available)));
    }

    /// All counters are changed here, so that both kinds agree.
    pub(super) fn record(&mut self, at: EpochMillis, measure: Measure) {
        match measure {
            Measure::Dialed => {
                if self.attempts.inc() > 0 {
                    self.reconnect_attempts.inc();
                    counter!("gloria_reconnect_attempts_total").increment(1);
                }
                counter!("gloria_connection_attempts_total").increment(1);
            }
            Measure::Opened => {
                self.connections.inc();
                counter!("gloria_connections_total").increment(1);
                self.set_connected(true);
            }
            Measure::Failed(trouble) => {
                self.failed_attempts += 1;
                self.count_trouble(trouble);
            }
            Measure::Ended { lasted, trouble } => {
                self.durations.observe(lasted.as_secs_f64());
                histogram!("gloria_connection_duration_seconds").record(lasted);
                self.set_connected(false);
                if let Some(trouble) = trouble {
                    self.count_trouble(trouble);
                }
            }
            Measure::Heard { bytes } => {
                self.bytes.inc_by(bytes);
                counter!("gloria_received_bytes_total").increment(bytes);
                let seconds = Duration::from_millis(u64::try_from(at).unwrap_or(0)).as_secs_f64();
                self.last_heard.set(seconds);
                gauge!("gloria_last_heard_timestamp_seconds").set(seconds);
            }
            Measure::Events { outcome, count, took } => {
                let label = outcome.label();
                self.events
                    .get_or_create(&OutcomeLabel { outcome: label })
                    .inc_by(count);
                counter!("gloria_events_total", "outcome" => label).increment(count);
                if let Some(took) = took {
                    for _ in 0..count {
                        self.processing.observe(took.as_secs_f64());
                    }
                    histogram!("gloria_event_processing_seconds")
                        .record_many(took, usize::try_from(count).unwrap_or(usize::MAX));
                }
            }
        }
    }

    /// The names were limited and sanitised before.
    pub(super) fn count_unreadable(&self, name: &Name) {
        let label = UnreadLabel {
            event: name.event.clone(),
            field: name.field.clone().unwrap_or_default(),
            reason: name.reason.label(),
        };
        counter!("gloria_unread_total", "event" => label.event.clone(), "field" => label.field.clone(),
            "reason" => label.reason)
        .increment(1);
        self.unread.get_or_create(&label).inc();
    }

    fn count_trouble(&self, trouble: ErrorKind) {
        let cause = trouble.label();
        self.errors.get_or_create(&CauseLabel { cause }).inc();
        counter!("gloria_connection_errors_total", "cause" => cause).increment(1);
        if trouble.is_authentication() {
            self.authentication_failures.inc();
            counter!("gloria_authentication_failures_total").increment(1);
        }
        if trouble.is_timeout() {
            self.timeouts.inc();
            counter!("gloria_timeouts_total").increment(1);
        }
    }

    fn set_connected(&self, connected: bool) {
        self.connected.set(connected.into());
        gauge!("gloria_connected").set(f64::from(u8::from(connected)));
    }

    pub(super) fn attempts(&self) -> u64 {
        self.attempts.get()
    }

    pub(super) fn reconnect_attempts(&self) -> u64 {
        self.reconnect_attempts.get()
    }

    pub(super) fn connections(&self) -> u64 {
        self.connections.get()
    }

    /// Attempts that succeeded or failed.
    pub(super) fn finished_attempts(&self) -> u64 {
        self.connections.get() + self.failed_attempts
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    pub(super) fn events(&self, outcome: Outcome) -> u64 {
        let label = OutcomeLabel {
            outcome: outcome.label(),
        };
        self.events.get(&label).map_or(0, |counter| counter.get())
    }

    pub(super) fn errors(&self, trouble: ErrorKind) -> u64 {
        let label = CauseLabel {
            cause: trouble.label(),
        };
        self.errors.get(&label).map_or(0, |counter| counter.get())
    }

    pub(super) fn authentication_failures(&self) -> u64 {
        self.authentication_failures.get()
    }

    pub(super) fn timeouts(&self) -> u64 {
        self.timeouts.get()
    }

    /// As OpenMetrics 1.0 text.
    pub(super) fn expose(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
