//! The window's program, seen from the agent: it is there, or it is started.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gloria_desktop::socket::WindowPlace;
use gloria_program::process;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::launch::{self, Launch, LaunchError};

/// How long a window may take from its start until it is attached. On a slow disk it reads a hundred megabytes.
const START_TIMEOUT: Duration = Duration::from_secs(15);

/// The one window. Clones are of the same.
#[derive(Debug, Clone)]
pub(super) struct Window {
    /// Where the program is, also after this one was replaced by a newer version.
    program: PathBuf,
    place: WindowPlace,
    /// Locked while it is opened: two clicks that both find no window would start two.
    opening: Arc<Mutex<()>>,
}

impl Window {
    pub(super) fn new(program: PathBuf, place: WindowPlace) -> Self {
        Self {
            program,
            place,
            opening: Arc::default(),
        }
    }

    /// Brings the window to the front, or starts it and waits until it is there. A click that comes meanwhile brings it
    /// to the front by its own token.
    pub(super) async fn open(&self, activation_token: Option<String>) -> Result<(), LaunchError> {
        let _turn = self.opening.lock().await;
        if self.place.raise(activation_token.clone()).await {
            return Ok(());
        }
        self.launch(activation_token).start().await?;
        if timeout(START_TIMEOUT, self.place.occupied()).await.is_err() {
            tracing::warn!("the window was started and is not there yet");
        }
        Ok(())
    }

    fn launch(&self, activation_token: Option<String>) -> Launch {
        let home = process::variable("GLORIA_HOME").map(|home| ("GLORIA_HOME", home));
        let token = activation_token.map(|token| ("XDG_ACTIVATION_TOKEN", OsString::from(token)));
        Launch {
            program: self.program.clone(),
            arguments: vec!["--window"],
            variables: home.into_iter().chain(token).collect(),
            session: launch::session(|name| std::env::var_os(name)),
        }
    }
}
