//! Starts the core and the shell together, and ends them together.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use gloria_core::message;
use gloria_core::paths::Paths;
use gloria_core::ports::{PanicReports, SystemClock};
use gloria_core::protocol::{Snapshot, TokenState};
use gloria_core::{CoreHandle, Ports, Setup, Signal};
use gloria_desktop::socket::AppRequest;
use gloria_desktop::{Browser, Instance, Keyring, SoundPlayer, SystemSignals};
use gloria_program::{Logs, process};
use gloria_words::Words;
use tauri::async_runtime;
use tauri::{App, AppHandle, Manager as _, RunEvent};
use tokio::sync::broadcast::error::RecvError;

use crate::arguments::Start;
use crate::ending::{SocketTask, quit};
use crate::forwarding::CoreLink;
use crate::notifications::{self, Window};
#[cfg(target_os = "linux")]
use crate::session_bus;
use crate::tray::Tray;
use crate::{commands, failure, window};

/// `EX_SOFTWARE` of sysexits.h.
const INTERNAL_ERROR: i32 = 70;

/// Runs until the user quits.
pub(crate) fn run(
    paths: Paths,
    instance: Instance,
    log: Logs,
    start: Start,
    after_failure: bool,
) -> anyhow::Result<ExitCode> {
    let builder = notifications::with_plugin(tauri::Builder::default());
    #[cfg(target_os = "macos")]
    let builder = builder.on_web_content_process_terminate(|webview| {
        window::on_web_process_ended(webview.app_handle(), None);
    });
    let app = builder
        .invoke_handler(commands::handler())
        .setup(move |app| set_up(app, paths, instance, log, start, after_failure).map_err(Into::into))
        .build(tauri::generate_context!())?;
    let code = app.run_return(|_app, event| {
        // Without a window the app lives on in the tray; only an exit that somebody asked for has a code.
        if let RunEvent::ExitRequested { code: None, api, .. } = event {
            api.prevent_exit();
        }
    });
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn set_up(
    app: &mut App,
    paths: Paths,
    instance: Instance,
    log: Logs,
    start: Start,
    after_failure: bool,
) -> anyhow::Result<()> {
    #[cfg(target_os = "linux")]
    {
        window::outlive_x_errors();
        session_bus::outlive();
    }
    let app = app.handle().clone();
    let of = app.clone();
    let words = Arc::new(gloria_program::words());
    let (of_core, said) = (words.clone(), words.clone());
    let machine = move |panics: &PanicReports| machine(&of, &paths, &of_core, panics);
    let (core, task) = async_runtime::block_on(async { gloria_core::supervise(machine) })?;
    let link: CoreLink = Arc::new(core.clone());
    app.manage(Arc::clone(&link));
    window::prepare(&app, link);
    let tray = Tray::new(app.clone(), core.clone(), words);
    if !instance.locks_folder() {
        let unlocked = core.clone();
        async_runtime::spawn(async move {
            // The core may have ended; then there is nobody to report to.
            let _ = unlocked.signal(Signal::FolderLock { locked: false }).await;
        });
    }
    let (asked, of_core) = (app.clone(), core.clone());
    let serving = gloria_desktop::serve_app(core.clone(), instance, said, None, move |wish| match wish {
        AppRequest::Open { activation_token } => window::open_soon(&asked, activation_token),
        AppRequest::Quit => quit(&asked, of_core.clone()),
    });
    app.manage(SocketTask::new(async_runtime::spawn(serving)));
    async_runtime::spawn(follow(app.clone(), core.clone(), tray, log, after_failure));
    async_runtime::spawn(end_without_core(app.clone(), task));
    async_runtime::spawn(quit_on_signal(app.clone(), core));
    if start == Start::WithWindow {
        window::open_soon(&app, None);
    }
    Ok(())
}

/// What a core is started with. Each start gets threads of its own, for those of the one before may be gone.
fn machine(app: &AppHandle, paths: &Paths, words: &Arc<Words>, panics: &PanicReports) -> io::Result<Setup> {
    Ok(Setup {
        paths: paths.clone(),
        environment: Arc::new(process::text_variable),
        version: app.package_info().version.to_string(),
        seed: seed(),
        ports: Ports {
            notifications: notifications::notifications(app, paths, words, panics)?,
            window: Arc::new(Window(app.clone())),
            sounds: Arc::new(SoundPlayer::reporting(panics)?),
            secrets: Arc::new(Keyring::reporting(panics)?),
            opener: Arc::new(Browser),
            signals: Arc::new(SystemSignals::default().with_session()),
            clock: Arc::new(SystemClock),
            proxies: Some(gloria_desktop::system_proxies()),
        },
    })
}

/// Jitter needs numbers that differ between machines and starts, not secret ones.
fn seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id())
}

/// Keeps tray and log like the state, and opens the window when the user is needed to set the app up. After a failure
/// it does not: the window may be what failed, and would fail again without end.
async fn follow(app: AppHandle, core: CoreHandle, tray: Tray, log: Logs, after_failure: bool) {
    let mut asked = after_failure;
    while let Ok(attached) = core.attach().await {
        let mut state = attached.snapshot;
        let mut updates = attached.updates;
        loop {
            tray.show(&state);
            let preferences = &state.preferences;
            log.set_level(preferences.effective_log_level(), preferences.log_level_fixed());
            if !asked && is_waiting_for_set_up(&state) {
                asked = true;
                window::open_soon(&app, None);
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

/// The core restarts by itself whatever breaks it. If even what restarts it fails, an app that looks alive and hears
/// nothing would be worse than none.
async fn end_without_core(app: AppHandle, task: tokio::task::JoinHandle<()>) {
    if let Err(error) = task.await {
        tracing::error!(%error, "the core broke and cannot be started again");
        failure::show(&message::start_core_lost());
        app.exit(INTERNAL_ERROR);
    }
}

#[cfg(unix)]
async fn quit_on_signal(app: AppHandle, core: CoreHandle) {
    use tokio::signal::unix::{SignalKind, signal};
    // A terminal that is closed says SIGHUP.
    let signals = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
        signal(SignalKind::hangup()),
    );
    let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hang_up)) = signals else {
        return tracing::warn!("signals cannot be heard; the app ends without hanging up");
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hang_up.recv() => {}
    }
    quit(&app, core);
}

#[cfg(not(unix))]
async fn quit_on_signal(app: AppHandle, core: CoreHandle) {
    if tokio::signal::ctrl_c().await.is_ok() {
        quit(&app, core);
    }
}
