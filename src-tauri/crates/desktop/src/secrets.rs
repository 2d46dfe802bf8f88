//! The keyring of the system: Secret Service, Credential Manager, Keychain.
//!
//! A keyring may wait for its owner to type a password, and its daemon may hang; neither has a time limit of its own.
//! So each call runs on a thread that can be left behind, and one thread keeps the time. While a prompt is on screen
//! no second one is raised.

mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::time::{Duration, Instant};
use std::{fmt, io, thread};

use futures_util::future::BoxFuture;
use gloria_core::message;
use gloria_core::ports::{PanicReports, SecretError, Secrets, send_reply};
use gloria_core::token::Token;
use tokio::sync::oneshot;

/// Enough for a keyring that is being started on a slow disk. A user who types a password takes longer, and meanwhile
/// sees that the keyring is locked.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Calls that may hang at once. Each holds a thread and a connection to a keyring that does not answer.
const MAX_STUCK: usize = 4;

/// How often it is looked at what was left behind, while something is: a token that is written late must not stay for
/// long where it was forgotten meanwhile.
const SETTLE_INTERVAL: Duration = Duration::from_secs(1);

/// What is asked of the keyring.
#[derive(Clone)]
enum Request {
    Load,
    /// As `Load`, but a locked keyring stays locked.
    Look,
    Store(Token),
    Forget,
}

impl Request {
    fn writes(&self) -> bool {
        match self {
            Self::Load | Self::Look => false,
            Self::Store(_) | Self::Forget => true,
        }
    }
}

type Outcome = Result<Option<Token>, SecretError>;

struct Call {
    address: String,
    request: Request,
    answer: oneshot::Sender<Outcome>,
}

/// What a call tells the thread that keeps its time.
enum Note {
    /// From here on it waits for a person.
    Prompts,
    Done(Outcome),
}

/// Tokens in the system's keyring, under the service `com.gloriasystem.notify` and the API address as user.
///
/// Every call answers within 10 s, and calls are taken one after the other. What a call that was left behind writes
/// late gives way to what was asked for after it. A locked keyring is asked to unlock,
/// which may raise its prompt; if that takes longer than the limit, the answer is [`SecretError::Locked`], the prompt
/// stays, and calls while it is there raise no other. A keyring that appears after the start is found, also where the
/// one before it was killed.
pub struct Keyring {
    calls: Sender<Call>,
}

impl Keyring {
    /// Starts the thread that keeps the time. No keyring is asked before the first call.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn new() -> io::Result<Self> {
        Self::start(true, &PanicReports::channel().0)
    }

    /// As [`Keyring::new`], for programs that nobody looks at: a locked keyring stays locked. macOS does not say
    /// beforehand that it will prompt, so there it may.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn without_prompts() -> io::Result<Self> {
        Self::start(false, &PanicReports::channel().0)
    }

    /// As [`Keyring::new`], with somebody who hears of a panic of the thread.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn reporting(panics: &PanicReports) -> io::Result<Self> {
        Self::start(true, panics)
    }

    fn start(may_prompt: bool, panics: &PanicReports) -> io::Result<Self> {
        let (calls, receiver) = mpsc::channel();
        let timekeeper = Timekeeper::new(may_prompt, TIMEOUT, Arc::new(store::perform));
        let guard = panics.guard("secrets");
        thread::Builder::new().name("secrets".to_owned()).spawn(move || {
            let _guard = guard;
            timekeeper.run(&receiver);
        })?;
        Ok(Self { calls })
    }

    fn call(&self, address: &str, request: Request) -> impl Future<Output = Outcome> + use<> {
        let (answer, answered) = oneshot::channel();
        let call = Call {
            address: address.to_owned(),
            request,
            answer,
        };
        let sent = self.calls.send(call);
        async move {
            let ended = || SecretError::Unavailable(message::keyring_thread_ended().into());
            sent.map_err(|_| ended())?;
            answered.await.unwrap_or_else(|_| Err(ended()))
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Keyring").finish_non_exhaustive()
    }
}

impl Secrets for Keyring {
    fn load(&self, address: &str) -> BoxFuture<'static, Result<Option<Token>, SecretError>> {
        Box::pin(self.call(address, Request::Load))
    }

    fn look(&self, address: &str) -> BoxFuture<'static, Result<Option<Token>, SecretError>> {
        // macOS does not say beforehand that it will prompt.
        if cfg!(target_os = "macos") {
            return Box::pin(async { Err(SecretError::Unavailable(message::keyring_would_prompt().into())) });
        }
        Box::pin(self.call(address, Request::Look))
    }

    fn store(&self, address: &str, token: Token) -> BoxFuture<'static, Result<(), SecretError>> {
        let stored = self.call(address, Request::Store(token));
        Box::pin(async { stored.await.map(drop) })
    }

    fn forget(&self, address: &str) -> BoxFuture<'static, Result<(), SecretError>> {
        let forgotten = self.call(address, Request::Forget);
        Box::pin(async { forgotten.await.map(drop) })
    }
}

/// A call that was left behind.
struct Stuck {
    notes: Receiver<Note>,
    prompts: bool,
    /// What it writes, if anything: the entry, and the number of the writing.
    writing: Option<(String, u64)>,
}

/// What became of a call that was left behind.
enum Fate {
    GoesOn,
    /// It has done as asked.
    Done,
    Failed,
}

/// Does what is asked, for as long as it takes. What it is given is asked before it waits for a person, and says
/// whether it may.
type Perform = dyn Fn(&str, &Request, &dyn Fn() -> bool) -> Outcome + Send + Sync;

struct Timekeeper {
    may_prompt: bool,
    limit: Duration,
    perform: Arc<Perform>,
    stuck: Vec<Stuck>,
    /// The writings so far.
    writings: u64,
    /// The last writing that was asked for of each entry, as long as one that was left behind may undo it.
    wanted: HashMap<String, (u64, Request)>,
}

impl Timekeeper {
    fn new(may_prompt: bool, limit: Duration, perform: Arc<Perform>) -> Self {
        Self {
            may_prompt,
            limit,
            perform,
            stuck: Vec::new(),
            writings: 0,
            wanted: HashMap::new(),
        }
    }

    fn run(mut self, calls: &Receiver<Call>) {
        while let Some(call) = self.next(calls) {
            let Call {
                address,
                request,
                answer,
            } = call;
            let looks = matches!(request, Request::Look);
            let outcome = self.take(address, request);
            // This is repeated soon, and the error was already reported when the token was last requested.
            if let Err(error) = &outcome
                && !looks
            {
                tracing::warn!(%error, "the keyring did not do as asked");
            }
            send_reply(answer, outcome);
        }
    }

    /// The next call; meanwhile what was left behind is settled. `None` when nobody can call any more.
    fn next(&mut self, calls: &Receiver<Call>) -> Option<Call> {
        while !self.stuck.is_empty() {
            match calls.recv_timeout(SETTLE_INTERVAL) {
                Ok(call) => return Some(call),
                Err(RecvTimeoutError::Timeout) => self.settle(),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        calls.recv().ok()
    }

    fn take(&mut self, address: String, request: Request) -> Outcome {
        self.settle();
        let writing = request.writes().then(|| {
            self.writings += 1;
            self.wanted
                .insert(address.clone(), (self.writings, request.clone()));
            self.writings
        });
        let outcome = self.perform(address, request, writing, self.may_prompt);
        if self.stuck.is_empty() {
            self.wanted.clear();
        }
        outcome
    }

    /// Sees what became of what was left behind. What it wrote is written over where something else was asked for
    /// since: a token that was stored late must not outlive a sign-out.
    fn settle(&mut self) {
        for mut call in std::mem::take(&mut self.stuck) {
            match (call.fate(), call.writing.take()) {
                (Fate::GoesOn, writing) => self.stuck.push(Stuck { writing, ..call }),
                (Fate::Done, Some((address, number))) => {
                    let wanted = self.wanted.get(&address).cloned();
                    if let Some((newer, request)) = wanted.filter(|(wanted, _)| *wanted > number) {
                        tracing::info!("the keyring did late what was asked otherwise since");
                        // Nobody waits for it, so nobody is asked to unlock anything.
                        if let Err(error) = self.perform(address, request, Some(newer), false) {
                            tracing::warn!(%error, "the keyring may hold what it should not");
                        }
                    }
                }
                (Fate::Done, None) | (Fate::Failed, _) => {}
            }
        }
        if self.stuck.is_empty() {
            self.wanted.clear();
        }
    }

    fn perform(
        &mut self,
        address: String,
        request: Request,
        writing: Option<u64>,
        may_prompt: bool,
    ) -> Outcome {
        if self.stuck.len() >= MAX_STUCK {
            return Err(unresponsive());
        }
        let (sender, notes) = mpsc::channel();
        // A second prompt would stand behind the first. The first may never end, as where the keyring that showed it
        // was killed: what needs no prompt is done all the same.
        let is_prompting = self.stuck.iter().any(|call| call.prompts);
        let may_prompt = may_prompt && !is_prompting && !matches!(request, Request::Look);
        let (perform, entry) = (Arc::clone(&self.perform), address.clone());
        let work = move || {
            let prompts = || may_prompt && sender.send(Note::Prompts).is_ok();
            let outcome = perform(&entry, &request, &prompts);
            // The caller may have timed out.
            let _ = sender.send(Note::Done(outcome));
        };
        thread::Builder::new()
            .name("keyring".to_owned())
            .spawn(work)
            .map_err(|error| SecretError::Unavailable(error.to_string().into()))?;
        self.wait(notes, writing.map(|number| (address, number)))
    }

    fn wait(&mut self, notes: Receiver<Note>, writing: Option<(String, u64)>) -> Outcome {
        let deadline = Instant::now() + self.limit;
        let mut prompts = false;
        loop {
            match notes.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Note::Prompts) => prompts = true,
                Ok(Note::Done(outcome)) => return outcome,
                Err(RecvTimeoutError::Timeout) => {
                    self.stuck.push(Stuck {
                        notes,
                        prompts,
                        writing,
                    });
                    return Err(if prompts {
                        SecretError::Locked
                    } else {
                        unresponsive()
                    });
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(SecretError::Unavailable(message::keyring_library_failed().into()));
                }
            }
        }
    }
}

impl Stuck {
    fn fate(&mut self) -> Fate {
        loop {
            match self.notes.try_recv() {
                Ok(Note::Prompts) => self.prompts = true,
                Err(TryRecvError::Empty) => return Fate::GoesOn,
                Ok(Note::Done(Ok(_))) => return Fate::Done,
                Ok(Note::Done(Err(_))) | Err(TryRecvError::Disconnected) => return Fate::Failed,
            }
        }
    }
}

fn unresponsive() -> SecretError {
    SecretError::Unavailable(message::keyring_hangs().into())
}
