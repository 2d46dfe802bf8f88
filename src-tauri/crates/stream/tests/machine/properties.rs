//! Invariants for any inputs in any order.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use gloria_stream::machine::{
    BreakOff, CertificateProblem, Chunk, ContentType, Effect, Epoch, Head, Input, Machine, Phase,
};
use gloria_stream::{
    CredentialError, DialError, EndCause, Frame, HaltReason, Overflow, Reachability, Timing,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// An input without its epoch.
#[derive(Debug, Clone)]
enum Step {
    Start(Option<&'static str>),
    Stop,
    RetryNow,
    Network(Reachability),
    Woke(u64),
    Attention(bool),
    StreamReport(Age, u16),
    Credentials,
    Heartbeat(u64),
    Opened(Age, u16, Option<u64>),
    Refused(Age, DialError),
    Heard(Age, &'static str, Option<u64>),
    Resumed(Age),
    Ended(Age, EndCause),
    /// Time advances to the deadline, if there is one.
    Due,
}

/// The epoch that an input names.
#[derive(Debug, Clone, Copy)]
enum Age {
    Live,
    Over,
}

fn any_step() -> impl Strategy<Value = Step> {
    let age = || prop_oneof![4 => Just(Age::Live), 1 => Just(Age::Over)];
    let errors = vec![
        DialError::NameNotFound,
        DialError::ConnectionRefused,
        DialError::Certificate(CertificateProblem::WrongName),
        DialError::Credential(CredentialError::Missing),
        DialError::Credential(CredentialError::Unavailable("".into())),
    ];
    let ends = vec![
        EndCause::Closed,
        EndCause::BrokenOff(BreakOff::Reset),
        EndCause::Overflow(Overflow::Line { limit: 1 }),
        EndCause::NetworkChanged,
    ];
    let statuses = vec![200, 200, 200, 204, 301, 401, 401, 403, 404, 407, 429, 503, 511];
    prop_oneof![
        1 => select(vec![None, Some("1"), Some("2")]).prop_map(Step::Start),
        1 => Just(Step::Stop),
        1 => Just(Step::RetryNow),
        1 => select(vec![Reachability::Online, Reachability::Offline]).prop_map(Step::Network),
        1 => select(vec![0, 60, 28_800]).prop_map(Step::Woke),
        1 => any::<bool>().prop_map(Step::Attention),
        1 => (age(), select(vec![401, 403, 410, 503])).prop_map(|(age, status)| Step::StreamReport(age, status)),
        1 => Just(Step::Credentials),
        1 => select(vec![0, 1, 30_000, u64::MAX]).prop_map(Step::Heartbeat),
        6 => (age(), select(statuses), select(vec![None, None, Some(1), Some(3600)]))
            .prop_map(|(age, status, after)| Step::Opened(age, status, after)),
        4 => (age(), select(errors)).prop_map(|(age, error)| Step::Refused(age, error)),
        4 => (age(), select(vec!["", "1", "2"]), select(vec![None, None, Some(0), Some(3000), Some(u64::MAX)]))
            .prop_map(|(age, id, retry)| Step::Heard(age, id, retry)),
        1 => age().prop_map(Step::Resumed),
        4 => (age(), select(ends)).prop_map(|(age, end)| Step::Ended(age, end)),
        8 => Just(Step::Due),
    ]
}

/// Steps with the time before each, in milliseconds.
fn any_run() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let pause = prop_oneof![3 => 0_u64..50, 3 => 0_u64..20_000, 1 => 0_u64..4_000_000];
    vec((pause, any_step()), 1..80)
}

/// A machine, and what an observer knows about it.
struct Run {
    machine: Machine,
    now: Instant,
    live: BTreeSet<Epoch>,
    over: Option<Epoch>,
    effects: Vec<Effect>,
}

impl Run {
    fn new(begin: Instant, seed: u64) -> Self {
        let timing = Timing {
            max_attempts: 4,
            ..Timing::default()
        };
        Self {
            machine: Machine::new(timing, seed),
            now: begin,
            live: BTreeSet::new(),
            over: None,
            effects: Vec::new(),
        }
    }

    fn take(&mut self, pause: u64, step: &Step) -> Option<Input> {
        self.now += Duration::from_millis(pause);
        if let (Step::Due, Some(deadline)) = (step, self.machine.deadline()) {
            self.now = self.now.max(deadline);
        }
        let input = self.input(step)?;
        if let Input::Refused(epoch, _) | Input::Ended(epoch, _) = &input {
            let ends = match self.machine.phase() {
                Phase::Connecting { epoch: live, .. } => matches!(input, Input::Refused(..)) && live == epoch,
                Phase::Connected { epoch: live, .. } => matches!(input, Input::Ended(..)) && live == epoch,
                Phase::Idle(_) | Phase::Waiting { .. } | Phase::CircuitOpen { .. } | Phase::Halted { .. } => {
                    false
                }
            };
            if ends {
                self.live.remove(epoch);
                self.over = Some(*epoch);
            }
        }
        self.effects = self.machine.handle(self.now, input.clone());
        for effect in &self.effects {
            match effect {
                Effect::Dial(dial) => assert!(self.live.insert(dial.epoch), "an epoch is used once"),
                Effect::Hangup(epoch) => {
                    assert!(self.live.remove(epoch), "only what is live is hung up");
                    self.over = Some(*epoch);
                }
                Effect::Deliver(..) | Effect::Report(_) | Effect::DropCursor(_) | Effect::Publish(_) => {}
            }
            assert!(self.live.len() <= 1, "at most one epoch is live");
        }
        Some(input)
    }

    fn input(&self, step: &Step) -> Option<Input> {
        let epoch = |age: &Age| match age {
            Age::Live => self.live.first().copied(),
            Age::Over => self.over,
        };
        Some(match step {
            Step::Start(cursor) => Input::Start {
                cursor: cursor.map(str::to_owned),
            },
            Step::Stop => Input::Stop,
            Step::RetryNow => Input::RetryNow,
            Step::Network(reachability) => Input::Network(*reachability),
            Step::Woke(slept) => Input::Woke(Duration::from_secs(*slept)),
            Step::Attention(attention) => Input::Attention(*attention),
            Step::StreamReport(age, status) => Input::StreamReport(epoch(age)?, Head::of(*status)),
            Step::Credentials => Input::Credentials,
            Step::Heartbeat(millis) => Input::Heartbeat(Duration::from_millis(*millis)),
            Step::Opened(age, status, after) => Input::Opened(
                epoch(age)?,
                Head {
                    content_type: ContentType::Essence("text/event-stream".to_owned()),
                    retry_after: after.map(Duration::from_secs),
                    ..Head::of(*status)
                },
            ),
            Step::Refused(age, error) => Input::Refused(epoch(age)?, error.clone()),
            Step::Heard(age, id, retry) => Input::Heard(
                epoch(age)?,
                Chunk {
                    frames: vec![Frame {
                        event: "message".into(),
                        data: String::new(),
                        id: (*id).into(),
                    }],
                    last_id: (*id).into(),
                    retry: retry.map(Duration::from_millis),
                    ..Chunk::default()
                },
            ),
            Step::Resumed(age) => Input::ReadingResumed(epoch(age)?),
            Step::Ended(age, end) => Input::Ended(epoch(age)?, end.clone()),
            Step::Due => Input::Tick,
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_invariants_hold(run in any_run(), seed in any::<u64>()) {
        let mut it = Run::new(Instant::now(), seed);
        for (pause, step) in &run {
            let before = it.machine.phase().clone();
            let Some(input) = it.take(*pause, step) else { continue };
            let after = it.machine.phase().clone();

            let live = matches!(after, Phase::Connecting { .. } | Phase::Connected { .. });
            prop_assert_eq!(it.live.len(), usize::from(live), "an epoch is live in these phases and no other");

            let at_rest = matches!(after, Phase::Idle(_) | Phase::Halted { until: None, .. });
            prop_assert_eq!(it.machine.deadline().is_none(), at_rest, "time leads out of everything else");

            let dials = it.effects.iter().any(|effect| matches!(effect, Effect::Dial(_)));
            if matches!(before, Phase::Idle(_) | Phase::Halted { .. }) {
                let due = matches!(before, Phase::Halted { until: Some(until), .. } if until <= it.now);
                let allowed = matches!(input, Input::Start { .. }) || (due && input == Input::Tick);
                prop_assert!(!dials || allowed, "{input:?} dialled from {before:?}");
            }
            if let Phase::Halted { reason: HaltReason::NoCredential, until } = after {
                prop_assert_eq!(until, None, "there is nothing to ask with");
            }
            if matches!(before, Phase::Idle(_)) {
                let allowed = matches!(input, Input::Start { .. } | Input::Stop);
                prop_assert!(after == before || allowed);
            }
            if matches!(before, Phase::Halted { .. }) {
                let allowed =
                    matches!(input, Input::Start { .. } | Input::Stop | Input::RetryNow | Input::Credentials);
                let halted = matches!(after, Phase::Halted { .. });
                prop_assert!(halted || dials || allowed, "{input:?} led from {before:?} to {after:?}");
            }
            if let Phase::Waiting { until, .. } | Phase::CircuitOpen { until, .. } = &after {
                let wait = until.saturating_duration_since(it.now);
                let hour = Duration::from_secs(3600);
                prop_assert!(wait <= hour, "{wait:?} is more than the cap");
                let failed = matches!(input, Input::Opened(..) | Input::Refused(..) | Input::Tick)
                    || matches!(&input, Input::Ended(_, end) if *end != EndCause::NetworkChanged);
                if failed && before != after && !matches!(before, Phase::Connecting { .. }) {
                    prop_assert!(wait >= Duration::from_millis(250), "{wait:?} after {input:?}");
                }
            }
        }
    }

    #[test]
    fn equal_inputs_and_seed_give_equal_effects(run in any_run(), seed in any::<u64>()) {
        let begin = Instant::now();
        let (mut one, mut other) = (Run::new(begin, seed), Run::new(begin, seed));
        for (pause, step) in &run {
            one.take(*pause, step);
            other.take(*pause, step);
            prop_assert_eq!(&one.effects, &other.effects);
        }
    }

    #[test]
    fn an_epoch_that_is_over_changes_nothing(run in any_run(), seed in any::<u64>()) {
        let mut it = Run::new(Instant::now(), seed);
        for (pause, step) in &run {
            let before = it.machine.phase().clone();
            let Some(input) = it.take(*pause, step) else { continue };
            if let Input::Opened(epoch, _)
            | Input::Refused(epoch, _)
            | Input::Heard(epoch, _)
            | Input::ReadingResumed(epoch)
            | Input::Ended(epoch, _) = &input
                && matches!(step, Step::Opened(Age::Over, ..)
                    | Step::Refused(Age::Over, _)
                    | Step::Heard(Age::Over, ..)
                    | Step::Resumed(Age::Over)
                    | Step::Ended(Age::Over, _))
            {
                prop_assert!(it.effects.is_empty(), "{epoch:?} spoke after its end");
                prop_assert_eq!(it.machine.phase(), &before);
            }
        }
    }
}
