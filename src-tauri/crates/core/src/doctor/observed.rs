//! What was seen of the app, the server and this computer.

use std::time::{Duration, SystemTime};

use gloria_stream::DialError;

use super::TestAlertSeen;
use super::status::AppStatus;
use crate::connection::Acceptance;
use crate::message::{Message, Phrase};
use crate::ports::{SecretError, SoundError};

/// The result of something that may hang or may not have been tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probed<T> {
    /// What was seen.
    Seen(T),
    /// There was no answer within this time.
    Hangs(Duration),
    /// It was not tried: this system does not say it, or something before it failed.
    Untried,
}

impl<T> Probed<T> {
    /// The same with another value in place of what was seen.
    pub fn map_seen<U>(self, change: impl FnOnce(T) -> U) -> Probed<U> {
        match self {
            Self::Seen(seen) => Probed::Seen(change(seen)),
            Self::Hangs(limit) => Probed::Hangs(limit),
            Self::Untried => Probed::Untried,
        }
    }
}

/// What all checks are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The version of the program that looks.
    pub version: String,
    /// When it looked, by this computer's clock.
    pub at: SystemTime,
    /// The app.
    pub app: AppSeen,
    /// The settings.
    pub settings: SettingsSeen,
    /// The server; `None` if none is set up.
    pub server: Option<ServerSeen>,
    /// What is saved for the server, where the keyring was asked.
    pub sign_in: Probed<SavedSignIn>,
    /// Whether the server accepts what is saved. It is only asked where no app has a stream already.
    pub acceptance: Option<Acceptance>,
    /// The keyring.
    pub keyring: Probed<Result<(), SecretError>>,
    /// The service that shows notifications.
    pub notifications: Probed<NotificationsSeen>,
    /// Whether the desktop shows tray icons.
    pub tray: Probed<bool>,
    /// Whether the sound device can be opened.
    pub sound: Probed<Result<(), SoundError>>,
    /// Whether the app starts at login.
    pub autostart: Option<bool>,
    /// The disk of the inbox.
    pub disk: DiskSeen,
    /// What became of a test event, if one was asked for.
    pub test_alert: Option<TestAlertSeen>,
}

/// The running app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppSeen {
    /// It says this of itself.
    Running(Box<AppStatus>),
    /// There is none.
    NotRunning,
    /// There is one, and it does not say how it is.
    Unreachable(Message),
}

/// Mistakes in the settings, and what a policy sets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SettingsSeen {
    /// What is wrong.
    pub problems: Vec<Message>,
    /// How many settings a policy sets.
    pub set_by_policy: usize,
    /// `sse.types` leaves out the events that become notifications.
    pub is_without_notifications: bool,
}

/// What is saved for the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SavedSignIn {
    /// Nothing.
    Nothing,
    /// A token, in the keyring.
    Token,
    /// A token, in the variable GLORIA_TOKEN.
    Variable,
    /// A sign-in at a provider. To use it is to renew it, which only the app does.
    Grant,
    /// The administrator's command prints the token.
    Command,
}

/// The server as this computer reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSeen {
    /// Its name.
    pub name: String,
    /// Its port.
    pub port: u16,
    /// The name is an address.
    pub is_number: bool,
    /// The connection is encrypted.
    pub is_encrypted: bool,
    /// It is this computer.
    pub is_this_computer: bool,
    /// Host and port of the proxy.
    pub proxy: Option<String>,
    /// How far a request came.
    pub reached: Reached,
}

/// How far a request to the server came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// Its name was not looked up within this time.
    NameHangs(Duration),
    /// No connection was made within this time.
    ConnectHangs(Duration),
    /// The connection was not secure within this time.
    TlsHangs(Duration),
    /// The connection was made, and no answer came within this time.
    AnswerHangs(Duration),
    /// There was no answer for this reason.
    Failed(DialError),
    /// It answered.
    Answered {
        /// The status.
        status: u16,
        /// The server's time less this computer's, in seconds, if the answer says the time.
        clock_offset: Option<i64>,
    },
}

/// The service that shows notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotificationsSeen {
    /// There is none.
    Absent,
    /// There is one.
    Present {
        /// What it calls itself.
        name: String,
        /// What it can do, in the words of its specification.
        capabilities: Vec<String>,
        /// It shows nothing until "do not disturb" is turned off.
        is_paused: bool,
    },
}

/// The disk of the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskSeen {
    /// How many bytes are free, if the system says it.
    pub free_bytes: Option<u64>,
    /// It is on another computer.
    pub is_network: bool,
    /// Why no file can be created there.
    pub refusal: Option<Phrase>,
}
