//! Runs a core with its ports and its socket, keeps tray and log level in step with its state, and ends in order.

use std::env::consts::EXE_SUFFIX;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gloria_core::paths::Paths;
use gloria_core::ports::{Pages, PanicReports, SystemClock, WindowPort};
use gloria_core::protocol::{Snapshot, TokenState};
use gloria_core::settings::{Layers, Settings};
use gloria_core::{CoreHandle, Ports, Setup, Signal, connection, message, tray};
use gloria_desktop::socket::{AppRequest, WindowPlace};
use gloria_desktop::{
    Browser, DoctorProgram, FolderLock, Instance, Keyring, LoginEntry, Processes, SoundPlayer, SystemSignals,
};
use gloria_program::{Logs, process};
use gloria_words::Words;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{Instant, sleep_until, timeout};

use crate::controls::End;
use crate::requested::{Requested, Watch};
use crate::rest::Rest;
use crate::{Controls, Shell};

/// The window's program, which starts the agent.
const WINDOW: &str = "gloria-notify";

/// The core ends within a quarter of a second, whatever hangs. If it does not, it is broken, and the next start
/// continues as after a kill.
const STOP_TIMEOUT: Duration = Duration::from_millis(260);

/// How long the socket may take to end after the core.
const SOCKET_END_TIMEOUT: Duration = Duration::from_millis(10);

/// How long the end may take, including the window system's part, until a thread ends the process. With that it takes
/// at most a third of a second, which users do not notice.
const QUIT_TIMEOUT: Duration = Duration::from_millis(280);

/// How long the end may be delayed by what the user did and the server does not have yet. That is rare, and one request
/// takes tenths of a second. What is not sent by then is sent after the next start.
const SEND_TIMEOUT: Duration = Duration::from_millis(1500);

/// How long a renewal of the sign-in that is under way may delay the end. It happens about once a day, and takes tenths
/// of a second.
const SAVE_TIMEOUT: Duration = Duration::from_secs(5);

/// What an agent starts with.
#[derive(Debug)]
pub struct Start {
    /// Where its files are.
    pub paths: Paths,
    /// The exclusive claim to them.
    pub instance: Instance,
    /// The log, whose level follows the settings.
    pub log: Logs,
    /// The program's version.
    pub version: String,
    /// Where a window in a separate process attaches; `None` if the shell shows it in this one.
    pub windows: Option<WindowPlace>,
    /// The program restarted itself after a failure that the window may have caused.
    pub after_failure: bool,
}

/// Why an agent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to.
    Quit,
    /// A new run of the program replaces it.
    Anew,
    /// The core failed and cannot be restarted.
    Broken,
}

/// A running core with its socket, tray and log.
#[derive(Debug)]
pub struct Agent {
    controls: Controls,
    core: JoinHandle<()>,
    serving: JoinHandle<()>,
    following: AbortHandle,
    shell: Arc<dyn Shell>,
    /// Where the next run finds what was asked for and not shown.
    requested: PathBuf,
}

impl Agent {
    /// Starts an agent. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// When the system provides no threads or memory, or the inbox cannot even be created in memory.
    pub fn start(start: Start, shell: Arc<dyn Shell>, words: Arc<Words>) -> anyhow::Result<Self> {
        let Start {
            paths,
            instance,
            log,
            version,
            windows,
            after_failure,
        } = start;
        let requested = paths.requested();
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
        let (taken, asked) = (Requested::take(&requested), controls.clone());
        tokio::spawn(async move {
            if taken.ask(asked.core()).await {
                asked.open_window(None);
            }
        });
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
            requested,
        })
    }

    /// Controls it while it runs.
    pub fn controls(&self) -> &Controls {
        &self.controls
    }

    /// Runs until it is asked to end. Then disconnects, stores what has arrived, and returns within `QUIT_TIMEOUT`,
    /// whatever hangs. A renewal of the sign-in that is under way is waited for first, and the user's actions are sent.
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
        if timeout(SAVE_TIMEOUT, self.controls.core().sign_in_saved())
            .await
            .is_err()
        {
            tracing::warn!("the sign-in may have ended, because its renewal took too long");
        }
        if timeout(SEND_TIMEOUT, self.controls.core().actions_send())
            .await
            .is_err()
        {
            tracing::info!("not all actions could be sent; they are after the next start");
        }
        match ended {
            Ended::Quit => {
                gloria_program::end_process_within(QUIT_TIMEOUT);
                self.stop().await;
            }
            Ended::Anew => {
                let watch = Watch::begin(self.controls.core()).await;
                let (shell, file) = (Arc::clone(&self.shell), self.requested.clone());
                self.stop().await;
                watch.end(shell.owes_window(), &file);
            }
            // The program ends, because one that appears to run but receives nothing is worse than none.
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
        // It ends with the core. A socket file that is left does no harm.
        let _ = timeout(SOCKET_END_TIMEOUT, self.serving).await;
    }
}

/// What a core is started with. Each start gets new threads, because those of the previous one may be gone.
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
            exclusive: Arc::new(FolderLock::new(paths)),
            commands: Arc::new(Processes::default()),
            opener: Arc::new(Browser),
            autostart: Arc::new(LoginEntry::find(|name| std::env::var_os(name), window_program())),
            doctor: Arc::new(doctor()),
            pages: pages(words),
            signals: Arc::new(SystemSignals::default().with_session()),
            clock: Arc::new(SystemClock),
            proxies: Some(gloria_desktop::system_proxies()),
        },
    })
}

/// Whether a start by the system at login goes on. Where a user cannot switch off the computer's entry itself, the app
/// ends instead; a policy is stronger than the user.
pub fn starts_at_login(paths: &Paths) -> bool {
    let resolved = Settings::resolve(&Layers::of(paths), process::text_variable);
    let entry = LoginEntry::find(|name| std::env::var_os(name), window_program());
    let fixed = resolved.settings.start_at_login;
    fixed.unwrap_or_else(|| !entry.is_declined())
}

/// What the user's own entry starts at login: the window's program, which is installed beside this one. By its name
/// alone if this program does not know where it is.
fn window_program() -> PathBuf {
    match std::env::current_exe() {
        Ok(program) => program.with_file_name(format!("{WINDOW}{EXE_SUFFIX}")),
        Err(_) => WINDOW.into(),
    }
}

/// `gloria doctor`, which looks at this app: with the variables that this program was started with.
fn doctor() -> DoctorProgram {
    let own = process::own_variables();
    DoctorProgram::new(
        gloria_desktop::command_line_program(std::env::current_exe()),
        own.map(|(name, value)| (name.into(), value.clone())),
        || gloria_desktop::downloads(|name| std::env::var_os(name)),
    )
}

/// The texts of the page that the browser shows after a sign-in.
fn pages(words: &Arc<Words>) -> Pages {
    let said = Arc::clone(words);
    Pages {
        language: words.language().to_string(),
        say: Arc::new(move |message| said.say(message)),
    }
}

/// Lets the core open the window.
#[derive(Debug)]
struct Window(Arc<dyn Shell>);

impl WindowPort for Window {
    fn open(&self, activation_token: Option<String>) {
        self.0.open_window(activation_token);
    }
}

/// The seed for jitter: it has to differ between machines and starts, but need not be secret.
fn seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id())
}

/// Applies the state to tray and log, and opens the window once if the app has to be set up. After a failure it does
/// not, because the window may have caused the failure and would cause it again at every restart.
async fn follow(core: CoreHandle, shell: Arc<dyn Shell>, log: Logs, after_failure: bool) {
    let mut asked = after_failure;
    let mut rest = Rest::new(Instant::now());
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
            let due = rest.due();
            let received = tokio::select! {
                received = updates.recv() => received,
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    rest.on_due();
                    shell.return_memory();
                    continue;
                }
            };
            match received {
                // A restarted core skips a revision.
                Ok(revised) if revised.revision != state.revision + 1 => break,
                Ok(revised) => {
                    rest.on_update(&revised.update, state.connection.state, Instant::now());
                    state.apply(revised);
                }
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

/// Returns when the system or a terminal asks the program to end.
#[cfg(unix)]
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    // A closed terminal sends SIGHUP.
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
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    };
    tokio::select! {
        () = interrupted => {}
        () = gloria_desktop::asked_to_end() => {}
    }
}
