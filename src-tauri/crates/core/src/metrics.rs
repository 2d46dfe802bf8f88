//! Metrics of the connection since the core started.
//!
//! [`Metrics`] receives the stream's steps and the results of events with their times; the window, `gloria status`, the
//! OpenMetrics endpoint and the file for a collector read the same counters. Its memory is bounded.
//!
//! Owns the counters, the status report, the endpoint on loopback, and the text of the file. It decides nothing, and
//! contains only names of fields and event types: no texts of notifications, addresses or tokens.

pub(crate) mod endpoint;
mod instruments;
mod meters;
mod minutes;
mod percentiles;
mod standing;
pub mod status;
pub(crate) mod textfile;
mod trouble;
mod unread;

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use gloria_stream::{Status, Step};

use self::instruments::Instruments;
pub use self::meters::EventTally;
pub(crate) use self::meters::Meters;
use self::minutes::Minutes;
use self::percentiles::Percentiles;
pub use self::trouble::ErrorKind;
use self::unread::Unread;
pub(crate) use self::unread::{Finding, findings};
use crate::connection::ClockReading;
use crate::item::EpochMillis;
use crate::protocol::{ConnectionView, ErrorCount, MetricsView, Processing};

/// The median is computed over this many connections, so that it shows the recent behaviour.
const MEDIAN_CONNECTIONS: usize = 100;

/// The result of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was processed.
    Taken,
    /// Its type is unknown, or was not requested.
    Unknown,
    /// It was malformed or exceeded a limit.
    Failed,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Taken, Self::Unknown, Self::Failed];

    /// The label, which is the same in every version.
    pub fn label(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        }
    }
}

/// A measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// An attempt started.
    Dialed,
    /// An attempt succeeded.
    Opened,
    /// An attempt failed.
    Failed(ErrorKind),
    /// A connection ended.
    Ended {
        /// How long it was open.
        lasted: Duration,
        /// Why, unless the app ended it.
        trouble: Option<ErrorKind>,
    },
    /// Data arrived.
    Heard {
        /// How many bytes.
        bytes: u64,
    },
    /// Events were processed.
    Events {
        /// Their result.
        outcome: Outcome,
        /// Their number.
        count: u64,
        /// From the socket to the disk; `None` for events that are not stored.
        took: Option<Duration>,
    },
}

/// The phase of an attempt or connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Resting,
    Dialing,
    Open { since: Instant },
}

/// The metrics of the connection.
#[derive(Debug)]
pub struct Metrics {
    since: EpochMillis,
    instruments: Instruments,
    phase: Phase,
    /// Up to here the present connection is included in the minutes.
    credited: Instant,
    /// The time connected, without the present connection.
    connected: Duration,
    longest: Duration,
    lasted: VecDeque<Duration>,
    took: Percentiles,
    minutes: Minutes,
    unread: Unread,
}

impl Metrics {
    /// Starts counting.
    pub fn new(now: ClockReading) -> Self {
        Self {
            since: now.epoch_millis(),
            instruments: Instruments::default(),
            phase: Phase::Resting,
            credited: now.monotonic,
            connected: Duration::ZERO,
            longest: Duration::ZERO,
            lasted: VecDeque::with_capacity(MEDIAN_CONNECTIONS),
            took: Percentiles::default(),
            minutes: Minutes::new(now.epoch_millis()),
            unread: Unread::default(),
        }
    }

    /// Records a step of the stream.
    pub fn step(&mut self, now: ClockReading, step: Step<'_>) {
        match step {
            Step::Dialed => {
                self.end_phase(now, None);
                self.record(now, Measure::Dialed);
                self.phase = Phase::Dialing;
            }
            Step::TokenRefused => self.fail(now, ErrorKind::Unauthorized),
            Step::Heard { bytes } => self.record(now, Measure::Heard { bytes: bytes as u64 }),
            Step::Changed(Status::Connecting { .. }) => {}
            Step::Changed(Status::Connected { .. }) => {
                if self.phase == Phase::Dialing {
                    self.record(now, Measure::Opened);
                    self.phase = Phase::Open { since: now.monotonic };
                    self.credited = now.monotonic;
                }
            }
            Step::Changed(Status::Waiting { cause, .. } | Status::CircuitOpen { cause, .. }) => {
                self.fail(now, cause.into());
            }
            Step::Changed(Status::Halted { reason, .. }) => self.fail(now, (*reason).into()),
            Step::Changed(Status::Idle(_)) => self.end_phase(now, None),
        }
    }

    /// The stream ended in whatever phase it was.
    pub fn stopped(&mut self, now: ClockReading) {
        self.end_phase(now, None);
    }

    /// Whether the desktop can show notifications.
    pub(crate) fn notifications_available(&self, available: bool) {
        self.instruments.set_notifications_available(available);
    }

    /// Which version runs.
    pub(crate) fn version(&self, version: &str) {
        self.instruments.set_version(version);
    }

    /// How the connection stands, and whether the inbox can be stored.
    pub(crate) fn standing(&self, connection: &ConnectionView, is_stored: bool) {
        self.instruments.set_standing(connection, is_stored);
    }

    /// Counts events of one outcome.
    pub fn events(&mut self, now: ClockReading, outcome: Outcome, count: u64, took: Option<Duration>) {
        self.record(now, Measure::Events { outcome, count, took });
    }

    /// Counts something that could not be read.
    pub(crate) fn unread(&mut self, now: ClockReading, finding: Finding<'_>) {
        let name = self.unread.count(now.epoch_millis(), finding);
        self.instruments.count_unreadable(&name);
    }

    /// A wait that ends in another way is no further failure: the phase tells whether there was one to fail.
    fn fail(&mut self, now: ClockReading, trouble: ErrorKind) {
        match self.phase {
            Phase::Resting => {}
            Phase::Dialing => {
                self.record(now, Measure::Failed(trouble));
                self.phase = Phase::Resting;
            }
            Phase::Open { .. } => self.end_phase(now, Some(trouble)),
        }
    }

    fn end_phase(&mut self, now: ClockReading, trouble: Option<ErrorKind>) {
        if let Phase::Open { since } = self.phase {
            let lasted = now.monotonic.saturating_duration_since(since);
            self.record(now, Measure::Ended { lasted, trouble });
        }
        self.phase = Phase::Resting;
    }

    fn record(&mut self, now: ClockReading, measure: Measure) {
        self.advance(now);
        self.instruments.record(now.epoch_millis(), measure);
        let minute = self.minutes.newest();
        match measure {
            Measure::Dialed => minute.attempts = minute.attempts.saturating_add(1),
            Measure::Failed(_) => minute.failures = minute.failures.saturating_add(1),
            Measure::Ended { lasted, trouble } => {
                if trouble.is_some() {
                    minute.failures = minute.failures.saturating_add(1);
                }
                self.connected += lasted;
                self.longest = self.longest.max(lasted);
                if self.lasted.len() == MEDIAN_CONNECTIONS {
                    self.lasted.pop_front();
                }
                self.lasted.push_back(lasted);
            }
            Measure::Events { outcome, count, took } => {
                if outcome == Outcome::Taken {
                    self.minutes.count(count, took);
                }
                if let Some(took) = took {
                    self.took.record(took, count);
                }
            }
            Measure::Opened | Measure::Heard { .. } => {}
        }
    }

    fn advance(&mut self, now: ClockReading) {
        self.minutes.advance(now.epoch_millis());
        if let Phase::Open { .. } = self.phase {
            let connected = now.monotonic.saturating_duration_since(self.credited);
            self.minutes.credit(connected, now.epoch_millis());
            self.credited = now.monotonic;
        }
    }

    /// The current values.
    pub fn view(&mut self, now: ClockReading) -> MetricsView {
        self.advance(now);
        let present = match self.phase {
            Phase::Open { since } => now.monotonic.saturating_duration_since(since),
            Phase::Resting | Phase::Dialing => Duration::ZERO,
        };
        let instruments = &self.instruments;
        let finished = instruments.finished_attempts();
        let mut lasted: Vec<_> = self.lasted.iter().copied().collect();
        lasted.sort_unstable();
        let processing = self.took.at(0.5).zip(self.took.at(0.99));
        MetricsView {
            since: self.since,
            attempts: instruments.attempts(),
            connections: instruments.connections(),
            reconnect_attempts: instruments.reconnect_attempts(),
            success_rate: (finished > 0).then(|| instruments.connections() as f64 / finished as f64),
            connected_ms: millis(self.connected + present),
            longest_connection_ms: millis(self.longest.max(present)),
            median_connection_ms: lasted.get(lasted.len() / 2).copied().map(millis),
            bytes: instruments.bytes(),
            events: instruments.events(Outcome::Taken),
            events_per_minute: self.minutes.events_per_minute(now.epoch_millis()),
            failed_events: instruments.events(Outcome::Failed),
            unknown_events: instruments.events(Outcome::Unknown),
            processing: processing.map(|(p50_micros, p99_micros)| Processing {
                p50_micros,
                p99_micros,
                count: self.took.count(),
            }),
            errors: errors(instruments),
            unread: self.unread.list(),
            authentication_failures: instruments.authentication_failures(),
            timeouts: instruments.timeouts(),
            minutes: self.minutes.list(),
        }
    }

    /// The same as OpenMetrics 1.0 text.
    ///
    /// # Errors
    /// None in practice: writing to a string does not fail.
    pub fn expose(&self) -> Result<String, fmt::Error> {
        self.instruments.expose()
    }
}

fn errors(instruments: &Instruments) -> Vec<ErrorCount> {
    let mut errors: Vec<_> = ErrorKind::ALL
        .iter()
        .map(|trouble| ErrorCount {
            cause: trouble.message(),
            kind: trouble.label().to_owned(),
            count: instruments.errors(*trouble),
        })
        .filter(|error| error.count > 0)
        .collect();
    errors.sort_by_key(|error| std::cmp::Reverse(error.count));
    errors
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
