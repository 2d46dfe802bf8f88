//! Ports for tests, which record their calls.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use secrecy::zeroize::Zeroizing;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use super::{
    Autostart, CommandError, CommandLine, CommandRunner, Doctor, DoctorTask, Exclusive, InUse, Observation,
    OpenError, Opener, Pages, Ports, SecretError, Secrets, Signals, SoundError, Sounds, SystemClock, Turn,
};
use crate::grant::Secret;
use crate::item::SoundName;
use crate::ports::send_reply;
use crate::token::Token;

mod notifications;

pub use notifications::{Behaviour, FakeNotifications, FakeWindow};

/// Ports that record calls, with an empty keyring and the system's clocks.
pub fn ports() -> Ports {
    Ports {
        notifications: Arc::<FakeNotifications>::default(),
        window: Arc::<FakeWindow>::default(),
        sounds: Arc::<FakeSounds>::default(),
        secrets: Arc::<FakeSecrets>::default(),
        exclusive: Arc::<FakeExclusive>::default(),
        commands: Arc::<FakeCommands>::default(),
        opener: Arc::<FakeOpener>::default(),
        autostart: Arc::<FakeAutostart>::default(),
        doctor: Arc::<FakeDoctor>::default(),
        pages: Pages {
            language: "en".to_owned(),
            say: Arc::new(|message| message.id.to_string()),
        },
        signals: Arc::<FakeSignals>::default(),
        clock: Arc::new(SystemClock),
        proxies: None,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A growing list that a test can wait for.
#[derive(Debug)]
pub struct Recorded<T>(watch::Sender<Vec<T>>);

impl<T> Default for Recorded<T> {
    fn default() -> Self {
        Self(watch::Sender::new(Vec::new()))
    }
}

impl<T: Clone> Recorded<T> {
    /// Adds one.
    pub fn push(&self, value: T) {
        self.0.send_modify(|all| all.push(value));
    }

    /// All values so far.
    pub fn all(&self) -> Vec<T> {
        self.0.borrow().clone()
    }

    /// Waits until there are at least `count` values.
    pub async fn wait_for(&self, count: usize) -> Vec<T> {
        let mut receiver = self.0.subscribe();
        match receiver.wait_for(|all| all.len() >= count).await {
            Ok(all) => all.clone(),
            Err(_) => self.all(),
        }
    }
}

/// Records sounds instead of playing them.
#[derive(Debug, Default)]
pub struct FakeSounds {
    /// Sounds that were played, with their volumes.
    pub played: Recorded<(SoundName, u8)>,
    /// The error of the next calls, if they are to fail.
    pub failure: Mutex<Option<SoundError>>,
}

impl Sounds for FakeSounds {
    fn play(&self, sound: SoundName, volume: u8) -> BoxFuture<'static, Result<(), SoundError>> {
        if let Some(error) = lock(&self.failure).clone() {
            return ready(Err(error)).boxed();
        }
        self.played.push((sound, volume));
        ready(Ok(())).boxed()
    }
}

/// A keyring in memory, which can be locked, unavailable, or not answering. It processes requests in order.
#[derive(Default)]
pub struct FakeSecrets {
    secrets: Mutex<HashMap<String, Secret>>,
    /// The error of all calls, if they are to fail.
    pub failure: Mutex<Option<SecretError>>,
    /// The calls, by method and entry.
    pub asked: Recorded<(&'static str, String)>,
    /// Requests that wait while it does not answer.
    waiting: Mutex<Option<Vec<Question>>>,
    unlocked: Arc<Notify>,
}

type Question = Box<dyn FnOnce(&FakeSecrets) + Send>;

impl FakeSecrets {
    /// A keyring with one token.
    pub fn with_token(address: &str, token: Token) -> Self {
        let secrets = Self::default();
        secrets.put(address, token);
        secrets
    }

    /// The token of an address.
    pub fn token(&self, address: &str) -> Option<Token> {
        self.secret(address).and_then(Secret::into_token)
    }

    /// The secret of an address.
    pub fn secret(&self, address: &str) -> Option<Secret> {
        lock(&self.secrets).get(address).cloned()
    }

    /// The names of all entries.
    pub fn names(&self) -> Vec<String> {
        lock(&self.secrets).keys().cloned().collect()
    }

    /// Stores a token as another program does.
    pub fn put(&self, address: &str, secret: impl Into<Secret>) {
        lock(&self.secrets).insert(address.to_owned(), secret.into());
    }

    /// Removes a token as another program does.
    pub fn remove(&self, address: &str) {
        lock(&self.secrets).remove(address);
    }

    /// The user answers a prompt that was open for long.
    pub fn unlock(&self) {
        *lock(&self.failure) = None;
        self.unlocked.notify_one();
    }

    /// Stops answering.
    pub fn hang(&self) {
        lock(&self.waiting).get_or_insert_default();
    }

    /// Answers waiting requests in order, and later ones at once.
    pub fn resume(&self) {
        for question in lock(&self.waiting).take().unwrap_or_default() {
            question(self);
        }
    }

    /// Answers the first waiting request, and goes on not answering.
    pub fn resume_one(&self) {
        let first = match &mut *lock(&self.waiting) {
            Some(waiting) if !waiting.is_empty() => Some(waiting.remove(0)),
            Some(_) | None => None,
        };
        if let Some(question) = first {
            question(self);
        }
    }

    fn answer<T: Send + 'static>(
        &self,
        verb: &'static str,
        address: &str,
        work: impl FnOnce(&mut HashMap<String, Secret>, &str) -> T + Send + 'static,
    ) -> BoxFuture<'static, Result<T, SecretError>> {
        self.asked.push((verb, address.to_owned()));
        let (answer, answered) = oneshot::channel();
        let address = address.to_owned();
        let question: Question = Box::new(move |secrets| {
            let outcome = match lock(&secrets.failure).clone() {
                Some(error) => Err(error),
                None => Ok(work(&mut lock(&secrets.secrets), &address)),
            };
            send_reply(answer, outcome);
        });
        match &mut *lock(&self.waiting) {
            Some(waiting) => waiting.push(question),
            None => question(self),
        }
        async {
            answered
                .await
                .unwrap_or_else(|_| Err(SecretError::Unavailable("it is gone".into())))
        }
        .boxed()
    }
}

impl fmt::Debug for FakeSecrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FakeSecrets").finish_non_exhaustive()
    }
}

impl Secrets for FakeSecrets {
    fn load(&self, address: &str) -> BoxFuture<'static, Result<Option<Secret>, SecretError>> {
        self.answer("load", address, |secrets, address| secrets.get(address).cloned())
    }

    fn unlocked(&self) -> BoxFuture<'static, ()> {
        let unlocked = Arc::clone(&self.unlocked);
        async move { unlocked.notified().await }.boxed()
    }

    fn store(&self, address: &str, secret: Secret) -> BoxFuture<'static, Result<(), SecretError>> {
        self.answer("store", address, |secrets, address| {
            secrets.insert(address.to_owned(), secret);
        })
    }

    fn forget(&self, address: &str) -> BoxFuture<'static, Result<(), SecretError>> {
        self.answer("forget", address, |secrets, address| {
            secrets.remove(address);
        })
    }

    fn forget_if(&self, address: &str, secret: Secret) -> BoxFuture<'static, Result<(), SecretError>> {
        self.answer("forget_if", address, move |secrets, address| {
            if secrets.get(address).is_some_and(|known| known.is_same(&secret)) {
                secrets.remove(address);
            }
        })
    }
}

/// A switch in memory, which is off at first.
#[derive(Debug, Default)]
pub struct FakeAutostart {
    on: Mutex<bool>,
    /// The error of the next changes, if they are to fail.
    pub failure: Mutex<Option<std::io::ErrorKind>>,
}

impl Autostart for FakeAutostart {
    fn is_on(&self) -> Option<bool> {
        Some(*lock(&self.on))
    }

    fn set(&self, on: bool) -> std::io::Result<()> {
        if let Some(kind) = *lock(&self.failure) {
            return Err(kind.into());
        }
        *lock(&self.on) = on;
        Ok(())
    }
}

/// Prints what a test says instead of running `gloria doctor`; at first a check that passed, and a report.
#[derive(Debug)]
pub struct FakeDoctor {
    /// What it was run for.
    pub ran: Recorded<DoctorTask>,
    /// What the next runs print, or why they fail.
    pub prints: Mutex<Result<String, CommandError>>,
}

impl Default for FakeDoctor {
    fn default() -> Self {
        let finding = r#"{"check":"app","outcome":"passed","cause":{"id":"doctor-app-runs"},"mend":null}"#;
        let report = r#"{"report":{"path":"/report","files":[],"saved":true,"problem":null}}"#;
        Self {
            ran: Recorded::default(),
            prints: Mutex::new(Ok(format!("{finding}\n{report}\n"))),
        }
    }
}

impl Doctor for FakeDoctor {
    fn run(&self, task: DoctorTask) -> BoxFuture<'static, Result<Vec<u8>, CommandError>> {
        self.ran.push(task);
        ready(lock(&self.prints).clone().map(String::into_bytes)).boxed()
    }
}

/// A lock within this process, which another one has until the test says otherwise.
#[derive(Debug, Default)]
pub struct FakeExclusive {
    turn: Arc<tokio::sync::Mutex<()>>,
    turns: Arc<AtomicU64>,
    /// Whether another process has it for too long.
    pub in_use: Mutex<bool>,
}

impl Exclusive for FakeExclusive {
    fn turn(&self) -> BoxFuture<'static, Result<Turn, InUse>> {
        if *lock(&self.in_use) {
            return ready(Err(InUse)).boxed();
        }
        let (turn, turns) = (Arc::clone(&self.turn), Arc::clone(&self.turns));
        async move {
            let guard = turn.lock_owned().await;
            Ok(Turn::new(guard, Some(turns.fetch_add(1, Ordering::Relaxed))))
        }
        .boxed()
    }
}

/// Prints what a test says instead of running anything.
#[derive(Debug, Default)]
pub struct FakeCommands {
    /// The commands that were run.
    pub ran: Recorded<CommandLine>,
    /// What the next runs print, or why they fail. The last one is repeated; without any nothing is printed.
    pub prints: Mutex<VecDeque<Result<String, CommandError>>>,
}

impl FakeCommands {
    /// Sets what the next runs print.
    pub fn will_print(&self, outputs: impl IntoIterator<Item = Result<String, CommandError>>) {
        *lock(&self.prints) = outputs.into_iter().collect();
    }
}

impl CommandRunner for FakeCommands {
    fn run(&self, command: &CommandLine) -> BoxFuture<'static, Result<Zeroizing<Vec<u8>>, CommandError>> {
        self.ran.push(command.clone());
        let mut prints = lock(&self.prints);
        let output = match prints.len() {
            0 | 1 => prints.front().cloned(),
            _ => prints.pop_front(),
        };
        let output = output.unwrap_or_else(|| Ok(String::new()));
        ready(output.map(|text| Zeroizing::new(text.into_bytes()))).boxed()
    }
}

/// Records links instead of opening them.
#[derive(Debug, Default)]
pub struct FakeOpener {
    /// Links that were opened.
    pub opened: Recorded<String>,
}

impl Opener for FakeOpener {
    fn open(&self, link: &str) -> Result<(), OpenError> {
        self.opened.push(link.to_owned());
        Ok(())
    }
}

/// A computer that sleeps and changes networks when a test says so.
#[derive(Debug, Default)]
pub struct FakeSignals {
    watchers: Mutex<Vec<mpsc::Sender<Observation>>>,
}

impl FakeSignals {
    /// Sends an observation to all receivers, and waits until each queue has capacity.
    pub async fn send(&self, observation: Observation) {
        let watchers = lock(&self.watchers).clone();
        for watcher in watchers {
            // A receiver that was dropped needs no more observations.
            let _ = watcher.send(observation.clone()).await;
        }
    }

    /// Closes all receivers, as on a system that cannot observe anything.
    pub fn stop(&self) {
        lock(&self.watchers).clear();
    }
}

impl Signals for FakeSignals {
    fn watch(&self) -> mpsc::Receiver<Observation> {
        let (watcher, observations) = mpsc::channel(16);
        lock(&self.watchers).push(watcher);
        observations
    }
}
