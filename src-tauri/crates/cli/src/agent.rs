//! `gloria agent`: the part of the app that always runs.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use gloria_desktop::ClaimError;
use gloria_program::paths::NoHome;
use gloria_program::{Logs, logs, process};

use crate::output::{catalogue, print_error, print_error_text};

/// The exit code if there is no folder for the app's files.
const NO_FOLDER: u8 = 4;
/// The exit code if another app has the folder and does not answer.
const UNRESPONSIVE: u8 = 5;

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Options {
    #[arg(long)]
    open: bool,
    // Passed by the agent to itself when it restarts in place: open files.
    #[arg(long, hide = true)]
    lock: Option<i32>,
    #[arg(long, hide = true)]
    bus: Option<i32>,
    // Given by the programs that people and desktops start.
    #[arg(long, hide = true, conflicts_with = "open")]
    service: bool,
}

pub(crate) fn run(options: &Options) -> ExitCode {
    let paths = gloria_program::paths(process::variable);
    let folder = paths.as_ref().ok().map(|paths| &*paths.logs);
    let log = Logs::start(folder, process::text_variable("GLORIA_LOG").as_deref());
    logs::log_panics(|| {});
    let options = gloria_agent::linux::Options {
        open: options.open,
        lock: options.lock.and_then(process::inherited),
        bus: options.bus.and_then(process::inherited),
        by_systemd: options.service,
    };
    let outcome = paths
        .map_err(Into::into)
        .and_then(|paths| gloria_agent::linux::run(paths, log, Arc::clone(catalogue()), options));
    let code = outcome.unwrap_or_else(|error| report(&error));
    logs::flush(logs::FLUSH_TIMEOUT);
    code
}

fn report(error: &anyhow::Error) -> ExitCode {
    tracing::error!(error = format!("{error:#}"), "the agent does not start");
    if let Some(error) = error.downcast_ref::<NoHome>() {
        print_error(&error.message());
        return ExitCode::from(NO_FOLDER);
    }
    if let Some(error) = error.downcast_ref::<ClaimError>() {
        print_error(&error.message());
        return ExitCode::from(UNRESPONSIVE);
    }
    print_error_text(&format!("{error:#}"));
    ExitCode::FAILURE
}
