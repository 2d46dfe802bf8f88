//! The agent's life: a core with its ports, tray, log level and socket that follow its state, and an orderly end.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gloria_core::paths::Paths;
use gloria_core::ports::{PanicReports, SystemClock, WindowPort};
use gloria_core::protocol::{Snapshot, TokenState};
use gloria_core::{CoreHandle, Ports, Setup, Signal, connection, message, tray};
use gloria_desktop::socket::{AppRequest, WindowPlace};
use gloria_desktop::{Browser, Instance, Keyring, SoundPlayer, SystemSignals};
use gloria_program::{Logs, process};
use gloria_words::Words;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::timeout;

use crate::controls::End;
use crate::{Controls, Shell};

/// The core ends within a quarter of a second, whatever hangs. One that does not is broken, and the next start finds
/// everything as after a kill.
const STOP_TIMEOUT: Duration = Duration::from_millis(260);

/// How long the socket may take to end after the core.
const SOCKET_END_TIMEOUT: Duration = Duration::from_millis(10);

/// How long the end may take until the process is ended from within, the window system's part included: with what that
/// takes a third of a second, which is about as long as nobody notices.
const QUIT_TIMEOUT: Duration = Duration::from_millis(280);

/// What an agent starts with.
#[derive(Debug)]
pub struct Start {
    /// Where its files are.
    pub paths: Paths,
    /// Its claim to them.
    pub instance: Instance,
    /// Its log, whose level follows the settings.
    pub log: Logs,
    /// Of the program.
    pub version: String,
    /// Room for a window in a process of its own; `None` where the shell shows it in this one.
    pub windows: Option<WindowPlace>,
    /// The program began again by itself, and the window may be the reason.
    pub after_failure: bool,
}

/// Why an agent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Somebody asked for it.
    Quit,
    /// A new run of the program takes its place.
    Anew,
    /// The core broke, and so did what restarts it.
    Broken,
}

/// A core and everything that goes with it, until it ends.
#[derive(Debug)]
pub struct Agent {
    controls: Controls,
    core: JoinHandle<()>,
    serving: JoinHandle<()>,
    following: AbortHandle,
    shell: Arc<dyn Shell>,
}

impl Agent {
    /// Starts one. On a tokio runtime.
    ///
    /// # Errors
    /// The system gives no threads or memory, or the inbox cannot even be made in memory.
    pub fn start(start: Start, shell: Arc<dyn Shell>, words: Arc<Words>) -> anyhow::Result<Self> {
        let Start {
            paths,
            instance,
            log,
            version,
            windows,
            after_failure,
        } = start;
        let (of_core, said) = (Arc::clone(&shell), Arc::clone(&words));
        let machine = move |panics: &PanicReports| machine(&paths, &version, &of_core, &words, panics);
        let (handle, core) = gloria_core::supervise(machine)?;
        let controls = Controls::new(handle.clone(), Arc::clone(&shell));
        if !instance.locks_folder() {
            let unlocked = handle.clone();
            tokio::spawn(async move {
                // A core that has ended does not need to know.
                let _ = unlocked.signal(Signal::FolderLock { locked: false }).await;
            });
        }
        let asked = controls.clone();
        let serve = move |request| match request {
            AppRequest::Open { activation_token } => asked.open_window(activation_token),
            AppRequest::Quit => asked.quit(),
            AppRequest::Move { session, open } => asked.move_to(session, open),
            AppRequest::OtherVersion => asked.look_for_upgrade(),
        };
        let serving = gloria_desktop::serve_app(handle.clone(), instance, said, windows, serve);
        let following = follow(handle, Arc::clone(&shell), log, after_failure);
        Ok(Self {
            controls,
            core,
            serving: tokio::spawn(serving),
            following: tokio::spawn(following).abort_handle(),
            shell,
        })
    }

    /// The way to it while it runs.
    pub fn controls(&self) -> &Controls {
        &self.controls
    }

    /// Runs until somebody quits: hangs up, keeps what came, and answers within `QUIT_TIMEOUT`, whatever hangs.
    pub async fn run(mut self) -> Ended {
        let ended = tokio::select! {
            end = self.controls.ended() => match end {
                End::Quit => Ended::Quit,
                End::Anew => Ended::Anew,
            },
            () = signalled() => Ended::Quit,
            outcome = &mut self.core => match outcome {
                Ok(()) => Ended::Quit,
                Err(error) => {
                    tracing::error!(%error, "the core broke and cannot be started again");
                    Ended::Broken
                }
            },
        };
        self.following.abort();
        match ended {
            Ended::Quit => {
                gloria_program::end_process_within(QUIT_TIMEOUT);
                self.stop().await;
            }
            Ended::Anew => self.stop().await,
            // A program that looks alive and receives nothing would be worse than none.
            Ended::Broken => self.shell.show_message(&message::start_core_lost()),
        }
        ended
    }

    async fn stop(self) {
        tracing::info!("the app ends");
        // A core that has ended already needs no stop.
        if timeout(STOP_TIMEOUT, self.controls.core().stop()).await.is_err() {
            tracing::warn!("not everything could be finished; the next start goes on with it");
        }
        // It ends with the core. A file that stays is of no harm.
        let _ = timeout(SOCKET_END_TIMEOUT, self.serving).await;
    }
}

/// What a core is started with. Each start gets threads of its own, for those of the one before may be gone.
fn machine(
    paths: &Paths,
    version: &str,
    shell: &Arc<dyn Shell>,
    words: &Arc<Words>,
    panics: &PanicReports,
) -> io::Result<Setup> {
    Ok(Setup {
        paths: paths.clone(),
        environment: Arc::new(process::text_variable),
        version: version.to_owned(),
        seed: seed(),
        ports: Ports {
            notifications: shell.notifications(paths, words, panics)?,
            window: Arc::new(Window(Arc::clone(shell))),
            sounds: Arc::new(SoundPlayer::reporting(panics)?),
            secrets: Arc::new(Keyring::reporting(panics)?),
            opener: Arc::new(Browser),
            signals: Arc::new(SystemSignals::default().with_session()),
            clock: Arc::new(SystemClock),
            proxies: Some(gloria_desktop::system_proxies()),
        },
    })
}

/// The window, for the core.
#[derive(Debug)]
struct Window(Arc<dyn Shell>);

impl WindowPort for Window {
    fn open(&self, activation_token: Option<String>) {
        self.0.open_window(activation_token);
    }
}

/// Jitter needs numbers that differ between machines and starts, not secret ones.
fn seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id())
}

/// Keeps tray and log like the state, and opens the window when the user is needed to set the app up. After a failure
/// it does not: the window may be what failed, and would fail again without end.
async fn follow(core: CoreHandle, shell: Arc<dyn Shell>, log: Logs, after_failure: bool) {
    let mut asked = after_failure;
    while let Ok(attached) = core.attach().await {
        let mut state = attached.snapshot;
        let mut updates = attached.updates;
        loop {
            shell.show_tray(tray::view(&state, connection::epoch_millis(SystemTime::now())));
            let preferences = &state.preferences;
            log.set_level(preferences.effective_log_level(), preferences.log_level_fixed());
            if !asked && is_waiting_for_set_up(&state) {
                asked = true;
                shell.open_window(None);
            }
            match updates.recv().await {
                // A core that took over from a broken one leaves a revision out.
                Ok(revised) if revised.revision != state.revision + 1 => break,
                Ok(revised) => state.apply(revised),
                Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => return,
            }
        }
    }
}

fn is_waiting_for_set_up(state: &Snapshot) -> bool {
    state.account.needs_setup
        && (state.account.address.is_none() || state.account.token != TokenState::Unknown)
}

/// Ends when the system or a terminal asks the program to end.
#[cfg(unix)]
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    // A terminal that is closed says SIGHUP.
    let signals = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
        signal(SignalKind::hangup()),
    );
    let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hang_up)) = signals else {
        tracing::warn!("signals cannot be received; the app ends without hanging up");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hang_up.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signalled() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
