//! Notifications on the desktop: what is asked of the service that shows them, and what it says.

use std::fmt::Debug;

use futures_util::future::BoxFuture;
use thiserror::Error;
use tokio::sync::mpsc;

use crate::item::Priority;
use crate::message::{self, Message, Phrase};

/// What a notification is about. A click leads there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An item, by its key.
    Item(String),
    /// A digest, by its row.
    Digest(i64),
    /// The app itself: its connection, its files, an internal error.
    App,
}

impl Subject {
    /// The key of the item that it is about.
    pub fn item(&self) -> Option<&str> {
        match self {
            Self::Item(key) => Some(key),
            Self::Digest(_) | Self::App => None,
        }
    }
}

/// A notification to show. Its text is plain; the implementation escapes it for its service, and renders the app's own
/// messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationRequest {
    /// What it is about.
    pub subject: Subject,
    /// One line.
    pub title: Phrase,
    /// A few lines, cut by the core.
    pub body: Phrase,
    /// How urgent it is.
    pub priority: Priority,
    /// The notification whose place it takes, if that is still there.
    pub replaces: Option<NotificationHandle>,
}

/// Which notification of which service. It outlives the app: a notification of an earlier run is known by it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NotificationHandle {
    /// The service's unique name on the bus, which no other service has until the session ends; where there is no bus,
    /// a word for this run of the app.
    pub service: String,
    /// The service's number for it.
    pub id: u32,
}

/// What the service did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It shows it.
    Shown,
    /// It is paused, and shows it later by itself.
    Queued,
    /// The system took it and says no more (Windows, macOS).
    HandedOver,
}

/// The service's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The notification from now on.
    pub handle: NotificationHandle,
    /// What became of it.
    pub delivery: Delivery,
}

/// Why a notification is certainly not shown.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotificationError {
    /// Nobody shows notifications on this desktop.
    #[error("this desktop has no notification service")]
    NoService,
    /// The service refused.
    #[error("the notification service failed: {0}")]
    Refused(String),
    /// The service went away before it answered, or answers what it was asked later and not this.
    #[error("the notification service ended before it answered")]
    Lost,
}

impl NotificationError {
    /// The message for the user.
    pub fn message(&self) -> Message {
        match self {
            Self::NoService => message::notifications_none(),
            Self::Refused(problem) => message::notifications_refused(problem),
            Self::Lost => message::notifications_lost(),
        }
    }
}

/// How the service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServiceState {
    /// Nothing is known yet of who shows notifications. What is asked for now would wait out of reach: it could be
    /// shown after it was read or deleted.
    #[default]
    Unknown,
    /// It shows what it is asked to, as far as is known.
    Ready,
    /// It keeps what it is asked to show until the user wants to be disturbed again.
    Paused,
    /// It has not answered for five seconds.
    Hanging,
    /// There is none. It is reported also when one goes away and another takes its place, before what that one is.
    Absent,
}

impl ServiceState {
    /// Whether what is asked for now is shown, at once or when the user wants to be disturbed again.
    pub fn shows(self) -> bool {
        matches!(self, Self::Ready | Self::Paused)
    }
}

/// What comes from the service. A service tells everybody of every notification: the handle may be another
/// application's, and then it is of no concern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotificationEvent {
    /// The service is in another state than before.
    Service(ServiceState),
    /// A notification was clicked, perhaps one of an earlier run. That closes it, which is reported as well.
    Activated {
        /// Which.
        handle: NotificationHandle,
        /// Lets the window that opens for it come to the front, where the desktop asks for that.
        activation_token: Option<String>,
    },
    /// A notification is gone from the screen and from the service's list, for whatever reason.
    Closed {
        /// Which.
        handle: NotificationHandle,
    },
}

/// Shows notifications.
pub trait Notifications: Send + Sync + Debug {
    /// Asks for a notification. The future resolves once: with the answer, however late it comes, or with an error
    /// once it is certain that it will not be shown. A service that hangs shows what it was asked when it goes on, so
    /// that a time limit here would show it twice; it is reported as [`ServiceState::Hanging`] instead, and nothing
    /// more should be asked of it.
    ///
    /// The service is asked whether or not the future is polled.
    fn show(&self, request: NotificationRequest) -> BoxFuture<'static, Result<Answer, NotificationError>>;
    /// Takes a notification back, where the system can; one of another service is gone already.
    fn withdraw(&self, handle: NotificationHandle);
    /// What the service says from now on, beginning with its state once that is known. The newest receiver alone is
    /// sent anything.
    fn watch(&self) -> mpsc::Receiver<NotificationEvent>;
}

/// Opens the window.
pub trait WindowPort: Send + Sync + Debug {
    /// Opens the window or brings it to the front, soon. The token is the notification's that was clicked.
    fn open(&self, activation_token: Option<String>);
}
