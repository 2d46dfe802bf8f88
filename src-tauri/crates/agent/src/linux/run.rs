//! The agent as a program.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::Context as _;
use gloria_core::message::Message;
use gloria_core::paths::Paths;
use gloria_core::ports::{Notifications, PanicReports};
use gloria_core::tray::TrayView;
use gloria_desktop::{Claimed, Identity, Instance, Logs, SessionNotifications, logs, process};
use gloria_words::{Words, Zone};
use tokio::runtime::Builder;
use tokio::sync::watch;

use super::launch::{self, Launch};
use super::tray;
use super::window::{Opening, WindowState};
use crate::{Agent, Ended, Shell, Start};

/// The window's program, which is installed beside this one.
const WINDOW: &str = "gloria-notify";

/// The size that notification services scale down from.
const ICON: &[u8] = include_bytes!("../../../../../icons/128x128.png");

/// `EX_SOFTWARE` of sysexits.h.
const INTERNAL_ERROR: u8 = 70;

/// How the agent starts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// With the window.
    pub open: bool,
}

/// Runs until somebody quits. A second agent has the first one open its window, and ends.
///
/// # Errors
/// The agent cannot start.
pub fn run(paths: Paths, log: Logs, options: Options) -> anyhow::Result<ExitCode> {
    let instance = match Instance::claim(&paths, options.open)? {
        Claimed::First(instance) => instance,
        Claimed::Second => return Ok(ExitCode::SUCCESS),
    };
    log.rotate();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "the agent starts");
    let words = Arc::new(Words::load(gloria_desktop::languages(), Zone::System));
    // One thread does all that is not blocking, and costs a megabyte less than two.
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .context("a runtime")?;
    let ended = runtime.block_on(async {
        let (shell, views) = LinuxShell::new()?;
        let shell = Arc::new(shell);
        let start = Start {
            paths,
            instance,
            log,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            after_failure: false,
        };
        let agent = Agent::start(start, shell.clone(), Arc::clone(&words))?;
        tokio::spawn(tray::run(views, words, agent.controls().clone()));
        if options.open {
            shell.open_window(None);
        }
        anyhow::Ok(agent.run().await)
    })?;
    // A keyring or sound device that hangs must not keep the agent from ending.
    runtime.shutdown_background();
    logs::flush(logs::FLUSH_TIMEOUT);
    Ok(match ended {
        Ended::Quit => ExitCode::SUCCESS,
        Ended::Broken => ExitCode::from(INTERNAL_ERROR),
    })
}

struct LinuxShell {
    views: watch::Sender<Option<TrayView>>,
    window: Arc<Mutex<WindowState>>,
    /// Where the window's program is, also after this one was replaced by a newer version.
    program: PathBuf,
    runtime: tokio::runtime::Handle,
}

impl fmt::Debug for LinuxShell {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("LinuxShell").finish_non_exhaustive()
    }
}

impl LinuxShell {
    fn new() -> io::Result<(Self, watch::Receiver<Option<TrayView>>)> {
        let (views, receiver) = watch::channel(None);
        let shell = Self {
            views,
            window: Arc::default(),
            program: launch::sibling(&std::env::current_exe()?, WINDOW),
            runtime: tokio::runtime::Handle::current(),
        };
        Ok((shell, receiver))
    }

    fn launch(&self, activation_token: Option<String>) -> Launch {
        let home = process::variable("GLORIA_HOME").map(|home| ("GLORIA_HOME", home));
        let token = activation_token.map(|token| ("XDG_ACTIVATION_TOKEN", OsString::from(token)));
        Launch {
            program: self.program.clone(),
            variables: home.into_iter().chain(token).collect(),
            session: launch::session(|name| std::env::var_os(name)),
        }
    }
}

impl Shell for LinuxShell {
    fn notifications(
        &self,
        paths: &Paths,
        words: &Arc<Words>,
        panics: &PanicReports,
    ) -> io::Result<Arc<dyn Notifications>> {
        let identity = Identity::find(process::variable, &paths.data.join("icon.png"), ICON);
        Ok(Arc::new(SessionNotifications::new(
            identity,
            Arc::clone(words),
            panics,
        )))
    }

    fn show_tray(&self, view: TrayView) {
        self.views.send_if_modified(|shown| {
            let is_new = shown.as_ref() != Some(&view);
            if is_new {
                *shown = Some(view);
            }
            is_new
        });
    }

    fn open_window(&self, activation_token: Option<String>) {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.open(activation_token.as_ref(), Instant::now()) == Opening::Done {
            return;
        }
        let (launch, window) = (self.launch(activation_token), Arc::clone(&self.window));
        self.runtime.spawn(async move {
            if let Err(error) = launch.start().await {
                tracing::error!(%error, "the window could not be opened");
                window
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .on_launch_failed();
            }
        });
    }

    fn show_message(&self, message: &Message) {
        tracing::error!(%message, "the user has to know this");
    }
}
