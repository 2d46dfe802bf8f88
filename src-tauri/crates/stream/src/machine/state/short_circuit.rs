//! What happens outside the stream and cuts a wait short.

use std::time::{Duration, Instant};

use super::Machine;
use crate::machine::pace::{self, Pace};
use crate::machine::{Cause, Effect, EndCause, Phase, Reachability};

/// A short-circuit comes within this: soon enough not to be felt, spread enough for a building whose power came back.
const SHORT_CIRCUIT: Duration = Duration::from_secs(1);

/// Between two short-circuits, so that a flapping link cannot make a storm.
const SHORT_CIRCUIT_REST: Duration = Duration::from_secs(10);

/// What may cut a wait short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nudge {
    User,
    Credentials,
    Woke,
    /// From offline to online.
    NetworkUp,
    /// Online as before, by another way.
    NetworkChanged,
}

impl Machine {
    pub(super) fn nudge(&mut self, now: Instant, nudge: Nudge, effects: &mut Vec<Effect>) {
        match nudge {
            // What failed before says nothing of now.
            Nudge::User | Nudge::Woke | Nudge::NetworkUp | Nudge::NetworkChanged => self.failures = 0,
            Nudge::Credentials => {}
        }
        if matches!(nudge, Nudge::User | Nudge::Credentials) {
            self.rejected = false;
        }
        if nudge == Nudge::Woke && self.reachability == Some(Reachability::Offline) {
            return self.wake_offline(now, effects);
        }
        match self.phase.clone() {
            Phase::Idle(_) => {}
            Phase::Halted(reason) => {
                if matches!(nudge, Nudge::User | Nudge::Credentials) {
                    self.wait_briefly(now, Cause::Halted(reason));
                }
            }
            Phase::Waiting { until, cause, .. } | Phase::CircuitOpen { until, cause, .. } => {
                if nudge == Nudge::User {
                    self.not_before = None;
                }
                self.wait_at_most(now, until, cause);
            }
            Phase::Connecting { .. } | Phase::Connected { .. } => self.nudge_live(now, nudge, effects),
        }
    }

    /// A change under way of an attempt or an open stream.
    fn nudge_live(&mut self, now: Instant, nudge: Nudge, effects: &mut Vec<Effect>) {
        let open = matches!(self.phase, Phase::Connected { .. });
        let end = match nudge {
            // It is what the user asked for already.
            Nudge::User => return,
            // A running stream is not cut by a newer token.
            Nudge::Credentials if open => return,
            Nudge::Credentials => EndCause::CredentialChanged,
            Nudge::Woke => EndCause::Slept,
            Nudge::NetworkUp => EndCause::NetworkChanged,
            Nudge::NetworkChanged if open => {
                self.expect_soon(now);
                return;
            }
            Nudge::NetworkChanged => EndCause::NetworkChanged,
        };
        if self.rested(now) {
            self.hang_up(effects);
            self.wait_briefly(now, Cause::Ended(end));
        } else if open {
            // It was dialled a moment ago, most likely for the same reason.
            self.expect_soon(now);
        } else {
            self.nudged = true;
        }
    }

    /// Waking without a network: what was open is dead, and the short-circuit is kept for when the network comes.
    fn wake_offline(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        if matches!(self.phase, Phase::Connecting { .. } | Phase::Connected { .. }) {
            self.hang_up(effects);
            self.wait_offline(now, EndCause::Slept);
        }
    }

    /// An open stream ended with its network: the short-circuit is kept for when that comes back.
    pub(super) fn wait_offline(&mut self, now: Instant, end: EndCause) {
        let until = now + self.delay(Pace::Backoff, 0);
        self.phase = Phase::Waiting {
            attempt: self.failures,
            until,
            cause: Cause::Ended(end),
        };
    }

    /// Waits for a short-circuit.
    pub(super) fn wait_briefly(&mut self, now: Instant, cause: Cause) {
        let until = self.short_circuit_at(now);
        self.last_short_circuit = Some(until);
        self.phase = Phase::Waiting {
            attempt: self.failures,
            until,
            cause,
        };
    }

    /// Cuts a wait short, unless its end is nearer.
    pub(super) fn wait_at_most(&mut self, now: Instant, planned: Instant, cause: Cause) {
        let sooner = self.short_circuit_at(now);
        if sooner < planned {
            self.last_short_circuit = Some(sooner);
        }
        self.phase = Phase::Waiting {
            attempt: self.failures,
            until: sooner.min(planned),
            cause,
        };
    }

    fn short_circuit_at(&mut self, now: Instant) -> Instant {
        let rested = self
            .last_short_circuit
            .map_or(now, |last| now.max(last + SHORT_CIRCUIT_REST));
        let at = rested + pace::uniform(&mut self.rng, SHORT_CIRCUIT);
        self.not_before.map_or(at, |not_before| at.max(not_before))
    }

    fn rested(&self, now: Instant) -> bool {
        self.last_short_circuit
            .is_none_or(|last| now >= last + SHORT_CIRCUIT_REST)
    }
}
