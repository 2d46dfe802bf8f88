//! Agent and window in one process, as on Windows and macOS. On Linux the feature `in-process` builds the same, so that
//! the tests can run it.

mod notifications;
mod tray;

use std::fmt;
use std::io;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

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
use tauri::{App, AppHandle, async_runtime};

use crate::arguments::{Arguments, Start as Opening};
use crate::failure::{self, Failure};
use crate::{commands, window};

/// `EX_SOFTWARE` of sysexits.h.
const INTERNAL_ERROR: i32 = 70;

/// Runs the app for these folders until the user quits. If it is running already, requests its window instead.
pub(crate) fn run(arguments: &Arguments, paths: Paths, log: Logs) -> Result<ExitCode, Failure> {
    let show_window = arguments.second_start() == Opening::WithWindow;
    let token = gloria_program::activation_token();
    let second_start = StartRequest {
        open: show_window,
        activation_token: token.clone(),
        session: Session::new(),
    };
    let claimed = Instance::claim(&paths, &second_start).map_err(Failure::Unresponsive)?;
    let Claimed::First(instance) = claimed else {
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
    run_app(start, arguments.first_start()).map_err(Failure::Start)
}

fn run_app(start: Start, opening: Opening) -> anyhow::Result<ExitCode> {
    let builder = tauri::Builder::default().plugin(tauri_plugin_notification::init());
    #[cfg(target_os = "macos")]
    let builder = builder.on_web_content_process_terminate(|webview| {
        window::on_web_process_ended(webview.app_handle(), None);
    });
    let app = builder
        .invoke_handler(commands::handler())
        .setup(move |app| set_up(app, start, opening).map_err(Into::into))
        .build(tauri::generate_context!())?;
    let code = app.run_return(|_app, event| window::on_run_event(&event));
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn set_up(app: &mut App, start: Start, opening: Opening) -> anyhow::Result<()> {
    #[cfg(target_os = "linux")]
    {
        window::outlive_x_errors();
        crate::session_bus::outlive();
    }
    let app = app.handle().clone();
    let words = Arc::new(gloria_program::words());
    let controls = Arc::new(OnceLock::new());
    let shell = Arc::new(TauriShell {
        tray: tray::Tray::new(app.clone(), Arc::clone(&controls), Arc::clone(&words)),
        app: app.clone(),
    });
    let agent = async_runtime::block_on(async { Agent::start(start, shell, words) })?;
    window::prepare(&app, Arc::new(InProcess(agent.controls().core().clone())));
    // It is empty: it is set nowhere else.
    let _ = controls.set(agent.controls().clone());
    let ending = app.clone();
    async_runtime::spawn(async move {
        match agent.run().await {
            Ended::Quit | Ended::Anew => ending.exit(0),
            Ended::Broken => ending.exit(INTERNAL_ERROR),
        }
    });
    if opening == Opening::WithWindow {
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
