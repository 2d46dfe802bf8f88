//! Refusals that only a person can lift: how long the client stays halted, and how it probes meanwhile.

use std::time::{Duration, Instant};

use super::Machine;
use crate::machine::pace::{self, Pace};
use crate::machine::{Cause, Effect, HaltReason, Phase};

/// How long a refused credential or account waits for its next probe. Sign-in servers and gateways refuse everybody for
/// minutes when they are in trouble, and rights are given back; nobody should have to click for that.
const MIN_PROBE_INTERVAL: Duration = Duration::from_secs(30 * 60);
/// The jitter on it: those who were refused together do not ask together.
const MAX_PROBE_JITTER: Duration = Duration::from_secs(30 * 60);

/// A server that ended the stream permanently is asked again after a day, because that may have been a
/// misconfiguration.
const STOPPED_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest wait while somebody looks. The jitter is taken off it.
const MAX_ATTENDED_WAIT: Duration = Duration::from_secs(60);
const ATTENDED_JITTER: Duration = Duration::from_secs(15);

/// How long a refusal among the events may stand before the stream ends by it, unless other events follow.
pub(super) const SAID_TIMEOUT: Duration = Duration::from_secs(10);

impl Machine {
    /// Halts, and probes again after the long delay of this reason, if it has one.
    pub(super) fn halt(&mut self, now: Instant, reason: HaltReason) {
        self.probing = None;
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

    /// Halts because of a refused credential, which may have been accepted before.
    pub(super) fn halt_unauthorized(&mut self, now: Instant) {
        let reason = if self.accepted == Some(self.credential) {
            HaltReason::Expired
        } else {
            HaltReason::Unauthorized
        };
        self.halt(now, reason);
    }

    /// Asks whether a refusal still stands. Until the result differs, the reported status stays the refusal.
    pub(super) fn probe(&mut self, now: Instant, reason: HaltReason, effects: &mut Vec<Effect>) {
        // What is kept as the credential may be another one by now.
        self.rejected = matches!(reason, HaltReason::Unauthorized | HaltReason::Expired);
        self.dial(now, effects);
        self.probing = Some((reason, now));
    }

    /// A probe that met a passing trouble learned nothing: the refusal stands, and the next probe comes when any other
    /// attempt would.
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

    /// While the user is present, only a wait that the server asked for may be long.
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

/// What a stream said of itself among its events, which counts as an answer's status does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// It refuses this client.
    Rejected(HaltReason),
    /// It has a temporary problem.
    Failed(Cause, Pace),
}
