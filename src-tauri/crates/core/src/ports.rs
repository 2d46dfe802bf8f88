//! What the core needs from a machine, as traits. `gloria-desktop` and the shell make them real; `fakes` record.
//!
//! None of these may block for long: the actor calls them from its one loop. What takes time answers through a
//! future or later through [`crate::Signal`].
//!
//! Knows items and tokens, and no part of the core that uses them.

use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Instant, SystemTime};

use futures_util::future::BoxFuture;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use crate::item::SoundName;
use crate::message::{self, Message, Phrase};
use crate::token::Token;

pub use gloria_stream::{ProxyAddress, ProxyResolver, ProxyRoute, SystemProxies};

#[cfg(feature = "fakes")]
pub mod fakes;
mod notifications;

pub use notifications::{
    Answer, Delivery, NotificationError, NotificationEvent, NotificationHandle, NotificationRequest,
    Notifications, ServiceState, Subject, WindowPort,
};

/// Answers a request. The caller may be gone, because it timed out or was dropped; the work is done anyway.
pub fn send_reply<T>(caller: oneshot::Sender<T>, answer: T) {
    let _ = caller.send(answer);
}

/// Why a sound was not heard.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SoundError {
    /// There is no output.
    #[error("no sound device was found")]
    NoDevice,
    /// The output failed or hung.
    #[error("the sound device failed: {0}")]
    Failed(Phrase),
    /// Another sound of the same or higher urgency is still playing.
    #[error("another sound is playing")]
    Busy,
}

impl SoundError {
    /// The message for the user.
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
    /// Plays a sound at a volume of 0 to 100. The future ends when playback has begun or failed.
    fn play(&self, sound: SoundName, volume: u8) -> BoxFuture<'static, Result<(), SoundError>>;
}

/// Why a secret could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SecretError {
    /// The keyring is locked, or the user dismissed its prompt.
    #[error("the keyring is locked; unlock it and try again")]
    Locked,
    /// No keyring, or none that answers.
    #[error("no keyring is available: {0}")]
    Unavailable(Phrase),
    /// The keyring refused the value.
    #[error("the keyring refused the token: {0}")]
    Refused(Phrase),
}

impl SecretError {
    /// The message for the user.
    pub fn message(&self) -> Message {
        match self {
            Self::Locked => message::keyring_locked(),
            Self::Unavailable(problem) => message::keyring_unavailable(problem.clone()),
            Self::Refused(problem) => message::keyring_refused(problem.clone()),
        }
    }
}

/// Keeps tokens, each under the API address that it belongs to, so that none is ever sent to another server.
///
/// Calls do not block, and what they ask for is done in their order: what was asked last is what is kept in the end.
pub trait Secrets: Send + Sync + Debug {
    /// The token of an address, if one is kept.
    fn load(&self, address: &str) -> BoxFuture<'static, Result<Option<Token>, SecretError>>;
    /// As [`Secrets::load`], without a prompt: nobody asked for it. By default the same.
    fn look(&self, address: &str) -> BoxFuture<'static, Result<Option<Token>, SecretError>> {
        self.load(address)
    }
    /// Keeps a token.
    fn store(&self, address: &str, token: Token) -> BoxFuture<'static, Result<(), SecretError>>;
    /// Forgets a token; forgetting what is not there is no error.
    fn forget(&self, address: &str) -> BoxFuture<'static, Result<(), SecretError>>;
}

/// Why a link was not opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// Only http and https links are opened.
    #[error("only web links are opened")]
    NotAWebLink,
    /// No browser took it.
    #[error("no browser could be started: {0}")]
    Failed(Phrase),
}

impl OpenError {
    /// The message for the user.
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

/// Tells the supervisor that a thread panicked on which a port depends. Without it such a port would refuse
/// everything until the app ends.
#[derive(Debug, Clone)]
pub struct PanicReports(mpsc::UnboundedSender<&'static str>);

impl PanicReports {
    /// Reports that arrive at the receiver, each with the name of the thread.
    pub fn channel() -> (Self, mpsc::UnboundedReceiver<&'static str>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// A guard for the thread to hold as long as it works: dropped by a panic, it reports.
    pub fn guard(&self, thread: &'static str) -> PanicGuard {
        PanicGuard {
            thread,
            reports: self.clone(),
        }
    }
}

/// Reports when it is dropped by a panic.
#[derive(Debug)]
pub struct PanicGuard {
    thread: &'static str,
    reports: PanicReports,
}

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Nobody supervises where there is no receiver.
            let _ = self.reports.0.send(self.thread);
        }
    }
}

/// What was seen of the computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// It is about to sleep.
    AboutToSleep,
    /// It woke from sleep. The same waking may be reported more than once.
    Woke,
    /// The network, now. The same may be reported again.
    Network(NetworkSnapshot),
    /// Whether the session's user is there. The same may be reported again.
    Session(SessionState),
}

/// The desktop's session, as far as the system tells of it. The default is what holds where it tells nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SessionState {
    /// The screen is locked.
    pub locked: bool,
    /// Nobody has touched mouse or keyboard for three minutes; `None` where nobody keeps that time.
    pub idle: Option<bool>,
}

/// The network at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetworkSnapshot {
    /// The interfaces that are up, loopback included.
    pub interfaces: Vec<Interface>,
    /// The address that a packet to the internet would leave from; `None` without a default route.
    pub source_v4: Option<Ipv4Addr>,
    /// The same for IPv6.
    pub source_v6: Option<Ipv6Addr>,
}

/// A network interface that is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// The system's number for it: another one after a card was taken out and put in again.
    pub index: u32,
    /// The system's name for it, on Windows the one that people see.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// Watches the computer sleep and change networks, and its user come and go.
pub trait Signals: Send + Sync + Debug {
    /// Begins to watch, for as long as the receiver lives. A first look at the network comes by itself.
    ///
    /// What cannot be watched is not reported, and the receiver may end early; the clocks still show
    /// a sleep, and the heartbeats a dead connection.
    fn watch(&self) -> mpsc::Receiver<Observation>;
}

/// Tells the time.
pub trait Clock: Send + Sync + Debug {
    /// The time of day, for people and for files.
    fn wall(&self) -> SystemTime;
    /// Time that never jumps, for intervals.
    fn monotonic(&self) -> Instant;
}

/// The machine's own clocks.
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
