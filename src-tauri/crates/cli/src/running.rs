//! Requests to the running app, and the exit codes for missing answers.

use std::process::ExitCode;

use clap::Args;
use gloria_core::message;
use gloria_core::protocol::CommandError;
use gloria_desktop::socket::ask_failure;
use gloria_ipc::app_url::NotOurs;
use gloria_ipc::protocol::APP_OPEN;
use gloria_ipc::{AppConnection, AppUrl, AskError, CallError};
use gloria_program::process;
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::USAGE;
use crate::output::print_error;

/// No app is running.
pub(crate) const NOT_RUNNING: u8 = 3;
/// The app is running, and does not answer.
pub(crate) const NO_ANSWER: u8 = 5;

#[derive(Debug, Args)]
pub(crate) struct OpenOptions {
    item: Option<String>,
}

/// What is shown: nothing but the window, or an item, by its key or its address.
fn shown(item: Option<String>) -> Result<Option<String>, NotOurs> {
    match item {
        Some(url) if AppUrl::is_meant_by(&url) => Ok(AppUrl::parse(&url)?.item),
        key => Ok(key),
    }
}

/// `gloria open`: shows the window of the running app, with an item in it.
pub(crate) async fn open(options: OpenOptions) -> anyhow::Result<ExitCode> {
    let Ok(item) = shown(options.item) else {
        print_error(&message::app_url_refused());
        return Ok(ExitCode::from(USAGE));
    };
    let request = json!({
        "item": item,
        "activationToken": gloria_program::activation_token(),
    });
    ask(APP_OPEN, request).await
}

/// `gloria retry`: connects at once, like the tray's menu.
pub(crate) async fn retry() -> anyhow::Result<ExitCode> {
    ask("connection_retry", Value::Null).await
}

/// Sends a request without a result.
pub(crate) async fn ask(call: &str, request: Value) -> anyhow::Result<ExitCode> {
    let paths = gloria_program::paths(process::variable)?;
    let asked = async { AppConnection::open(&paths.data).await?.call(call, request).await };
    Ok(match asked.await {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => failure_of_call(&error),
    })
}

/// Prints why the request failed. Returns its exit code.
pub(crate) fn failure(error: &AskError) -> ExitCode {
    print_error(&ask_failure(error));
    ExitCode::from(match error {
        AskError::NotRunning => NOT_RUNNING,
        AskError::Silent | AskError::Unreachable(_) | AskError::Unknown | AskError::Refused(_) => NO_ANSWER,
    })
}

/// Like [`failure`], for an app that may also have answered with an error.
pub(crate) fn failure_of_call(error: &CallError) -> ExitCode {
    match error {
        CallError::Ask(error) => failure(error),
        CallError::Command(error) => {
            match CommandError::deserialize(error) {
                Ok(error) => print_error(&error.message),
                Err(_) => print_error(&message::cli_app_senseless()),
            }
            ExitCode::FAILURE
        }
    }
}
