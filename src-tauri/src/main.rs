//! The shell around the core: tray, window, toasts, and the commands of the UI.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod app;
mod arguments;
mod commands;
mod toasts;
mod tray;
mod window;

use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("GLORIA_LOG").unwrap_or_else(|_| EnvFilter::new("info,zbus=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    log_panics_without_their_message();
    match app::run() {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("Gloria Notify could not start: {error:#}");
            ExitCode::FAILURE
        }
    }
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
