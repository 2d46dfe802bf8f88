//! The `gloria` command: the core of Gloria Notify without a window. Results go to stdout as one JSON object a line,
//! words for people to stderr, and secrets are never arguments.

mod account;
mod examples;
mod inbox;
mod interruption;
mod logs;
mod output;
mod quit;
mod session;
mod status;
mod tail;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use gloria_core::message;
use gloria_core::ports::SecretError;
use gloria_desktop::paths::NoHome;
use gloria_desktop::process;

/// Gloria Notify from the command line.
#[derive(Debug, Parser)]
#[command(name = "gloria", version, about, long_about = None, after_help = examples::ALL)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Follow the event stream and print what comes, one JSON object a line
    #[command(after_help = examples::TAIL)]
    Tail(tail::Options),
    /// Read a token from standard input and keep it in the keyring
    #[command(after_help = examples::LOGIN)]
    Login(session::Options),
    /// Remove the token from the keyring
    #[command(after_help = examples::LOGOUT)]
    Logout(session::Options),
    /// Ask the running app how it is doing; exits with 0 when it is connected
    #[command(after_help = examples::STATUS)]
    Status(status::Options),
    /// Print what the app has logged, whether it runs or not
    #[command(after_help = examples::LOGS)]
    Logs(logs::Options),
    /// End the running app, as Quit in its tray does
    #[command(after_help = examples::QUIT)]
    Quit,
    /// Whose data is on this computer, and erasing it
    #[command(subcommand)]
    Account(account::Command),
    /// Read the inbox of this computer
    #[command(subcommand)]
    Inbox(inbox::Command),
}

/// A usage error; the same code as clap's.
pub(crate) const USAGE: u8 = 2;
/// Only the user can resume the stream.
pub(crate) const HALTED: u8 = 3;
/// The time elapsed without a connection.
pub(crate) const NEVER_CONNECTED: u8 = 4;
/// The keyring did not provide, store or remove the token.
pub(crate) const NO_TOKEN: u8 = 5;

fn main() -> ExitCode {
    process::begin();
    gloria_desktop::logs::start_on_stderr(process::text_variable("GLORIA_LOG").as_deref());
    gloria_desktop::logs::log_panics(|| {});
    let arguments = Arguments::parse();
    // One thread serves a stream, and costs a megabyte less than two.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::print_error(&message::cli_runtime(error.to_string()));
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(async {
        match arguments.command {
            Command::Tail(options) => tail::run(options).await,
            Command::Login(options) => session::login(options).await,
            Command::Logout(options) => session::logout(options).await,
            Command::Status(options) => status::run(options).await,
            Command::Logs(options) => logs::run(options).await,
            Command::Quit => quit::run().await,
            Command::Account(command) => account::run(command).await,
            Command::Inbox(command) => inbox::run(command),
        }
    });
    // A keyring that hangs must not keep the command from ending.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| {
        if output::is_broken_pipe(&error) {
            return ExitCode::SUCCESS;
        }
        if let Some(error) = error.downcast_ref::<SecretError>() {
            output::print_error(&error.message());
            return ExitCode::from(NO_TOKEN);
        }
        if let Some(error) = error.downcast_ref::<NoHome>() {
            output::print_error(&error.message());
            return ExitCode::FAILURE;
        }
        output::print_error_text(&format!("{error:#}"));
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn each_command_has_examples_that_it_understands() {
        let mut commands = vec![Arguments::command()];
        while let Some(command) = commands.pop() {
            let name = command.get_name().to_owned();
            if !command.has_subcommands() || name == "gloria" {
                let help = command
                    .get_after_help()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                assert!(help.starts_with("Examples:\n"), "{name}: {help}");
                for line in help.lines().filter_map(|line| line.strip_prefix("  ")) {
                    // One part of a line of a shell, without what is said of it to the right.
                    let words = line.split("  ").next().unwrap_or_default();
                    let call = words
                        .split(['|', '>', '<', '&'])
                        .find(|part| part.trim().starts_with("gloria "));
                    let call = call.unwrap_or_else(|| panic!("{name}: {line}"));
                    let parsed = Arguments::try_parse_from(call.split_whitespace());
                    assert!(parsed.is_ok(), "{name}: {call}: {parsed:?}");
                }
            }
            commands.extend(command.get_subcommands().cloned());
        }
    }
}
