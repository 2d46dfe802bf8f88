//! The machine: every input in every phase, its constants, and its invariants.

#![expect(
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    reason = "a phase that a test does not look for fails it"
)]

mod healing;
mod numbers;
mod properties;
mod short_circuits;
mod table;

use std::time::{Duration, Instant};

use gloria_stream::machine::{Chunk, ContentType, Dial, Effect, Epoch, Head, Input, Machine, Phase};
use gloria_stream::{Cause, EndCause, Frame, HaltReason, Timing};

/// A machine, its time, and its last effects.
struct Rig {
    machine: Machine,
    now: Instant,
    effects: Vec<Effect>,
    /// The epoch of the last attempt, whether or not it is live.
    last: Option<Epoch>,
}

impl Rig {
    fn new() -> Self {
        Self::with(Timing::default(), 1)
    }

    fn with(timing: Timing, seed: u64) -> Self {
        Self {
            machine: Machine::new(timing, seed),
            now: Instant::now(),
            effects: Vec::new(),
            last: None,
        }
    }

    fn send(&mut self, input: Input) -> &[Effect] {
        self.effects = self.machine.handle(self.now, input);
        self.last = self.dial().map(|dial| dial.epoch).or(self.last);
        &self.effects
    }

    fn pass(&mut self, seconds: f64) {
        self.now += Duration::from_secs_f64(seconds);
    }

    /// Advances to the deadline, and sends a tick.
    fn tick(&mut self) -> &[Effect] {
        self.now = self.machine.deadline().expect("a phase that time leads out of");
        self.send(Input::Tick)
    }

    fn start(&mut self) -> &mut Self {
        self.send(Input::Start {
            cursor: Some("7".to_owned()),
        });
        self
    }

    fn open(&mut self) -> &mut Self {
        let epoch = self.epoch();
        self.send(Input::Opened(epoch, stream()));
        self
    }

    fn answer(&mut self, status: u16) -> &[Effect] {
        let epoch = self.epoch();
        self.send(Input::Opened(epoch, status_head(status)))
    }

    fn hear(&mut self, last_id: &str) -> &[Effect] {
        let epoch = self.epoch();
        self.send(Input::Heard(
            epoch,
            Chunk {
                last_id: last_id.into(),
                ..Chunk::default()
            },
        ))
    }

    /// Delivers an event.
    fn deliver(&mut self, last_id: &str) -> &[Effect] {
        let epoch = self.epoch();
        let frame = Frame {
            event: "message".into(),
            data: "a".to_owned(),
            id: last_id.into(),
        };
        self.send(Input::Heard(
            epoch,
            Chunk {
                frames: vec![frame],
                last_id: last_id.into(),
                ..Chunk::default()
            },
        ))
    }

    fn end(&mut self, end: EndCause) -> &[Effect] {
        let epoch = self.epoch();
        self.send(Input::Ended(epoch, end))
    }

    /// Returns the live epoch.
    fn epoch(&self) -> Epoch {
        match self.machine.phase() {
            Phase::Connecting { epoch, .. } | Phase::Connected { epoch, .. } => *epoch,
            other => panic!("nothing is live in {other:?}"),
        }
    }

    /// Returns the attempt that the last input caused.
    fn dial(&self) -> Option<&Dial> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Dial(dial) => Some(dial),
            Effect::Hangup(_)
            | Effect::Deliver(..)
            | Effect::Report(_)
            | Effect::DropCursor(_)
            | Effect::Publish(_) => None,
        })
    }

    /// Returns the reason of the halt.
    fn halt(&self) -> HaltReason {
        match self.machine.phase() {
            Phase::Halted { reason, .. } => *reason,
            other => panic!("{other:?} is no halt"),
        }
    }

    /// Returns how long it waits from now, and why.
    fn wait(&self) -> (Duration, &Cause) {
        match self.machine.phase() {
            Phase::Waiting { until, cause, .. } | Phase::CircuitOpen { until, cause, .. } => {
                (until.duration_since(self.now), cause)
            }
            other => panic!("{other:?} is no wait"),
        }
    }
}

fn stream() -> Head {
    Head {
        content_type: ContentType::Essence("text/event-stream".to_owned()),
        ..status_head(200)
    }
}

/// Returns a head with `Retry-After`.
fn busy_head(seconds: f64) -> Head {
    Head {
        retry_after: Some(Duration::from_secs_f64(seconds)),
        ..status_head(503)
    }
}

fn status_head(status: u16) -> Head {
    Head::of(status)
}
