//! Results of attempts.

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use super::{Machine, liveness_limit};
use crate::CredentialError;
use crate::machine::head::{self, Verdict};
use crate::machine::pace::Pace;
use crate::machine::{Cause, DialError, Effect, Epoch, HaltReason, Head, Phase};

impl Machine {
    pub(super) fn opened(&mut self, now: Instant, epoch: Epoch, head: &Head, effects: &mut Vec<Effect>) {
        let rejected = mem::take(&mut self.rejected);
        match head.verdict() {
            Verdict::Open => {
                if self.without_cursor {
                    effects.push(Effect::DropCursor(Arc::clone(self.last_event_id())));
                    self.set_id(Arc::from(""));
                    self.place = Arc::from("");
                }
                self.refused_without_cursor = None;
                self.probing = None;
                // The attempt succeeded without it. Kept, it would take the jitter from the stream's end hours later.
                self.short_circuit_pending = None;
                self.renewed = rejected;
                self.delivered = false;
                let liveness = now + liveness_limit(self.heartbeat());
                self.phase = Phase::Connected {
                    epoch,
                    since: now,
                    heard: None,
                    liveness,
                };
            }
            Verdict::Unauthorized if rejected => {
                self.hang_up(effects);
                self.halt_unauthorized(now);
            }
            Verdict::Unauthorized => {
                self.rejected = true;
                self.hang_up(effects);
                self.dial_again(now, self.without_cursor, effects);
            }
            Verdict::Halt(reason) => {
                self.hang_up(effects);
                self.halt(now, reason);
            }
            Verdict::Retry(cause, pace) => {
                self.hang_up(effects);
                self.refused_with(now, head.status, cause, pace, effects);
            }
        }
    }

    /// Handles a response that is not a stream. If the server may have rejected only the cursor, tries once without it.
    fn refused_with(
        &mut self,
        now: Instant,
        status: u16,
        cause: Cause,
        pace: Pace,
        effects: &mut Vec<Effect>,
    ) {
        if head::may_refuse_cursor(status) && !self.last_event_id().is_empty() {
            if self.without_cursor {
                self.refused_without_cursor = Some(status);
            } else if self.refused_without_cursor != Some(status) {
                return self.dial_again(now, true, effects);
            }
        }
        self.fail(now, cause, pace);
    }

    pub(super) fn refused(&mut self, now: Instant, error: DialError) {
        if error == DialError::NetworkSignIn {
            return self.fail(now, Cause::NetworkSignIn, Pace::Slow);
        }
        // The attempt used another credential than the rejected one, unless no credential was available.
        let rejected = mem::take(&mut self.rejected);
        let pace = match &error {
            DialError::Credential(CredentialError::Missing) => {
                return self.halt(now, HaltReason::NoCredential);
            }
            DialError::Credential(
                CredentialError::Unavailable(_) | CredentialError::TimedOut | CredentialError::Unsendable,
            ) => {
                self.rejected = rejected;
                Pace::Slow
            }
            // The provider waits between its requests, so asking it costs nothing.
            DialError::Credential(CredentialError::NotRenewed(_)) => {
                self.rejected = rejected;
                Pace::Backoff
            }
            DialError::NameNotFound
            | DialError::ConnectionRefused
            | DialError::Unreachable
            | DialError::ConnectTimedOut(_)
            | DialError::AnswerTimedOut(_)
            | DialError::Tls(_)
            | DialError::Proxy(_)
            | DialError::BrokenOff(_) => Pace::Backoff,
            DialError::Certificate(_)
            | DialError::CertificateFile { .. }
            | DialError::ClientCertificate(_)
            | DialError::NetworkSignIn
            | DialError::ProxyAuthentication
            | DialError::NotFound(_)
            | DialError::NotHttp(_)
            | DialError::NotWebSocket(_)
            | DialError::RedirectToNowhere
            | DialError::RedirectNotSecure
            | DialError::TooManyRedirects
            | DialError::Setup(_) => Pace::Slow,
        };
        self.fail(now, Cause::Dial(error), pace);
    }
}
