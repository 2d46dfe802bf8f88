//! `gloria quit`: ends the running app as its tray does.

use std::process::ExitCode;
use std::time::Duration;

use gloria_desktop::status_socket::AskError;
use tokio::time::{sleep, timeout};

use crate::output::print_error;
use crate::status::{NO_ANSWER, NOT_RUNNING};

/// How often the command checks whether the app has ended, which takes some tenths of a second.
const END_CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// The app ends within a third of a second, however busy it is; a machine may be busier.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// Returns once the app has ended.
pub(crate) async fn run() -> anyhow::Result<ExitCode> {
    let paths = gloria_desktop::paths(gloria_desktop::process::variable)?;
    let asked = async {
        gloria_desktop::ask_to_quit(&paths).await?;
        loop {
            match gloria_desktop::ask_status(&paths).await {
                Err(AskError::NotRunning) => return Ok(()),
                Ok(_) | Err(AskError::Silent | AskError::Unreachable(_) | AskError::Unknown) => {
                    sleep(END_CHECK_INTERVAL).await;
                }
            }
        }
    };
    let outcome = timeout(END_TIMEOUT, asked).await.unwrap_or(Err(AskError::Silent));
    Ok(match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&error.message());
            ExitCode::from(match error {
                AskError::NotRunning => NOT_RUNNING,
                AskError::Silent | AskError::Unreachable(_) | AskError::Unknown => NO_ANSWER,
            })
        }
    })
}
