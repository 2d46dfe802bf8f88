//! Desktop notifications: requests to the service that shows them, its answers and its events.

use std::fmt::Debug;

use futures_util::future::BoxFuture;
use thiserror::Error;
use tokio::sync::mpsc;

use crate::item::Priority;
use crate::message::{self, Message, Phrase};

/// The subject of a notification, which a click on it opens.
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
    /// The key of its item.
    pub fn item(&self) -> Option<&str> {
        match self {
            Self::Item(key) => Some(key),
            Self::Digest(_) | Self::App => None,
        }
    }
}

/// A notification to show. Its text is plain: the implementation escapes it for its service, and formats messages of
/// the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationRequest {
    /// The subject.
    pub subject: Subject,
    /// One line.
    pub title: Phrase,
    /// A few lines, cut by the core.
    pub body: Phrase,
    /// How urgent it is.
    pub priority: Priority,
    /// The notification that it replaces, if that is still on screen.
    pub replaces: Option<NotificationHandle>,
}

impl NotificationRequest {
    /// With the words of `say` in place of messages.
    #[must_use]
    pub fn in_words(self, say: impl Fn(&Phrase) -> String) -> Self {
        Self {
            title: say(&self.title).into(),
            body: say(&self.body).into(),
            ..self
        }
    }
}

/// Identifies a notification of a service, even one of an earlier run of the app.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NotificationHandle {
    /// The service's unique name on the bus, which is not reused within the session; without a bus, a name for this run
    /// of the app.
    pub service: String,
    /// The service's number for the notification.
    pub id: u32,
}

/// What the service did with a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It is shown.
    Shown,
    /// The service is paused, and shows it later by itself.
    Queued,
    /// The system accepted it and does not say more (Windows, macOS).
    HandedOver,
}

/// The service's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The notification.
    pub handle: NotificationHandle,
    /// What was done with it.
    pub delivery: Delivery,
}

/// Why a notification is certainly not shown.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotificationError {
    /// The desktop has no notification service.
    #[error("this desktop has no notification service")]
    NoService,
    /// The service refused it.
    #[error("the notification service failed: {0}")]
    Refused(String),
    /// The service disappeared before it answered, or drops old requests when it recovers.
    #[error("the notification service ended before it answered")]
    Lost,
}

impl NotificationError {
    /// The error for the user.
    pub fn message(&self) -> Message {
        match self {
            Self::NoService => message::notifications_none(),
            Self::Refused(problem) => message::notifications_refused(problem),
            Self::Lost => message::notifications_lost(),
        }
    }
}

/// The state of the notification service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServiceState {
    /// Not known yet. A notification that is requested now could not be withdrawn if it was read or deleted before it
    /// is shown.
    #[default]
    Unknown,
    /// It shows notifications, as far as is known.
    Ready,
    /// It keeps notifications until the user turns "do not disturb" off.
    Paused,
    /// It has not answered for five seconds.
    Hanging,
    /// There is none. Also reported between two services, before the state of the new one.
    Absent,
}

impl ServiceState {
    /// Whether a request is shown, at once or when the user turns "do not disturb" off.
    pub fn shows(self) -> bool {
        matches!(self, Self::Ready | Self::Paused)
    }
}

/// An event of the service. Services signal events of all applications, so the handle may belong to another one and has
/// to be ignored then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotificationEvent {
    /// The state of the service changed.
    Service(ServiceState),
    /// A notification was clicked, possibly one of an earlier run. That closes it, which is reported too.
    Activated {
        /// The notification.
        handle: NotificationHandle,
        /// Lets the window come to the front on desktops that require it.
        activation_token: Option<String>,
    },
    /// A notification is no longer on screen nor in the service's list.
    Closed {
        /// The notification.
        handle: NotificationHandle,
    },
}

/// Shows notifications.
pub trait Notifications: Send + Sync + Debug {
    /// Requests a notification. The future completes once: with the answer, however late, or with an error once it is
    /// certain that the notification will not be shown. There is no timeout, because a service that hangs shows its
    /// pending requests when it recovers, and a repeated request would be shown twice. Instead it is reported as
    /// [`ServiceState::Hanging`], and no more should be requested.
    ///
    /// The request is made even if the future is not polled.
    fn show(&self, request: NotificationRequest) -> BoxFuture<'static, Result<Answer, NotificationError>>;
    /// Withdraws a notification if the system supports that; one of another service is gone already.
    fn withdraw(&self, handle: NotificationHandle);
    /// Events of the service, starting with its state once that is known. Only the newest receiver gets events.
    fn watch(&self) -> mpsc::Receiver<NotificationEvent>;
}

/// Opens the window.
pub trait WindowPort: Send + Sync + Debug {
    /// Opens the window or brings it to the front, without blocking. The token is that of the clicked notification.
    fn open(&self, activation_token: Option<String>);
}
