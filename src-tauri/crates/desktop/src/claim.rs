//! Makes this process the only app for a data folder, or asks the running one over its socket to show its window.

use std::io;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use gloria_core::message::{self, Message};
use gloria_core::paths::Paths;
use gloria_ipc::AskError;
use gloria_ipc::protocol::StartRequest;
use thiserror::Error;

use crate::instance::Instance;
use crate::socket::ask_failure;

/// How long a second start waits until the first one answers or ends: longer than an app takes to start or to quit on a
/// slow computer.
const HAND_OVER_TIMEOUT: Duration = Duration::from_secs(10);

/// How often the second start checks. Each check is a few system calls.
const HAND_OVER_INTERVAL: Duration = Duration::from_millis(100);

/// Why this app must not use its folder.
#[derive(Debug, Error)]
pub enum ClaimError {
    /// Another app uses the folder, and did not do what it was asked.
    #[error("another app has the folder {folder}: {source}")]
    Unresponsive {
        /// The data folder.
        folder: PathBuf,
        /// Why asking it failed.
        source: AskError,
    },
    /// The runtime for asking it could not be created.
    #[error("the system refuses resources: {0}")]
    System(io::Error),
}

impl ClaimError {
    /// The message for the user.
    pub fn message(&self) -> Message {
        match self {
            // It has no socket here: on another computer, perhaps, or it hangs at its start.
            Self::Unresponsive {
                folder,
                source: AskError::NotRunning,
            } => message::start_taken(folder.display().to_string()),
            Self::Unresponsive { folder, source } => {
                message::start_unresponsive(folder.display().to_string(), ask_failure(source))
            }
            Self::System(problem) => message::start_no_runtime(problem.to_string()),
        }
    }
}

/// The result of a start.
#[derive(Debug)]
pub enum Claimed {
    /// This is the app for the folder.
    First(Instance),
    /// Another app is running, and has done what this start was for.
    Second,
}

impl Instance {
    /// Makes this process the app for these folders, or has the running one do what this start is for.
    ///
    /// # Errors
    /// When another app neither answers nor ends.
    pub fn claim(paths: &Paths, start: &StartRequest) -> Result<Claimed, ClaimError> {
        let deadline = Instant::now() + HAND_OVER_TIMEOUT;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(ClaimError::System)?;
        loop {
            if let Some(instance) = Self::try_claim(paths) {
                return Ok(Claimed::First(instance));
            }
            let asked = runtime.block_on(gloria_ipc::ask_to_start(&paths.data, start));
            match asked {
                Ok(()) => return Ok(Claimed::Second),
                // It is just starting, or just ending.
                Err(_) if Instant::now() < deadline => sleep(HAND_OVER_INTERVAL),
                Err(source) => {
                    return Err(ClaimError::Unresponsive {
                        folder: paths.data.clone(),
                        source,
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_that_cannot_be_asked_is_not_said_to_be_missing() {
        let message = |source| {
            let folder = PathBuf::from("/folder");
            ClaimError::Unresponsive { folder, source }.message()
        };
        assert_eq!(message(AskError::NotRunning), message::start_taken("/folder"));
        assert_eq!(
            message(AskError::Silent),
            message::start_unresponsive("/folder", message::app_silent())
        );
    }
}
