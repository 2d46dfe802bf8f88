//! What tray, signals and other programs can request of the agent.

use std::sync::Arc;
use std::time::Duration;

use gloria_core::message::{self, Message};
use gloria_core::protocol::{PauseRequest, SignInView, Update};
use gloria_core::tray::MenuAction;
use gloria_core::{CoreError, CoreHandle, Signal};
use gloria_ipc::session::Session;
use tokio::runtime::Handle;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::Shell;

/// How long the tray's menu silences sounds, in minutes: a meeting.
const PAUSE_MINUTES: u32 = 60;

/// How long the core is asked for its state. It takes milliseconds, unless it hangs.
const CORE_TIMEOUT: Duration = Duration::from_secs(5);

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

    /// Waits until nobody is in the middle of signing in: the browser could not come back to the next run. After
    /// `limit`, the user is shown that it was ended.
    pub async fn let_sign_in_end(&self, limit: Duration) {
        // A core that hangs or has ended has no sign-in that could go on.
        let Ok(Ok(attached)) = timeout(CORE_TIMEOUT, self.core.attach()).await else {
            return;
        };
        if !is_under_way(&attached.snapshot.sign_in) {
            return;
        }
        tracing::info!("a sign-in is under way, which is waited for");
        if timeout(limit, self.until_nobody_signs_in()).await.is_err() {
            tracing::warn!("the sign-in takes too long to be waited for");
            self.shell.show_message(&message::sign_in_restarted());
        }
    }

    async fn until_nobody_signs_in(&self) {
        while let Ok(attached) = self.core.attach().await {
            if !is_under_way(&attached.snapshot.sign_in) {
                return;
            }
            let mut updates = attached.updates;
            loop {
                match updates.recv().await {
                    Ok(revised) => {
                        if let Update::SignIn(view) = &revised.update
                            && !is_under_way(view)
                        {
                            return;
                        }
                    }
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return,
                }
            }
        }
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

fn is_under_way(view: &SignInView) -> bool {
    match view {
        SignInView::None | SignInView::Failed { .. } => false,
        SignInView::Starting { .. }
        | SignInView::Waiting { .. }
        | SignInView::Exchanging { .. }
        | SignInView::Checking { .. }
        | SignInView::Storing { .. } => true,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::io;

    use gloria_core::paths::Paths;
    use gloria_core::ports::fakes::Recorded;
    use gloria_core::ports::{Notifications, PanicReports};
    use gloria_core::protocol::{SignInForm, SignInWay};
    use gloria_core::testing;
    use gloria_core::tray::TrayView;
    use gloria_words::Words;
    use tokio::net::TcpListener;

    use super::*;

    /// Longer than anything here takes on a slow machine.
    const DEADLINE: Duration = Duration::from_secs(90);

    #[derive(Debug, Default)]
    struct FakeShell(Recorded<Message>);

    impl Shell for FakeShell {
        fn notifications(
            &self,
            _: &Paths,
            _: &Arc<Words>,
            _: &PanicReports,
        ) -> io::Result<Arc<dyn Notifications>> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn show_tray(&self, _: TrayView) {}

        fn open_window(&self, _: Option<String>) {}

        fn show_message(&self, message: &Message) {
            self.0.push(message.clone());
        }
    }

    #[tokio::test]
    async fn a_new_run_of_the_program_waits_for_a_sign_in_and_says_so_if_it_does_not() {
        let home = tempfile::tempdir().unwrap();
        let setup = testing::setup(Paths::within(home.path()), HashMap::new(), testing::ports());
        let (core, _task) = gloria_core::start(setup).unwrap();
        let shell = Arc::new(FakeShell::default());
        let controls = Controls::new(core.clone(), shell.clone());
        // Nobody signs in.
        controls.let_sign_in_end(Duration::ZERO).await;
        assert_eq!(shell.0.all(), []);

        // A server that does not answer where its users sign in.
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let form = SignInForm {
            address: format!("http://{}", server.local_addr().unwrap()),
            way: SignInWay::Browser,
            another_account: false,
            agreed: None,
        };
        core.sign_in_begin(form).await.unwrap();
        let mut waiting = Box::pin(controls.let_sign_in_end(DEADLINE));
        tokio::select! {
            biased;
            () = &mut waiting => panic!("it is not waited for"),
            asked = server.accept() => drop(asked.unwrap()),
        }
        core.sign_in_cancel().await.unwrap();
        timeout(DEADLINE, waiting).await.unwrap();
        assert_eq!(shell.0.all(), []);

        let form = SignInForm {
            address: format!("http://{}", server.local_addr().unwrap()),
            way: SignInWay::Browser,
            another_account: false,
            agreed: None,
        };
        core.sign_in_begin(form).await.unwrap();
        controls.let_sign_in_end(Duration::ZERO).await;
        assert_eq!(shell.0.all(), [message::sign_in_restarted()]);
    }
}
