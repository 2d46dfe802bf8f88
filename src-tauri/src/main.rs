//! The shell around the core: tray, window, notifications, and the commands of the UI.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod app;
mod arguments;
mod commands;
mod notifications;
#[cfg(target_os = "linux")]
mod session_bus;
mod tray;
mod window;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use gloria_desktop::{Claimed, Instance, process};
use tracing_subscriber::EnvFilter;

use crate::arguments::{Arguments, Start};

/// There is no display, or it cannot be opened. A command line that is wrong ends with 2, by clap.
#[cfg(target_os = "linux")]
const NO_DISPLAY: u8 = 3;
/// It cannot be told where files belong.
const NO_FOLDER: u8 = 4;
/// Another app has the folder and does not answer.
const UNRESPONSIVE: u8 = 5;

fn main() -> ExitCode {
    process::begin();
    let arguments = Arguments::parse();
    let filter = process::text_variable("GLORIA_LOG").and_then(|filter| EnvFilter::try_new(filter).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new("info,zbus=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    log_panics_without_their_message();
    let paths = match gloria_desktop::paths(process::variable) {
        Ok(paths) => paths,
        Err(error) => return failure(NO_FOLDER, &error.to_string()),
    };
    let show_window = arguments.second_start() == Start::WithWindow;
    let instance = match Instance::claim(&paths, show_window) {
        Ok(Claimed::First(instance)) => instance,
        Ok(Claimed::Second) => return ExitCode::SUCCESS,
        Err(error) => return failure(UNRESPONSIVE, &error.to_string()),
    };
    #[cfg(target_os = "linux")]
    window::begin_again_at_fatal_errors(arguments.after_failure());
    #[cfg(target_os = "linux")]
    if let Err(problem) = window::open_display() {
        return failure(NO_DISPLAY, &problem);
    }
    match app::run(
        paths,
        instance,
        arguments.first_start(),
        arguments.after_failure(),
    ) {
        Ok(code) => code,
        Err(error) => failure(1, &format!("Gloria Notify could not start: {error:#}")),
    }
}

/// One sentence for whoever started it.
fn failure(code: u8, words: &str) -> ExitCode {
    // Without anybody to read it there is the code.
    let _ = writeln!(std::io::stderr(), "gloria-notify: {words}");
    ExitCode::from(code)
}

/// A panic's message may quote a text of a notification, such as the one that was cut at a wrong place. Where it
/// happened is enough to find the mistake.
fn log_panics_without_their_message() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let current = std::thread::current();
        tracing::error!(place, thread = current.name().unwrap_or_default(), "a panic");
    }));
}
