//! What the agent needs of the system that it runs on.

use std::io;
use std::sync::Arc;

use gloria_core::message::Message;
use gloria_core::paths::Paths;
use gloria_core::ports::{Notifications, PanicReports};
use gloria_core::tray::TrayView;
use gloria_ipc::session::Session;
use gloria_words::Words;

/// Draws the agent on one system. Nothing here may block: it is called from the task that follows the state.
pub trait Shell: std::fmt::Debug + Send + Sync + 'static {
    /// Who shows notifications. A core that restarts gets another one, for the threads of the one before may be gone.
    ///
    /// # Errors
    /// The system gives no thread for it.
    fn notifications(
        &self,
        paths: &Paths,
        words: &Arc<Words>,
        panics: &PanicReports,
    ) -> io::Result<Arc<dyn Notifications>>;

    /// Shows the tray icon like this from now on, also when a tray comes later.
    fn show_tray(&self, view: TrayView);

    /// Opens the window or brings it to the front, soon. The token is of what the user did to get it, where the desktop
    /// asks for that.
    fn open_window(&self, activation_token: Option<String>);

    /// Begins anew in this session, in which the user started the app once more. Where the system has one session for
    /// each user there is nothing to do.
    fn move_to(&self, _session: Session, _open: bool) {}

    /// Begins anew as the installed version, if that is another one. Where an installer ends the app before it replaces
    /// it there is nothing to do.
    fn look_for_upgrade(&self) {}

    /// Says something where the user sees it although there is no window.
    fn show_message(&self, message: &Message);
}
