//! The clients that a storm is made of: the machine itself, and two that people write in its place.

use std::time::{Duration, Instant};

use gloria_stream::machine::{Chunk, ContentType, Effect, Epoch, Head, Input, Machine, Phase};
use gloria_stream::{DialError, EndCause, Timing};

/// How clients come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    /// The machine that ships, with its default numbers.
    Gloria,
    /// Again after the same time, for ever.
    Fixed,
    /// Twice the time after each failure, and no dice.
    Exponential,
}

impl Policy {
    pub(super) const ALL: [Self; 3] = [Self::Gloria, Self::Fixed, Self::Exponential];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gloria => "Gloria Notify",
            Self::Fixed => "every 5 s",
            Self::Exponential => "doubling without jitter",
        }
    }
}

/// What an attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nobody listens.
    Refused,
    /// 503, with the time that the server asks for.
    Busy(Duration),
    /// The stream.
    Accepted,
}

/// When a client dials next, and from how wide a window that time was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) until: Instant,
    pub(super) window: Duration,
}

/// One client.
#[derive(Debug)]
pub(super) enum Client {
    Gloria(Box<Machine>),
    Fixed,
    Exponential { failures: u32 },
}

/// The base and the cap of every policy here are the machine's, so that only their shape is compared.
const CAP: Duration = Duration::from_secs(60);

impl Client {
    /// A client that connected at this time.
    pub(super) fn connected(policy: Policy, seed: u64, now: Instant) -> Self {
        match policy {
            Policy::Gloria => {
                let mut machine = Machine::new(Timing::default(), seed);
                let effects = machine.handle(now, Input::Start { cursor: None });
                open(&mut machine, now, dialed(&effects));
                Self::Gloria(Box::new(machine))
            }
            Policy::Fixed => Self::Fixed,
            Policy::Exponential => Self::Exponential { failures: 0 },
        }
    }

    /// Its connection was cut.
    pub(super) fn cut(&mut self, now: Instant) -> Option<Wait> {
        match self {
            Self::Gloria(machine) => {
                if let Phase::Connected { epoch, .. } = *machine.phase() {
                    machine.handle(now, Input::Ended(epoch, EndCause::Closed));
                }
                wait(machine)
            }
            Self::Fixed | Self::Exponential { .. } => self.exact(now),
        }
    }

    /// It dials and is answered at once. `None` once it is connected.
    pub(super) fn dial(&mut self, now: Instant, answer: Answer) -> Option<Wait> {
        match self {
            Self::Gloria(machine) => {
                let effects = machine.handle(now, Input::Tick);
                let epoch = dialed(&effects);
                match answer {
                    Answer::Accepted => open(machine, now, epoch),
                    Answer::Refused => input(machine, now, epoch, |epoch| {
                        Input::Refused(epoch, DialError::ConnectionRefused)
                    }),
                    Answer::Busy(after) => input(machine, now, epoch, |epoch| {
                        Input::Opened(epoch, head(503, Some(after)))
                    }),
                }
                wait(machine)
            }
            Self::Fixed | Self::Exponential { .. } if answer != Answer::Accepted => self.exact(now),
            Self::Fixed => None,
            Self::Exponential { failures } => {
                *failures = 0;
                None
            }
        }
    }

    /// The wait of those without dice.
    fn exact(&mut self, now: Instant) -> Option<Wait> {
        let base = Timing::default().base_delay;
        let delay = match self {
            Self::Gloria(_) | Self::Fixed => base,
            Self::Exponential { failures } => {
                let delay = base.saturating_mul(1 << (*failures).min(16)).min(CAP);
                *failures += 1;
                delay
            }
        };
        Some(Wait {
            until: now + delay,
            window: Duration::ZERO,
        })
    }
}

fn dialed(effects: &[Effect]) -> Option<Epoch> {
    effects.iter().find_map(|effect| match effect {
        Effect::Dial(dial) => Some(dial.epoch),
        Effect::Hangup(_)
        | Effect::Deliver(..)
        | Effect::Report(_)
        | Effect::DropCursor(_)
        | Effect::Publish(_) => None,
    })
}

fn input(machine: &mut Machine, now: Instant, epoch: Option<Epoch>, input: impl FnOnce(Epoch) -> Input) {
    if let Some(epoch) = epoch {
        machine.handle(now, input(epoch));
    }
}

/// The stream opens and brings its first bytes.
fn open(machine: &mut Machine, now: Instant, epoch: Option<Epoch>) {
    input(machine, now, epoch, |epoch| Input::Opened(epoch, head(200, None)));
    let beat = Chunk {
        beat: true,
        ..Chunk::default()
    };
    input(machine, now, epoch, |epoch| Input::Heard(epoch, beat));
}

fn head(status: u16, retry_after: Option<Duration>) -> Head {
    Head {
        content_type: if status == 200 {
            ContentType::Essence("text/event-stream".to_owned())
        } else {
            ContentType::Missing
        },
        retry_after,
        ..Head::of(status)
    }
}

/// The wait that the machine is in. Its window is what backoff says of it, for no other kind of wait is asked about.
fn wait(machine: &Machine) -> Option<Wait> {
    let (until, attempt) = match *machine.phase() {
        Phase::Waiting { until, attempt, .. } => (until, attempt),
        // Probes come at fixed times after the last draw.
        Phase::CircuitOpen { until, .. } => (until, u32::MAX),
        Phase::Idle(_) | Phase::Connecting { .. } | Phase::Connected { .. } | Phase::Halted { .. } => {
            return None;
        }
    };
    let doublings = attempt.saturating_sub(1).min(16);
    let window = (Timing::default().base_delay * (1 << doublings)).min(CAP);
    Some(Wait { until, window })
}
