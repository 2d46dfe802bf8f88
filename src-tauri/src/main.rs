//! The shell around the core: tray, window, notifications, and the commands of the UI.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod app;
mod arguments;
mod commands;
#[cfg(target_os = "linux")]
mod display;
mod ending;
mod failure;
mod forwarding;
mod notifications;
#[cfg(target_os = "linux")]
mod session_bus;
mod tray;
mod window;

use std::process::ExitCode;

use gloria_core::paths::Paths;
use gloria_desktop::{Claimed, Instance};
use gloria_program::paths::NoHome;
use gloria_program::{Logs, logs, process};
use gloria_words::command_line;

use crate::arguments::{Arguments, HELP, Start};
use crate::failure::Failure;

fn main() -> ExitCode {
    process::begin();
    process::use_parent_console();
    let paths = gloria_program::paths(process::variable);
    let folder = paths.as_ref().ok().map(|paths| &*paths.logs);
    let log = Logs::start(folder, process::text_variable("GLORIA_LOG").as_deref());
    logs::log_panics(failure::show_panic);
    let code = match failure::message_to_show(std::env::args_os()) {
        Some(message) => failure::show_here(&message),
        None => match command_line::parse(HELP, &gloria_program::words(), std::env::args_os()) {
            Ok(arguments) => {
                start(&arguments, paths, log).unwrap_or_else(|failure| failure::report(&failure))
            }
            Err(reply) => reply.print(),
        },
    };
    logs::flush(logs::FLUSH_TIMEOUT);
    code
}

fn start(arguments: &Arguments, paths: Result<Paths, NoHome>, log: Logs) -> Result<ExitCode, Failure> {
    let paths = paths.map_err(Failure::NoFolder)?;
    let show_window = arguments.second_start() == Start::WithWindow;
    let token = gloria_program::activation_token();
    let claimed = Instance::claim(&paths, show_window, token.as_deref());
    let instance = match claimed.map_err(Failure::Unresponsive)? {
        Claimed::First(instance) => instance,
        Claimed::Second => return Ok(ExitCode::SUCCESS),
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
        display::open_display().map_err(Failure::NoDisplay)?;
    }
    app::run(
        paths,
        instance,
        log,
        arguments.first_start(),
        arguments.after_failure(),
    )
    .map_err(Failure::Start)
}
