//! The state machine.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::halt::Said;
use self::short_circuit::Nudge;
use super::pace::{self, Delay, Pace};
use super::{
    Cause, Chunk, Dial, DialError, Effect, EndCause, Epoch, HaltReason, IdleReason, Input, Phase,
    Reachability, Status, Timing,
};

mod answer;
mod end;
mod halt;
mod short_circuit;

/// A connection that was up this long, and brought something, shows that the server works. An earlier end counts as a
/// failed attempt, or a server that accepts and closes would be asked without pause.
const PROVEN_AFTER: Duration = Duration::from_secs(60);

/// A whole attempt beside the answer's own limit: credential, connecting, redirects. The driver's limits are tighter;
/// this one is for what they do not see, such as a token store that never answers.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);

/// Overflows at the same id before the event there is given up: the first two may have been a broken connection.
const OVERFLOWS_TO_SKIP: u32 = 3;

/// Streams that opened and brought not one byte, in a row, before it is said that something holds them back. A server
/// that is stuck does so once or twice.
const MUTE_STREAMS_TO_SAY: u32 = 3;

/// What a promise of heartbeats may be: below, a busy machine's hiccup would end connections; above, a dead one would
/// not be noticed within the hour.
const MIN_HEARTBEAT: Duration = Duration::from_millis(100);
const MAX_HEARTBEAT: Duration = Duration::from_secs(20 * 60);

/// Decides when to dial, wait and give up.
///
/// It has no clock: the caller names the time of each input, never an earlier one than before, and sends
/// [`Input::Tick`] once [`Machine::deadline`] has passed. Equal inputs and seed give equal effects.
#[derive(Debug)]
pub struct Machine {
    timing: Timing,
    /// What the server of the present connection promised.
    promised: Option<Duration>,
    rng: fastrand::Rng,
    phase: Phase,
    last_epoch: u64,
    /// The last event id: the stream's position, which outlives connections.
    id: Arc<str>,
    /// Where the stream is while no event had an id.
    place: Arc<str>,
    /// The stream's reconnection time, which outlives connections as well.
    retry: Option<Duration>,
    /// What the system said last, if it ever did.
    reachability: Option<Reachability>,
    /// Failed attempts in a row.
    failures: u32,
    /// What [`Machine::failures`] was before an orderly end set it back, for what a late reader says of that stream.
    failures_before: u32,
    /// The last answer was 401: the next attempt takes another credential, and a second 401 halts.
    rejected: bool,
    /// The open stream was made with a credential that took the place of a refused one.
    renewed: bool,
    /// What the last attempt asked with.
    credential: u64,
    /// The credential of the last stream that brought something and was not ended by a refusal.
    accepted: Option<u64>,
    /// The same before the last end of a stream, for what a late reader says of that.
    accepted_before: Option<u64>,
    /// The attempt under way asks whether this refusal still stands, since then.
    probing: Option<(HaltReason, Instant)>,
    /// The attempt under way leaves the cursor out, for the server may have refused nothing else.
    without_cursor: bool,
    /// The status by which the server refused an attempt without the cursor too: the cursor is not to blame for it.
    blameless: Option<u16>,
    /// The open stream brought an event or a heartbeat.
    delivered: bool,
    /// What the open stream said of itself among its events, and when.
    said: Option<(Said, Instant)>,
    /// The user is present.
    attention: bool,
    /// The server asked for no attempt before then.
    not_before: Option<Instant>,
    last_short_circuit: Option<Instant>,
    /// When as many short-circuits as may come at once are saved up again.
    short_circuits_rested_at: Option<Instant>,
    /// When the machine last woke.
    woke: Option<Instant>,
    /// A short-circuit was due during an attempt and had to rest: it comes if the attempt fails.
    nudged: bool,
    /// Overflows in a row at this id.
    overflows: u32,
    /// Open streams in a row that ended in silence without one byte.
    mute: u32,
}

impl Machine {
    /// A machine at rest.
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
            blameless: None,
            delivered: false,
            said: None,
            attention: false,
            not_before: None,
            last_short_circuit: None,
            short_circuits_rested_at: None,
            woke: None,
            nudged: false,
            overflows: 0,
            mute: 0,
        }
    }

    /// Where it is.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The last event id; empty where there is none.
    pub fn last_event_id(&self) -> &Arc<str> {
        if self.id.is_empty() { &self.place } else { &self.id }
    }

    /// How often something should be heard: what the server promised, or the timing's own.
    pub fn heartbeat(&self) -> Duration {
        clamp_heartbeat(self.promised.unwrap_or(self.timing.heartbeat))
    }

    /// When to send [`Input::Tick`] if nothing else happens; `None` when only an input leads on.
    pub fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Idle(_) => None,
            Phase::Halted { until, .. } => until,
            Phase::Connecting { deadline, .. } => Some(deadline),
            Phase::Connected { liveness, .. } => {
                Some(self.said_deadline().map_or(liveness, |said| said.min(liveness)))
            }
            Phase::Waiting { until, .. } | Phase::CircuitOpen { until, .. } => Some(until),
        }
    }

    /// The status as reported.
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

    /// Takes what happened at `now` and says what to do.
    pub fn handle(&mut self, now: Instant, input: Input) -> Vec<Effect> {
        let before = self.status();
        let mut effects = Vec::new();
        match input {
            Input::Start { cursor } => self.start(now, cursor, &mut effects),
            Input::Stop => {
                self.hang_up(&mut effects);
                self.phase = Phase::Idle(IdleReason::Stopped);
            }
            Input::RetryNow => self.nudge(now, Nudge::User, &mut effects),
            Input::Network(reachability) => self.network(now, reachability, &mut effects),
            Input::Woke(slept) => {
                self.count_sleep(now, slept);
                self.nudge(now, Nudge::Woke, &mut effects);
            }
            Input::Attention(attention) => {
                if attention && !mem::replace(&mut self.attention, attention) {
                    self.nudge(now, Nudge::Attention, &mut effects);
                }
                self.attention = attention;
            }
            Input::Credentials => self.nudge(now, Nudge::Credentials, &mut effects),
            Input::Heartbeat(every) => self.promise(now, every),
            Input::Position(id) => self.place = id,
            Input::AskedWith(epoch, credential) if self.is_dialing(epoch) => self.credential = credential,
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
            Input::Said(epoch, head) => self.said(now, epoch, &head, &mut effects),
            // Inputs of an earlier epoch are ignored.
            Input::AskedWith(..)
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
        self.blameless = None;
        self.dial(now, effects);
    }

    fn network(&mut self, now: Instant, reachability: Reachability, effects: &mut Vec<Effect>) {
        let before = self.reachability.replace(reachability);
        let live = matches!(self.phase, Phase::Connecting { .. } | Phase::Connected { .. });
        match (before, reachability) {
            // The system may be wrong: the current wait goes on, and an open stream ends by its own silence limit.
            (_, Reachability::Offline) => {}
            // The first report is no change, but it may be news to a wait.
            (None, Reachability::Online) if live => {}
            (None | Some(Reachability::Offline), Reachability::Online) => {
                self.nudge(now, Nudge::NetworkUp, effects);
            }
            (Some(Reachability::Online), Reachability::Online) => {
                self.nudge(now, Nudge::NetworkChanged, effects);
            }
        }
    }

    fn promise(&mut self, now: Instant, every: Duration) {
        // A promise is the connection's: what a late reader says after its end holds for nothing.
        if !every.is_zero() && matches!(self.phase, Phase::Connected { .. }) {
            self.promised = Some(every);
            self.stay_alive(now);
        }
    }

    fn heard(&mut self, now: Instant, epoch: Epoch, chunk: Chunk, effects: &mut Vec<Effect>) {
        if let Phase::Connected { heard, .. } = &mut self.phase {
            *heard = Some(now);
        }
        self.mute = 0;
        self.delivered |= chunk.beat || !chunk.frames.is_empty();
        if !chunk.frames.is_empty() && matches!(&self.said, Some((Said::Rejected(_), at)) if *at < now) {
            // A server that keeps sending events has not refused the client.
            self.said = None;
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

    /// Dials, for the same end as the attempt before where there was one.
    fn dial_again(&mut self, now: Instant, without_cursor: bool, effects: &mut Vec<Effect>) {
        self.last_epoch += 1;
        let epoch = Epoch(self.last_epoch);
        self.not_before = None;
        self.nudged = false;
        self.promised = None;
        self.said = None;
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

    /// An open stream ended: a failed attempt, unless it had been proven.
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

    /// An attempt failed.
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
        if mem::take(&mut self.nudged)
            && let Phase::Waiting { until, cause, .. } | Phase::CircuitOpen { until, cause, .. } =
                self.phase.clone()
        {
            self.wait_at_most(now, until, cause);
        }
        self.stay_halted(pace);
    }

    /// Ends what is under way, if anything is. The caller names the next phase.
    fn hang_up(&mut self, effects: &mut Vec<Effect>) {
        if let Phase::Connecting { epoch, .. } | Phase::Connected { epoch, .. } = self.phase {
            effects.push(Effect::Hangup(epoch));
        }
    }

    /// Something was heard, or could not have been: the silence begins anew.
    fn stay_alive(&mut self, now: Instant) {
        let limit = liveness_limit(self.heartbeat());
        if let Phase::Connected { liveness, .. } = &mut self.phase {
            *liveness = now + limit;
        }
    }

    /// The connection may be dead: the next heartbeat has to come, and not much later.
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

    /// A stream that brought something and ended by anything but a refusal was made with a good credential.
    fn on_acceptance(&mut self, end: &EndCause) {
        let refused =
            matches!(end, EndCause::Rejected(_)) || matches!(self.said, Some((Said::Rejected(_), _)));
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

/// Two heartbeats may be lost or late before a connection is.
fn liveness_limit(heartbeat: Duration) -> Duration {
    heartbeat * 5 / 2
}
