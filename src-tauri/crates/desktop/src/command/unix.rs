//! A process group of its own, which is killed whole once the command has ended, took too long or is not wanted any
//! more. What leaves the group (`setsid`) is not reached.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, ChildStdout, Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use gloria_core::ports::{CommandError, send_reply};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use secrecy::zeroize::Zeroizing;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::oneshot;

use super::{Ended, MAX_START_WAIT, gone, not_started, start, unreadable};

/// Read at once. Outputs are a few kilobytes.
const CHUNK_BYTES: usize = 4096;

/// The group of a command, whose number is its first process's.
#[derive(Debug, Default)]
struct Group(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// While the first process is not collected: the system gives its number to no other until then.
    running: Option<Pid>,
    /// Nobody waits for it any more.
    unwanted: bool,
}

impl Group {
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn on_begun(&self, first: Option<Pid>) {
        self.with(|state| {
            state.running = first;
            if state.unwanted {
                kill(first);
            }
        });
    }

    fn on_unwanted(&self) {
        self.with(|state| {
            state.unwanted = true;
            kill(state.running);
        });
    }

    /// The first process has ended, and is collected next.
    fn on_ended(&self) {
        self.with(|state| kill(state.running.take()));
    }
}

/// Nothing that a process does with a milder signal keeps this one off. A group that is empty is no error.
fn kill(group: Option<Pid>) {
    if let Some(group) = group
        && let Err(error) = kill_process_group(group, Signal::KILL)
        && error != Errno::SRCH
    {
        tracing::warn!(%error, "what the command started may still run");
    }
}

/// Kills the group when nobody waits for its output any more.
struct Wanted(Arc<Group>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.on_unwanted();
    }
}

/// Runs a command to its end, and returns what it printed. Dropping the future kills it.
pub(super) async fn output(mut process: Command, max_bytes: usize) -> Result<Ended, CommandError> {
    process.process_group(0);
    let group = Arc::<Group>::default();
    // Dropped after what marks the group as unwanted: a start that is just ending then ends the command.
    let (starting, _awaits_start) = start(MAX_START_WAIT);
    let _wanted = Wanted(Arc::clone(&group));
    let (begun, beginning) = oneshot::channel();
    let (ended, end) = oneshot::channel();
    // A program on a disk that hangs takes for ever to start.
    let waiter = thread::Builder::new().name("token-command".to_owned());
    let spawned = waiter.spawn(move || {
        let begin = begin(&mut process, &group);
        drop(starting);
        match begin {
            Ok((child, stdout)) => {
                send_reply(begun, Ok(stdout));
                send_reply(ended, end_of(child, &group));
            }
            Err(error) => send_reply(begun, Err(error)),
        }
    });
    spawned.map_err(|error| not_started(&error))?;
    let stdout = match beginning.await {
        Ok(begun) => begun.map_err(|error| not_started(&error))?,
        Err(_) => return Err(unreadable(&gone())),
    };
    let (printed, status) = read(stdout, end, max_bytes).await?;
    match (status.code(), status.signal()) {
        (Some(code), _) => Ok(Ended { printed, code }),
        (None, signal) => Err(CommandError::Killed(signal.unwrap_or_default())),
    }
}

fn begin(process: &mut Command, group: &Group) -> io::Result<(Child, ChildStdout)> {
    let mut child = process.spawn()?;
    group.on_begun(Pid::from_child(&child).into());
    let stdout = child.stdout.take();
    Ok((child, stdout.ok_or(io::ErrorKind::BrokenPipe)?))
}

/// Waits for the end of the first process, and ends the others.
fn end_of(mut child: Child, group: &Group) -> io::Result<ExitStatus> {
    let first = Pid::from_child(&child);
    // Without collecting it, so that its group's number is still its own.
    let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    let waited = retry_on_intr(|| waitid(WaitId::Pid(first), ended));
    if let Err(error) = waited {
        tracing::warn!(%error, "the end of the command could not be waited for");
    }
    group.on_ended();
    child.wait()
}

/// Reads until the first process has ended. What it printed is in the pipe by then, although another process, which
/// left the group, may have the pipe open for ever.
async fn read(
    stdout: ChildStdout,
    mut end: oneshot::Receiver<io::Result<ExitStatus>>,
    max_bytes: usize,
) -> Result<(Zeroizing<Vec<u8>>, ExitStatus), CommandError> {
    let output = Receiver::from_owned_fd(OwnedFd::from(stdout)).map_err(|error| unreadable(&error))?;
    let mut printed = Printed::new(max_bytes);
    let mut is_open = true;
    let status = loop {
        tokio::select! {
            readable = output.readable(), if is_open => {
                readable.map_err(|error| unreadable(&error))?;
                is_open = printed.read(|bytes| output.try_read(bytes))? != Some(0);
            }
            status = &mut end => break status,
        }
    };
    // Asks the system, because the runtime may not have seen yet that there is something.
    while is_open {
        let read = printed.read(|bytes| Ok(retry_on_intr(|| rustix::io::read(&output, &mut *bytes))?))?;
        is_open = read.is_some_and(|count| count > 0);
    }
    match status {
        Ok(Ok(status)) => Ok((printed.bytes, status)),
        Ok(Err(error)) => Err(unreadable(&error)),
        Err(_) => Err(unreadable(&gone())),
    }
}

/// What was printed so far, in memory that is wiped.
struct Printed {
    bytes: Zeroizing<Vec<u8>>,
    chunk: Zeroizing<[u8; CHUNK_BYTES]>,
    max_bytes: usize,
}

impl Printed {
    fn new(max_bytes: usize) -> Self {
        Self {
            // It never grows, so that no copy is left behind.
            bytes: Zeroizing::new(Vec::with_capacity(max_bytes)),
            chunk: Zeroizing::new([0; CHUNK_BYTES]),
            max_bytes,
        }
    }

    /// Reads once. `None` if there is nothing to read now, 0 at the end.
    fn read(
        &mut self,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> Result<Option<usize>, CommandError> {
        let count = match read(&mut *self.chunk) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(unreadable(&error)),
        };
        if self.bytes.len() + count > self.max_bytes {
            return Err(CommandError::TooLong);
        }
        self.bytes.extend_from_slice(&self.chunk[..count]);
        Ok(Some(count))
    }
}
