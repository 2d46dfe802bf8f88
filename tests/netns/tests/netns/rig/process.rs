//! A program on a host.

use std::env;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// A running program, which is killed when dropped, even if it is stopped.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts it with only the command's environment, and its stderr in a file.
    pub(crate) fn start(mut command: Command, log: &Path) -> (Self, ChildStdout) {
        let mut child = command
            .env("PATH", env::var_os("PATH").unwrap())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(log).unwrap())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        (Self { child }, stdout)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, which the test would have noticed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the path of one of the app's programs, which cargo builds next to this test.
pub(crate) fn built(program: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    // target/debug/deps/netns-…
    let path = test.parent().unwrap().parent().unwrap().join(program);
    assert!(
        path.is_file(),
        "{} is not built; run `cargo xtask test netns`",
        path.display()
    );
    path
}
