//! `gloria erase`: erases everything that is stored for the users of this computer. The app is ended first, because it
//! would go on storing.

use std::process::ExitCode;

use clap::Args;
use gloria_core::account::proxy_password;
use gloria_core::message;
use gloria_core::ports::SecretError;
use gloria_desktop::Instance;
use gloria_ipc::AskError;
use gloria_program::process;
use serde_json::json;

use crate::NO_TOKEN;
use crate::account::{confirm, read_accounts};
use crate::output::{self, Format, Lines, catalogue, failure, print_error};
use crate::quit;
use crate::running;
use crate::session::{keyring, settings};

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[arg(long)]
    yes: bool,
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let paths = gloria_program::paths(process::variable)?;
    read_accounts(&paths)?;
    if !options.yes
        && let Some(code) = confirm(&message::cli_ask_to_erase_all())?
    {
        return Ok(code);
    }
    match quit::end_app(&paths).await {
        Ok(()) | Err(AskError::NotRunning) => {}
        Err(error) => {
            print_error(&message::cli_nothing_erased());
            return Ok(running::failure(&error));
        }
    }
    // Kept until the end: an app that started meanwhile would open the inbox or create the account again.
    let Some(_instance) = Instance::try_claim(&paths) else {
        print_error(&message::cli_app_runs());
        return Ok(ExitCode::FAILURE);
    };
    let settings = settings()?;
    let server = settings.address.as_ref().map(|address| address.server());
    let others: Vec<_> = [server, proxy_password::entry_to_load(&settings.proxy)]
        .into_iter()
        .flatten()
        .collect();
    let mut accounts = read_accounts(&paths)?;
    let count = accounts.all().count();
    accounts.erase_all(&paths, &others).map_err(|error| {
        let path = paths.data.display().to_string();
        failure(&message::cli_folder_not_removed(path, error.to_string()))
    })?;
    let left = match keyring(true, accounts.erasures()) {
        Ok(keyring) => accounts.erasures().remove_all(&keyring).await.err(),
        Err(error) => Some(SecretError::Unavailable(error.to_string().into())),
    };
    match Format::chosen(options.json) {
        Format::Words => {
            output::print_words([catalogue().sentence(&message::cli_erased_all(count as u64))])?;
        }
        Format::Json => {
            let mut lines = Lines::new();
            lines.write(&json!({"kind": "erased", "accounts": count, "tokensLeft": left.is_some()}))?;
            lines.flush()?;
        }
    }
    Ok(match left {
        None => ExitCode::SUCCESS,
        Some(error) => {
            print_error(&message::cli_tokens_left(error.message()));
            ExitCode::from(NO_TOKEN)
        }
    })
}
