//! The `gloria` command: the core of Gloria Notify without a window. Results go to stdout as one JSON object a line,
//! words for people to stderr, and secrets are never arguments.

mod acceptance;
mod account;
#[cfg(target_os = "linux")]
mod agent;
mod app_token;
mod doctor;
mod erase;
mod events;
mod inbox;
mod interruption;
mod logout;
mod logs;
mod output;
mod policy;
mod quit;
mod replay;
mod running;
mod session;
mod sign_in;
mod status;
mod tail;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use gloria_core::inbox::InboxError;
use gloria_core::message::{self, Message};
use gloria_core::ports::SecretError;
use gloria_program::paths::NoHome;
use gloria_program::process;
use gloria_words::{Words, command_line};

// What each command and argument is for is in locales/*/help.ftl, and put in before a command line is read.
#[derive(Debug, Parser)]
#[command(name = "gloria", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[cfg(target_os = "linux")]
    Agent(agent::Options),
    Tail(tail::Options),
    Events(events::Options),
    Replay(replay::Options),
    Login(sign_in::LoginOptions),
    Logout(logout::LogoutOptions),
    Status(status::Options),
    Open(running::OpenOptions),
    Retry,
    Logs(logs::Options),
    Quit,
    Policy(policy::Options),
    Doctor(doctor::Options),
    Erase(erase::Options),
    #[command(subcommand)]
    Account(account::Command),
    #[command(subcommand)]
    Inbox(inbox::Command),
}

/// How the ids of this program's help begin.
const HELP: &str = "help-gloria";

/// A usage error; the same code as clap's.
pub(crate) const USAGE: u8 = 2;
/// Only the user can resume the stream.
pub(crate) const HALTED: u8 = 3;
/// The time elapsed without a connection.
pub(crate) const NEVER_CONNECTED: u8 = 4;
/// The keyring did not provide, store or remove the token.
pub(crate) const NO_TOKEN: u8 = 5;

/// Runs the command that the arguments of this program are, and returns its exit code.
pub fn run() -> ExitCode {
    process::begin();
    gloria_program::keep_heaps_small();
    let arguments: Arguments = match command_line::parse(HELP, output::catalogue(), std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(reply) => return reply.print(),
    };
    #[cfg(target_os = "linux")]
    if let Command::Agent(options) = arguments.command {
        return agent::run(&options);
    }
    gloria_program::logs::start_on_stderr(process::text_variable("GLORIA_LOG").as_deref());
    gloria_program::logs::log_panics(|| {});
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
            #[cfg(target_os = "linux")]
            Command::Agent(_) => Ok(ExitCode::FAILURE),
            Command::Tail(options) => tail::run(options).await,
            Command::Events(options) => events::run(options).await,
            Command::Replay(options) => replay::run(options).await,
            Command::Login(options) => sign_in::login(options).await,
            Command::Logout(options) => logout::run(options).await,
            Command::Status(options) => status::run(options).await,
            Command::Open(options) => running::open(options).await,
            Command::Retry => running::retry().await,
            Command::Logs(options) => logs::run(options).await,
            Command::Quit => quit::run().await,
            Command::Policy(options) => policy::run(options),
            Command::Doctor(options) => doctor::run(options).await,
            Command::Erase(options) => erase::run(options).await,
            Command::Account(command) => account::run(command).await,
            Command::Inbox(command) => inbox::run(command).await,
        }
    });
    // A keyring that hangs must not keep the command from ending.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| {
        if output::is_broken_pipe(&error) {
            return ExitCode::SUCCESS;
        }
        if let Some(message) = message_of(&error) {
            output::print_error(&message);
            return if error.is::<SecretError>() {
                ExitCode::from(NO_TOKEN)
            } else {
                ExitCode::FAILURE
            };
        }
        output::print_error_text(&format!("{error:#}"));
        ExitCode::FAILURE
    })
}

/// The command line with its help in these words, as its manual pages and completions are made of it.
pub fn command(words: &Words) -> clap::Command {
    command_line::translated(Arguments::command(), HELP, words)
}

/// What an error says to people, if the catalogue has words for it. `Display` of an error is English, for logs.
fn message_of(error: &anyhow::Error) -> Option<Message> {
    let secrets = error.downcast_ref().map(SecretError::message);
    secrets
        .or_else(|| error.downcast_ref().map(NoHome::message))
        .or_else(|| error.downcast_ref().map(InboxError::message))
}

#[cfg(test)]
mod tests {
    use gloria_core::protocol::EventType;
    use gloria_words::{LOCALES, Zone, pseudo};

    use super::*;

    /// The program's commands, those in others too, in one language.
    fn commands(words: &Words) -> Vec<clap::Command> {
        let mut found = vec![command(words)];
        let mut at = 0;
        while let Some(command) = found.get(at).cloned() {
            let inner = command
                .get_subcommands()
                .filter(|inner| inner.get_name() != "help");
            found.extend(inner.cloned());
            at += 1;
        }
        found
    }

    #[test]
    fn every_command_and_argument_has_its_help_and_no_other_has() {
        assert_eq!(command_line::help_mistakes(Arguments::command(), HELP), [""; 0]);
    }

    #[test]
    fn each_command_has_examples_that_it_understands() {
        for (language, _) in LOCALES {
            let words = Words::load([language], Zone::utc());
            for command in commands(&words) {
                let name = command.get_name().to_owned();
                if command.has_subcommands() && name != "gloria" {
                    continue;
                }
                let help = command
                    .get_after_help()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                let lines: Vec<_> = help.lines().filter_map(|line| line.strip_prefix("  ")).collect();
                assert!(lines.len() > 1, "{language}: {name}: {help}");
                for line in lines {
                    // One part of a line of a shell, without what is said of it to the right.
                    let said = line.split("  ").next().unwrap_or_default();
                    let call = said
                        .split(['|', '>', '<', '&'])
                        .find(|part| part.trim().starts_with("gloria "));
                    let call = call.unwrap_or_else(|| panic!("{language}: {name}: {line}"));
                    let parsed = Arguments::try_parse_from(call.split_whitespace());
                    assert!(parsed.is_ok(), "{language}: {name}: {call}: {parsed:?}");
                }
            }
        }
    }

    #[test]
    fn no_help_and_no_mistake_is_in_english_alone() {
        let words = pseudo::words();
        let names = [
            "gloria",
            "agent",
            "--address",
            "--json",
            "--help",
            "--version",
            "--url",
            "--raw",
            "--quiet",
            "--type",
            "--count",
            "--duration",
            "--no-prompt",
            "--follow",
            "--test-alert",
            "--bundle",
            "--lines",
            "--filter",
            "--limit",
            "--preview",
            "--yes",
            "ITEM",
            "KEYS",
            "MARK",
            "events",
            "replay",
            "--since",
            "--listeners",
            "TIME",
            "open",
            "retry",
            "mark",
            "seen",
            "read",
            "unarchived",
            "flagged",
            "unflagged",
            "snoozed",
            "unsnoozed",
            "acknowledged",
            "unacknowledged",
            "done",
            "undo",
            "flag",
            "unflag",
            "snooze",
            "unsnooze",
            "ack",
            "unack",
            "export",
            "json",
            "csv",
            "--format",
            "--output",
            "FORMAT",
            "ADDRESS",
            "URL",
            "SECONDS",
            "FILTER",
            "LIMIT",
            "NAME",
            "inbox",
            "unread",
            "archived",
            "list",
            "search",
            "WORDS",
            "erase",
            "switch",
            "tail",
            "login",
            "token",
            "device",
            "other",
            "logout",
            "status",
            "logs",
            "quit",
            "account",
            "policy",
            "doctor",
            "check",
            "FILE",
            "help",
            "usage",
        ];
        let types = EventType::ALL.iter().map(|event_type| event_type.name());
        let names: Vec<_> = names.into_iter().chain(types).collect();
        for mut command in commands(&words) {
            let help = command.render_help().to_string();
            assert_eq!(pseudo::unaccented(&help, &names), [""; 0], "{help}");
        }
        for (line, code) in [
            ("", 2),
            ("--help", 0),
            ("help tail", 0),
            ("help help", 0),
            ("help nothing", 2),
            ("nothing", 2),
            ("--nothing", 2),
            ("tail --nothing", 2),
            ("inbox list --filter no", 2),
            ("inbox list --filter", 2),
            ("inbox list --limit no", 2),
            ("inbox list --limit=-1", 2),
            ("inbox list --limit 1 --limit 1", 2),
            ("inbox mark", 2),
            ("inbox mark no", 2),
            ("inbox read", 2),
            ("inbox snooze no n:1", 2),
            ("inbox snooze tomorrow", 2),
            ("inbox snooze 0m n:1", 2),
            ("inbox export --format no", 2),
            ("events --count 0", 2),
            ("events --type no", 2),
            ("replay --type no", 2),
            ("replay --since no", 2),
            ("open no no", 2),
            ("tail --count 0", 2),
            ("tail --count=", 2),
            ("tail --duration no", 2),
            ("tail --duration=-1", 2),
            ("account", 2),
            ("policy no", 2),
            ("policy check", 2),
            ("policy --json=no", 2),
            ("account erase", 2),
            ("account erase no no", 2),
            ("status --json=no", 2),
            ("logs --lines", 2),
            ("logs -n no", 2),
        ] {
            let arguments = ["gloria"].into_iter().chain(line.split_whitespace());
            let reply =
                command_line::parse::<Arguments>(HELP, &words, arguments.map(Into::into)).unwrap_err();
            assert_eq!((reply.code, reply.is_mistake), (code, code == 2), "{line}");
            let names = [&names[..], &["nothing", "no"]].concat();
            // What a value's own parser says is in the language of the program, which this test does not choose.
            let problems = [
                message::cli_number_above_zero(),
                message::cli_number(),
                message::cli_seconds_range(),
                message::cli_seconds(),
                message::cli_time(),
                message::cli_snooze_time(),
                message::cli_snooze_duration(),
            ];
            let said = problems.iter().fold(reply.text.clone(), |said, problem| {
                said.replace(&output::catalogue().say(problem), "")
            });
            assert_eq!(pseudo::unaccented(&said, &names), [""; 0], "{line}: {said}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_text_is_refused_and_what_a_terminal_obeys_is_not_repeated() {
        use std::os::unix::ffi::OsStringExt as _;

        let reply = |argument: &[u8]| {
            let argument = std::ffi::OsString::from_vec(argument.to_vec());
            let arguments = ["gloria".into(), "logs".into(), "-n".into(), argument];
            command_line::parse::<Arguments>(HELP, Words::english(), arguments).unwrap_err()
        };
        assert!(
            reply(b"\xff").text.starts_with("error: invalid UTF-8"),
            "{:?}",
            reply(b"\xff")
        );
        let said = reply(b"1\x1b[31m\x07\nUsage: x").text;
        assert!(
            said.starts_with("error: invalid value '1[31m Usage: x' for '--lines <N>'"),
            "{said:?}"
        );
    }

    #[test]
    fn errors_with_words_in_the_catalogue_are_said_by_them() {
        let no_home = gloria_program::paths(|_| None).unwrap_err();
        for (error, wanted) in [
            (
                anyhow::Error::from(InboxError::Damaged),
                InboxError::Damaged.message(),
            ),
            (SecretError::Locked.into(), SecretError::Locked.message()),
            (no_home.clone().into(), no_home.message()),
        ] {
            assert_eq!(message_of(&error), Some(wanted), "{error}");
        }
        assert_eq!(message_of(&anyhow::anyhow!("what the system says")), None);
    }
}
