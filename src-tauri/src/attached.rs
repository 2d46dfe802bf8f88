//! The window as a program of its own, as Linux has it. What is always there is the agent, which this program starts
//! where it does not run, and reaches over its socket. Nothing here knows a core.

mod agent;
mod link;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use gloria_files::paths::Paths;
use gloria_ipc::protocol::{Raise, StartRequest, WINDOW_OPEN};
use gloria_ipc::{AppWindow, AskError, Ended, session};
use gloria_program::{Logs, activation_token};
use tauri::{App, AppHandle, RunEvent, async_runtime};
use tokio::sync::mpsc::Receiver;

use self::link::AgentLink;
use crate::arguments::{Arguments, Start};
use crate::failure::Failure;
use crate::{commands, display, session_bus, window};

/// How long the window's end may take after that of the agent. It usually takes a few milliseconds.
const END_TIMEOUT: Duration = Duration::from_millis(280);

/// Starts the agent where none runs, and shows the window if that is asked for and no other does.
pub(crate) fn run(arguments: &Arguments, paths: &Paths, log: Logs) -> Result<ExitCode, Failure> {
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "the window's program starts");
    let runs = async_runtime::block_on(agent::answers(paths));
    // The agent that wanted a window and is gone by now was quit, and is not to come back by that window.
    if !runs && !arguments.is_for_agent() {
        async_runtime::block_on(agent::start(paths)).map_err(Failure::Agent)?;
    }
    // The session of a window that the agent itself starts is the agent's.
    if runs && !arguments.is_for_agent() {
        let session = session::session(|name| std::env::var_os(name));
        let start = StartRequest {
            session,
            ..StartRequest::default()
        };
        // One that does not answer is asked for its window below, and that failure is said.
        let _ = async_runtime::block_on(gloria_ipc::ask_to_start(&paths.data, &start));
    }
    let start = if runs && !arguments.after_failure() {
        arguments.second_start()
    } else {
        arguments.first_start()
    };
    if start == Start::InTray {
        // It would end again by what it ended by before.
        return Ok(if arguments.after_failure() {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        });
    }
    window::begin_again_at_fatal_errors(arguments.after_failure());
    // First of all: the agent takes a window that attaches for one that can be seen.
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
    let code = app.run_return(|_app, event| {
        // A window that is closed stays for a while, in case that it is wanted again.
        if let RunEvent::ExitRequested { code: None, api, .. } = event {
            api.prevent_exit();
        }
    });
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

/// Does what the agent asks for, and begins anew with one that takes the place of another.
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
            // The screen may hang, and with it the thread that this is for.
            gloria_program::end_process_within(END_TIMEOUT);
            return app.exit(0);
        }
        tracing::warn!("the agent is gone; it is started again");
        match agent::resume(&paths).await {
            Ok((next, next_raises)) => {
                (agent, raises) = (next, next_raises);
                link.set(agent.clone()).await;
            }
            Err(error) => {
                tracing::error!(?error, "there is no agent");
                crate::failure::show(&error.message());
                return app.exit(error.code().into());
            }
        }
    }
}
