//! The host's conditions: whether the computer slept, and the state of its network. Converts observations to commands
//! for the stream.

use std::time::{Duration, Instant};

use gloria_stream::Command;

use crate::connection::ClockReading;
use crate::connection::clock_guard::ClockGuard;
use crate::connection::network::Settling;
use crate::ports::Observation;
use crate::ticks::Ticks;

/// Two reports of waking within this time belong to one sleep: systems announce it twice, and the clocks show it once
/// more at the next check.
const SAME_WAKING: Duration = Duration::from_secs(10);

/// Converts observations of the host to commands for the stream.
#[derive(Debug)]
pub struct HostConditions {
    network: Settling,
    guard: ClockGuard,
    /// When the clocks are compared.
    ticks: Ticks,
    guard_due: Instant,
    /// When a wake-up was last passed to the stream, and when the system last announced one.
    woke: Option<Instant>,
    announced: Option<Instant>,
}

impl HostConditions {
    /// Starts watching the clocks. `now` is of the clock of the deadlines.
    pub fn new(now: Instant, clocks: ClockReading) -> Self {
        let ticks = Ticks::new(now);
        Self {
            network: Settling::default(),
            guard: ClockGuard::new(clocks),
            ticks,
            guard_due: ticks.after(now),
            woke: None,
            announced: None,
        }
    }

    /// Adds the time during which the caller was busy and could not check.
    pub fn on_busy(&mut self, lasted: Duration) {
        self.guard.on_busy(lasted);
    }

    /// Handles an observation of the system.
    ///
    /// A coming sleep causes no action. It may be cancelled or end without a report, and then a client that
    /// disconnected would stay silent for nothing; servers have to detect vanished clients anyway.
    pub fn observe(
        &mut self,
        now: Instant,
        clocks: ClockReading,
        observation: &Observation,
    ) -> Option<Command> {
        match observation {
            Observation::AboutToSleep => {
                // Waking from this sleep is a separate event, however short the computer was awake.
                (self.woke, self.announced) = (None, None);
                None
            }
            Observation::Woke => {
                self.announced = Some(now);
                if within(self.woke, now) {
                    return None;
                }
                self.woke = Some(now);
                Some(Command::Woke(self.guard.slept(clocks)))
            }
            Observation::Network(snapshot) => self.network.observe(now, snapshot).map(Command::Network),
            // The user's presence does not concern the stream.
            Observation::Session(_) => None,
        }
    }

    /// Returns when [`HostConditions::poll`] is due.
    pub fn deadline(&self) -> Instant {
        self.network
            .deadline()
            .map_or(self.guard_due, |settled| settled.min(self.guard_due))
    }

    /// Runs what is due at `now`: the network first, because a waking stream depends on it.
    pub fn poll(&mut self, now: Instant, clocks: ClockReading) -> Vec<Command> {
        let mut commands = Vec::new();
        commands.extend(self.network.settle(now).map(Command::Network));
        if self.guard_due <= now {
            self.guard_due = self.ticks.after(now);
            // Each check finds a separate sleep, so only the system's announcement can be about the same one.
            if let Some(slept) = self.guard.poll(clocks)
                && !within(self.announced, now)
            {
                self.woke = Some(now);
                commands.push(Command::Woke(slept));
            }
        }
        commands
    }
}

fn within(earlier: Option<Instant>, now: Instant) -> bool {
    earlier.is_some_and(|earlier| now.saturating_duration_since(earlier) < SAME_WAKING)
}
