//! Becoming the one app for a data folder, or asking the one that is there over its status socket.

use std::io;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use gloria_core::paths::Paths;
use thiserror::Error;

use crate::instance::Instance;
use crate::status_socket::{self, AskError};

/// How long a second start waits for the first one to answer or to end: longer than an app takes to start on a slow
/// machine, and than it takes before it hangs up.
const HAND_OVER_TIMEOUT: Duration = Duration::from_secs(10);

/// How often the second start looks. It is a few system calls.
const HAND_OVER_INTERVAL: Duration = Duration::from_millis(100);

/// Why this app may not run on its folder.
#[derive(Debug, Error)]
pub enum ClaimError {
    /// Another app has the folder and did not do as asked.
    #[error(
        "another Gloria Notify runs with the folder {folder}, here or on another computer, and does not answer \
         ({source}); end it and start again"
    )]
    Unresponsive {
        /// The data folder.
        folder: PathBuf,
        /// What came of asking it.
        source: AskError,
    },
    /// Not even the runtime that asks could be had.
    #[error("the system gives no resources: {0}")]
    System(io::Error),
}

/// What became of a start.
#[derive(Debug)]
pub enum Claimed {
    /// This is the app for the folder.
    First(Instance),
    /// Another one runs, and was asked to show its window if that was wanted.
    Second,
}

impl Instance {
    /// Becomes the app for these folders, or has the one that is already theirs open its window.
    ///
    /// # Errors
    /// When there is another one that neither answers nor ends.
    pub fn claim(paths: &Paths, show_window: bool) -> Result<Claimed, ClaimError> {
        let deadline = Instant::now() + HAND_OVER_TIMEOUT;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(ClaimError::System)?;
        loop {
            if let Some(instance) = Self::try_claim(paths) {
                return Ok(Claimed::First(instance));
            }
            let asked = runtime.block_on(async {
                if show_window {
                    status_socket::ask_to_open(paths).await
                } else {
                    status_socket::ask_status(paths).await.map(drop)
                }
            });
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
