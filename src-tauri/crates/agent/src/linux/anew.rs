//! Begins the agent anew in the same process: as the version that took this one's place on the disk, or in another
//! session. The core stops in order first, so the next one goes on where it stopped, as after any end.
//!
//! Libraries, children and bus connections all depend on the process's environment. Executing the program again is the
//! only way to change it for all of them.

use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use gloria_desktop::socket::WindowPlace;
use gloria_ipc::session::{Session, VARIABLES};
use gloria_program::{logs, process};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::installed::{Installed, RUNNING, is_another, version};
use crate::Controls;

/// How long to wait for open requests: longer than any takes, so one that is still open then hangs.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// How long an upgrade waits for somebody who is signing in: a provider's page is waited for for five minutes, and then
/// provider, server and keyring have to answer. A code may be entered on another device for up to an hour, which is not
/// waited for.
const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(6 * 60);

/// What the next run of the program is for.
#[derive(Debug, Default)]
struct Next {
    /// The session to begin in, if it is another one.
    session: Option<Session>,
    open: bool,
    /// The installed program is complete and can be executed.
    is_installed: bool,
}

/// Clones refer to the same agent.
#[derive(Debug, Clone)]
pub(super) struct Anew {
    /// The installed path of this program.
    program: PathBuf,
    place: WindowPlace,
    /// The lock of the folder, which stays locked between the runs, because clients wait for the agent as long as it
    /// is.
    lock: Arc<Option<OwnedFd>>,
    next: Arc<Mutex<Next>>,
    /// A program of another version connected.
    other_version: Arc<Notify>,
}

impl Anew {
    pub(super) fn new(program: PathBuf, place: WindowPlace, lock: Option<OwnedFd>) -> Self {
        Self {
            program,
            place,
            lock: Arc::new(lock),
            next: Arc::default(),
            other_version: Arc::default(),
        }
    }

    /// Ends the agent once no request is open, and begins in another session.
    pub(super) async fn move_to(self, session: Session, open: bool, controls: Arc<OnceLock<Controls>>) {
        tracing::info!("the app was started in another session and moves there");
        let is_installed = version(&self.program).await.is_some();
        if let Some(controls) = controls.get() {
            // The user who started the app there is not in the browser here.
            controls.let_sign_in_end(Duration::ZERO).await;
        }
        self.idle().await;
        {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            *next = Next {
                session: Some(session),
                open,
                is_installed,
            };
        }
        begin(&controls);
    }

    /// Checks soon whether the app was upgraded.
    pub(super) fn on_other_version(&self) {
        self.other_version.notify_one();
    }

    /// Follows the installed program, and begins anew whenever it was replaced.
    pub(super) async fn follow(self, controls: Arc<OnceLock<Controls>>) {
        let mut installed = Installed::new(self.program.clone());
        loop {
            tokio::select! {
                () = installed.changed() => {}
                () = self.other_version.notified() => {}
            }
            self.upgrade(&controls).await;
        }
    }

    /// Ends the agent once no request is open, and begins with the installed program, if that is another one: also an
    /// older version, or the same one built anew.
    async fn upgrade(&self, controls: &OnceLock<Controls>) {
        if !is_another(&self.program) {
            return tracing::debug!("this program is what is installed, or nothing is");
        }
        let Some(version) = version(&self.program).await else {
            return tracing::info!("another program is installed, and not whole yet");
        };
        tracing::info!(
            version,
            "another program was installed; the app begins anew with it"
        );
        if let Some(controls) = controls.get() {
            controls.let_sign_in_end(SIGN_IN_TIMEOUT).await;
        }
        self.idle().await;
        {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            next.is_installed = true;
        }
        // The window attaches to the next agent, and begins anew itself if it has to.
        self.place.leave_window();
        begin(controls);
    }

    async fn idle(&self) {
        if timeout(IDLE_TIMEOUT, self.place.idle()).await.is_err() {
            tracing::warn!("a request hangs; the agent does not wait for it");
        }
        self.place.close();
    }

    /// Replaces this process by the next run. Returns only if even the running program cannot be executed.
    ///
    /// `bus` is the connection for notifications. It is not passed on to another session.
    pub(super) fn exec(&self, bus: Option<OwnedFd>) -> std::io::Error {
        logs::flush(logs::FLUSH_TIMEOUT);
        // Before the files for the next run are left open.
        process::close_files_at_exec();
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if next.is_installed {
            let error = self.command(&self.program, &next, bus.as_ref()).exec();
            tracing::error!(%error, "the installed program cannot be executed; the running one goes on");
        }
        self.command(Path::new(RUNNING), &next, bus.as_ref()).exec()
    }

    fn command(&self, program: &Path, next: &Next, bus: Option<&OwnedFd>) -> Command {
        let mut command = Command::new(program);
        command.arg0("gloria").arg("agent").envs(process::own_variables());
        if next.open {
            command.arg("--open");
        }
        let bus = bus.filter(|_| next.session.is_none());
        for (name, file) in [("lock", (*self.lock).as_ref()), ("bus", bus)] {
            if let Some(Ok(number)) = file.map(process::leave_open) {
                command.arg(format!("--{name}={number}"));
            }
        }
        if let Some(session) = &next.session {
            for name in VARIABLES {
                command.env_remove(name);
            }
            command.envs(session);
        }
        command
    }
}

/// Ends the agent. `controls` is set as soon as the agent has started, which is before any client reaches its socket.
fn begin(controls: &OnceLock<Controls>) {
    if let Some(controls) = controls.get() {
        controls.begin_anew();
    }
}
