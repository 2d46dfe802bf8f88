//! The window's program, seen from the agent: it is there, or it is started.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gloria_desktop::socket::WindowPlace;
use gloria_program::process;
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::launch::{self, Launch, LaunchError};

/// How long a window may take from its start until it is attached: on a slow disk it reads a hundred megabytes. Its
/// screen may hang, and then the user is to hear of it.
pub(super) const START_TIMEOUT: Duration = Duration::from_secs(20);

/// The one window. Clones are of the same.
#[derive(Debug, Clone)]
pub(super) struct Window {
    /// Where the program is, also after this one was replaced by a newer version.
    program: PathBuf,
    place: WindowPlace,
    /// Locked while it is opened: two clicks that both find no window would start two.
    opening: Arc<Mutex<()>>,
    /// Starts that failed.
    failures: Arc<AtomicU64>,
}

impl Window {
    pub(super) fn new(program: PathBuf, place: WindowPlace) -> Self {
        Self {
            program,
            place,
            opening: Arc::default(),
            failures: Arc::default(),
        }
    }

    /// Brings the window to the front, or starts it and waits until it is there. A click that comes meanwhile brings it
    /// to the front by its own token, and shares the failure if there is one.
    pub(super) async fn open(&self, activation_token: Option<String>) -> Result<(), LaunchError> {
        let failures = self.failures.load(Ordering::Relaxed);
        let _turn = self.opening.lock().await;
        if self.failures.load(Ordering::Relaxed) != failures {
            return Ok(());
        }
        if self.place.raise(activation_token.clone()).await {
            return Ok(());
        }
        let opened = self.start(activation_token).await;
        if opened.is_err() {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        opened
    }

    async fn start(&self, activation_token: Option<String>) -> Result<(), LaunchError> {
        let mut started = self.launch(activation_token).start().await?;
        tokio::select! {
            biased;
            () = self.place.occupied() => {
                started.release();
                Ok(())
            }
            // One that is asked for where there is one already ends at once.
            ended = started.ended() => ended,
            () = sleep(START_TIMEOUT) => {
                started.give_up();
                Err(LaunchError::Late)
            }
        }
    }

    fn launch(&self, activation_token: Option<String>) -> Launch {
        // No other of the app's own variables: they may hold secrets, and the window needs none of them.
        let own = ["GLORIA_HOME", "GLORIA_LOG"];
        let own = own
            .into_iter()
            .filter_map(|name| Some((name, process::variable(name)?)));
        let token = activation_token.map(|token| ("XDG_ACTIVATION_TOKEN", OsString::from(token)));
        Launch {
            program: self.program.clone(),
            arguments: vec!["--window"],
            variables: own.chain(token).collect(),
            session: launch::session(|name| std::env::var_os(name)),
        }
    }
}
