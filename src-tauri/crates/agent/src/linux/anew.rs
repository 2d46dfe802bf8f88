//! Begins the agent anew in the same process: as the version that took this one's place on the disk, or in another
//! session. The core stops in order first, so the next one goes on where it stopped, as after any end.
//!
//! The environment of a process is what its libraries, its children and every connection to a bus go by; a new run of
//! the program is the one way to change it for all of them.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use gloria_desktop::socket::WindowPlace;
use gloria_ipc::session::{Session, VARIABLES};
use gloria_program::{logs, process};
use tokio::time::timeout;

use crate::Controls;

/// How long a program may take to say its version: it reads some megabytes, perhaps from a slow disk.
const VERSION_TIMEOUT: Duration = Duration::from_secs(10);

/// Longer than any request takes. One that is still open then hangs.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// This program as it runs, whatever became of its file.
const RUNNING: &str = "/proc/self/exe";

/// What the next run of the program is for.
#[derive(Debug, Default)]
struct Next {
    /// Where it is another one.
    session: Option<Session>,
    open: bool,
    /// The installed program is whole and can be executed.
    is_installed: bool,
}

/// Clones are of the same.
#[derive(Debug, Clone)]
pub(super) struct Anew {
    /// The installed path of this program.
    program: PathBuf,
    place: WindowPlace,
    next: Arc<Mutex<Next>>,
    is_looking: Arc<AtomicBool>,
}

impl Anew {
    pub(super) fn new(program: PathBuf, place: WindowPlace) -> Self {
        Self {
            program,
            place,
            next: Arc::default(),
            is_looking: Arc::default(),
        }
    }

    /// Ends the agent once no request is open, and begins in another session.
    pub(super) async fn move_to(self, session: Session, open: bool, controls: Arc<OnceLock<Controls>>) {
        tracing::info!("the app was started in another session and moves there");
        let is_installed = version(&self.program).await.is_some();
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

    /// Ends the agent once no request is open, and begins as the installed version, if that is another one.
    pub(super) async fn upgrade(self, controls: Arc<OnceLock<Controls>>) {
        if self.is_looking.swap(true, Ordering::AcqRel) {
            return;
        }
        let installed = version(&self.program).await;
        match installed.as_deref() {
            Some(installed) if installed != env!("CARGO_PKG_VERSION") => {
                tracing::info!(version = installed, "the app was upgraded and begins anew");
                self.idle().await;
                {
                    let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
                    next.is_installed = true;
                }
                // It attaches to the next one, and begins anew itself where it has to.
                self.place.leave_window();
                begin(&controls);
            }
            Some(_) => {
                tracing::debug!("a program of another version connected; this one is what is installed")
            }
            None => {
                tracing::info!("a program of another version connected; this one's file is not whole yet")
            }
        }
        self.is_looking.store(false, Ordering::Release);
    }

    async fn idle(&self) {
        if timeout(IDLE_TIMEOUT, self.place.idle()).await.is_err() {
            tracing::warn!("a request hangs; the agent does not wait for it");
        }
    }

    /// Replaces this process by the next run. Returns only where even the running program cannot be executed.
    pub(super) fn exec(&self) -> std::io::Error {
        logs::flush(logs::FLUSH_TIMEOUT);
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if next.is_installed {
            let error = command(&self.program, &next).exec();
            tracing::error!(%error, "the installed program cannot be executed; the running one goes on");
        }
        command(Path::new(RUNNING), &next).exec()
    }
}

/// It is there as soon as the agent has started, which is before anybody reaches its socket.
fn begin(controls: &OnceLock<Controls>) {
    if let Some(controls) = controls.get() {
        controls.begin_anew();
    }
}

fn command(program: &Path, next: &Next) -> Command {
    let mut command = Command::new(program);
    command.arg0("gloria").arg("agent").envs(process::own_variables());
    if next.open {
        command.arg("--open");
    }
    if let Some(session) = &next.session {
        for name in VARIABLES {
            command.env_remove(name);
        }
        command.envs(session);
    }
    command
}

/// The version of a program that can be executed, by what it says itself: a file that is only half written does not.
async fn version(program: &Path) -> Option<String> {
    let file = std::fs::metadata(program).ok()?;
    if !file.is_file() || file.permissions().mode() & 0o111 == 0 {
        return None;
    }
    let asked = tokio::process::Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(VERSION_TIMEOUT, asked).await.ok()?.ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    let version = said.trim().strip_prefix("gloria ")?;
    (output.status.success() && !version.is_empty()).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn script(folder: &Path, text: &str, mode: u32) -> PathBuf {
        let path = folder.join("gloria");
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        path
    }

    #[tokio::test]
    async fn only_a_whole_program_says_its_version() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(version(&folder.path().join("gloria")).await, None, "missing");
        assert_eq!(version(folder.path()).await, None, "a folder");
        for (text, mode, said) in [
            ("#!/bin/sh\necho gloria 1.2.3\n", 0o755, Some("1.2.3")),
            ("#!/bin/sh\necho gloria 1.2.3\n", 0o644, None),
            ("#!/bin/sh\necho gloria 1.2.3\nexit 1\n", 0o755, None),
            ("\u{7f}ELF", 0o755, None),
            ("", 0o755, None),
        ] {
            let program = script(folder.path(), text, mode);
            assert_eq!(version(&program).await.as_deref(), said, "{text:?} {mode:o}");
        }
    }
}
