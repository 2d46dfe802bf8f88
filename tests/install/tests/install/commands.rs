//! Programs with a limit in time. One that hangs is a failure, with what it printed until then.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// In seconds. The slowest make and judge packages, which takes ten seconds, and ten times that on a busy machine.
pub(crate) const PROGRAM_TIMEOUT: u32 = 200;

/// The exit codes of `timeout` for a program that it has ended, and for one that it had to kill.
const TIMED_OUT: [i32; 2] = [124, 137];

/// What a program did.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) is_success: bool,
    /// From stdout and stderr.
    pub(crate) text: String,
}

/// Returns a command that `timeout` ends with all that it started.
pub(crate) fn limited(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("timeout");
    command
        .args(["--kill-after=5", &PROGRAM_TIMEOUT.to_string()])
        .arg(program);
    command
}

/// Runs one of [`limited`] to its end.
pub(crate) fn finish(command: &mut Command) -> Finished {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let hung = output.status.code().is_some_and(|code| TIMED_OUT.contains(&code));
    assert!(!hung, "{command:?} hangs: {text}");
    Finished {
        is_success: output.status.success(),
        text,
    }
}

/// Runs one of [`limited`], which has to succeed.
pub(crate) fn expect(command: &mut Command) -> String {
    let finished = finish(command);
    assert!(finished.is_success, "{command:?}: {}", finished.text);
    finished.text
}

/// A program of ours, as cargo has built it.
pub(crate) fn built(name: &str) -> PathBuf {
    root().join("target/debug").join(name)
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}
