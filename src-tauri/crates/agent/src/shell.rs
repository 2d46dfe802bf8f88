//! What the agent needs of the operating system.

use std::io;
use std::sync::Arc;

use gloria_core::message::Message;
use gloria_core::paths::Paths;
use gloria_core::ports::{Notifications, PanicReports};
use gloria_core::tray::TrayView;
use gloria_ipc::session::Session;
use gloria_words::Words;

/// The agent's tray, window and messages on one system. No method may block: the task that follows the state calls
/// them.
pub trait Shell: std::fmt::Debug + Send + Sync + 'static {
    /// The notification service. A restarted core gets a new one, because the threads of the previous one may be gone.
    ///
    /// # Errors
    /// When the system provides no thread for it.
    fn notifications(
        &self,
        paths: &Paths,
        words: &Arc<Words>,
        panics: &PanicReports,
    ) -> io::Result<Arc<dyn Notifications>>;

    /// Sets what the tray icon shows, also once a tray appears later.
    fn show_tray(&self, view: TrayView);

    /// Starts opening the window or bringing it to the front. The token is that of the user's click, for desktops that
    /// prevent windows from stealing the focus.
    fn open_window(&self, activation_token: Option<String>);

    /// Whether a window was asked for that is not there yet. The next run of the program opens it.
    fn owes_window(&self) -> bool {
        false
    }

    /// Restarts the agent in this session, in which the user started the app again. Does nothing on systems where a
    /// user has one session.
    fn move_to(&self, _session: Session, _open: bool) {}

    /// Restarts the agent as the installed version, if that is another one. Does nothing on systems where an installer
    /// ends the app before replacing it.
    fn look_for_upgrade(&self) {}

    /// Returns memory that the agent does not need at rest. Does nothing where a window is in the same process.
    fn return_memory(&self) {}

    /// Shows a message to the user without a window.
    fn show_message(&self, message: &Message);
}
