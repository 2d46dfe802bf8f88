//! Events outside the stream that shorten a wait.

use std::time::{Duration, Instant};

use super::Machine;
use crate::machine::pace::{self, Pace};
use crate::machine::{Cause, DialError, Effect, EndCause, HaltReason, Phase, Reachability};

/// A short-circuit happens within this time: soon enough to feel immediate, spread enough for many clients whose power
/// or network returns at once.
const SHORT_CIRCUIT: Duration = Duration::from_secs(1);

/// The average interval of short-circuits, so that a flapping link cannot cause a reconnect storm.
const SHORT_CIRCUIT_INTERVAL: Duration = Duration::from_secs(10);

/// Short-circuits allowed in a burst. A laptop that is opened needs up to three: it wakes, its network comes up, and
/// then the VPN.
const SHORT_CIRCUITS_AT_ONCE: u32 = 3;

/// How long the network may take to come up after waking. Failures in that time say nothing about the server.
const WAKE_GRACE: Duration = Duration::from_secs(20);

/// The retry interval in that time if the server is unreachable: such attempts do not leave the machine.
const GRACE_INTERVAL: Duration = Duration::from_millis(500);

/// What may shorten a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShortCircuit {
    User,
    Attention,
    Credentials,
    Woke,
    /// From offline to online.
    NetworkUp,
    /// Still online, but over another network path.
    NetworkChanged,
}

impl Machine {
    pub(super) fn short_circuit(&mut self, now: Instant, trigger: ShortCircuit, effects: &mut Vec<Effect>) {
        match trigger {
            // Earlier failures say nothing about the current state.
            ShortCircuit::User
            | ShortCircuit::Woke
            | ShortCircuit::NetworkUp
            | ShortCircuit::NetworkChanged => {
                self.failures = 0;
                self.refused_without_cursor = None;
            }
            ShortCircuit::Attention | ShortCircuit::Credentials => {}
        }
        match trigger {
            ShortCircuit::User | ShortCircuit::Credentials => (self.rejected, self.probing) = (false, None),
            ShortCircuit::Attention
            | ShortCircuit::Woke
            | ShortCircuit::NetworkUp
            | ShortCircuit::NetworkChanged => {}
        }
        if trigger == ShortCircuit::Woke {
            self.woke = Some(now);
        }
        if trigger == ShortCircuit::Woke && self.reachability == Some(Reachability::Offline) {
            return self.wake_offline(now, effects);
        }
        match self.phase.clone() {
            Phase::Idle(_) => {}
            Phase::Halted { reason, until } => match (trigger, reason) {
                (ShortCircuit::User | ShortCircuit::Credentials, _) => {
                    self.wait_briefly(now, Cause::Halted(reason))
                }
                (_, HaltReason::NoCredential) => {}
                (ShortCircuit::Woke, HaltReason::StoppedByServer)
                | (_, HaltReason::Unauthorized | HaltReason::Expired | HaltReason::Forbidden) => {
                    let until = until.map(|until| self.sooner(now, until));
                    self.phase = Phase::Halted { reason, until };
                }
                (_, HaltReason::StoppedByServer) => {}
            },
            Phase::Waiting { until, cause, .. } | Phase::CircuitOpen { until, cause, .. } => {
                if trigger == ShortCircuit::User {
                    self.not_before = None;
                }
                self.wait_at_most(now, until, cause);
            }
            Phase::Connecting { .. } | Phase::Connected { .. } => {
                self.short_circuit_attempt(now, trigger, effects)
            }
        }
    }

    /// Applies a trigger to an attempt in progress or an open stream.
    fn short_circuit_attempt(&mut self, now: Instant, trigger: ShortCircuit, effects: &mut Vec<Effect>) {
        let open = matches!(self.phase, Phase::Connected { .. });
        let end = match trigger {
            // An attempt or an open stream is already what the user wants.
            ShortCircuit::User | ShortCircuit::Attention => return,
            // A newer token does not interrupt an open stream.
            ShortCircuit::Credentials if open => return,
            ShortCircuit::Credentials => EndCause::CredentialChanged,
            ShortCircuit::Woke => EndCause::Slept,
            ShortCircuit::NetworkUp => EndCause::NetworkChanged,
            ShortCircuit::NetworkChanged if open => {
                self.expect_soon(now);
                return;
            }
            ShortCircuit::NetworkChanged => EndCause::NetworkChanged,
        };
        // An attempt from before the network came up may wait for a response that can no longer arrive.
        let futile = !open && trigger == ShortCircuit::NetworkUp && self.may_short_circuit(now);
        if futile || self.rested(now) {
            self.hang_up(effects);
            self.wait_briefly(now, Cause::Ended(end));
            self.stay_halted(Pace::Backoff);
        } else if open {
            // It was opened moments ago, most likely for the same reason.
            self.expect_soon(now);
        } else if self.short_circuit_pending != Some(ShortCircuit::Credentials) {
            // A new credential may lead out of a halt as well, so no other trigger replaces it.
            self.short_circuit_pending = Some(trigger);
        }
    }

    /// Handles waking without a network: an open connection is dead, and the short-circuit is saved until the network
    /// is back.
    fn wake_offline(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        if matches!(self.phase, Phase::Connecting { .. } | Phase::Connected { .. }) {
            self.hang_up(effects);
            self.wait_offline(now, EndCause::Slept);
            self.stay_halted(Pace::Backoff);
        } else if let Phase::Halted {
            reason,
            until: Some(until),
        } = self.phase
        {
            let soon = now + self.delay(Pace::Backoff, 0);
            self.phase = Phase::Halted {
                reason,
                until: Some(until.min(soon)),
            };
        }
    }

    /// Subtracts a sleep from the waits, because the monotonic clock stood still during it.
    pub(super) fn count_sleep(&mut self, now: Instant, slept: Duration) {
        let soon = now + pace::uniform(&mut self.rng, SHORT_CIRCUIT);
        let earlier = |at: Instant| at.checked_sub(slept).map_or(soon, |at| at.max(soon));
        self.not_before = self
            .not_before
            .and_then(|at| at.checked_sub(slept))
            .filter(|at| *at > now);
        match &mut self.phase {
            Phase::Waiting { until, .. }
            | Phase::CircuitOpen { until, .. }
            | Phase::Halted {
                until: Some(until), ..
            } => *until = earlier(*until).min(*until),
            Phase::Idle(_)
            | Phase::Connecting { .. }
            | Phase::Connected { .. }
            | Phase::Halted { until: None, .. } => {}
        }
    }

    /// Waits after an open stream ended with its network; the short-circuit is saved until the network is back.
    pub(super) fn wait_offline(&mut self, now: Instant, end: EndCause) {
        let until = now + self.delay(Pace::Backoff, 0);
        self.phase = Phase::Waiting {
            attempt: self.failures,
            until,
            cause: Cause::Ended(end),
        };
    }

    /// Whether the computer woke so recently that a failure says nothing about the server.
    pub(super) fn is_waking(&self, now: Instant) -> bool {
        self.woke.is_some_and(|woke| now < woke + WAKE_GRACE)
    }

    /// Returns how soon to retry if the network is not up yet; `None` if it is.
    pub(super) fn waking_delay(&mut self, cause: &Cause) -> Option<Duration> {
        let no_way = matches!(
            cause,
            Cause::Dial(DialError::NameNotFound | DialError::Unreachable | DialError::ConnectTimedOut(_))
        );
        no_way.then(|| GRACE_INTERVAL + pace::uniform(&mut self.rng, GRACE_INTERVAL))
    }

    /// Waits until the next short-circuit is allowed.
    pub(super) fn wait_briefly(&mut self, now: Instant, cause: Cause) {
        let until = self.short_circuit_at(now);
        self.spend_short_circuit(until);
        self.phase = Phase::Waiting {
            attempt: self.failures,
            until,
            cause,
        };
    }

    /// Shortens a wait, unless it ends sooner or already is a short-circuit.
    pub(super) fn wait_at_most(&mut self, now: Instant, planned: Instant, cause: Cause) {
        self.phase = Phase::Waiting {
            until: self.sooner(now, planned),
            attempt: self.failures,
            cause,
        };
    }

    /// Returns the end of a shortened wait, or the planned one if that is sooner.
    fn sooner(&mut self, now: Instant, planned: Instant) -> Instant {
        let is_short = self.last_short_circuit == Some(planned) && planned <= now + SHORT_CIRCUIT;
        let sooner = if is_short {
            planned
        } else {
            self.short_circuit_at(now)
        };
        if sooner < planned {
            self.spend_short_circuit(sooner);
        }
        sooner.min(planned)
    }

    /// Returns when the next short-circuit is allowed, at the earliest now.
    fn short_circuit_allowed_at(&self, now: Instant) -> Instant {
        let saved = SHORT_CIRCUIT_INTERVAL * (SHORT_CIRCUITS_AT_ONCE - 1);
        self.short_circuits_rested_at
            .and_then(|rested_at| rested_at.checked_sub(saved))
            .map_or(now, |allowed| allowed.max(now))
    }

    fn may_short_circuit(&self, now: Instant) -> bool {
        self.short_circuit_allowed_at(now) == now
    }

    fn short_circuit_at(&mut self, now: Instant) -> Instant {
        let at = self.short_circuit_allowed_at(now) + pace::uniform(&mut self.rng, SHORT_CIRCUIT);
        self.not_before.map_or(at, |not_before| at.max(not_before))
    }

    fn spend_short_circuit(&mut self, at: Instant) {
        let rested_at = self
            .short_circuits_rested_at
            .map_or(at, |rested_at| rested_at.max(at));
        self.short_circuits_rested_at = Some(rested_at + SHORT_CIRCUIT_INTERVAL);
        self.last_short_circuit = Some(at);
    }

    fn rested(&self, now: Instant) -> bool {
        self.last_short_circuit
            .is_none_or(|last| now >= last + SHORT_CIRCUIT_INTERVAL)
    }
}
