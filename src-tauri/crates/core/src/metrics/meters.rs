//! The counters, shared by the stream, the actor and the endpoint.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gloria_stream::{Observer, Step};

use super::{Finding, Metrics, Outcome, textfile};
use crate::connection::ClockReading;
use crate::ports::Clock;
use crate::protocol::{ConnectionView, MetricsView};

/// How many events were processed since the core started, by outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventTally {
    /// Processed, including heartbeats.
    pub taken: u64,
    /// Of a type that this version does not know.
    pub unknown: u64,
    /// Malformed, or over a limit.
    pub invalid: u64,
}

/// The shared counters. They are behind a lock and not in the actor, so that they can be read while the actor is stuck;
/// the lock is taken only for a few additions.
#[derive(Debug, Clone)]
pub(crate) struct Meters {
    counted: Arc<Mutex<Counted>>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug)]
struct Counted {
    metrics: Metrics,
    /// The number of the current stream; steps that an earlier one still reports are ignored.
    stream: u64,
}

impl Meters {
    pub(crate) fn new(clock: Arc<dyn Clock>, version: &str) -> Self {
        let metrics = Metrics::new(read_clocks(&*clock));
        metrics.version(version);
        Self {
            counted: Arc::new(Mutex::new(Counted { metrics, stream: 0 })),
            clock,
        }
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The observer of a new stream, which replaces the previous one.
    pub(crate) fn observer(&self) -> Arc<dyn Observer> {
        self.stopped();
        Arc::new(Watch {
            stream: self.counted().stream,
            meters: self.clone(),
        })
    }

    /// The stream ended.
    pub(crate) fn stopped(&self) {
        let mut counted = self.counted();
        counted.stream += 1;
        counted.metrics.stopped(read_clocks(&*self.clock));
    }

    pub(crate) fn notifications_available(&self, available: bool) {
        self.counted().metrics.notifications_available(available);
    }

    pub(crate) fn standing(&self, connection: &ConnectionView, is_stored: bool) {
        self.counted().metrics.standing(connection, is_stored);
    }

    pub(crate) fn events(&self, outcome: Outcome, count: u64, took: Option<Duration>) {
        self.counted()
            .metrics
            .events(read_clocks(&*self.clock), outcome, count, took);
    }

    pub(crate) fn unread(&self, findings: &[Finding<'_>]) {
        if findings.is_empty() {
            return;
        }
        let now = read_clocks(&*self.clock);
        let mut counted = self.counted();
        for finding in findings {
            counted.metrics.unread(now, finding.clone());
        }
    }

    pub(crate) fn view(&self) -> MetricsView {
        self.counted().metrics.view(read_clocks(&*self.clock))
    }

    pub(crate) fn tally(&self) -> EventTally {
        let view = self.view();
        EventTally {
            taken: view.events,
            unknown: view.unknown_events,
            invalid: view.failed_events,
        }
    }

    /// As OpenMetrics text.
    pub(crate) fn expose(&self) -> String {
        self.counted().metrics.expose().unwrap_or_default()
    }

    /// As the text of a file for a collector, with the present time.
    pub(crate) fn textfile(&self) -> String {
        textfile::contents(&self.expose(), self.clock.wall())
    }
}

fn read_clocks(clock: &dyn Clock) -> ClockReading {
    ClockReading {
        wall: clock.wall(),
        monotonic: clock.monotonic(),
    }
}

#[derive(Debug)]
struct Watch {
    stream: u64,
    meters: Meters,
}

impl Observer for Watch {
    fn observe(&self, step: Step<'_>) {
        let mut counted = self.meters.counted();
        if counted.stream == self.stream {
            counted.metrics.step(read_clocks(&*self.meters.clock), step);
        }
    }
}
