//! The window, and on Windows and macOS the whole app.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

#[cfg(not(in_process))]
mod agent_error;
mod arguments;
#[cfg(not(in_process))]
mod attached;
mod commands;
#[cfg(target_os = "linux")]
mod display;
mod failure;
mod forwarding;
#[cfg(in_process)]
mod in_process;
#[cfg(target_os = "linux")]
mod session_bus;
mod window;

use std::process::ExitCode;

use gloria_files::paths::Paths;
use gloria_program::paths::NoHome;
use gloria_program::{Logs, logs, process};
use gloria_words::command_line;

use crate::arguments::{Arguments, HELP};
use crate::failure::Failure;

fn main() -> ExitCode {
    process::begin();
    process::use_parent_console();
    process::use_app_id();
    let paths = gloria_program::paths(process::variable);
    let folder = paths.as_ref().ok().map(|paths| &*paths.logs);
    let log = Logs::start(folder, process::text_variable("GLORIA_LOG").as_deref());
    logs::log_panics(failure::show_panic);
    let code = match failure::message_to_show(std::env::args_os()) {
        Some(message) => failure::show_here(&message),
        None => match command_line::parse(HELP, &gloria_program::words(), std::env::args_os()) {
            Ok(arguments) => start(&arguments, paths, log)
                .unwrap_or_else(|failure| failure::report(&failure, arguments.is_for_agent())),
            Err(reply) => reply.print(),
        },
    };
    logs::flush(logs::FLUSH_TIMEOUT);
    code
}

fn start(arguments: &Arguments, paths: Result<Paths, NoHome>, log: Logs) -> Result<ExitCode, Failure> {
    let paths = paths.map_err(Failure::NoFolder)?;
    #[cfg(in_process)]
    return in_process::run(arguments, paths, log);
    #[cfg(not(in_process))]
    attached::run(arguments, &paths, log)
}
