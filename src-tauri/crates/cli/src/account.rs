//! `gloria account`: whose data is on this computer, and erasing it.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use gloria_core::account::{Accounts, Entry};
use gloria_core::inbox::Inbox;
use gloria_core::ports::{SecretError, Secrets as _};
use gloria_desktop::process;
use gloria_desktop::{Instance, Keyring};
use serde::Serialize;

use crate::output::{Lines, complain};
use crate::{NO_TOKEN, USAGE};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the accounts of this computer, one JSON object a line
    #[command(after_help = crate::examples::ACCOUNT_LIST)]
    List,
    /// Erase an account: its inbox, everything else that is kept for it, and its token
    #[command(after_help = crate::examples::ACCOUNT_ERASE)]
    Erase(EraseOptions),
}

#[derive(Debug, Args)]
pub(crate) struct EraseOptions {
    /// Its name, as `gloria account list` prints it
    name: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    kind: &'static str,
    name: &'a str,
    server: &'a str,
    /// Whom the server names.
    user: Option<&'a str>,
    /// It is the one that was used last at its server.
    in_use: bool,
    /// How many items its inbox has; nothing where it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<u32>,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List => list(),
        Command::Erase(options) => erase(&options).await,
    }
}

fn list() -> anyhow::Result<ExitCode> {
    let accounts = Accounts::read(&gloria_desktop::paths(process::variable)?);
    let mut lines = Lines::new();
    for entry in accounts.all() {
        let inbox = Inbox::open_read_only(&entry.inbox(), entry.server());
        let counts = inbox.and_then(|inbox| inbox.counts());
        lines.write(&line(
            "account",
            &accounts,
            entry,
            counts.ok().map(|counts| counts.total),
        ))?;
    }
    lines.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn line<'a>(kind: &'static str, accounts: &Accounts, entry: &'a Entry, items: Option<u32>) -> Line<'a> {
    Line {
        kind,
        name: entry.name(),
        server: entry.server(),
        user: entry.user(),
        in_use: accounts.in_force(entry.server()) == Some(entry),
        items,
    }
}

async fn erase(options: &EraseOptions) -> anyhow::Result<ExitCode> {
    let paths = gloria_desktop::paths(process::variable)?;
    // Kept until the end, because an app that started meanwhile would open the inbox or create the account again.
    let Some(_instance) = Instance::try_claim(&paths) else {
        complain("Gloria Notify is running; end it first, with `gloria quit`");
        return Ok(ExitCode::FAILURE);
    };
    let mut accounts = Accounts::read(&paths);
    let Some(entry) = accounts.all().find(|entry| entry.name() == options.name).cloned() else {
        complain(&format!(
            "there is no account {}; `gloria account list` prints them",
            options.name
        ));
        return Ok(ExitCode::from(USAGE));
    };
    if !options.yes {
        match is_wanted(&entry)? {
            Some(true) => {}
            Some(false) => {
                complain("nothing was erased");
                return Ok(ExitCode::FAILURE);
            }
            None => {
                complain("to erase an account without a terminal, add --yes");
                return Ok(ExitCode::from(USAGE));
            }
        }
    }
    // Before the folder: without it nobody would know the entries' names any more.
    if let Err(error) = forget_tokens(&accounts, &entry).await {
        complain(&format!("nothing was erased: {error}"));
        return Ok(ExitCode::from(NO_TOKEN));
    }
    let erased = line("accountErased", &accounts, &entry, None);
    let mut lines = Lines::new();
    accounts
        .erase(&entry)
        .with_context(|| format!("{} could not be removed", entry.folder().display()))?;
    lines.write(&erased)?;
    lines.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Asks on the terminal; `None` where there is none.
fn is_wanted(entry: &Entry) -> anyhow::Result<Option<bool>> {
    if !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    let whose = entry.user().map(|user| format!("{user} at ")).unwrap_or_default();
    complain(&format!(
        "erase the inbox and the token of {whose}{} from this computer? What is on the server stays. [y/N]",
        entry.server()
    ));
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(Some(matches!(answer.trim(), "y" | "Y" | "yes")))
}

/// Removes its token from the keyring. That of the server's own entry is anybody's who has not connected yet, so it
/// goes with the last account of the server.
async fn forget_tokens(accounts: &Accounts, entry: &Entry) -> Result<(), SecretError> {
    let others: Vec<_> = accounts
        .of(entry.server())
        .filter(|other| *other != entry)
        .collect();
    let mut names = vec![entry.keyring_name()];
    names.retain(|name| others.iter().all(|other| other.keyring_name() != *name));
    if others.is_empty() && !names.iter().any(|name| name == entry.server()) {
        names.push(entry.server().to_owned());
    }
    let keyring = match Keyring::new() {
        Ok(keyring) => keyring,
        Err(error) => {
            complain(&format!("tokens are not looked for: {error}"));
            return Ok(());
        }
    };
    for name in names {
        match keyring.forget(&name).await {
            Ok(()) => {}
            // Without a keyring no token was ever kept.
            Err(SecretError::Unavailable(why)) => {
                complain(&format!(
                    "tokens are not looked for: no keyring is available: {why}"
                ));
                return Ok(());
            }
            Err(error @ (SecretError::Locked | SecretError::Refused(_))) => return Err(error),
        }
    }
    Ok(())
}
