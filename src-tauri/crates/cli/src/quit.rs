//! `gloria quit`: ends the running app, like Quit in its tray.

use std::process::ExitCode;
use std::time::Duration;

use gloria_core::paths::Paths;
use gloria_ipc::AskError;
use tokio::time::{sleep, timeout};

use crate::running::failure;

/// How often the command checks whether the app has ended, which takes some tenths of a second.
const END_CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// The app ends within a third of a second, however busy it is; a machine may be busier.
const END_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) async fn run() -> anyhow::Result<ExitCode> {
    let paths = gloria_program::paths(gloria_program::process::variable)?;
    Ok(match end_app(&paths).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure(&error),
    })
}

/// Returns once the app has ended.
pub(crate) async fn end_app(paths: &Paths) -> Result<(), AskError> {
    let asked = async {
        gloria_ipc::ask_to_quit(&paths.data).await?;
        loop {
            match gloria_ipc::ask_status(&paths.data).await {
                Err(AskError::NotRunning) => return Ok(()),
                Ok(_)
                | Err(
                    AskError::Silent | AskError::Unreachable(_) | AskError::Unknown | AskError::Refused(_),
                ) => {
                    sleep(END_CHECK_INTERVAL).await;
                }
            }
        }
    };
    timeout(END_TIMEOUT, asked).await.unwrap_or(Err(AskError::Silent))
}
