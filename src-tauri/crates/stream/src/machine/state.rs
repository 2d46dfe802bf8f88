//! The state machine.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::halt::StreamReport;
use self::short_circuit::ShortCircuit;
use super::pace::{self, Delay, Pace};
use super::{
    Cause, Chunk, Dial, DialError, Effect, EndCause, Epoch, HaltReason, IdleReason, Input, Phase,
    Reachability, Status, Timing,
};

mod answer;
mod end;
mod halt;
mod short_circuit;

/// A connection that was open this long and received something shows that the server works. If it ends earlier, that
/// counts as a failed attempt; otherwise a server that accepts and closes would get requests without pause.
const PROVEN_AFTER: Duration = Duration::from_secs(60);

/// The limit of a whole attempt in addition to the response's own limit: credential, connecting, redirects. The
/// driver's limits are tighter; this one covers what they miss, such as a token store that never answers.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);

/// Overflows at the same id before the event there is skipped: a broken connection may have caused the first two.
const OVERFLOWS_TO_SKIP: u32 = 3;

/// The bounds of a promised heartbeat interval: below, a short stall of a busy machine would end connections; above, a
/// dead connection would not be detected within the hour.
const MIN_HEARTBEAT: Duration = Duration::from_millis(100);
const MAX_HEARTBEAT: Duration = Duration::from_secs(20 * 60);

/// Decides when to connect, wait and give up.
///
/// It has no clock: the caller passes the time of each input, which must not decrease, and sends [`Input::Tick`] once
/// [`Machine::deadline`] has passed. Equal inputs and seeds yield equal effects.
#[derive(Debug)]
pub struct Machine {
    timing: Timing,
    /// The heartbeat interval that the server promised on the current connection.
    promised: Option<Duration>,
    rng: fastrand::Rng,
    phase: Phase,
    last_epoch: u64,
    /// The last event id: the stream's position, which is kept across connections.
    id: Arc<str>,
    /// The position that the server sent in another way, used while no event has had an id.
    place: Arc<str>,
    /// The stream's reconnection time, also kept across connections.
    retry: Option<Duration>,
    /// The system's last report, if there was any.
    reachability: Option<Reachability>,
    /// Failed attempts in a row.
    failures: u32,
    /// The value of [`Machine::failures`] before an orderly end reset it, for a refusal of that stream that is read
    /// late.
    failures_before: u32,
    /// The last response was 401: the next attempt uses another credential, and a second 401 halts.
    rejected: bool,
    /// The open stream uses a credential that replaced a rejected one.
    renewed: bool,
    /// The number of the last attempt's credential.
    credential: u64,
    /// The credential of the last stream that received something and did not end with a refusal.
    accepted: Option<u64>,
    /// The value of `accepted` before the last stream ended, for a refusal of that stream that is read late.
    accepted_before: Option<u64>,
    /// The current attempt probes whether this refusal still applies, since this time.
    probing: Option<(HaltReason, Instant)>,
    /// The current attempt omits the cursor, because the server may have rejected only that.
    without_cursor: bool,
    /// The status with which the server also rejected an attempt without the cursor, so that the cursor is not the
    /// cause.
    refused_without_cursor: Option<u16>,
    /// The open stream received an event or a heartbeat.
    delivered: bool,
    /// What an event of the open stream reported about the stream, and when.
    stream_report: Option<(StreamReport, Instant)>,
    /// The user is present.
    attention: bool,
    /// The server asked for no attempt before this time.
    not_before: Option<Instant>,
    last_short_circuit: Option<Instant>,
    /// When the full number of short-circuits is available again.
    short_circuits_rested_at: Option<Instant>,
    /// When the computer last woke.
    woke: Option<Instant>,
    /// What should have shortened the attempt before that was allowed. It shortens the wait if the attempt fails.
    short_circuit_pending: Option<ShortCircuit>,
    /// Overflows in a row at the current id.
    overflows: u32,
    /// Open streams in a row that ended by silence without one byte.
    empty_streams: u32,
}

impl Machine {
    /// Returns an idle machine.
    pub fn new(timing: Timing, seed: u64) -> Self {
        Self {
            timing,
            promised: None,
            rng: fastrand::Rng::with_seed(seed),
            phase: Phase::Idle(IdleReason::NotStarted),
            last_epoch: 0,
            id: Arc::from(""),
            place: Arc::from(""),
            retry: None,
            reachability: None,
            failures: 0,
            failures_before: 0,
            rejected: false,
            renewed: false,
            credential: 0,
            accepted: None,
            accepted_before: None,
            probing: None,
            without_cursor: false,
            refused_without_cursor: None,
            delivered: false,
            stream_report: None,
            attention: false,
            not_before: None,
            last_short_circuit: None,
            short_circuits_rested_at: None,
            woke: None,
            short_circuit_pending: None,
            overflows: 0,
            empty_streams: 0,
        }
    }

    /// Returns the current state.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Returns the last event id; empty if there is none.
    pub fn last_event_id(&self) -> &Arc<str> {
        if self.id.is_empty() { &self.place } else { &self.id }
    }

    /// Returns the expected heartbeat interval: the server's promise, or else the configured one.
    pub fn heartbeat(&self) -> Duration {
        clamp_heartbeat(self.promised.unwrap_or(self.timing.heartbeat))
    }

    /// Returns when to send [`Input::Tick`] if nothing else happens; `None` if only an input changes the state.
    pub fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Idle(_) => None,
            Phase::Halted { until, .. } => until,
            Phase::Connecting { deadline, .. } => Some(deadline),
            Phase::Connected { liveness, .. } => Some(
                self.report_deadline()
                    .map_or(liveness, |report| report.min(liveness)),
            ),
            Phase::Waiting { until, .. } | Phase::CircuitOpen { until, .. } => Some(until),
        }
    }

    /// Returns the status as reported.
    pub fn status(&self) -> Status {
        match self.phase.clone() {
            Phase::Idle(reason) => Status::Idle(reason),
            Phase::Connecting { attempt, .. } => match self.probing {
                Some((reason, since)) => Status::Halted {
                    reason,
                    until: Some(since),
                },
                None => Status::Connecting { attempt },
            },
            Phase::Connected { since, .. } => Status::Connected { since },
            Phase::Waiting {
                attempt,
                until,
                cause,
            } => Status::Waiting {
                attempt,
                until,
                cause,
            },
            Phase::CircuitOpen {
                attempt,
                until,
                cause,
            } => Status::CircuitOpen {
                attempt,
                until,
                cause,
            },
            Phase::Halted { reason, until } => Status::Halted { reason, until },
        }
    }

    /// Handles what happened at `now` and returns what to do.
    pub fn handle(&mut self, now: Instant, input: Input) -> Vec<Effect> {
        let before = self.status();
        let mut effects = Vec::new();
        match input {
            Input::Start { cursor } => self.start(now, cursor, &mut effects),
            Input::Stop => {
                self.hang_up(&mut effects);
                self.phase = Phase::Idle(IdleReason::Stopped);
            }
            Input::RetryNow => self.short_circuit(now, ShortCircuit::User, &mut effects),
            Input::Network(reachability) => self.network(now, reachability, &mut effects),
            Input::Woke(slept) => {
                self.count_sleep(now, slept);
                self.short_circuit(now, ShortCircuit::Woke, &mut effects);
            }
            Input::Attention(attention) => {
                if attention && !mem::replace(&mut self.attention, attention) {
                    self.short_circuit(now, ShortCircuit::Attention, &mut effects);
                }
                self.attention = attention;
            }
            Input::Credentials => self.short_circuit(now, ShortCircuit::Credentials, &mut effects),
            Input::Heartbeat(every) => self.promise(now, every),
            Input::Position(id) => self.place = id,
            Input::SentCredential(epoch, credential) if self.is_dialing(epoch) => {
                self.credential = credential
            }
            Input::Opened(epoch, head) if self.is_dialing(epoch) => {
                self.opened(now, epoch, &head, &mut effects)
            }
            Input::Refused(epoch, error) if self.is_dialing(epoch) => self.refused(now, error),
            Input::Heard(epoch, chunk) if self.is_open(epoch) => self.heard(now, epoch, chunk, &mut effects),
            Input::ReadingResumed(epoch) if self.is_open(epoch) => self.stay_alive(now),
            Input::Ended(epoch, end) if self.is_open(epoch) => {
                self.on_acceptance(&end);
                self.ended(now, end, &mut effects);
            }
            Input::StreamReport(epoch, head) => self.on_stream_report(now, epoch, &head, &mut effects),
            // Inputs of an earlier epoch are ignored.
            Input::SentCredential(..)
            | Input::Opened(..)
            | Input::Refused(..)
            | Input::Heard(..)
            | Input::ReadingResumed(_)
            | Input::Ended(..) => {}
            Input::Tick => self.tick(now, &mut effects),
        }
        if self.attention {
            self.bound_attended_wait(now);
        }
        let after = self.status();
        if after != before {
            effects.push(Effect::Publish(after));
        }
        effects
    }

    fn start(&mut self, now: Instant, cursor: Option<String>, effects: &mut Vec<Effect>) {
        let id = Arc::from(cursor.unwrap_or_default());
        let live = matches!(self.phase, Phase::Connecting { .. } | Phase::Connected { .. });
        if live && self.id == id {
            return;
        }
        self.hang_up(effects);
        self.place = Arc::from("");
        self.set_id(id);
        self.failures = 0;
        self.rejected = false;
        self.accepted = None;
        self.refused_without_cursor = None;
        self.dial(now, effects);
    }

    fn network(&mut self, now: Instant, reachability: Reachability, effects: &mut Vec<Effect>) {
        let before = self.reachability.replace(reachability);
        let live = matches!(self.phase, Phase::Connecting { .. } | Phase::Connected { .. });
        match (before, reachability) {
            // The system may be wrong, so the current wait goes on, and an open stream ends by its own liveness limit.
            (_, Reachability::Offline) => {}
            // The first report is not a change for a live connection, but it may shorten a wait.
            (None, Reachability::Online) if live => {}
            (None | Some(Reachability::Offline), Reachability::Online) => {
                self.short_circuit(now, ShortCircuit::NetworkUp, effects);
            }
            (Some(Reachability::Online), Reachability::Online) => {
                self.short_circuit(now, ShortCircuit::NetworkChanged, effects);
            }
        }
    }

    fn promise(&mut self, now: Instant, every: Duration) {
        // A promise applies to the open connection only, so one that is read after its end is ignored.
        if !every.is_zero() && matches!(self.phase, Phase::Connected { .. }) {
            self.promised = Some(every);
            self.stay_alive(now);
        }
    }

    fn heard(&mut self, now: Instant, epoch: Epoch, chunk: Chunk, effects: &mut Vec<Effect>) {
        if let Phase::Connected { heard, .. } = &mut self.phase {
            *heard = Some(now);
        }
        self.empty_streams = 0;
        self.delivered |= chunk.beat || !chunk.frames.is_empty();
        if !chunk.frames.is_empty()
            && matches!(&self.stream_report, Some((StreamReport::Rejected(_), at)) if *at < now)
        {
            // A server that keeps sending events has not refused the client.
            self.stream_report = None;
        }
        self.stay_alive(now);
        self.set_id(chunk.last_id);
        if let Some(retry) = chunk.retry {
            self.retry = Some(retry.clamp(pace::MIN_DELAY, pace::MAX_RETRY));
        }
        if !chunk.frames.is_empty() {
            effects.push(Effect::Deliver(epoch, chunk.frames));
        }
        if let Some(skipped) = chunk.skipped {
            effects.push(Effect::Report(skipped));
        }
    }

    fn tick(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match self.phase {
            Phase::Idle(_) => {}
            Phase::Halted { reason, .. } => self.probe(now, reason, effects),
            Phase::Waiting { .. } | Phase::CircuitOpen { .. } => self.dial(now, effects),
            Phase::Connecting { .. } => {
                self.hang_up(effects);
                let limit = self.attempt_limit();
                self.fail(now, Cause::Dial(DialError::AnswerTimedOut(limit)), Pace::Backoff);
            }
            Phase::Connected { .. } => self.end_silent(now, effects),
        }
    }

    fn dial(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        self.probing = None;
        self.dial_again(now, false, effects);
    }

    /// Makes another attempt for the same purpose as the one before, if there was one.
    fn dial_again(&mut self, now: Instant, without_cursor: bool, effects: &mut Vec<Effect>) {
        self.last_epoch += 1;
        let epoch = Epoch(self.last_epoch);
        self.not_before = None;
        self.short_circuit_pending = None;
        self.promised = None;
        self.stream_report = None;
        self.without_cursor = without_cursor;
        self.phase = Phase::Connecting {
            epoch,
            attempt: self.failures,
            deadline: now + self.attempt_limit(),
        };
        effects.push(Effect::Dial(Dial {
            epoch,
            cursor: if without_cursor {
                Arc::from("")
            } else {
                Arc::clone(self.last_event_id())
            },
            rejected: self.rejected,
            skip_oversized: self.overflows >= OVERFLOWS_TO_SKIP,
            answer_limit: liveness_limit(self.heartbeat()),
        }));
    }

    /// Handles the end of an open stream, which counts as a failed attempt unless the connection was proven.
    fn lose(&mut self, now: Instant, cause: Cause, pace: Pace) {
        if self.is_proven(now) {
            self.failures = 0;
            let delay = self.delay(pace, 0);
            self.phase = Phase::Waiting {
                attempt: 0,
                until: now + delay,
                cause,
            };
        } else {
            self.fail(now, cause, pace);
        }
    }

    /// Handles a failed attempt.
    fn fail(&mut self, now: Instant, cause: Cause, pace: Pace) {
        let failed = self.failures;
        let mut delay = self.delay(pace, failed);
        if !self.is_waking(now) {
            self.failures = failed.saturating_add(1);
        } else if let Some(sooner) = self.waking_delay(&cause) {
            delay = delay.min(sooner);
        }
        if let Pace::After(_) = pace {
            self.not_before = Some(now + delay);
        }
        let limit = self.timing.max_attempts.max(1);
        if self.failures >= limit {
            let until = now + pace::probe_delay(self.failures - limit);
            let until = self.not_before.map_or(until, |not_before| not_before.max(until));
            self.phase = Phase::CircuitOpen {
                attempt: self.failures,
                until,
                cause,
            };
        } else {
            self.phase = Phase::Waiting {
                attempt: self.failures,
                until: now + delay,
                cause,
            };
        }
        if self.short_circuit_pending.take().is_some()
            && let Phase::Waiting { until, cause, .. } | Phase::CircuitOpen { until, cause, .. } =
                self.phase.clone()
        {
            self.wait_at_most(now, until, cause);
        }
        self.stay_halted(pace);
    }

    /// Drops the current attempt or connection, if any. The caller sets the next phase.
    fn hang_up(&mut self, effects: &mut Vec<Effect>) {
        if let Phase::Connecting { epoch, .. } | Phase::Connected { epoch, .. } = self.phase {
            effects.push(Effect::Hangup(epoch));
        }
    }

    /// Restarts the liveness limit, because something arrived or could not have been read.
    fn stay_alive(&mut self, now: Instant) {
        let limit = liveness_limit(self.heartbeat());
        if let Phase::Connected { liveness, .. } = &mut self.phase {
            *liveness = now + limit;
        }
    }

    /// Shortens the liveness limit, because the connection may be dead: the next heartbeat may hardly be late.
    fn expect_soon(&mut self, now: Instant) {
        let soon = now + self.heartbeat() * 3 / 2;
        if let Phase::Connected { liveness, .. } = &mut self.phase {
            *liveness = (*liveness).min(soon);
        }
    }

    fn attempt_limit(&self) -> Duration {
        ATTEMPT_TIMEOUT + liveness_limit(self.heartbeat())
    }

    fn set_id(&mut self, id: Arc<str>) {
        if self.id != id {
            self.id = id;
            self.overflows = 0;
        }
    }

    /// Records the credential as accepted if the stream received something and did not end with a refusal.
    fn on_acceptance(&mut self, end: &EndCause) {
        let refused = matches!(end, EndCause::Rejected(_))
            || matches!(self.stream_report, Some((StreamReport::Rejected(_), _)));
        self.accepted_before = self.accepted;
        if self.delivered && !refused {
            self.accepted = Some(self.credential);
        }
    }

    fn is_dialing(&self, epoch: Epoch) -> bool {
        matches!(self.phase, Phase::Connecting { epoch: live, .. } if live == epoch)
    }

    fn is_open(&self, epoch: Epoch) -> bool {
        matches!(self.phase, Phase::Connected { epoch: live, .. } if live == epoch)
    }

    fn is_proven(&self, now: Instant) -> bool {
        matches!(self.phase, Phase::Connected { since, heard: Some(_), .. } if now >= since + PROVEN_AFTER)
    }

    fn delay(&mut self, pace: Pace, failed: u32) -> Duration {
        Delay {
            pace,
            failed,
            base: self.timing.base_delay,
            retry: self.retry,
            reachability: self.reachability.unwrap_or(Reachability::Online),
        }
        .draw(&mut self.rng)
    }
}

fn clamp_heartbeat(every: Duration) -> Duration {
    every.clamp(MIN_HEARTBEAT, MAX_HEARTBEAT)
}

/// Two heartbeats may be lost or late before the connection counts as dead.
fn liveness_limit(heartbeat: Duration) -> Duration {
    heartbeat * 5 / 2
}
