//! `gloria logout`: by the running app where one runs, which also ends a sign-in that is only in its memory.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use gloria_core::account::session::CommandSession;
use gloria_core::account::{Accounts, Entry};
use gloria_core::message::{self, Message};
use gloria_core::paths::Paths;
use gloria_core::protocol::CommandError;
use gloria_core::{SignOutAnswer, SignOutRequest};
use gloria_desktop::Instance;
use gloria_desktop::socket::ask_failure;
use gloria_ipc::protocol::SIGN_OUT;
use gloria_ipc::{AppConnection, AskError, CallError};
use gloria_program::process;
use serde::Deserialize as _;

use crate::account::{confirm_account, read_accounts};
use crate::output::{failure, print_error};
use crate::session::{self, Outcome, address, awaited_ports, http, ports, print_outcome, session, settings};
use crate::{NO_TOKEN, USAGE};

/// Longer than the app allows any request: another process may renew, and keyring and provider have to answer.
const SIGN_OUT_TIMEOUT: Duration = Duration::from_secs(65);

#[derive(Debug, Args)]
pub(crate) struct LogoutOptions {
    #[command(flatten)]
    server: session::Options,
    #[arg(long)]
    erase: bool,
    #[arg(long, requires = "erase")]
    yes: bool,
}

/// What the running app did.
enum ByApp {
    /// Everything.
    Done(SignOutAnswer),
    /// It has closed the account and ended what only its memory had; the keyring is left.
    Closed(SignOutAnswer),
    NotRunning,
    /// It does not answer, for this reason.
    Unknown(Message),
    /// The keyring or the disk did not do as asked.
    Failed(Message),
}

pub(crate) async fn run(options: LogoutOptions) -> anyhow::Result<ExitCode> {
    let LogoutOptions { server, erase, yes } = options;
    let settings = settings()?;
    let address = match address(&server, &settings) {
        Ok(address) => address,
        Err(problem) => {
            print_error(&problem);
            return Ok(ExitCode::from(USAGE));
        }
    };
    let paths = gloria_program::paths(process::variable)?;
    let account = if erase {
        read_accounts(&paths)?.in_force(&address.server()).cloned()
    } else {
        None
    };
    if let Some(account) = &account {
        if is_left(account, &address.server()).await? {
            return Err(failure(&message::erase_another_account()));
        }
        if !yes && let Some(code) = confirm_account(account)? {
            return Ok(code);
        }
    }
    // With the entries of the account, which the app may be about to erase.
    let session = session(
        &address,
        &settings,
        awaited_ports()?,
        http(&settings, true).await?,
    );
    let address = address.server();
    let was_signed_in = match ask_app(&paths, &address, account.as_ref()).await {
        ByApp::Done(answer) => {
            print_unrevoked(answer.unrevoked);
            answer.was_signed_in
        }
        ByApp::Failed(why) => {
            print_error(&why);
            return Ok(ExitCode::from(NO_TOKEN));
        }
        ByApp::Closed(answer) => {
            print_unrevoked(answer.unrevoked);
            forget(&session).await? | answer.was_signed_in
        }
        ByApp::NotRunning => close(&paths, &address, &session, account.as_ref()).await?,
        ByApp::Unknown(why) => {
            let was_signed_in = forget(&session).await?;
            print_error(&message::cli_taken_up_later(why));
            if erase {
                // The app takes up that the token is gone. Nobody tells it later that the inbox is to go too.
                return Err(failure(&message::cli_nothing_erased()));
            }
            was_signed_in
        }
    };
    if !was_signed_in {
        print_error(&message::cli_not_logged_in(&address));
        return print_outcome(Outcome::NotLoggedIn, &address, server.json);
    }
    print_outcome(Outcome::LoggedOut, &address, server.json)
}

/// Whether somebody else has signed in since at the account's server, which the app has not taken up. What the keyring
/// does not say is decided by the account in force; it is not unlocked for this, because nothing is confirmed yet.
async fn is_left(account: &Entry, server: &str) -> anyhow::Result<bool> {
    let kept = ports(false)?.secrets.load_without_prompt(server).await;
    Ok(matches!(kept, Ok(Some(secret)) if !account.is_of(&secret)))
}

async fn ask_app(paths: &Paths, server: &str, erased: Option<&Entry>) -> ByApp {
    let server = server.to_owned();
    let erase = erased.map(|account| account.name().to_owned());
    let request = serde_json::to_value(SignOutRequest { server, erase }).unwrap_or_default();
    let asked = async {
        let mut app = AppConnection::open(&paths.data).await?;
        app.call_within(SIGN_OUT_TIMEOUT, SIGN_OUT, request).await
    };
    match asked.await {
        Ok(answer) => match SignOutAnswer::deserialize(answer) {
            Ok(answer) if answer.in_use => ByApp::Done(answer),
            Ok(answer) => ByApp::Closed(answer),
            Err(_) => ByApp::Unknown(message::cli_app_senseless()),
        },
        Err(CallError::Command(error)) => match CommandError::deserialize(error) {
            Ok(error) => ByApp::Failed(error.message),
            Err(_) => ByApp::Unknown(message::cli_app_senseless()),
        },
        Err(CallError::Ask(AskError::NotRunning)) => ByApp::NotRunning,
        Err(CallError::Ask(error)) => ByApp::Unknown(ask_failure(&error)),
    }
}

/// Signs out where no app runs: its next start shows nothing of the account.
async fn close(
    paths: &Paths,
    server: &str,
    session: &CommandSession,
    erased: Option<&Entry>,
) -> anyhow::Result<bool> {
    // An app that starts meanwhile waits, and then knows it.
    let Some(_instance) = Instance::try_claim(paths) else {
        let was_signed_in = forget(session).await?;
        print_error(&message::cli_taken_up_later(message::app_silent()));
        if erased.is_some() {
            return Err(failure(&message::cli_nothing_erased()));
        }
        return Ok(was_signed_in);
    };
    let mut accounts = read_accounts(paths)?;
    let account = accounts.in_force(server).cloned();
    if let (Some(account), Some(erased)) = (&account, erased)
        && account.name() != erased.name()
    {
        return Err(failure(&message::erase_another_account()));
    }
    if let Some(account) = &account {
        // Before the keyring is asked: whatever ends the process, the account is closed.
        accounts.sign_out(account);
    }
    let was_signed_in = forget(session).await?;
    if erased.is_some()
        && let Some(account) = account
    {
        erase_account(&mut accounts, &account).await?;
    }
    Ok(was_signed_in)
}

async fn erase_account(accounts: &mut Accounts, account: &Entry) -> anyhow::Result<()> {
    accounts.erase(account).map_err(|error| {
        let path = account.folder().display().to_string();
        failure(&message::cli_folder_not_removed(path, error.to_string()))
    })?;
    // Its tokens are removed already. What else the keyring has of it, the next start removes too.
    let keyring = session::keyring(true, accounts.erasures())?;
    if let Err(error) = accounts.erasures().remove_all(&keyring).await {
        tracing::warn!(%error, "the keyring keeps something of an account that was erased");
    }
    Ok(())
}

/// Removes the tokens from the keyring, and revokes a sign-in. Returns whether there was one.
async fn forget(session: &CommandSession) -> anyhow::Result<bool> {
    let ended = session.sign_out().await?;
    print_unrevoked(ended.unrevoked);
    Ok(ended.was_signed_in)
}

fn print_unrevoked(why: Option<Message>) {
    if let Some(why) = why {
        print_error(&message::sign_in_not_revoked(why));
    }
}
