//! Runs the command of `auth.command`, which prints the token, and other programs in the same way. Only their standard
//! output is read, and what they started ends with them.

use std::ffi::OsString;
use std::io;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_core::message;
use gloria_core::ports::{COMMAND_TIMEOUT, CommandError, CommandLine, CommandRunner, MAX_OUTPUT_BYTES};
use secrecy::zeroize::Zeroizing;
use tokio::time::timeout;

#[cfg(unix)]
#[path = "command/unix.rs"]
mod system;
#[cfg(not(unix))]
#[path = "command/other.rs"]
mod system;

/// The prefix of the app's own variables, among them `GLORIA_TOKEN`.
const PREFIX: &str = "GLORIA_";

/// How long a program that ends waits for a command that is just being started. Without it, the command's first lines
/// may run before its number is known, and a program that ends in between leaves it running. A start takes
/// milliseconds; on a disk that hangs it never ends, and nobody shall wait for that.
const MAX_START_WAIT: Duration = Duration::from_secs(1);

/// Runs commands as processes of this user.
#[derive(Debug, Clone, Copy)]
pub struct Processes {
    limit: Duration,
}

impl Default for Processes {
    fn default() -> Self {
        Self {
            limit: COMMAND_TIMEOUT,
        }
    }
}

impl CommandRunner for Processes {
    fn run(&self, command: &CommandLine) -> BoxFuture<'static, Result<Zeroizing<Vec<u8>>, CommandError>> {
        let (process, limit) = (process(command, std::env::vars_os()), self.limit);
        async move {
            let ended = output(process, limit, MAX_OUTPUT_BYTES).await?;
            match ended.code {
                0 => Ok(ended.printed),
                code => Err(CommandError::Failed(code)),
            }
        }
        .boxed()
    }
}

/// How a program ended that no signal ended.
pub(crate) struct Ended {
    pub(crate) printed: Zeroizing<Vec<u8>>,
    pub(crate) code: i32,
}

/// Runs a program to its end, at most for this time. It prints at most `max_bytes`. Dropping the future ends it.
pub(crate) async fn output(
    process: Command,
    limit: Duration,
    max_bytes: usize,
) -> Result<Ended, CommandError> {
    let ended = timeout(limit, system::output(process, max_bytes)).await;
    ended.unwrap_or(Err(CommandError::TimedOut))
}

/// Whether a thread is still starting a command.
#[derive(Debug, Default)]
struct Start {
    is_over: Mutex<bool>,
    changed: Condvar,
}

/// The thread's half: the command was started and is known, or was not started.
struct Starting(Arc<Start>);

impl Drop for Starting {
    fn drop(&mut self) {
        *self.0.is_over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
    }
}

/// The half of who wants the command's output: dropping it waits for the start, so that the command is ended with it.
struct AwaitsStart {
    start: Arc<Start>,
    limit: Duration,
}

impl Drop for AwaitsStart {
    fn drop(&mut self) {
        let is_over = self.start.is_over.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .start
            .changed
            .wait_timeout_while(is_over, self.limit, |is_over| !*is_over);
        if waited.is_ok_and(|(_, result)| result.timed_out()) {
            tracing::warn!("a command that is still being started may be left running");
        }
    }
}

fn start(limit: Duration) -> (Starting, AwaitsStart) {
    let start = Arc::<Start>::default();
    (Starting(Arc::clone(&start)), AwaitsStart { start, limit })
}

/// The process, not started yet, which inherits the environment without the app's own variables.
fn process(command: &CommandLine, environment: impl Iterator<Item = (OsString, OsString)>) -> Command {
    let mut process = Command::new(command.program());
    process
        .args(command.arguments())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // It may contain secrets, and would end in the app's log or on the user's terminal.
        .stderr(Stdio::null());
    // The programs have none of them left in their environment; whatever else uses this port may.
    for (name, _) in environment {
        if name.to_string_lossy().starts_with(PREFIX) {
            process.env_remove(name);
        }
    }
    process
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the system has many more kinds")]
fn not_started(error: &io::Error) -> CommandError {
    CommandError::NotStarted(match error.kind() {
        io::ErrorKind::NotFound => message::file_not_there().into(),
        io::ErrorKind::PermissionDenied => message::command_not_permitted().into(),
        _ => error.to_string().into(),
    })
}

fn unreadable(error: &io::Error) -> CommandError {
    CommandError::Unreadable(error.to_string().into())
}

/// A thread that waits for the command has ended before it.
fn gone() -> io::Error {
    io::ErrorKind::BrokenPipe.into()
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
