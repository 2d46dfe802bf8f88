//! The keyring of the system: Secret Service, Credential Manager, Keychain.
//!
//! A keyring may wait until the user types a password, and its daemon may hang; neither has a timeout. So each call
//! runs on a thread of its own that can be abandoned, and one thread watches the time. While a prompt is on screen no
//! second one is raised.

mod pieces;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::time::{Duration, Instant};
use std::{fmt, io, thread};

use futures_util::future::BoxFuture;
use gloria_core::grant::Secret;
use gloria_core::message;
use gloria_core::ports::{PanicReports, SecretError, Secrets, send_reply};
use tokio::sync::{Notify, oneshot};

/// Enough for a keyring that is starting on a slow disk. A user who has to type a password takes longer, and is shown
/// meanwhile that the keyring is locked.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Calls that may hang at the same time. Each uses a thread and a connection.
const MAX_STUCK: usize = 4;

/// How often abandoned calls are checked while there are any: a token that was stored late must not stay for long after
/// it was removed.
const SETTLE_INTERVAL: Duration = Duration::from_secs(1);

/// How often it is checked whether somebody still waits for the answer to a prompt. Who gives up is not kept waiting
/// for what they ask next.
const GIVEN_UP_INTERVAL: Duration = Duration::from_millis(20);

/// A request to the keyring.
#[derive(Clone)]
enum Request {
    Load,
    /// Like `Load`, but a locked keyring stays locked.
    LoadWithoutPrompt,
    /// Of the place where new entries are stored.
    Unlock,
    Store(Secret),
    Forget,
    /// Like `Forget`, but a locked keyring stays locked.
    ForgetWithoutPrompt,
    /// Removes this secret and no other. A locked keyring stays locked.
    ForgetIf(Secret),
}

impl Request {
    fn writes(&self) -> bool {
        match self {
            // A removal of one secret alone says nothing of what is wanted in the end.
            Self::Load | Self::LoadWithoutPrompt | Self::Unlock | Self::ForgetIf(_) => false,
            Self::Store(_) | Self::Forget | Self::ForgetWithoutPrompt => true,
        }
    }

    fn may_prompt(&self) -> bool {
        match self {
            Self::Load | Self::Unlock | Self::Store(_) | Self::Forget => true,
            Self::LoadWithoutPrompt | Self::ForgetWithoutPrompt | Self::ForgetIf(_) => false,
        }
    }
}

type Outcome = Result<Option<Secret>, SecretError>;

struct Call {
    address: String,
    request: Request,
    answer: oneshot::Sender<Outcome>,
}

/// A message of a call to the thread that watches the time.
enum CallEvent {
    /// From now on it waits for the user.
    Prompts,
    Done(Outcome),
}

/// Tokens and sign-ins in the system's keyring, with the service `com.gloriasystem.notify` and the API address as user.
///
/// Every call answers within 10 s, and calls are processed one by one. If an abandoned call writes late, later requests
/// are repeated over it. A locked keyring is asked to unlock, which may raise its prompt; if that takes longer than the
/// timeout, the answer is [`SecretError::Locked`], the prompt stays, and calls meanwhile raise no other. A command ends
/// with its answer, so [`Keyring::awaiting`] waits for the prompt itself. A keyring that starts after the app is found,
/// even if the previous one was killed.
pub struct Keyring {
    calls: Sender<Call>,
    unlocked: Arc<Notify>,
}

impl Keyring {
    /// Starts the thread that watches the time. The keyring is not used before the first call.
    ///
    /// # Errors
    ///
    /// When the system cannot start a thread.
    pub fn new() -> io::Result<Self> {
        Self::start(Prompts::Raised, &PanicReports::channel().0)
    }

    /// Like [`Keyring::new`], for a user who waits: a call whose prompt is on screen ends with the prompt, however long
    /// that takes, or when its future is dropped. `on_prompt` is called when a call begins to wait for one.
    ///
    /// # Errors
    ///
    /// When the system cannot start a thread.
    pub fn awaiting(on_prompt: impl Fn() + Send + 'static) -> io::Result<Self> {
        Self::start(Prompts::Awaited(Box::new(on_prompt)), &PanicReports::channel().0)
    }

    /// Like [`Keyring::new`], for programs without a user: a locked keyring stays locked. macOS does not signal
    /// beforehand that it will prompt, so it may do that.
    ///
    /// # Errors
    ///
    /// When the system cannot start a thread.
    pub fn without_prompts() -> io::Result<Self> {
        Self::start(Prompts::Never, &PanicReports::channel().0)
    }

    /// Like [`Keyring::new`], and reports a panic of the thread.
    ///
    /// # Errors
    ///
    /// When the system cannot start a thread.
    pub fn reporting(panics: &PanicReports) -> io::Result<Self> {
        Self::start(Prompts::Raised, panics)
    }

    fn start(prompts: Prompts, panics: &PanicReports) -> io::Result<Self> {
        let (calls, receiver) = mpsc::channel();
        let unlocked = Arc::new(Notify::new());
        let timekeeper = Watchdog {
            unlocked: Arc::clone(&unlocked),
            ..Watchdog::new(prompts, TIMEOUT, Arc::new(store::perform))
        };
        let guard = panics.guard("secrets");
        thread::Builder::new().name("secrets".to_owned()).spawn(move || {
            let _guard = guard;
            timekeeper.run(&receiver);
        })?;
        Ok(Self { calls, unlocked })
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
    fn load(&self, address: &str) -> BoxFuture<'static, Result<Option<Secret>, SecretError>> {
        Box::pin(self.call(address, Request::Load))
    }

    fn load_without_prompt(&self, address: &str) -> BoxFuture<'static, Result<Option<Secret>, SecretError>> {
        // macOS does not signal beforehand that it will prompt.
        if cfg!(target_os = "macos") {
            return Box::pin(async { Err(SecretError::Unavailable(message::keyring_would_prompt().into())) });
        }
        Box::pin(self.call(address, Request::LoadWithoutPrompt))
    }

    fn unlocked(&self) -> BoxFuture<'static, ()> {
        let unlocked = Arc::clone(&self.unlocked);
        Box::pin(async move { unlocked.notified().await })
    }

    fn unlock(&self) -> BoxFuture<'static, Result<(), SecretError>> {
        let unlocked = self.call("", Request::Unlock);
        Box::pin(async { unlocked.await.map(drop) })
    }

    fn store(&self, address: &str, secret: Secret) -> BoxFuture<'static, Result<(), SecretError>> {
        let stored = self.call(address, Request::Store(secret));
        Box::pin(async { stored.await.map(drop) })
    }

    fn forget(&self, address: &str) -> BoxFuture<'static, Result<(), SecretError>> {
        let forgotten = self.call(address, Request::Forget);
        Box::pin(async { forgotten.await.map(drop) })
    }

    fn forget_without_prompt(&self, address: &str) -> BoxFuture<'static, Result<(), SecretError>> {
        let forgotten = self.call(address, Request::ForgetWithoutPrompt);
        Box::pin(async { forgotten.await.map(drop) })
    }

    fn forget_if(&self, address: &str, secret: Secret) -> BoxFuture<'static, Result<(), SecretError>> {
        let forgotten = self.call(address, Request::ForgetIf(secret));
        Box::pin(async { forgotten.await.map(drop) })
    }
}

/// An abandoned call.
struct Stuck {
    notes: Receiver<CallEvent>,
    prompts: bool,
    /// What it writes, if anything: the entry, and the number of the write.
    writing: Option<(String, u64)>,
}

/// What happened to an abandoned call.
enum AbandonedCall {
    GoesOn,
    /// It succeeded.
    Done,
    Failed,
}

/// Runs a request, for as long as it takes. Its third argument is called before it waits for the user, and returns
/// whether it may.
type Perform = dyn Fn(&str, &Request, &dyn Fn() -> bool) -> Outcome + Send + Sync;

/// What becomes of a locked keyring.
enum Prompts {
    /// It stays locked.
    Never,
    /// Its prompt is raised, and waited for as long as for any answer.
    Raised,
    /// Its prompt is raised and waited for. This is called then.
    Awaited(Box<dyn Fn() + Send>),
}

struct Watchdog {
    /// An abandoned call's prompt was answered with the password.
    unlocked: Arc<Notify>,
    prompts: Prompts,
    limit: Duration,
    perform: Arc<Perform>,
    stuck: Vec<Stuck>,
    /// The number of writes so far.
    writings: u64,
    /// The last write that was requested for each entry, while an abandoned call may overwrite it.
    wanted: HashMap<String, (u64, Request)>,
}

impl Watchdog {
    fn new(prompts: Prompts, limit: Duration, perform: Arc<Perform>) -> Self {
        Self {
            unlocked: Arc::default(),
            prompts,
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
            let looks = matches!(request, Request::LoadWithoutPrompt);
            let outcome = self.handle(address, request, &|| !answer.is_closed());
            // It is repeated soon, and the error was already reported for the user's request.
            if let Err(error) = &outcome
                && !looks
            {
                // Who asked says it in words, where it matters; this is for the log.
                tracing::info!(%error, "the keyring did not do as asked");
            }
            send_reply(answer, outcome);
        }
    }

    /// The next call; abandoned ones are checked meanwhile. `None` when no more can come.
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

    /// `is_awaited` says whether somebody still waits for the outcome.
    fn handle(&mut self, address: String, request: Request, is_awaited: &dyn Fn() -> bool) -> Outcome {
        self.settle();
        // It compares first and removes then, so it could remove what the abandoned write stored between the two.
        if matches!(request, Request::ForgetIf(_)) && self.is_writing(&address) {
            return Err(unresponsive());
        }
        let removes = matches!(request, Request::ForgetIf(_));
        let writing = (request.writes() || removes).then(|| {
            self.writings += 1;
            // One that is abandoned between the two removes what is stored since, which is then stored again.
            if !removes {
                self.wanted
                    .insert(address.clone(), (self.writings, request.clone()));
            }
            self.writings
        });
        let may_prompt = !matches!(self.prompts, Prompts::Never);
        let outcome = self.perform(address, request, writing, may_prompt.then_some(is_awaited));
        if self.stuck.is_empty() {
            self.wanted.clear();
        }
        outcome
    }

    /// Whether an abandoned call may still write this entry.
    fn is_writing(&self, address: &str) -> bool {
        let mut entries = self.stuck.iter().filter_map(|call| call.writing.as_ref());
        entries.any(|(entry, _)| entry == address)
    }

    /// Checks abandoned calls. What they wrote is overwritten if something else was requested since: a token that is
    /// stored late must not survive a sign-out.
    fn settle(&mut self) {
        for mut call in std::mem::take(&mut self.stuck) {
            let state = call.poll();
            if matches!(state, AbandonedCall::Done) && call.prompts {
                self.unlocked.notify_one();
            }
            match (state, call.writing.take()) {
                (AbandonedCall::GoesOn, writing) => self.stuck.push(Stuck { writing, ..call }),
                (AbandonedCall::Done, Some((address, number))) => {
                    let wanted = self.wanted.get(&address).cloned();
                    if let Some((newer, request)) = wanted.filter(|(wanted, _)| *wanted > number) {
                        tracing::info!("the keyring did late what was asked otherwise since");
                        // Nobody waits for it, so it must not prompt.
                        if let Err(error) = self.perform(address, request, Some(newer), None) {
                            tracing::warn!(%error, "the keyring may hold what it should not");
                        }
                    }
                }
                (AbandonedCall::Done, None) | (AbandonedCall::Failed, _) => {}
            }
        }
        if self.stuck.is_empty() {
            self.wanted.clear();
        }
    }

    /// `is_awaited` says whether somebody still waits for the answer to a prompt. Without it none is raised.
    fn perform(
        &mut self,
        address: String,
        request: Request,
        writing: Option<u64>,
        is_awaited: Option<&dyn Fn() -> bool>,
    ) -> Outcome {
        if self.stuck.len() >= MAX_STUCK {
            return Err(unresponsive());
        }
        let (sender, notes) = mpsc::channel();
        // A second prompt would be hidden behind the first. The first may never end, if the keyring that showed it was
        // killed; requests that need no prompt are processed nevertheless.
        let is_prompting = self.stuck.iter().any(|call| call.prompts);
        let may_prompt = is_awaited.is_some() && !is_prompting && request.may_prompt();
        let (perform, entry) = (Arc::clone(&self.perform), address.clone());
        let work = move || {
            let prompts = || may_prompt && sender.send(CallEvent::Prompts).is_ok();
            let outcome = perform(&entry, &request, &prompts);
            // The caller may have timed out.
            let _ = sender.send(CallEvent::Done(outcome));
        };
        thread::Builder::new()
            .name("keyring".to_owned())
            .spawn(work)
            .map_err(|error| SecretError::Unavailable(error.to_string().into()))?;
        self.wait(notes, writing.map(|number| (address, number)), is_awaited)
    }

    fn wait(
        &mut self,
        notes: Receiver<CallEvent>,
        writing: Option<(String, u64)>,
        is_awaited: Option<&dyn Fn() -> bool>,
    ) -> Outcome {
        let deadline = Instant::now() + self.limit;
        let mut prompts = false;
        let mut waits_for_user = false;
        loop {
            let limit = if waits_for_user {
                GIVEN_UP_INTERVAL
            } else {
                deadline.saturating_duration_since(Instant::now())
            };
            match notes.recv_timeout(limit) {
                Ok(CallEvent::Prompts) => {
                    prompts = true;
                    if let Prompts::Awaited(on_prompt) = &self.prompts {
                        waits_for_user = true;
                        on_prompt();
                    }
                }
                Ok(CallEvent::Done(outcome)) => return outcome,
                Err(RecvTimeoutError::Timeout)
                    if waits_for_user && is_awaited.is_some_and(|is_awaited| is_awaited()) => {}
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
    fn poll(&mut self) -> AbandonedCall {
        loop {
            match self.notes.try_recv() {
                Ok(CallEvent::Prompts) => self.prompts = true,
                Err(TryRecvError::Empty) => return AbandonedCall::GoesOn,
                Ok(CallEvent::Done(Ok(_))) => return AbandonedCall::Done,
                Ok(CallEvent::Done(Err(_))) | Err(TryRecvError::Disconnected) => {
                    return AbandonedCall::Failed;
                }
            }
        }
    }
}

fn unresponsive() -> SecretError {
    SecretError::Unavailable(message::keyring_hangs().into())
}
