use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use gloria_core::grant::Secret;
use gloria_core::ports::SecretError;
use gloria_core::token::Token;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{Notify, oneshot};

use super::{Call, Outcome, Prompts, Request, Watchdog};

const ENTRY: &str = "https://gloria.example";

/// How long a call may take.
const LIMIT: Duration = Duration::from_millis(50);

/// A keyring that delays the writes and the removal of one token until the test lets them continue.
struct Slow {
    calls: Sender<Call>,
    /// The writes in order; `None` for a removal.
    written: Arc<Mutex<Vec<Option<String>>>>,
    go_on: Sender<()>,
    unlocked: Arc<Notify>,
}

impl Slow {
    fn new(prompts: bool, refuses: bool) -> Self {
        Self::with(Prompts::Raised, prompts, refuses)
    }

    fn with(asks: Prompts, prompts: bool, refuses: bool) -> Self {
        let written = Arc::<Mutex<Vec<Option<String>>>>::default();
        let (go_on, gate) = mpsc::channel();
        let (shared, gate) = (Arc::clone(&written), Mutex::new(gate));
        let perform = move |_: &str, request: &Request, ask: &dyn Fn() -> bool| -> Outcome {
            match request {
                Request::Load | Request::LoadWithoutPrompt | Request::Unlock => {}
                Request::ForgetIf(secret) => {
                    let token = secret.clone().into_token().unwrap();
                    if token.expose() == "late" {
                        gate.lock().unwrap().recv().unwrap();
                        shared.lock().unwrap().push(None);
                    }
                }
                Request::Store(secret) => {
                    let token = secret.clone().into_token().unwrap();
                    if token.expose() == "late" {
                        if prompts {
                            ask();
                        }
                        gate.lock().unwrap().recv().unwrap();
                        if refuses {
                            return Err(SecretError::Locked);
                        }
                    }
                    shared.lock().unwrap().push(Some(token.expose().to_owned()));
                }
                Request::Forget | Request::ForgetWithoutPrompt => shared.lock().unwrap().push(None),
            }
            Ok(None)
        };
        let timekeeper = Watchdog::new(asks, LIMIT, Arc::new(perform));
        let unlocked = Arc::clone(&timekeeper.unlocked);
        let (calls, receiver) = mpsc::channel();
        std::thread::spawn(move || timekeeper.run(&receiver));
        Self {
            calls,
            written,
            go_on,
            unlocked,
        }
    }

    fn call(&self, request: Request) -> Outcome {
        self.begin(request).blocking_recv().unwrap()
    }

    fn begin(&self, request: Request) -> oneshot::Receiver<Outcome> {
        let (answer, answered) = oneshot::channel();
        let address = ENTRY.to_owned();
        let call = Call {
            address,
            request,
            answer,
        };
        assert!(self.calls.send(call).is_ok());
        answered
    }

    fn store(&self, token: &str) -> Outcome {
        self.call(stores(token))
    }

    /// Waits until exactly these writes were made.
    fn writes(&self, all: &[Option<&str>]) {
        let written = || self.written.lock().unwrap().clone();
        while written().len() < all.len() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let written = written();
        assert_eq!(written.iter().map(Option::as_deref).collect::<Vec<_>>(), all);
    }
}

fn stores(token: &str) -> Request {
    Request::Store(Secret::Token(Token::parse(token).unwrap()))
}

/// A keyring whose prompts are waited for, and each prompt as it is raised.
fn awaited() -> (Slow, Receiver<()>) {
    let (sender, raised) = mpsc::channel();
    let asks = Prompts::Awaited(Box::new(move || sender.send(()).unwrap()));
    (Slow::with(asks, true, false), raised)
}

#[test]
fn who_waits_for_a_prompt_gets_its_result_however_long_it_takes() {
    let (keyring, raised) = awaited();
    let mut stored = keyring.begin(stores("late"));
    raised.recv().unwrap();
    // Another call would not wait for so long.
    std::thread::sleep(LIMIT * 4);
    assert!(matches!(stored.try_recv(), Err(TryRecvError::Empty)));
    keyring.go_on.send(()).unwrap();
    assert!(stored.blocking_recv().unwrap().is_ok());
    keyring.writes(&[Some("late")]);
}

#[test]
fn a_prompt_that_nobody_waits_for_any_more_keeps_nobody_waiting() {
    let (keyring, raised) = awaited();
    let stored = keyring.begin(stores("late"));
    raised.recv().unwrap();
    drop(stored);
    keyring.call(Request::LoadWithoutPrompt).unwrap();
    // And a second one is not raised beside it.
    keyring.call(Request::Unlock).unwrap();
    assert!(raised.try_recv().is_err());
}

#[test]
fn a_token_that_is_stored_late_does_not_outlive_a_sign_out() {
    for prompts in [false, true] {
        let keyring = Slow::new(prompts, false);
        assert!(keyring.store("late").is_err());
        keyring.call(Request::Forget).unwrap();
        keyring.go_on.send(()).unwrap();
        keyring.writes(&[None, Some("late"), None]);
    }
}

#[test]
fn a_token_that_is_stored_late_gives_way_to_a_newer_one() {
    let keyring = Slow::new(false, false);
    assert!(keyring.store("late").is_err());
    keyring.store("newer").unwrap();
    keyring.go_on.send(()).unwrap();
    keyring.writes(&[Some("newer"), Some("late"), Some("newer")]);
}

#[test]
fn what_may_still_be_stored_is_not_compared_and_removed_meanwhile() {
    let keyring = Slow::new(false, false);
    let former = || Request::ForgetIf(Secret::Token(Token::parse("former").unwrap()));
    assert!(keyring.store("late").is_err());
    keyring.call(former()).unwrap_err();
    keyring.go_on.send(()).unwrap();
    keyring.writes(&[Some("late")]);
    keyring.call(former()).unwrap();
}

#[test]
fn what_is_compared_and_removed_late_costs_nothing_that_was_stored_since() {
    let keyring = Slow::new(false, false);
    let late = Request::ForgetIf(Secret::Token(Token::parse("late").unwrap()));
    keyring.call(late).unwrap_err();
    keyring.store("newer").unwrap();
    keyring.go_on.send(()).unwrap();
    keyring.writes(&[Some("newer"), None, Some("newer")]);
}

#[test]
fn what_was_refused_late_changes_nothing() {
    let keyring = Slow::new(true, true);
    assert!(keyring.store("late").is_err());
    keyring.go_on.send(()).unwrap();
    keyring.store("newer").unwrap();
    keyring.writes(&[Some("newer")]);
}

#[test]
fn a_prompt_that_never_ends_keeps_nothing_from_a_keyring_that_is_open_since() {
    let keyring = Slow::new(true, false);
    assert_eq!(keyring.store("late").unwrap_err(), SecretError::Locked);
    keyring.call(Request::Load).unwrap();
    keyring.call(Request::LoadWithoutPrompt).unwrap();
    keyring.store("newer").unwrap();
    keyring.writes(&[Some("newer")]);
}

#[tokio::test]
async fn a_prompt_that_is_answered_late_is_reported_and_one_that_is_cancelled_is_not() {
    let keyring = Slow::new(true, false);
    let unlocked = Arc::clone(&keyring.unlocked);
    let answered = tokio::task::spawn_blocking(move || {
        assert_eq!(keyring.store("late").unwrap_err(), SecretError::Locked);
        keyring.go_on.send(()).unwrap();
        keyring
    });
    unlocked.notified().await;
    let keyring = answered.await.unwrap();
    keyring.writes(&[Some("late")]);

    let keyring = Slow::new(true, true);
    let unlocked = Arc::clone(&keyring.unlocked);
    let answered = tokio::task::spawn_blocking(move || {
        assert_eq!(keyring.store("late").unwrap_err(), SecretError::Locked);
        keyring.go_on.send(()).unwrap();
        keyring.store("newer").unwrap();
        keyring.writes(&[Some("newer")]);
    });
    answered.await.unwrap();
    assert!(unlocked.notified().now_or_never().is_none());
}
