//! Says something where a user sees it who has no window: in a notification, and where the desktop shows none, in a
//! dialog.

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

/// The argument by which the window's program shows a message in a dialog and does nothing else.
const MESSAGE: &str = "--message=";

/// How long a notification service may take: the user waits for an answer to a click. One that hangs shows it later,
/// too.
const NOTIFICATION_TIMEOUT: Duration = Duration::from_secs(3);

/// The size that notification services scale down from.
const ICON: &[u8] = include_bytes!("../../../../../icons/128x128.png");

/// What notifications say of their sender; its icon is written to the data folder where none is installed.
pub(super) fn identity(data: &Path) -> Identity {
    Identity::find(process::variable, &data.join("icon.png"), ICON)
}

/// Shows messages of the agent itself.
pub(super) struct Messages {
    /// The window's program, which has a toolkit.
    program: PathBuf,
    data: PathBuf,
    words: Arc<Words>,
    /// Of its own, because that of the core comes and goes with the core. Kept: some desktops remove the notifications
    /// of a program that leaves the bus.
    notifications: OnceLock<SessionNotifications>,
    /// The one on screen, which the next one replaces.
    shown: Mutex<Option<NotificationHandle>>,
}

impl Messages {
    /// `program` shows dialogs, and `data` is the folder for the icon where none is installed.
    pub(super) fn new(program: PathBuf, data: PathBuf, words: Arc<Words>) -> Self {
        Self {
            program,
            data,
            words,
            notifications: OnceLock::new(),
            shown: Mutex::new(None),
        }
    }

    /// Shows one in a notification, else in a dialog, and on stderr.
    pub(super) async fn show(&self, message: &Message) {
        self.print(message);
        if !self.notify(message).await {
            self.show_dialog(message);
        }
    }

    /// Shows one that stays when this process ends, on a tokio runtime.
    pub(super) fn show_last(&self, message: &Message) {
        self.print(message);
        self.show_dialog(message);
    }

    fn print(&self, message: &Message) {
        let words = gloria_core::text::printable(&self.words.say(message));
        // Fails if nobody reads it.
        let _ = writeln!(io::stderr(), "gloria: {words}");
    }

    /// Whether the desktop shows it.
    async fn notify(&self, message: &Message) -> bool {
        let service = self.notifications.get_or_init(|| {
            // It is not the core's, which need not restart for it.
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
        let spawned = serde_json::to_string(message)
            .map_err(io::Error::other)
            .and_then(|message| {
                Command::new(&self.program)
                    .arg(format!("{MESSAGE}{message}"))
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    // It stays when the agent ends.
                    .process_group(0)
                    .spawn()
            });
        match spawned {
            // Else it would stay in the table of processes.
            Ok(mut child) => drop(tokio::spawn(async move { child.wait().await })),
            Err(error) => tracing::warn!(%error, "a dialog could not be shown"),
        }
    }
}
