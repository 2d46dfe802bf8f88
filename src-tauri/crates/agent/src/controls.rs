//! What tray, signals and other programs can request of the agent.

use std::sync::Arc;

use gloria_core::message::Message;
use gloria_core::protocol::PauseRequest;
use gloria_core::tray::MenuAction;
use gloria_core::{CoreError, CoreHandle, Signal};
use gloria_ipc::session::Session;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::Shell;

/// How long the tray's menu silences sounds, in minutes: a meeting.
const PAUSE_MINUTES: u32 = 60;

/// Why the agent has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Quit,
    Anew,
}

/// Controls a running agent, from any thread.
#[derive(Clone)]
pub struct Controls {
    core: CoreHandle,
    shell: Arc<dyn Shell>,
    end: Arc<watch::Sender<Option<End>>>,
    runtime: Handle,
}

impl std::fmt::Debug for Controls {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Controls").finish_non_exhaustive()
    }
}

impl Controls {
    /// Must be called on a tokio runtime.
    pub(crate) fn new(core: CoreHandle, shell: Arc<dyn Shell>) -> Self {
        Self {
            core,
            shell,
            end: Arc::default(),
            runtime: Handle::current(),
        }
    }

    /// The core of the agent.
    pub fn core(&self) -> &CoreHandle {
        &self.core
    }

    /// Ends the agent; if it has not started yet, as soon as it has.
    pub fn quit(&self) {
        self.end.send_replace(Some(End::Quit));
    }

    /// Ends the agent so that a new run of its program replaces it, unless it is already ending.
    pub fn begin_anew(&self) {
        self.end.send_if_modified(|end| {
            let is_first = end.is_none();
            end.get_or_insert(End::Anew);
            is_first
        });
    }

    pub(crate) async fn ended(&self) -> End {
        let mut end = self.end.subscribe();
        // The sender lives as long as `self`.
        let end = end.wait_for(Option::is_some).await;
        end.ok().and_then(|end| *end).unwrap_or(End::Quit)
    }

    /// Opens the window, or brings it to the front.
    pub fn open_window(&self, activation_token: Option<String>) {
        self.shell.open_window(activation_token);
    }

    /// Moves the agent to another session.
    pub(crate) fn move_to(&self, session: Session, open: bool) {
        self.shell.move_to(session, open);
    }

    /// Checks whether the app was upgraded.
    pub(crate) fn look_for_upgrade(&self) {
        self.shell.look_for_upgrade();
    }

    /// Performs an action of the tray's menu.
    pub fn perform(&self, action: MenuAction, activation_token: Option<String>) {
        let core = self.core.clone();
        match action {
            MenuAction::Open => self.open_window(activation_token),
            MenuAction::Show(view) => {
                // Not awaited, so that the window opens even if the core hangs. The page follows the view when it
                // arrives.
                self.spawn(async move { core.view_show(view).await });
                self.open_window(activation_token);
            }
            MenuAction::PauseSounds => self.spawn(pause_sounds(core, PAUSE_MINUTES)),
            MenuAction::ResumeSounds => self.spawn(pause_sounds(core, 0)),
            MenuAction::Reconnect | MenuAction::Connect => {
                self.spawn(async move { core.connection_retry().await });
            }
            MenuAction::Disconnect => self.spawn(async move { core.connection_disconnect().await }),
            MenuAction::Quit => self.quit(),
        }
    }

    /// Reports to the core whether the desktop has a tray.
    pub fn on_tray_host(&self, present: bool) {
        let core = self.core.clone();
        self.spawn(async move { core.signal(Signal::TrayHost { present }).await });
    }

    /// Reports to the core why the window could not be opened.
    pub fn on_window_failed(&self, problem: Message) {
        let core = self.core.clone();
        self.spawn(async move { core.signal(Signal::WindowFailed(problem)).await });
    }

    fn spawn(&self, action: impl Future<Output = Result<(), CoreError>> + Send + 'static) {
        self.runtime.spawn(async move {
            if let Err(error) = action.await {
                tracing::warn!(%error, "what was asked for was not done");
            }
        });
    }
}

async fn pause_sounds(core: CoreHandle, minutes: u32) -> Result<(), CoreError> {
    core.sounds_pause(PauseRequest { minutes }).await
}
