//! The window as a separate program, on Linux. It attaches to the agent over the agent's socket, and starts the agent
//! if none is running. Nothing here depends on the core.

mod agent;
mod link;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use gloria_files::paths::Paths;
use gloria_ipc::protocol::{Raise, StartRequest, WINDOW_OPEN};
use gloria_ipc::{AppWindow, AskError, Ended, session};
use gloria_program::{Logs, activation_token, process};
use gloria_text::message;
use tauri::{App, AppHandle, async_runtime};
use tokio::sync::mpsc::Receiver;

use self::link::AgentLink;
use crate::agent_error::AgentError;
use crate::arguments::{Arguments, Start};
use crate::failure::{self, Failure};
use crate::{commands, display, session_bus, window};

/// How long the window may take to end after the agent. It usually takes a few milliseconds.
const END_TIMEOUT: Duration = Duration::from_millis(280);

/// Starts the agent if none is running, and shows the window if requested and no other process shows it.
pub(crate) fn run(arguments: &Arguments, paths: &Paths, log: Logs) -> Result<ExitCode, Failure> {
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "the window's program starts");
    let item = arguments.item().map_err(|_| Failure::Url)?;
    let runs = async_runtime::block_on(gloria_ipc::answers(&paths.data));
    // If the agent requested this window and is gone, the user has quit it, so it must not be started again.
    if !runs && !arguments.is_for_agent() {
        async_runtime::block_on(agent::start(paths)).map_err(Failure::Agent)?;
    }
    // A window that the agent has started is in the agent's session already.
    if runs && !arguments.is_for_agent() {
        let session = session::session(|name| std::env::var_os(name));
        let start = StartRequest {
            session,
            ..StartRequest::default()
        };
        // If it does not answer, attaching below fails as well, and that failure is reported.
        let _ = async_runtime::block_on(gloria_ipc::ask_to_start(&paths.data, &start));
    }
    let start = if runs && !arguments.after_failure() {
        arguments.second_start()
    } else {
        arguments.first_start()
    };
    if let Some(item) = item {
        // The agent starts the window, as after a click on a notification.
        let open = gloria_ipc::ask_to_open_item(&paths.data, &item, activation_token());
        async_runtime::block_on(open).map_err(|error| Failure::Agent(error.into()))?;
        return Ok(ExitCode::SUCCESS);
    }
    if start == Start::InTray {
        // After a failure without a request for the window: it would fail again.
        return Ok(if arguments.after_failure() {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        });
    }
    window::begin_again_at_fatal_errors(arguments.after_failure());
    // Before attaching, because the agent assumes that an attached window can be seen.
    let display = display::open_display();
    if arguments.is_for_agent()
        && let Err(message) = display
    {
        return Err(Failure::NoDisplay(message));
    }
    let token = activation_token();
    match async_runtime::block_on(agent::attach(paths)) {
        Ok((app, raises)) => {
            display.map_err(Failure::NoDisplay)?;
            show(paths.clone(), app, raises, token, log).map_err(Failure::Start)
        }
        // There is a window already.
        Err(AskError::Refused(refused)) if refused.code == WINDOW_OPEN => {
            async_runtime::block_on(gloria_ipc::ask_to_open(&paths.data, token))
                .map_err(|error| Failure::Agent(error.into()))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Err(Failure::Agent(error.into())),
    }
}

fn show(
    paths: Paths,
    agent: AppWindow,
    raises: Receiver<Raise>,
    token: Option<String>,
    log: Logs,
) -> anyhow::Result<ExitCode> {
    let app = tauri::Builder::default()
        .invoke_handler(commands::handler())
        .setup(move |app| {
            set_up(app, paths, agent, raises, token, log);
            Ok(())
        })
        .build(tauri::generate_context!())?;
    // The process outlives its closed window for a while, to open it again quickly.
    let code = app.run_return(|_app, event| window::on_run_event(&event));
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn set_up(
    app: &App,
    paths: Paths,
    agent: AppWindow,
    raises: Receiver<Raise>,
    token: Option<String>,
    log: Logs,
) {
    window::outlive_x_errors();
    session_bus::outlive();
    let app = app.handle().clone();
    let link = AgentLink::new(agent.clone(), log);
    window::prepare(&app, Arc::new(link.clone()));
    async_runtime::spawn(follow(app.clone(), paths, link, agent, raises));
    window::open_soon(&app, token);
}

/// Handles the agent's requests. If the agent is gone, attaches to the one that replaces it.
async fn follow(
    app: AppHandle,
    paths: Paths,
    link: AgentLink,
    mut agent: AppWindow,
    mut raises: Receiver<Raise>,
) {
    loop {
        while let Some(raise) = raises.recv().await {
            window::open_soon(&app, raise.activation_token.clone());
            agent.raised(&raise).await;
        }
        if agent.ended().await == Ended::Quit {
            // The display may hang, and with it the main thread, which handles the exit.
            gloria_program::end_process_within(END_TIMEOUT);
            return app.exit(0);
        }
        tracing::warn!("the agent is gone; it is started again");
        match agent::resume(&paths).await {
            Ok((next, next_raises)) => {
                (agent, raises) = (next, next_raises);
                link.set(agent.clone()).await;
            }
            Err(AgentError::Unasked(AskError::Unknown)) => return end_for_next(&app),
            // The agent replaced this one, which hung or was stopped for some time.
            Err(AgentError::Unasked(AskError::Refused(refused))) if refused.code == WINDOW_OPEN => {
                tracing::info!("another window has taken this one's place");
                return app.exit(0);
            }
            Err(error) => {
                tracing::error!(?error, "there is no agent");
                failure::show(&error.message());
                return app.exit(error.code().into());
            }
        }
    }
}

/// Gives way to the installed program: the agent was upgraded and speaks another protocol. If the program was not, its
/// next run says so to the user, as it does after a start by a person.
fn end_for_next(app: &AppHandle) {
    if !window::is_open(app) {
        return app.exit(0);
    }
    tracing::info!("the agent speaks another protocol; the window's program begins again");
    let error = process::replace_process(&["--open"]);
    tracing::error!(%error, "the window's program cannot begin again");
    failure::show(&message::app_other_version());
    app.exit(1);
}
