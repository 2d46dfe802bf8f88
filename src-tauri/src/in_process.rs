//! Agent and window in one process, as on Windows and macOS. On Linux the feature `in-process` builds the same, so that
//! the tests can run it.

mod notifications;
mod tray;

use std::fmt;
use std::io;
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use gloria_agent::{Agent, Controls, Ended, InProcess, Shell, Start};
use gloria_core::message::Message;
use gloria_core::paths::Paths;
use gloria_core::ports::{Notifications, PanicReports};
use gloria_core::tray::TrayView;
use gloria_desktop::{Claimed, Instance};
use gloria_ipc::protocol::StartRequest;
use gloria_ipc::session::Session;
use gloria_program::Logs;
use gloria_words::Words;
#[cfg(target_os = "macos")]
use tauri::Manager as _;
use tauri::{App, AppHandle, RunEvent, async_runtime};

use crate::arguments::{Arguments, Start as Opening};
use crate::failure::{self, Failure};
use crate::{commands, window};

/// `EX_SOFTWARE` of sysexits.h.
const INTERNAL_ERROR: i32 = 70;

/// How long the app may take to store what it has when its event loop is ended by others: Windows and the Restart
/// Manager end a session's programs after five seconds, and users wait for it.
const SESSION_END_TIMEOUT: Duration = Duration::from_secs(2);

/// Runs the app for these folders until the user quits. If it is running already, requests its window instead.
pub(crate) fn run(arguments: &Arguments, paths: Paths, log: Logs) -> Result<ExitCode, Failure> {
    let item = arguments.item().map_err(|_| Failure::Url)?;
    if arguments.login && !gloria_agent::starts_at_login(&paths) {
        tracing::info!("the start at login is switched off");
        return Ok(ExitCode::SUCCESS);
    }
    let show_window = arguments.second_start() == Opening::WithWindow;
    let token = gloria_program::activation_token();
    let second_start = StartRequest {
        open: show_window,
        activation_token: token.clone(),
        session: Session::new(),
    };
    let claimed = Instance::claim(&paths, &second_start).map_err(Failure::Unresponsive)?;
    let Claimed::First(instance) = claimed else {
        if let Some(item) = item {
            let open = gloria_ipc::ask_to_open_item(&paths.data, &item, None);
            async_runtime::block_on(open).map_err(|error| Failure::Start(error.into()))?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    log.rotate();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        system = std::env::consts::OS,
        "the app starts"
    );
    #[cfg(target_os = "linux")]
    {
        window::begin_again_at_fatal_errors(arguments.after_failure());
        crate::display::open_display().map_err(Failure::NoDisplay)?;
    }
    let start = Start {
        paths,
        instance,
        log,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        windows: None,
        after_failure: arguments.after_failure(),
    };
    run_app(start, arguments.first_start(), item).map_err(Failure::Start)
}

fn run_app(start: Start, opening: Opening, item: Option<String>) -> anyhow::Result<ExitCode> {
    let builder = tauri::Builder::default().plugin(tauri_plugin_notification::init());
    #[cfg(target_os = "macos")]
    let builder = builder.on_web_content_process_terminate(|webview| {
        window::on_web_process_ended(webview.app_handle(), None);
    });
    let controls = SharedControls::default();
    let (ending, ended) = mpsc::channel();
    let of_agent = Arc::clone(&controls);
    let app = builder
        .invoke_handler(commands::handler())
        .setup(move |app| set_up(app, start, opening, item, of_agent, ending).map_err(Into::into))
        .build(tauri::generate_context!())?;
    let code = app.run_return(move |_app, event| {
        window::on_run_event(&event);
        match event {
            RunEvent::Exit => end_agent(&controls, &ended),
            #[cfg(target_os = "macos")]
            RunEvent::Opened { urls } => on_opened(&controls, &urls),
            _ => {}
        }
    });
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Ends the agent in order, also if the event loop does not end by its request: at the end of the session, Windows and
/// macOS end the loop, and the process after it.
fn end_agent(controls: &SharedControls, ended: &Receiver<Never>) {
    let Some(controls) = controls.get() else {
        return;
    };
    controls.quit();
    match ended.recv_timeout(SESSION_END_TIMEOUT) {
        Err(RecvTimeoutError::Disconnected) => {}
        Err(RecvTimeoutError::Timeout) => tracing::warn!("the session ends before everything is stored"),
        Ok(never) => match never {},
    }
}

/// Nothing is sent: a channel of these shows by its end that the other side has ended.
enum Never {}

/// macOS passes the addresses that it is asked to open to the running app.
#[cfg(target_os = "macos")]
fn on_opened(controls: &SharedControls, urls: &[tauri::Url]) {
    let Some(controls) = controls.get().cloned() else {
        return;
    };
    for url in urls {
        match gloria_ipc::AppUrl::parse(url.as_str()) {
            Ok(url) => drop(async_runtime::spawn(open_item(controls.clone(), url.item))),
            Err(_) => tracing::warn!("an address that is none of the app's was not opened"),
        }
    }
}

/// Opens the window, with an item if it is there.
async fn open_item(controls: Controls, item: Option<String>) {
    if let Some(key) = item
        && let Ok(Some(_)) = controls.core().inbox_item(key.clone()).await
    {
        // A core that has ended shows nothing.
        let _ = controls.core().item_show(Some(key)).await;
    }
    controls.open_window(None);
}

fn set_up(
    app: &mut App,
    start: Start,
    opening: Opening,
    item: Option<String>,
    controls: SharedControls,
    ended: mpsc::Sender<Never>,
) -> anyhow::Result<()> {
    #[cfg(target_os = "linux")]
    {
        window::outlive_x_errors();
        crate::session_bus::outlive();
    }
    let app = app.handle().clone();
    let words = Arc::new(gloria_program::words());
    let shell = Arc::new(TauriShell {
        tray: tray::Tray::new(app.clone(), Arc::clone(&controls), Arc::clone(&words)),
        app: app.clone(),
    });
    let agent = async_runtime::block_on(async { Agent::start(start, shell, words) })?;
    window::prepare(&app, Arc::new(InProcess(agent.controls().core().clone())));
    let opened = agent.controls().clone();
    // It is empty: it is set nowhere else.
    let _ = controls.set(agent.controls().clone());
    let ending = app.clone();
    async_runtime::spawn(async move {
        let outcome = agent.run().await;
        drop(ended);
        match outcome {
            Ended::Quit | Ended::Anew => ending.exit(0),
            Ended::Broken => ending.exit(INTERNAL_ERROR),
        }
    });
    if item.is_some() {
        async_runtime::spawn(open_item(opened, item));
    } else if opening == Opening::WithWindow {
        window::open_soon(&app, None);
    }
    Ok(())
}

/// The agent's shell, implemented with Tauri.
struct TauriShell {
    app: AppHandle,
    tray: tray::Tray,
}

impl fmt::Debug for TauriShell {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("TauriShell").finish_non_exhaustive()
    }
}

impl Shell for TauriShell {
    fn notifications(
        &self,
        _: &Paths,
        words: &Arc<Words>,
        panics: &PanicReports,
    ) -> io::Result<Arc<dyn Notifications>> {
        Ok(Arc::new(notifications::PluginNotifications::new(
            &self.app,
            Arc::clone(words),
            panics,
        )?))
    }

    fn show_tray(&self, view: TrayView) {
        self.tray.show(view);
    }

    fn open_window(&self, activation_token: Option<String>) {
        window::open_soon(&self.app, activation_token);
    }

    fn show_message(&self, message: &Message) {
        failure::show(message);
    }
}

/// The agent's controls, once it has started.
type SharedControls = Arc<OnceLock<Controls>>;
