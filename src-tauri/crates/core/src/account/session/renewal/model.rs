//! Two processes that renew the same sign-in, while answers are lost, the keyring locks and fails, and processes are
//! killed between any two steps.

use proptest::prelude::*;

use super::*;

mod cases;

const ENTRY: &str = "https://gloria.example";

/// More steps than any renewal has; beyond them it would be a loop.
const MAX_STEPS: usize = 24;

fn grant(number: u32) -> SavedGrant {
    let text = |text: &str| text.to_owned();
    SavedGrant::new(
        text("https://id.example"),
        text("client"),
        text("anna"),
        format!("refresh-{number}").into(),
    )
    .unwrap()
}

fn number(grant: &SavedGrant) -> u32 {
    use secrecy::ExposeSecret as _;
    let text = grant.refresh_token().expose_secret();
    text.strip_prefix("refresh-").unwrap().parse().unwrap()
}

fn trouble() -> Trouble {
    Trouble {
        why: crate::message::keyring_none(),
        retry_after: None,
    }
}

/// What a step meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// The request arrives, its answer does not.
    Lost,
    /// The request does not arrive, and nobody knows that.
    Cut,
    Overloaded,
    Unconfigured,
    Locked,
    Killed,
    /// The keyring forgets, because the user signs out.
    SignedOut,
}

fn faults() -> impl Strategy<Value = Fault> {
    prop_oneof![
        12 => Just(Fault::None),
        2 => Just(Fault::Lost),
        1 => Just(Fault::Cut),
        1 => Just(Fault::Overloaded),
        1 => Just(Fault::Unconfigured),
        2 => Just(Fault::Locked),
        2 => Just(Fault::Killed),
        1 => Just(Fault::SignedOut),
    ]
}

/// A provider that rotates refresh tokens, and ends the sign-in when one is used twice.
struct Provider {
    current: u32,
    ended: bool,
}

impl Provider {
    fn refresh(&mut self, sent: u32) -> Answer<()> {
        if self.ended || sent != self.current {
            self.ended = true;
            return Answer::Spent;
        }
        self.current += 1;
        let next = Some(grant(self.current));
        Answer::Renewed { tokens: (), next }
    }
}

#[derive(Default)]
struct Process {
    known: Known,
    running: Option<(Renewal<()>, Effect<()>)>,
    /// As a session counts its turns.
    turn: Option<u64>,
    steps: usize,
    last: Option<Outcome<()>>,
}

struct World {
    provider: Provider,
    keyring: Option<u32>,
    lock: Option<usize>,
    turns: u64,
    processes: [Process; 2],
    /// Refresh tokens whose answer arrived, by process: they must not be sent by it again.
    answered: [Vec<u32>; 2],
    /// Something happened that may cost the sign-in.
    excused: bool,
}

impl World {
    fn new() -> Self {
        Self {
            provider: Provider {
                current: 0,
                ended: false,
            },
            keyring: Some(0),
            lock: None,
            turns: 0,
            processes: Default::default(),
            answered: Default::default(),
            excused: false,
        }
    }

    fn step(&mut self, process: usize, usable: bool, fault: Fault) {
        if fault == Fault::Killed {
            self.kill(process);
            return;
        }
        let own = &mut self.processes[process];
        let (renewal, effect) = match own.running.take() {
            Some(running) => running,
            None => {
                own.steps = 0;
                own.known.usable = usable;
                let mut renewal = Renewal::new(own.known.clone());
                let effect = renewal.next(Event::Began);
                (renewal, effect)
            }
        };
        own.steps += 1;
        assert!(own.steps < MAX_STEPS, "a loop: {effect:?}");
        self.carry_out(process, renewal, effect, fault);
    }

    fn kill(&mut self, process: usize) {
        let own = &self.processes[process];
        let was_past = own
            .running
            .as_ref()
            .is_some_and(|(renewal, _)| renewal.is_past_sending());
        let only_copy = own
            .known
            .in_memory
            .as_ref()
            .is_some_and(|in_memory| in_memory.unsaved);
        self.excused |= was_past || only_copy;
        if self.lock == Some(process) {
            self.lock = None;
        }
        self.processes[process] = Process::default();
        self.answered[process].clear();
    }

    fn carry_out(&mut self, process: usize, mut renewal: Renewal<()>, effect: Effect<()>, fault: Fault) {
        let locked = fault == Fault::Locked;
        let event = match &effect {
            Effect::Lock => {
                if self.lock.is_some_and(|owner| owner != process) {
                    // It waits, or gives up.
                    if fault == Fault::None {
                        self.processes[process].running = Some((renewal, effect));
                        self.processes[process].steps -= 1;
                        return;
                    }
                    Event::Locked(Err(Busy))
                } else {
                    self.lock = Some(process);
                    self.turns += 1;
                    let own = &mut self.processes[process];
                    let is_alone = own.turn.is_some_and(|turn| turn + 1 == self.turns);
                    if is_alone {
                        own.turn = Some(self.turns);
                    }
                    Event::Locked(Ok(Alone(is_alone)))
                }
            }
            Effect::Find => Event::Found(match fault {
                Fault::Locked => Err(SecretError::Locked),
                Fault::SignedOut => {
                    self.keyring = None;
                    Ok(None)
                }
                Fault::None
                | Fault::Lost
                | Fault::Cut
                | Fault::Overloaded
                | Fault::Unconfigured
                | Fault::Killed => Ok(self
                    .keyring
                    .map(|number| (grant(number).into(), ENTRY.to_owned()))),
            }),
            Effect::Prove(_) => Event::Proved(match fault {
                Fault::Lost | Fault::Cut | Fault::Overloaded => Err(Unproved::Later(trouble())),
                Fault::Unconfigured => Err(Unproved::Misconfigured(crate::message::keyring_none())),
                Fault::None | Fault::Locked | Fault::Killed | Fault::SignedOut => Ok(()),
            }),
            Effect::Send(sent) => {
                assert_eq!(self.lock, Some(process), "it is alone");
                let sent = number(sent);
                assert!(!self.answered[process].contains(&sent), "sent again: {sent}");
                let lost = |lost| Answer::Later {
                    trouble: trouble(),
                    lost,
                };
                Event::Answered(match fault {
                    Fault::Lost => {
                        self.provider.refresh(sent);
                        self.excused = true;
                        lost(true)
                    }
                    Fault::Cut => lost(true),
                    Fault::Overloaded => lost(false),
                    Fault::Unconfigured => Answer::Misconfigured(crate::message::keyring_none()),
                    Fault::None | Fault::Locked | Fault::Killed | Fault::SignedOut => {
                        self.answered[process].push(sent);
                        self.provider.refresh(sent)
                    }
                })
            }
            Effect::Store(entry, next) => {
                assert_eq!((self.lock, &**entry), (Some(process), ENTRY));
                if locked {
                    self.excused = true;
                    Event::Stored(Err(SecretError::Locked))
                } else {
                    self.keyring = Some(number(next));
                    Event::Stored(Ok(()))
                }
            }
            Effect::Forget(_, old) => {
                if !locked && self.keyring == Some(number(old)) {
                    self.keyring = None;
                }
                Event::Forgotten
            }
            Effect::End(_) => {
                let Effect::End(outcome) = effect else {
                    unreachable!()
                };
                self.end(process, &renewal, outcome);
                return;
            }
        };
        let effect = renewal.next(event);
        self.processes[process].running = Some((renewal, effect));
    }

    fn end(&mut self, process: usize, renewal: &Renewal<()>, outcome: Outcome<()>) {
        if self.lock == Some(process) {
            self.lock = None;
        }
        let own = &mut self.processes[process];
        own.known.dead = renewal.dead().to_vec();
        match &outcome {
            Outcome::Renewed {
                grant, entry, saved, ..
            } => {
                assert!(!self.provider.ended);
                own.turn = Some(self.turns);
                own.known.lost = false;
                own.known.in_memory = Some(MemoryGrant {
                    grant: grant.clone(),
                    entry: entry.clone(),
                    unsaved: saved.is_err(),
                });
            }
            Outcome::SignedOut | Outcome::Pasted(..) => own.known.in_memory = None,
            Outcome::NeedsSignIn(_) => {
                own.known.in_memory = None;
                assert!(self.excused, "nothing happened that may cost a sign-in");
            }
            Outcome::Later { lost, .. } => own.known.lost = *lost,
            Outcome::Busy | Outcome::Misconfigured(_) | Outcome::Keyring(_) => {}
        }
        own.last = Some(outcome);
    }

    /// Without any more faults, both processes end with tokens or with words.
    fn settle(&mut self) {
        for round in 0..3 {
            for process in 0..2 {
                self.processes[process].last = None;
                for _ in 0..=MAX_STEPS {
                    if self.processes[process].last.is_none() {
                        // The other one may have been stopped while it had the lock.
                        if self.lock.is_some_and(|owner| owner != process) {
                            self.step(1 - process, false, Fault::None);
                        }
                        self.step(process, false, Fault::None);
                    }
                }
                let last = self.processes[process].last.clone();
                assert!(
                    matches!(
                        last,
                        Some(Outcome::Renewed { .. } | Outcome::NeedsSignIn(_) | Outcome::SignedOut)
                    ) || round == 0 && last.is_some(),
                    "{last:?}"
                );
                if self.provider.ended && round > 0 {
                    assert!(!matches!(last, Some(Outcome::Renewed { .. })));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]
    #[test]
    fn a_sign_in_is_lost_only_where_an_answer_was_and_no_refresh_token_is_sent_after_its_answer(
        steps in proptest::collection::vec((0..2_usize, any::<bool>(), faults()), 0..80),
    ) {
        let mut world = World::new();
        for (process, usable, fault) in steps {
            world.step(process, usable, fault);
        }
        world.settle();
    }
}
