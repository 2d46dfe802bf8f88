//! The operating system as the core needs it, as traits. `gloria-desktop` and the shell implement them; `fakes` are for
//! tests.
//!
//! None of these may block for long, because the actor calls them from its loop. Longer operations return a future, or
//! answer later through [`crate::Signal`].
//!
//! Depends on items and tokens, and on no part of the core that uses the ports.

use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use crate::grant::Secret;
use crate::item::SoundName;
use crate::message::{self, Message, Phrase};

pub use gloria_sign_in::Pages;
pub use gloria_stream::{ProxyAddress, ProxyResolver, ProxyRoute, SystemProxies};

pub(crate) mod autostart;
mod command;
mod doctor;
#[cfg(feature = "fakes")]
pub mod fakes;
mod notifications;

pub use autostart::Autostart;
pub use command::{COMMAND_TIMEOUT, CommandError, CommandLine, CommandRunner, MAX_OUTPUT_BYTES};
pub use doctor::{DOCTOR_TIMEOUT, Doctor, DoctorTask, MAX_DOCTOR_BYTES};

pub use notifications::{
    Answer, Delivery, NotificationError, NotificationEvent, NotificationHandle, NotificationRequest,
    Notifications, ServiceState, Subject, WindowPort,
};

/// The operating system, as a core is started with it.
#[derive(Debug, Clone)]
pub struct Ports {
    /// Shows notifications.
    pub notifications: Arc<dyn Notifications>,
    /// Opens the window.
    pub window: Arc<dyn WindowPort>,
    /// Plays sounds.
    pub sounds: Arc<dyn Sounds>,
    /// Stores tokens and sign-ins.
    pub secrets: Arc<dyn Secrets>,
    /// Keeps other processes from renewing the same sign-in.
    pub exclusive: Arc<dyn Exclusive>,
    /// Runs the command that prints the token.
    pub commands: Arc<dyn CommandRunner>,
    /// Opens links.
    pub opener: Arc<dyn Opener>,
    /// Starts the app at login.
    pub autostart: Arc<dyn Autostart>,
    /// Runs `gloria doctor`.
    pub doctor: Arc<dyn Doctor>,
    /// The texts of the page that the browser shows after a sign-in.
    pub pages: Pages,
    /// Observes sleep and network.
    pub signals: Arc<dyn Signals>,
    /// The clocks.
    pub clock: Arc<dyn Clock>,
    /// Asks the system which proxy to use, if the system can answer that.
    pub proxies: Option<SystemProxies>,
}

/// Answers a request. The caller may be gone, because it timed out or was dropped; the work is done anyway.
pub fn send_reply<T>(caller: oneshot::Sender<T>, answer: T) {
    let _ = caller.send(answer);
}

/// Why a sound was not played.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SoundError {
    /// There is no output device.
    #[error("no sound device was found")]
    NoDevice,
    /// The output device failed or did not answer.
    #[error("the sound device failed: {0}")]
    Failed(Phrase),
    /// Another sound of the same or higher urgency is still playing.
    #[error("another sound is playing")]
    Busy,
}

impl SoundError {
    /// The error for the user.
    pub fn message(&self) -> Message {
        match self {
            Self::NoDevice => message::sound_no_device(),
            Self::Failed(problem) => message::sound_failed(problem.clone()),
            Self::Busy => message::sound_busy(),
        }
    }
}

/// Plays the bundled sounds.
pub trait Sounds: Send + Sync + Debug {
    /// Plays a sound at a volume of 0 to 100. The future completes when playback has started or failed.
    fn play(&self, sound: SoundName, volume: u8) -> BoxFuture<'static, Result<(), SoundError>>;
}

/// Why a secret could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SecretError {
    /// The keyring is locked, or the user dismissed its prompt.
    #[error("the keyring is locked; unlock it and try again")]
    Locked,
    /// There is no keyring, or it does not answer.
    #[error("no keyring is available: {0}")]
    Unavailable(Phrase),
    /// The keyring refused the value.
    #[error("the keyring refused the token: {0}")]
    Refused(Phrase),
}

impl SecretError {
    /// The error for the user.
    pub fn message(&self) -> Message {
        match self {
            Self::Locked => message::keyring_locked(),
            Self::Unavailable(problem) => message::keyring_unavailable(problem.clone()),
            Self::Refused(problem) => message::keyring_refused(problem.clone()),
        }
    }

    /// Says that the token is only in memory because of this error.
    pub(crate) fn unkept_message(&self) -> Message {
        match self {
            Self::Locked => message::token_unkept_locked(),
            Self::Unavailable(problem) => message::token_unkept_unavailable(problem.clone()),
            Self::Refused(problem) => message::token_unkept_refused(problem.clone()),
        }
    }
}

/// Stores tokens and sign-ins, each under the API address that it belongs to, so that none is ever sent to another
/// server.
///
/// Calls do not block. Requests are processed in order, so that the last one determines what is stored.
pub trait Secrets: Send + Sync + Debug {
    /// Loads the secret of an address, if one is stored. May ask the user to unlock the keyring.
    fn load(&self, address: &str) -> BoxFuture<'static, Result<Option<Secret>, SecretError>>;
    /// Like [`Secrets::load`], but never raises a prompt, for requests that the user did not make. Defaults to `load`.
    fn load_without_prompt(&self, address: &str) -> BoxFuture<'static, Result<Option<Secret>, SecretError>> {
        self.load(address)
    }
    /// Completes when the user has unlocked the keyring at a prompt that took longer than its call. Defaults to never.
    fn unlocked(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
    /// Unlocks the keyring that a new secret is stored in. May ask the user to do so. Where the system says nothing of
    /// it beforehand, and by default, it does nothing.
    fn unlock(&self) -> BoxFuture<'static, Result<(), SecretError>> {
        Box::pin(std::future::ready(Ok(())))
    }
    /// Stores a secret.
    fn store(&self, address: &str, secret: Secret) -> BoxFuture<'static, Result<(), SecretError>>;
    /// Removes a secret; a missing one is no error.
    fn forget(&self, address: &str) -> BoxFuture<'static, Result<(), SecretError>>;
    /// Like [`Secrets::forget`], but never raises a prompt, after one that was cancelled. Defaults to `forget`.
    fn forget_without_prompt(&self, address: &str) -> BoxFuture<'static, Result<(), SecretError>> {
        self.forget(address)
    }
    /// Removes this secret; another one that was stored meanwhile stays. Never raises a prompt.
    fn forget_if(&self, address: &str, secret: Secret) -> BoxFuture<'static, Result<(), SecretError>>;
}

/// Another process does the same, for longer than that takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("another process does the same")]
pub struct InUse;

/// The right to do what only one process may do at a time, until it is dropped. The system releases it when the process
/// ends in any way.
pub struct Turn {
    number: Option<u64>,
    guard: Box<dyn Send + Sync>,
}

impl Turn {
    /// A turn that lasts until the guard is dropped.
    pub fn new(guard: impl Send + Sync + 'static, number: Option<u64>) -> Self {
        Self {
            number,
            guard: Box::new(guard),
        }
    }

    /// The number of this turn, one more than that of the turn before it, whichever process had that. `None` if the
    /// turns cannot be counted.
    pub fn number(&self) -> Option<u64> {
        self.number
    }
}

impl Debug for Turn {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let _ = &self.guard;
        write!(out, "Turn({:?})", self.number)
    }
}

/// Excludes the other processes of this user: app and command line.
pub trait Exclusive: Send + Sync + Debug {
    /// Waits for the turn, at most 35 s. Where the system cannot lock anything, it is given at once: on some network
    /// file systems, and in a folder that cannot be written to.
    fn turn(&self) -> BoxFuture<'static, Result<Turn, InUse>>;
}

/// Why a link was not opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// Only http and https links are opened.
    #[error("only web links can be opened")]
    NotAWebLink,
    /// No browser could be started.
    #[error("no browser could be started: {0}")]
    Failed(Phrase),
}

impl OpenError {
    /// The error for the user.
    pub fn message(&self) -> Message {
        match self {
            Self::NotAWebLink => message::link_not_web(),
            Self::Failed(problem) => message::link_no_browser(problem.clone()),
        }
    }
}

/// Opens links in the user's browser.
pub trait Opener: Send + Sync + Debug {
    /// Opens an http or https address.
    fn open(&self, link: &str) -> Result<(), OpenError>;
}

/// Reports to the supervisor that a thread of a port panicked. Without it the port would fail until the app ends.
#[derive(Debug, Clone)]
pub struct PanicReports(mpsc::UnboundedSender<&'static str>);

impl PanicReports {
    /// The reports are sent to the receiver, each with the name of the thread.
    pub fn channel() -> (Self, mpsc::UnboundedReceiver<&'static str>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// A guard for a thread to keep while it works. It sends a report if a panic drops it.
    pub fn guard(&self, thread: &'static str) -> PanicGuard {
        PanicGuard {
            thread,
            reports: self.clone(),
        }
    }
}

/// Reports when a panic drops it.
#[derive(Debug)]
pub struct PanicGuard {
    thread: &'static str,
    reports: PanicReports,
}

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Without a receiver there is no supervisor.
            let _ = self.reports.0.send(self.thread);
        }
    }
}

/// An event of the computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// It is about to sleep.
    AboutToSleep,
    /// It woke from sleep. May be reported more than once.
    Woke,
    /// The present network. The same may be reported again.
    Network(NetworkSnapshot),
    /// The present state of the session. The same may be reported again.
    Session(SessionState),
}

/// The state of the desktop session, as far as the system provides it. The default is for systems that do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SessionState {
    /// The screen is locked.
    pub locked: bool,
    /// Mouse and keyboard were not used for three minutes; `None` if the system does not measure that.
    pub idle: Option<bool>,
}

/// The network at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetworkSnapshot {
    /// The interfaces that are up, including loopback.
    pub interfaces: Vec<Interface>,
    /// The source address of packets to the internet; `None` without a default route.
    pub source_v4: Option<Ipv4Addr>,
    /// The same for IPv6.
    pub source_v6: Option<Ipv6Addr>,
}

/// A network interface that is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// The system's number of it, which changes when a network card is removed and inserted again.
    pub index: u32,
    /// The system's name of it; on Windows the one that users see.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// Observes sleep, network changes, and the user's presence.
pub trait Signals: Send + Sync + Debug {
    /// Starts observing until the receiver is dropped. The present network is reported first.
    ///
    /// What cannot be observed is not reported, and the receiver may close early; a sleep is still noticed by the
    /// clocks, and a dead connection by missing heartbeats.
    fn watch(&self) -> mpsc::Receiver<Observation>;
}

/// The clocks.
pub trait Clock: Send + Sync + Debug {
    /// The wall clock, for people and files. It may jump.
    fn wall(&self) -> SystemTime;
    /// The monotonic clock, for intervals.
    fn monotonic(&self) -> Instant;
    /// The time zone in which the user is now.
    fn zone(&self) -> TimeZone {
        TimeZone::system()
    }
}

/// The clocks of the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn monotonic(&self) -> Instant {
        Instant::now()
    }
}
