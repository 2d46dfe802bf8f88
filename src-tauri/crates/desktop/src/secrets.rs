//! The keyring of the system: Secret Service, Credential Manager, Keychain.
//!
//! A keyring may wait for its owner to type a password, and its daemon may hang; neither has a time limit of its own.
//! So each call runs on a thread that can be left behind, and one thread keeps the time. While a prompt is on screen
//! no second one is raised.

mod store;

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::time::{Duration, Instant};
use std::{fmt, io, thread};

use futures_util::future::BoxFuture;
use gloria_core::ports::{PanicReports, SecretError, Secrets};
use gloria_core::session::Token;
use tokio::sync::oneshot;

/// Enough for a keyring that is being started on a slow disk. A person who types a password takes longer, and is told
/// meanwhile that the keyring is locked.
const LIMIT: Duration = Duration::from_secs(10);

/// Calls that may hang at once. Each holds a thread and a connection to a keyring that does not answer.
const MOST_STUCK: usize = 4;

/// What is asked of the keyring.
enum Request {
    Load,
    /// As `Load`, but a locked keyring stays locked.
    Look,
    Store(Token),
    Forget,
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
/// Every call answers within 10 s, and calls are taken one after the other. A locked keyring is asked to unlock,
/// which may raise its prompt; if that takes longer than the limit, the answer is [`SecretError::Locked`], the prompt
/// stays, and calls while it is there answer the same at once. A keyring that appears after the start is found.
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
        let timekeeper = Timekeeper {
            may_prompt,
            stuck: Vec::new(),
        };
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
            let ended = || SecretError::Unavailable("its thread has ended; start the app again".to_owned());
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
            return Box::pin(async { Err(SecretError::Unavailable("it might prompt".to_owned())) });
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
}

struct Timekeeper {
    may_prompt: bool,
    stuck: Vec<Stuck>,
}

impl Timekeeper {
    fn run(mut self, calls: &Receiver<Call>) {
        while let Ok(Call {
            address,
            request,
            answer,
        }) = calls.recv()
        {
            let looks = matches!(request, Request::Look);
            let outcome = self.perform(address, request);
            // It looks again in a moment, and somebody was told when the token was last asked for.
            if let Err(error) = &outcome
                && !looks
            {
                tracing::warn!(%error, "the keyring did not do as asked");
            }
            // Whoever asked may have gone.
            let _ = answer.send(outcome);
        }
    }

    fn perform(&mut self, address: String, request: Request) -> Outcome {
        self.stuck.retain_mut(Stuck::goes_on);
        if self.stuck.iter().any(|call| call.prompts) {
            return Err(SecretError::Locked);
        }
        if self.stuck.len() >= MOST_STUCK {
            return Err(unresponsive());
        }
        let (sender, notes) = mpsc::channel();
        let may_prompt = self.may_prompt && !matches!(request, Request::Look);
        let work = move || {
            let prompts = || may_prompt && sender.send(Note::Prompts).is_ok();
            let outcome = store::perform(&address, &request, prompts);
            drop(sender.send(Note::Done(outcome)));
        };
        thread::Builder::new()
            .name("keyring".to_owned())
            .spawn(work)
            .map_err(|error| SecretError::Unavailable(error.to_string()))?;
        self.wait(notes)
    }

    fn wait(&mut self, notes: Receiver<Note>) -> Outcome {
        let deadline = Instant::now() + LIMIT;
        let mut prompts = false;
        loop {
            match notes.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Note::Prompts) => prompts = true,
                Ok(Note::Done(outcome)) => return outcome,
                Err(RecvTimeoutError::Timeout) => {
                    self.stuck.push(Stuck { notes, prompts });
                    return Err(if prompts {
                        SecretError::Locked
                    } else {
                        unresponsive()
                    });
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(SecretError::Unavailable("its library failed".to_owned()));
                }
            }
        }
    }
}

impl Stuck {
    fn goes_on(&mut self) -> bool {
        loop {
            match self.notes.try_recv() {
                Ok(Note::Prompts) => self.prompts = true,
                Err(TryRecvError::Empty) => return true,
                Ok(Note::Done(_)) | Err(TryRecvError::Disconnected) => return false,
            }
        }
    }
}

fn unresponsive() -> SecretError {
    SecretError::Unavailable("it does not answer; log out and in again to restart it".to_owned())
}
