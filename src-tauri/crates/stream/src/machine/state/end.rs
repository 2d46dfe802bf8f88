//! Ends of streams, and what earlier events reported about them.

use std::time::Instant;

use super::halt::{REPORT_TIMEOUT, StreamReport};
use super::{Machine, OVERFLOWS_TO_SKIP};
use crate::Overflow;
use crate::machine::head::Verdict;
use crate::machine::pace::Pace;
use crate::machine::{Cause, Effect, EndCause, Epoch, HaltReason, Head, Phase, Reachability};

/// Streams in a row that opened and received no byte, before buffering is reported as the cause. A server that hangs
/// does this once or twice.
const MIN_EMPTY_STREAMS_TO_REPORT: u32 = 3;

/// The close code of a WebSocket server that restarts (RFC 6455, 7.4.1; registered by IANA).
const RESTARTING: u16 = 1012;

impl Machine {
    pub(super) fn ended(&mut self, now: Instant, end: EndCause, effects: &mut Vec<Effect>) {
        match end {
            EndCause::NetworkChanged if self.reachability == Some(Reachability::Offline) => {
                self.wait_offline(now, end);
            }
            EndCause::NetworkChanged | EndCause::Slept | EndCause::CredentialChanged => {
                self.wait_briefly(now, Cause::Ended(end));
            }
            EndCause::Overflow(overflow) | EndCause::OverflowRepeated(overflow, _) => {
                self.overflowed(now, overflow)
            }
            EndCause::Rejected(reason) => self.reject(now, reason, effects),
            EndCause::AgainstPolicy => self.lose(now, Cause::Ended(end), Pace::Slow),
            EndCause::Closed
            | EndCause::ClosedWith(_)
            | EndCause::BrokenOff(_)
            | EndCause::Silent(_)
            | EndCause::Buffered(_) => match self.stream_report.take() {
                Some((StreamReport::Rejected(reason), _)) => self.reject(now, reason, effects),
                Some((StreamReport::Failed(cause, pace), _)) => self.lose(now, cause, pace),
                None if self.delivered && is_orderly(&end) => self.come_back(now, Cause::Ended(end)),
                None => self.lose(now, Cause::Ended(end), Pace::Backoff),
            },
        }
    }

    /// Handles a stream that delivered and ended in good order. That is not a failure, because platforms end every
    /// stream after a while. The server's `retry:` limits the rate for a server that ends every stream at once.
    fn come_back(&mut self, now: Instant, cause: Cause) {
        self.failures_before = self.failures;
        self.failures = 0;
        let until = now + self.delay(Pace::Backoff, 0);
        self.phase = Phase::Waiting {
            attempt: 0,
            until,
            cause,
        };
    }

    fn overflowed(&mut self, now: Instant, overflow: Overflow) {
        self.overflows = self.overflows.saturating_add(1);
        if self.overflows < OVERFLOWS_TO_SKIP {
            self.lose(now, Cause::Ended(EndCause::Overflow(overflow)), Pace::Backoff);
        } else {
            let end = EndCause::OverflowRepeated(overflow, self.overflows);
            // The next connection skips the event, so those behind it need not wait longer than after any other end.
            self.lose(now, Cause::Ended(end), Pace::Backoff);
        }
    }

    /// Handles the passed deadline of an open stream.
    pub(super) fn end_silent(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let Phase::Connected {
            since,
            heard,
            liveness,
            ..
        } = self.phase
        else {
            return;
        };
        self.hang_up(effects);
        if now < liveness
            && let Some((StreamReport::Rejected(reason), _)) = self.stream_report.take()
        {
            return self.reject(now, reason, effects);
        }
        let silence = liveness.saturating_duration_since(heard.unwrap_or(since));
        self.empty_streams = if heard.is_none() {
            self.empty_streams.saturating_add(1)
        } else {
            0
        };
        if self.empty_streams < MIN_EMPTY_STREAMS_TO_REPORT {
            self.ended(now, EndCause::Silent(silence), effects);
        } else {
            self.lose(
                now,
                Cause::Ended(EndCause::Buffered(self.empty_streams)),
                Pace::Slow,
            );
        }
    }

    /// Handles what an event of a stream reported about it. The reader may be behind, so the stream may already have
    /// ended, and the next attempt may have begun.
    pub(super) fn on_stream_report(
        &mut self,
        now: Instant,
        epoch: Epoch,
        head: &Head,
        effects: &mut Vec<Effect>,
    ) {
        let Some(report) = meaning(head) else { return };
        match self.phase {
            Phase::Connected { epoch: live, .. } if live == epoch => self.stream_report = Some((report, now)),
            Phase::Waiting { .. } | Phase::CircuitOpen { .. } if self.last_epoch == epoch.0 => match report {
                StreamReport::Rejected(reason) => {
                    self.accepted = self.accepted_before;
                    self.reject(now, reason, effects);
                }
                StreamReport::Failed(cause, pace) => {
                    self.failures = self.failures.max(self.failures_before);
                    self.fail(now, cause, pace);
                }
            },
            Phase::Connecting { .. } if self.last_epoch == epoch.0 + 1 && !self.rejected => match report {
                StreamReport::Rejected(reason) => {
                    self.hang_up(effects);
                    self.accepted = self.accepted_before;
                    self.reject(now, reason, effects);
                }
                StreamReport::Failed(..) => {}
            },
            Phase::Idle(_)
            | Phase::Connecting { .. }
            | Phase::Connected { .. }
            | Phase::Waiting { .. }
            | Phase::CircuitOpen { .. }
            | Phase::Halted { .. } => {}
        }
    }

    /// Returns when a refusal among the events ends the open stream, if there is one.
    pub(super) fn report_deadline(&self) -> Option<Instant> {
        match &self.stream_report {
            Some((StreamReport::Rejected(_), at)) => Some(*at + REPORT_TIMEOUT),
            Some((StreamReport::Failed(..), _)) | None => None,
        }
    }

    /// Handles a refusal that the server sent over a stream it had opened, and that has ended.
    fn reject(&mut self, now: Instant, reason: HaltReason, effects: &mut Vec<Effect>) {
        let proven = self.is_proven(now);
        match reason {
            // A token that was accepted for a while may have expired; one that is new has not.
            HaltReason::Unauthorized | HaltReason::Expired if !self.renewed || proven => {
                if proven {
                    self.accepted = Some(self.credential);
                }
                self.rejected = true;
                self.dial(now, effects);
            }
            HaltReason::Unauthorized | HaltReason::Expired => {
                self.halt_unauthorized(now);
            }
            HaltReason::Forbidden | HaltReason::StoppedByServer | HaltReason::NoCredential => {
                self.halt(now, reason);
            }
        }
    }
}

/// Whether servers end a stream like this when nothing is wrong.
fn is_orderly(end: &EndCause) -> bool {
    matches!(end, EndCause::Closed | EndCause::ClosedWith(RESTARTING))
}

/// Returns the meaning of an error among the events: that of the same response status, if it describes the server.
fn meaning(head: &Head) -> Option<StreamReport> {
    // These statuses come from proxies, not from the stream's server.
    if !(400..=599).contains(&head.status) || matches!(head.status, 407 | 511) {
        return None;
    }
    match head.verdict() {
        Verdict::Unauthorized => Some(StreamReport::Rejected(HaltReason::Unauthorized)),
        Verdict::Halt(reason) => Some(StreamReport::Rejected(reason)),
        Verdict::Retry(cause, pace) => Some(StreamReport::Failed(cause, pace)),
        Verdict::Open => None,
    }
}
