//! Only the command itself is killed: without a job object, the system does not say what it started.

use std::io::Read as _;
use std::process::{Child, ChildStdout, Command, ExitStatus};
use std::thread;
use std::time::Duration;

use gloria_core::ports::{CommandError, send_reply};
use secrecy::zeroize::Zeroizing;
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::{Ended, MAX_START_WAIT, gone, not_started, start, unreadable};

/// How often it is asked whether the command has ended, which the system does not report to a thread that can be left.
const END_INTERVAL: Duration = Duration::from_millis(25);

/// A command that is killed when nobody waits for it any more.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended is no error that matters.
        let _ = self.0.kill();
        let _ = self.0.try_wait();
    }
}

/// Runs a command to its end, and returns what it printed. Dropping the future kills it.
pub(super) async fn output(mut process: Command, max_bytes: usize) -> Result<Ended, CommandError> {
    #[cfg(windows)]
    {
        use std::os::windows::process::CommandExt as _;

        /// `CREATE_NO_WINDOW`: a console would flash up at each run.
        const NO_WINDOW: u32 = 0x0800_0000;
        process.creation_flags(NO_WINDOW);
    }
    // Dropped after the answer's receiver: a start that is just ending then ends the command.
    let (starting, _awaits_start) = start(MAX_START_WAIT);
    let (begun, beginning) = oneshot::channel();
    let begin = move || {
        // If nobody waits any more, what was started is dropped with the answer, and killed.
        send_reply(begun, process.spawn().map(Running));
        drop(starting);
    };
    on_thread(begin)?;
    let started = beginning.await.map_err(|_| unreadable(&gone()))?;
    let mut running = started.map_err(|error| not_started(&error))?;
    let stdout = running.0.stdout.take().ok_or_else(|| unreadable(&gone()))?;
    let (read, mut reading) = oneshot::channel();
    on_thread(move || send_reply(read, printed(stdout, max_bytes)))?;
    let (mut printed, mut status) = (None, None);
    while printed.is_none() || status.is_none() {
        if status.is_none() {
            status = running.0.try_wait().map_err(|error| unreadable(&error))?;
        }
        tokio::select! {
            read = &mut reading, if printed.is_none() => {
                printed = Some(read.map_err(|_| unreadable(&gone()))??);
            }
            () = sleep(END_INTERVAL) => {}
        }
    }
    match (printed, status.as_ref().and_then(ExitStatus::code)) {
        (Some(printed), Some(code)) => Ok(Ended { printed, code }),
        (None, _) | (_, None) => Err(unreadable(&gone())),
    }
}

/// Nothing that hangs there keeps the program from ending.
fn on_thread(work: impl FnOnce() + Send + 'static) -> Result<(), CommandError> {
    let thread = thread::Builder::new().name("token-command".to_owned());
    thread.spawn(work).map(drop).map_err(|error| not_started(&error))
}

fn printed(stdout: ChildStdout, max_bytes: usize) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    // It never grows, so that no copy is left behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(max_bytes + 1));
    let limit = max_bytes as u64 + 1;
    stdout
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(&error))?;
    if bytes.len() > max_bytes {
        return Err(CommandError::TooLong);
    }
    Ok(bytes)
}
