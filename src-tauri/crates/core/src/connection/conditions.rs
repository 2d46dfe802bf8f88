//! The host's conditions: whether the computer slept, and what its network does. Observations go
//! in with the time, commands to the stream come out.

use std::time::{Duration, Instant};

use gloria_stream::Command;

use crate::connection::ClockReading;
use crate::connection::clock_guard::{ClockGuard, POLL_INTERVAL};
use crate::connection::network::Settling;
use crate::ports::Observation;

/// Two reports of waking within this are of one sleep: systems announce it twice, and the clocks show it once more at
/// the next look.
const SAME_WAKING: Duration = Duration::from_secs(10);

/// Turns observations of the host into commands for the stream.
#[derive(Debug)]
pub struct HostConditions {
    network: Settling,
    guard: ClockGuard,
    guard_due: Instant,
    /// When waking was last passed to the stream, and when the system last announced it.
    woke: Option<Instant>,
    announced: Option<Instant>,
}

impl HostConditions {
    /// Begins to watch the clocks. `now` is of the clock that deadlines use.
    pub fn new(now: Instant, clocks: ClockReading) -> Self {
        Self {
            network: Settling::default(),
            guard: ClockGuard::new(clocks),
            guard_due: now + POLL_INTERVAL,
            woke: None,
            announced: None,
        }
    }

    /// The caller was busy for so long, and could not look in that time.
    pub fn on_busy(&mut self, lasted: Duration) {
        self.guard.on_busy(lasted);
    }

    /// Takes what the system says.
    ///
    /// Nothing is done about a sleep that is about to come. It may be cancelled or end without a report, and a client
    /// that disconnected would then stay silent for nothing; servers have to detect vanished peers anyway.
    pub fn observe(
        &mut self,
        now: Instant,
        clocks: ClockReading,
        observation: &Observation,
    ) -> Option<Command> {
        match observation {
            Observation::AboutToSleep => {
                // Waking from this sleep is another waking, however short the time awake was.
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
            // Whether the user is present does not concern the stream.
            Observation::Session(_) => None,
        }
    }

    /// When [`HostConditions::poll`] is due.
    pub fn deadline(&self) -> Instant {
        self.network
            .deadline()
            .map_or(self.guard_due, |settled| settled.min(self.guard_due))
    }

    /// Does what is due at `now`; the network comes first, since a waking stream asks whether there is one.
    pub fn poll(&mut self, now: Instant, clocks: ClockReading) -> Vec<Command> {
        let mut commands = Vec::new();
        commands.extend(self.network.settle(now).map(Command::Network));
        if self.guard_due <= now {
            self.guard_due = now + POLL_INTERVAL;
            // Each look finds a sleep of its own, so only the system's word can be of the same one.
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
