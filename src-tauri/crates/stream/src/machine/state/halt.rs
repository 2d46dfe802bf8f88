//! Refusals that only a person can resolve: how long the client stays halted, and when it probes.

use std::time::{Duration, Instant};

use super::Machine;
use super::short_circuit::ShortCircuit;
use crate::machine::pace::{self, Pace};
use crate::machine::{Cause, Effect, HaltReason, Phase};

/// How long a rejected credential or account waits for its next probe. Sign-in servers and gateways in trouble reject
/// everybody for minutes, and access is granted again; recovery from that should need no click.
const MIN_PROBE_INTERVAL: Duration = Duration::from_secs(30 * 60);
/// The jitter on top, so that clients that were rejected together do not probe together.
const MAX_PROBE_JITTER: Duration = Duration::from_secs(30 * 60);

/// A server that ended the stream permanently is probed after a day, because that may have been a misconfiguration.
const STOPPED_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest wait while the user is present. The jitter is subtracted from it.
const MAX_ATTENDED_WAIT: Duration = Duration::from_secs(60);
const ATTENDED_JITTER: Duration = Duration::from_secs(15);

/// How long a refusal among the events stays pending before it ends the stream, unless other events follow.
pub(super) const REPORT_TIMEOUT: Duration = Duration::from_secs(10);

impl Machine {
    /// Halts, and schedules the reason's next probe, if it has one.
    pub(super) fn halt(&mut self, now: Instant, reason: HaltReason) {
        self.probing = None;
        if self.short_circuit_pending.take() == Some(ShortCircuit::Credentials) {
            // The attempt was made without the new credential, and nothing else would try it before the next probe.
            return self.wait_briefly(now, Cause::Halted(reason));
        }
        let until = match reason {
            HaltReason::Unauthorized | HaltReason::Expired | HaltReason::Forbidden => {
                Some(now + MIN_PROBE_INTERVAL + pace::uniform(&mut self.rng, MAX_PROBE_JITTER))
            }
            HaltReason::StoppedByServer => {
                Some(now + STOPPED_INTERVAL + pace::uniform(&mut self.rng, MAX_PROBE_JITTER))
            }
            HaltReason::NoCredential => None,
        };
        self.phase = Phase::Halted { reason, until };
    }

    /// Halts because of a rejected credential, which may have been accepted before.
    pub(super) fn halt_unauthorized(&mut self, now: Instant) {
        let reason = if self.accepted == Some(self.credential) {
            HaltReason::Expired
        } else {
            HaltReason::Unauthorized
        };
        self.halt(now, reason);
    }

    /// Probes whether a refusal still applies. The reported status stays the refusal until the result differs.
    pub(super) fn probe(&mut self, now: Instant, reason: HaltReason, effects: &mut Vec<Effect>) {
        // The stored credential may be another one by now.
        self.rejected = matches!(reason, HaltReason::Unauthorized | HaltReason::Expired);
        self.dial(now, effects);
        self.probing = Some((reason, now));
    }

    /// Keeps the refusal after a probe with a temporary failure, which proves nothing. The next probe is made when any
    /// other attempt would be.
    pub(super) fn stay_halted(&mut self, pace: Pace) {
        let Some((reason, _)) = self.probing.take().filter(|_| pace != Pace::Slow) else {
            return;
        };
        if let Phase::Waiting { until, .. } | Phase::CircuitOpen { until, .. } = self.phase {
            self.phase = Phase::Halted {
                reason,
                until: Some(until),
            };
        }
    }

    /// Limits the wait while the user is present, unless the server asked for a longer one.
    pub(super) fn bound_attended_wait(&mut self, now: Instant) {
        let until = match &mut self.phase {
            Phase::Waiting { until, .. } | Phase::CircuitOpen { until, .. } => until,
            Phase::Halted {
                reason: HaltReason::Unauthorized | HaltReason::Expired | HaltReason::Forbidden,
                until: Some(until),
            } => until,
            Phase::Halted {
                reason:
                    HaltReason::Unauthorized
                    | HaltReason::Expired
                    | HaltReason::Forbidden
                    | HaltReason::StoppedByServer
                    | HaltReason::NoCredential,
                ..
            }
            | Phase::Idle(_)
            | Phase::Connecting { .. }
            | Phase::Connected { .. } => return,
        };
        if *until > now + MAX_ATTENDED_WAIT {
            let bound = now + MAX_ATTENDED_WAIT - pace::uniform(&mut self.rng, ATTENDED_JITTER);
            *until = self.not_before.map_or(bound, |at| at.max(bound)).min(*until);
        }
    }
}

/// What an event reported about its stream, which counts like a response's status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StreamReport {
    /// It refuses this client.
    Rejected(HaltReason),
    /// It has a temporary problem.
    Failed(Cause, Pace),
}
