//! Opens the window: brings a running window program to the front, or starts one.

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
use super::service;

/// How long a window may take from its start until it attaches: it may read a hundred megabytes from a slow disk. If
/// its display hangs, the user is notified after this time.
pub(super) const START_TIMEOUT: Duration = Duration::from_secs(20);

/// Of the app's own variables, those that a window gets from systemd. The others may be secrets, and every program of
/// the user can ask systemd for the environment of a unit.
const PASSED: [&str; 3] = ["GLORIA_HOME", "GLORIA_LOG", service::VARIABLE];

/// The only window. Clones refer to the same one.
#[derive(Debug, Clone)]
pub(super) struct Window {
    /// Where its program is installed, which stays right after an upgrade.
    program: PathBuf,
    place: WindowPlace,
    /// Locked while opening, because two clicks that both find no window would start two.
    opening: Arc<Mutex<()>>,
    /// Counts failed starts.
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

    /// Brings the window to the front, or starts it and waits until it attaches. A click meanwhile brings it to the
    /// front with its own token; if the start fails, only the first click reports that.
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
            // A second window ends at once.
            ended = started.ended() => ended,
            () = sleep(START_TIMEOUT) => {
                started.give_up();
                Err(LaunchError::Late)
            }
        }
    }

    fn launch(&self, activation_token: Option<String>) -> Launch {
        let is_passed = |name: &str| PASSED.contains(&name);
        let passed = PASSED
            .into_iter()
            .filter_map(|name| Some((name, process::variable(name)?)));
        let token = activation_token.map(|token| ("XDG_ACTIVATION_TOKEN", OsString::from(token)));
        let is_service = process::variable(service::VARIABLE).is_some();
        // The unit's environment has them, and the unit is what a window starts again.
        let settings = process::own_variables().filter(|(name, _)| !is_service && !is_passed(name));
        Launch {
            program: self.program.clone(),
            arguments: vec!["--window"],
            variables: passed.chain(token).collect(),
            session: launch::session(|name| std::env::var_os(name)),
            settings: settings
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        }
    }
}
