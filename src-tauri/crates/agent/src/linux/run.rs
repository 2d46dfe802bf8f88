//! The agent's program: claims the folder, starts the agent with its Linux shell, and returns the exit code.

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context as _;
use gloria_core::message::Message;
use gloria_core::paths::Paths;
use gloria_core::ports::{Notifications, PanicReports};
use gloria_core::tray::TrayView;
use gloria_desktop::socket::WindowPlace;
use gloria_desktop::{Claimed, Instance, KeptConnection, SessionNotifications};
use gloria_ipc::protocol::StartRequest;
use gloria_ipc::session::{self, Session};
use gloria_program::{Logs, logs, process};
use gloria_words::Words;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;
use tokio::time::timeout;

use super::anew::Anew;
use super::messages::{self, Messages};
use super::window::Window;
use super::{service, tray};
use crate::{Agent, Controls, Ended, Shell, Start};

/// The window's program, which is installed beside this one.
const WINDOW: &str = "gloria-notify";

/// `EX_SOFTWARE` of sysexits.h.
const INTERNAL_ERROR: u8 = 70;

/// How long the core's notifications may take to leave their connection after the core has ended. It takes no time, but
/// those that hang do not leave one.
const KEEP_TIMEOUT: Duration = Duration::from_millis(100);

/// How the agent starts.
#[derive(Debug, Default)]
pub struct Options {
    /// Open the window as well.
    pub open: bool,
    /// The lock of the folder, kept by the run of the program in this process before this one.
    pub lock: Option<OwnedFd>,
    /// Likewise, its connection for notifications to the session bus.
    pub bus: Option<OwnedFd>,
    /// Have the user's systemd run the agent if it has a unit for it. This program then ends once that agent answers.
    pub by_systemd: bool,
}

/// Runs until the agent is asked to end. If another agent runs for the same folder, requests its window instead.
///
/// # Errors
/// When the agent cannot start.
pub fn run(paths: Paths, log: Logs, words: Arc<Words>, options: Options) -> anyhow::Result<ExitCode> {
    let session = session::session(|name| std::env::var_os(name));
    let second_start = StartRequest {
        open: options.open,
        activation_token: None,
        session: session.clone(),
    };
    // One thread suffices for everything that does not block, and uses a megabyte less than two.
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .context("a runtime")?;
    let inherited = options.lock.and_then(|lock| Instance::inherited(&paths, lock));
    let instance = match inherited {
        Some(instance) => instance,
        None => match claim(&paths, &second_start, options.by_systemd, &runtime)? {
            Claimed::First(instance) => instance,
            Claimed::Second => return Ok(ExitCode::SUCCESS),
        },
    };
    log.rotate();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "the agent starts");
    let program = process::installed_program()?;
    let place = WindowPlace::in_session(session);
    let anew = Anew::new(program.clone(), place.clone(), instance.keep()?);
    let next = anew.clone();
    let kept = KeptConnection::new(options.bus);
    let window = program.with_file_name(WINDOW);
    let ended = runtime.block_on(async {
        let (views, shown) = watch::channel(None);
        let shell = Arc::new(LinuxShell {
            views,
            messages: Arc::new(Messages::new(
                window.clone(),
                paths.data.clone(),
                Arc::clone(&words),
            )),
            window: Window::new(window, place.clone()),
            anew,
            kept: kept.clone(),
            controls: Arc::default(),
            openings: Arc::default(),
            runtime: Handle::current(),
        });
        let start = Start {
            paths,
            instance,
            log,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            windows: Some(place),
            after_failure: false,
        };
        let agent = Agent::start(start, shell.clone(), Arc::clone(&words))?;
        // It is empty: it is set nowhere else.
        let _ = shell.controls.set(agent.controls().clone());
        tokio::spawn(tray::run(shown, words, agent.controls().clone()));
        tokio::spawn(shell.anew.clone().follow(Arc::clone(&shell.controls)));
        if options.open {
            shell.open_window(None);
        }
        let ended = agent.run().await;
        if ended == Ended::Anew {
            // Without it the notifications on screen are lost to the next run.
            let _ = timeout(KEEP_TIMEOUT, kept.left()).await;
        }
        anyhow::Ok(ended)
    })?;
    // Not waited for, because a keyring or sound device that hangs would block the end.
    runtime.shutdown_background();
    logs::flush(logs::FLUSH_TIMEOUT);
    Ok(match ended {
        Ended::Quit => ExitCode::SUCCESS,
        Ended::Anew => {
            let error = next.exec(kept.take());
            tracing::error!(%error, "the agent cannot begin anew");
            ExitCode::from(INTERNAL_ERROR)
        }
        Ended::Broken => ExitCode::from(INTERNAL_ERROR),
    })
}

/// Makes this process the agent, unless there is another or systemd runs one.
fn claim(
    paths: &Paths,
    second_start: &StartRequest,
    by_systemd: bool,
    runtime: &Runtime,
) -> anyhow::Result<Claimed> {
    let claimed = Instance::claim(paths, second_start)?;
    // The lock is tried first, because an agent that systemd runs could not tell this program's caller why it fails.
    if by_systemd && matches!(claimed, Claimed::First(_)) {
        drop(claimed);
        let caller = service::Caller::new(process::own_variables(), |name| std::env::var_os(name));
        if runtime.block_on(service::start(&paths.data, &caller, None)) {
            return Ok(Claimed::Second);
        }
        return Ok(Instance::claim(paths, second_start)?);
    }
    Ok(claimed)
}

struct LinuxShell {
    views: watch::Sender<Option<TrayView>>,
    window: Window,
    messages: Arc<Messages>,
    anew: Anew,
    /// Of the core's notifications.
    kept: KeptConnection,
    /// Set once the agent has started.
    controls: Arc<OnceLock<Controls>>,
    /// How many requests for the window are not answered yet.
    openings: Arc<AtomicUsize>,
    runtime: Handle,
}

impl fmt::Debug for LinuxShell {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("LinuxShell").finish_non_exhaustive()
    }
}

impl Shell for LinuxShell {
    fn notifications(
        &self,
        paths: &Paths,
        words: &Arc<Words>,
        panics: &PanicReports,
    ) -> io::Result<Arc<dyn Notifications>> {
        let identity = messages::identity(&paths.data);
        Ok(Arc::new(SessionNotifications::keeping(
            identity,
            Arc::clone(words),
            panics,
            self.kept.clone(),
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
        let (window, messages) = (self.window.clone(), Arc::clone(&self.messages));
        let (controls, openings) = (Arc::clone(&self.controls), Arc::clone(&self.openings));
        openings.fetch_add(1, Ordering::Relaxed);
        self.runtime.spawn(async move {
            let opened = window.open(activation_token).await;
            openings.fetch_sub(1, Ordering::Relaxed);
            let Err(error) = opened else {
                return;
            };
            tracing::error!(%error, "the window could not be opened");
            let problem = error.message();
            if let Some(controls) = controls.get() {
                controls.on_window_failed(problem.clone());
            }
            messages.show(&problem).await;
        });
    }

    fn owes_window(&self) -> bool {
        self.openings.load(Ordering::Relaxed) > 0
    }

    fn move_to(&self, session: Session, open: bool) {
        let controls = Arc::clone(&self.controls);
        self.runtime
            .spawn(self.anew.clone().move_to(session, open, controls));
    }

    fn look_for_upgrade(&self) {
        self.anew.on_other_version();
    }

    fn return_memory(&self) {
        self.runtime.spawn_blocking(gloria_program::return_memory);
    }

    fn show_message(&self, message: &Message) {
        tracing::error!(%message, "the user has to know this");
        self.messages.show_last(message);
    }
}
