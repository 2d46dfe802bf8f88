//! Shows messages to a user without a window: in a notification, or if the desktop shows none, in a dialog.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use gloria_core::item::Priority;
use gloria_core::message::{self, Message};
use gloria_core::ports::{
    NotificationHandle, NotificationRequest, Notifications as _, PanicReports, Subject,
};
use gloria_desktop::{Identity, SessionNotifications};
use gloria_program::process;
use gloria_words::Words;
use tokio::process::Command;
use tokio::time::timeout;

use super::launch;

/// With this argument the window's program only shows a message in a dialog.
const MESSAGE: &str = "--message=";

/// How long a notification service may take, while the user waits for a reaction to a click. One that hangs may show
/// the notification later, in addition to the dialog.
const NOTIFICATION_TIMEOUT: Duration = Duration::from_secs(3);

/// Notification services scale it down.
const ICON: &[u8] = include_bytes!("../../../../../icons/128x128.png");

/// The sender of notifications. Its icon is written to the data folder if none is installed.
pub(super) fn identity(data: &Path) -> Identity {
    Identity::find(process::variable, &data.join("icon.png"), ICON)
}

/// Shows the agent's own messages.
pub(super) struct Messages {
    /// The window's program, which shows dialogs.
    program: PathBuf,
    data: PathBuf,
    words: Arc<Words>,
    /// Separate from the core's, which is replaced when the core restarts. Kept connected, because some desktops remove
    /// the notifications of a program that leaves the bus.
    notifications: OnceLock<SessionNotifications>,
    /// The notification on screen, which the next one replaces.
    shown: Mutex<Option<NotificationHandle>>,
}

impl Messages {
    /// `program` shows dialogs; `data` is the folder for the icon if none is installed.
    pub(super) fn new(program: PathBuf, data: PathBuf, words: Arc<Words>) -> Self {
        Self {
            program,
            data,
            words,
            notifications: OnceLock::new(),
            shown: Mutex::new(None),
        }
    }

    /// Shows a message in a notification or else in a dialog, and on stderr.
    pub(super) async fn show(&self, message: &Message) {
        self.print(message);
        if !self.notify(message).await {
            self.show_dialog(message);
        }
    }

    /// Shows a message that stays when this process ends. Must be called on a tokio runtime.
    pub(super) fn show_last(&self, message: &Message) {
        self.print(message);
        self.show_dialog(message);
    }

    fn print(&self, message: &Message) {
        let words = gloria_core::text::printable(&self.words.say(message));
        // Fails if nobody reads stderr.
        let _ = writeln!(io::stderr(), "gloria: {words}");
    }

    /// Shows a notification. Returns whether the desktop accepted it.
    async fn notify(&self, message: &Message) -> bool {
        let service = self.notifications.get_or_init(|| {
            // Without a receiver, because the core need not restart for this service.
            let (panics, _) = PanicReports::channel();
            SessionNotifications::new(identity(&self.data), Arc::clone(&self.words), &panics)
        });
        let replaces = self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let request = NotificationRequest {
            subject: Subject::App,
            title: message::needs_you().into(),
            body: message.clone().into(),
            priority: Priority::High,
            replaces,
        };
        match timeout(NOTIFICATION_TIMEOUT, service.show(request)).await {
            Ok(Ok(answer)) => {
                *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer.handle);
                true
            }
            Ok(Err(error)) => {
                tracing::info!(%error, "a message of the agent is not shown as a notification");
                false
            }
            Err(_) => {
                tracing::info!("the notification service hangs; a message of the agent is shown in a dialog");
                false
            }
        }
    }

    fn show_dialog(&self, message: &Message) {
        let session = launch::session(|name| std::env::var_os(name));
        if !launch::has_display(&session) {
            return;
        }
        process::close_files_at_exec();
        let spawned = serde_json::to_string(message)
            .map_err(io::Error::other)
            .and_then(|message| {
                Command::new(&self.program)
                    .arg(format!("{MESSAGE}{message}"))
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    // So that it stays when the agent ends.
                    .process_group(0)
                    .spawn()
            });
        match spawned {
            // Awaited, so that no zombie process remains.
            Ok(mut child) => drop(tokio::spawn(async move { child.wait().await })),
            Err(error) => tracing::warn!(%error, "a dialog could not be shown"),
        }
    }
}
