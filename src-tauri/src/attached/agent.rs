//! Starting the agent from the window's program, which people start.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use gloria_files::paths::Paths;
use gloria_ipc::protocol::Raise;
use gloria_ipc::{AppWindow, AskError};
use gloria_program::process;
use tokio::process::Command;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep};

/// The agent's program, which is installed beside this one, and the command by which it is the agent.
const PROGRAM: &str = "gloria";
const COMMAND: &str = "agent";

/// How long an agent may take until it answers: it reads a few megabytes, perhaps from a slow disk.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// How often it is looked whether it answers. It is a few system calls.
const START_INTERVAL: Duration = Duration::from_millis(20);

/// Starts one and waits until it answers.
pub(super) async fn start(paths: &Paths) -> anyhow::Result<()> {
    let program = std::env::current_exe()?.with_file_name(PROGRAM);
    let mut agent = Command::new(&program)
        .arg(COMMAND)
        .envs(process::own_variables())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // It outlives the terminal that this program may have been started in.
        .process_group(0)
        .spawn()
        .with_context(|| program.display().to_string())?;
    let deadline = Instant::now() + START_TIMEOUT;
    loop {
        match gloria_ipc::ask_status(&paths.data).await {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() >= deadline => return Err(error.into()),
            Err(_) => {}
        }
        // One that ends at once says why on its own.
        if let Some(status) = agent.try_wait()?.filter(|status| !status.success()) {
            anyhow::bail!("{}: {status}", program.display());
        }
        sleep(START_INTERVAL).await;
    }
}

/// The agent of the window that is there: the one that began again by itself, as after an upgrade, or a new one.
pub(super) async fn resume(paths: &Paths) -> anyhow::Result<(AppWindow, Receiver<Raise>)> {
    match AppWindow::open(&paths.data).await {
        Ok(opened) => Ok(opened),
        // Another window was faster.
        Err(error @ AskError::Refused(_)) => Err(error.into()),
        // Whatever is left of the one before: a process that is just ending, or its socket.
        Err(_) => {
            start(paths).await?;
            Ok(AppWindow::open(&paths.data).await?)
        }
    }
}
