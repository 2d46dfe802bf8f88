//! Starts the agent from the window's program, and attaches to it.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use gloria_files::paths::Paths;
use gloria_ipc::protocol::Raise;
use gloria_ipc::{AppWindow, AskError, Identity};
use gloria_program::process;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep};

use crate::agent_error::AgentError;

/// The agent's program, which is installed next to this one, and its command that runs the agent, through systemd where
/// possible.
const PROGRAM: &str = "gloria";
const COMMAND: [&str; 2] = ["agent", "--service"];

/// How long a started agent may take to answer: it may read a few megabytes from a slow disk, and it waits up to eight
/// seconds for systemd. One that cannot lock the folder reports that after ten seconds.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// How long an agent that keeps its folder may take to end and start again on a busy computer.
const ANEW_TIMEOUT: Duration = Duration::from_secs(8);

/// How long to wait for one that may not come: the folder is not claimed, or by an agent of another protocol that has
/// not noticed yet that it was upgraded.
const APPEAR_TIMEOUT: Duration = Duration::from_secs(2);

/// How often to check whether it answers, which costs a few system calls.
const START_INTERVAL: Duration = Duration::from_millis(20);

/// How much of an agent's stderr is kept: enough for its last message.
const MAX_OUTPUT_BYTES: usize = 4096;

/// The prefix of an agent's messages on stderr.
const SPEAKER: &str = "gloria: ";

/// Starts one and waits until it answers.
pub(super) async fn start(paths: &Paths) -> Result<(), AgentError> {
    let mut agent = spawn().map_err(AgentError::Program)?;
    let answered = async {
        while !gloria_ipc::answers(&paths.data).await {
            sleep(START_INTERVAL).await;
        }
    };
    tokio::select! {
        () = answered => Ok(()),
        error = failed(&mut agent) => Err(error),
        () = sleep(START_TIMEOUT) => Err(AgentError::Silent),
    }
}

fn spawn() -> anyhow::Result<Child> {
    // The toolkit opens files that children would inherit, and the agent outlives this program.
    process::close_files_at_exec();
    let program = std::env::current_exe()?.with_file_name(PROGRAM);
    Command::new(&program)
        .args(COMMAND)
        .envs(process::own_variables())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        // Read until it answers. Its child processes do not inherit the pipe, and it ignores that nobody reads it
        // later.
        .stderr(Stdio::piped())
        // So that it outlives a terminal in which this program was started.
        .process_group(0)
        .spawn()
        .with_context(|| program.display().to_string())
}

/// Waits until the agent fails. Never returns if it ended because another agent was faster.
async fn failed(agent: &mut Child) -> AgentError {
    let mut output = Vec::new();
    if let Some(mut stderr) = agent.stderr.take() {
        while let Ok(1..) = stderr.read_buf(&mut output).await {
            let excess = output.len().saturating_sub(MAX_OUTPUT_BYTES);
            output.drain(..excess);
        }
    }
    match agent.wait().await {
        Ok(status) if status.success() => std::future::pending().await,
        Ok(status) => AgentError::Ended {
            status,
            words: last_words(&String::from_utf8_lossy(&output)),
        },
        Err(error) => AgentError::Program(error.into()),
    }
}

/// The last message in an agent's output, which may also contain its log.
fn last_words(output: &str) -> String {
    let mut messages = output.lines().filter_map(|line| line.strip_prefix(SPEAKER));
    messages.next_back().unwrap_or_default().to_owned()
}

/// Attaches to the running agent. Waits for one that is just restarting, as one of another version does when this
/// program connects.
pub(super) async fn attach(paths: &Paths) -> Result<(AppWindow, Receiver<Raise>), AskError> {
    let began = Instant::now();
    loop {
        let opened = AppWindow::open(&paths.data).await;
        let patience = match &opened {
            Err(AskError::NotRunning) if Identity::of(&paths.data).is_claimed() => ANEW_TIMEOUT,
            Err(AskError::NotRunning | AskError::Unknown) => APPEAR_TIMEOUT,
            Ok(_) | Err(AskError::Silent | AskError::Unreachable(_) | AskError::Refused(_)) => return opened,
        };
        if began.elapsed() >= patience {
            return opened;
        }
        sleep(START_INTERVAL).await;
    }
}

/// Attaches an open window to another agent after the connection ended: one that restarted by itself, as after an
/// upgrade, or a new one. [`AskError::Unknown`] if that one speaks another protocol.
pub(super) async fn resume(paths: &Paths) -> Result<(AppWindow, Receiver<Raise>), AgentError> {
    match attach(paths).await {
        Ok(opened) => Ok(opened),
        // Another window was faster, or the agent speaks another protocol.
        Err(error @ (AskError::Refused(_) | AskError::Unknown)) => Err(error.into()),
        // The previous agent is ending, or only its socket is left.
        Err(_) => {
            start(paths).await?;
            Ok(AppWindow::open(&paths.data).await?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_message_of_an_agent_is_what_it_ended_with() {
        let output =
            "2026-11-27T06:00:00Z ERROR gloria: x\ngloria: one\ngloria: another has the folder\nlog\n";
        assert_eq!(last_words(output), "another has the folder");
        assert_eq!(last_words("a panic at src/x.rs on the thread main\n"), "");
    }
}
