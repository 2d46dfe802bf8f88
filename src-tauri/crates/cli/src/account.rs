//! `gloria account`: whose data is on this computer, and erasing it.

use std::fs;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use gloria_core::account::{Accounts, Entry};
use gloria_core::inbox::Inbox;
use gloria_core::message::{self, Message, Phrase};
use gloria_core::paths::Paths;
use gloria_core::ports::SecretError;
use gloria_desktop::Instance;
use gloria_program::process;
use serde::Serialize;
use serde_json::json;

use crate::output::{self, Format, Lines, catalogue, failure, print_error};
use crate::running::ask;
use crate::session::keyring;
use crate::{NO_TOKEN, USAGE};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(ListOptions),
    Switch(SwitchOptions),
    Erase(EraseOptions),
}

#[derive(Debug, Args)]
pub(crate) struct SwitchOptions {
    name: String,
}

#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EraseOptions {
    name: String,
    #[arg(long)]
    yes: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    kind: &'static str,
    name: &'a str,
    server: &'a str,
    /// The user id that the server sends.
    user: Option<&'a str>,
    /// It was used last of its server's accounts.
    in_use: bool,
    /// The number of items in its inbox; `None` if it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<u32>,
    /// The keyring has not removed its token yet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    token_left: bool,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List(options) => list(&options),
        Command::Switch(options) => switch(&options).await,
        Command::Erase(options) => erase(&options).await,
    }
}

/// The accounts of this computer.
///
/// # Errors
///
/// When their folder is there and cannot be read: that is not the same as having none.
pub(crate) fn read_accounts(paths: &Paths) -> anyhow::Result<Accounts> {
    let folder = paths.accounts();
    match fs::read_dir(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failure(
            &message::cli_folder_unreadable(folder.display().to_string(), error.to_string()),
        )),
        Ok(_) | Err(_) => Ok(Accounts::read(paths)),
    }
}

fn list(options: &ListOptions) -> anyhow::Result<ExitCode> {
    let accounts = read_accounts(&gloria_program::paths(process::variable)?)?;
    let listed = accounts.all().map(|entry| {
        let inbox = Inbox::open_read_only(&entry.inbox(), entry.server());
        let counts = inbox.and_then(|inbox| inbox.counts());
        line(
            "account",
            &accounts,
            entry,
            counts.ok().map(|counts| counts.total),
        )
    });
    match Format::chosen(options.json) {
        Format::Words => {
            let listed: Vec<_> = listed.map(|line| words(&line)).collect();
            if listed.is_empty() {
                print_error(&message::cli_no_accounts());
            }
            output::print_words(listed)?;
        }
        Format::Json => {
            let mut lines = Lines::new();
            for line in listed {
                lines.write(&line)?;
            }
            lines.flush()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// An account on one line: its name, whose it is, and what is in its inbox.
fn words(line: &Line<'_>) -> String {
    let items = match line.items {
        None => message::cli_account_unreadable(),
        Some(count) => message::cli_account_items(count),
    };
    let whose = whose(line.user, line.server);
    catalogue().say(&if line.in_use {
        message::cli_account_in_use(line.name, whose, items)
    } else {
        message::cli_account(line.name, whose, items)
    })
}

fn whose(user: Option<&str>, server: &str) -> Phrase {
    match user {
        Some(user) => message::cli_account_user(user, server).into(),
        None => server.into(),
    }
}

fn line<'a>(kind: &'static str, accounts: &Accounts, entry: &'a Entry, items: Option<u32>) -> Line<'a> {
    Line {
        kind,
        name: entry.name(),
        server: entry.server(),
        user: entry.user(),
        in_use: accounts.in_force(entry.server()) == Some(entry),
        items,
        token_left: false,
    }
}

/// Has the running app use another account.
async fn switch(options: &SwitchOptions) -> anyhow::Result<ExitCode> {
    ask("account_switch", json!({"id": options.name})).await
}

async fn erase(options: &EraseOptions) -> anyhow::Result<ExitCode> {
    let paths = gloria_program::paths(process::variable)?;
    // Before the lock, which a folder that cannot be read does not give either.
    read_accounts(&paths)?;
    // Kept until the end, because an app that started meanwhile would open the inbox or create the account again.
    let Some(_instance) = Instance::try_claim(&paths) else {
        print_error(&message::cli_app_runs());
        return Ok(ExitCode::FAILURE);
    };
    let mut accounts = read_accounts(&paths)?;
    let Some(entry) = accounts.all().find(|entry| entry.name() == options.name).cloned() else {
        print_error(&message::cli_no_account(&options.name));
        return match finish_earlier(&accounts).await {
            Some(code) => Ok(code),
            None => Ok(ExitCode::from(USAGE)),
        };
    };
    if !options.yes
        && let Some(code) = confirm_account(&entry)?
    {
        return Ok(code);
    }
    let left = match forget_tokens(&accounts, &entry).await? {
        Forgotten::All => None,
        Forgotten::Later(error) => Some(error),
        Forgotten::Refused(error) => {
            print_error(&message::cli_nothing_erased_because(error.message()));
            return Ok(ExitCode::from(NO_TOKEN));
        }
    };
    let erased = Line {
        token_left: left.is_some(),
        ..line("accountErased", &accounts, &entry, None)
    };
    accounts.erase(&entry).map_err(|error| {
        let path = entry.folder().display().to_string();
        failure(&message::cli_folder_not_removed(path, error.to_string()))
    })?;
    let mut lines = Lines::new();
    lines.write(&erased)?;
    lines.flush()?;
    Ok(match left {
        None => ExitCode::SUCCESS,
        Some(error) => {
            print_error(&message::cli_token_left(error.message(), entry.name()));
            ExitCode::from(NO_TOKEN)
        }
    })
}

/// Removes what an earlier erasing left in the keyring; `None` where there was nothing.
async fn finish_earlier(accounts: &Accounts) -> Option<ExitCode> {
    if accounts.erasures().all().is_empty() {
        return None;
    }
    let outcome = match keyring(true, accounts.erasures()) {
        Ok(keyring) => accounts.erasures().remove_all(&keyring).await,
        Err(error) => Err(SecretError::Unavailable(error.to_string().into())),
    };
    Some(match outcome {
        Ok(()) => {
            print_error(&message::cli_token_removed());
            ExitCode::SUCCESS
        }
        Err(error) => {
            print_error(&message::cli_token_still_left(error.message()));
            ExitCode::from(NO_TOKEN)
        }
    })
}

/// Asks whether the account is to be erased. Returns the exit code if it is not.
pub(crate) fn confirm_account(entry: &Entry) -> anyhow::Result<Option<ExitCode>> {
    confirm(&message::cli_ask_to_erase(whose(entry.user(), entry.server())))
}

/// Asks whether something is to be erased. Returns the exit code if it is not.
pub(crate) fn confirm(question: &Message) -> anyhow::Result<Option<ExitCode>> {
    Ok(match is_wanted(question)? {
        Some(true) => None,
        Some(false) => {
            print_error(&message::cli_nothing_erased());
            Some(ExitCode::FAILURE)
        }
        None => {
            print_error(&message::cli_add_yes());
            Some(ExitCode::from(USAGE))
        }
    })
}

/// Asks on the terminal; `None` where there is none.
fn is_wanted(question: &Message) -> anyhow::Result<Option<bool>> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    print_error(question);
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(Some(matches!(answer.trim(), "y" | "Y" | "yes")))
}

/// What became of the tokens of an account.
enum Forgotten {
    All,
    /// The keyring did not answer; which entries are left is on the disk, so that a later start removes them.
    Later(SecretError),
    /// The user can do something about it first.
    Refused(SecretError),
}

/// Removes its token from the keyring. That of the server's own entry is anybody's who has not connected yet, so it
/// goes with the last account of the server.
async fn forget_tokens(accounts: &Accounts, entry: &Entry) -> anyhow::Result<Forgotten> {
    let others: Vec<_> = accounts
        .of(entry.server())
        .filter(|other| *other != entry)
        .collect();
    let mut names = vec![entry.keyring_name()];
    names.retain(|name| others.iter().all(|other| other.keyring_name() != *name));
    if others.is_empty() && !names.iter().any(|name| name == entry.server()) {
        names.push(entry.server().to_owned());
    }
    let erasures = accounts.erasures();
    // Before anything is asked: whatever ends this process, the tokens are not forgotten about.
    for name in &names {
        erasures.add(name).map_err(|error| {
            failure(&message::cli_nothing_erased_because(Phrase::from(
                error.to_string(),
            )))
        })?;
    }
    let outcome = match keyring(true, erasures) {
        Ok(keyring) => erasures.remove_all(&keyring).await,
        Err(error) => Err(SecretError::Unavailable(error.to_string().into())),
    };
    Ok(match outcome {
        Ok(()) => Forgotten::All,
        Err(error @ SecretError::Unavailable(_)) => Forgotten::Later(error),
        Err(error @ (SecretError::Locked | SecretError::Refused(_))) => {
            for name in &names {
                erasures.remove(name).map_err(|error| {
                    failure(&message::cli_token_still_left(Phrase::from(error.to_string())))
                })?;
            }
            Forgotten::Refused(error)
        }
    })
}
