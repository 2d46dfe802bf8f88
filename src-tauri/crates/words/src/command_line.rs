//! A command line in the user's language: its help and its errors.
//!
//! `help.ftl` contains the descriptions of commands and arguments, under ids that are made from their names: the option
//! `--no-prompt` of `gloria tail` is `help-tail-no-prompt`, and the examples of `gloria tail` are `help-tail-examples`.

#[cfg(feature = "pseudo")]
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::builder::PossibleValue;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, Error, Parser};
use gloria_text::characters::printable;
use gloria_text::message::{self, Message};

use crate::Words;

/// What to print instead of running the program.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    /// The help, the version, or the error.
    pub text: String,
    /// Whether it is printed to stderr.
    pub is_mistake: bool,
    /// The exit code: 2 for an error, as usual with clap.
    pub code: u8,
}

impl Reply {
    /// Prints it. Returns the exit code.
    pub fn print(&self) -> ExitCode {
        // If the output is closed, the exit code remains.
        let _ = if self.is_mistake {
            io::stderr().write_all(self.text.as_bytes())
        } else {
            io::stdout().write_all(self.text.as_bytes())
        };
        ExitCode::from(self.code)
    }
}

/// Parses a command line. `prefix` begins the ids of its help.
///
/// # Errors
/// When there is something to print instead of running the program.
pub fn parse<T: Parser>(
    prefix: &str,
    words: &Words,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<T, Reply> {
    let parsed = translated(T::command(), prefix, words)
        .try_get_matches_from_mut(arguments)
        .and_then(|mut matches| T::from_arg_matches_mut(&mut matches));
    parsed.map_err(|error| Reply {
        text: reply(&error, words),
        is_mistake: error.use_stderr(),
        code: u8::try_from(error.exit_code()).unwrap_or(2),
    })
}

/// Returns the command with all its texts in the user's language.
pub fn translated(mut command: Command, prefix: &str, words: &Words) -> Command {
    // Adds clap's own command and options to each command, so that they are translated as well.
    command.build();
    translate(command, prefix, words)
}

fn translate(mut command: Command, id: &str, words: &Words) -> Command {
    let usage = usage(&mut command, words);
    let template = template(&command, words);
    command = command.override_usage(usage).help_template(template);
    if let Some(about) = words.text(id) {
        command = command.about(about);
    }
    if let Some(examples) = words.text(&examples_id(id)) {
        command = command.after_help(examples);
    }
    command
        .mut_args(|argument| translate_argument(argument, id, words))
        .mut_subcommands(|inner| match inner.get_name() {
            // clap's own command, which contains all others once more.
            "help" => {
                let inner = translate(inner, id, words);
                inner.about(words.say(&message::usage_help_command()))
            }
            name => {
                let id = format!("{id}-{name}");
                translate(inner, &id, words)
            }
        })
}

fn translate_argument(argument: Arg, command: &str, words: &Words) -> Arg {
    let help = match argument.get_id().as_str() {
        "help" => Some(words.say(&message::usage_help())),
        "version" => Some(words.say(&message::usage_version())),
        _ => words.text(&argument_id(command, &argument)),
    };
    let mut help = help.unwrap_or_default();
    let takes_value = argument.get_action().takes_values();
    let mut add = |message: Message| {
        // Writing to a string cannot fail.
        let _ = write!(help, " [{}]", words.say(&message));
    };
    if let Some(default) = argument.get_default_values().first().filter(|_| takes_value) {
        add(message::usage_default(default.to_string_lossy().into_owned()));
    }
    let values = argument.get_possible_values();
    let values: Vec<_> = values.iter().map(PossibleValue::get_name).collect();
    if takes_value && !values.is_empty() {
        add(message::usage_values(values.join(", ")));
    }
    argument
        .help(help)
        .hide_default_value(true)
        .hide_possible_values(true)
}

/// Returns the usage line, without clap's "Usage: ".
fn usage(command: &mut Command, words: &Words) -> String {
    let usage = command.render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    let placeholders = [
        ("OPTIONS", message::usage_placeholder_options()),
        ("COMMAND", message::usage_placeholder_command()),
    ];
    placeholders
        .iter()
        .fold(usage.to_owned(), |usage, (placeholder, message)| {
            let said = words.say(message);
            usage
                .replace(&format!("[{placeholder}]"), &format!("[{said}]"))
                .replace(&format!("<{placeholder}>"), &format!("<{said}>"))
        })
}

/// The order of clap's own template, whose headings cannot be changed.
fn template(command: &Command, words: &Words) -> String {
    let mut template = String::from("{before-help}{about-with-newline}\n");
    template.push_str(&words.say(&message::usage_line("{usage}")));
    let has_options = command.get_arguments().any(|argument| !argument.is_positional());
    for (is_there, heading, tag) in [
        (
            command.has_subcommands(),
            message::usage_commands(),
            "{subcommands}",
        ),
        (
            command.get_positionals().next().is_some(),
            message::usage_arguments(),
            "{positionals}",
        ),
        (has_options, message::usage_options(), "{options}"),
    ] {
        if is_there {
            let _ = write!(template, "\n\n{}\n{tag}", words.say(&heading));
        }
    }
    template.push_str("{after-help}");
    template
}

fn reply(error: &Error, words: &Words) -> String {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            | ErrorKind::DisplayVersion
    ) {
        return error.to_string();
    }
    let mut reply = words.say(&message::usage_error(mistake(error)));
    let usage = context(error, ContextKind::Usage);
    if let Some(usage) = usage.strip_prefix("Usage: ") {
        let _ = write!(reply, "\n\n{}", words.say(&message::usage_line(usage)));
    }
    let _ = writeln!(reply, "\n\n{}", words.say(&message::usage_try_help()));
    reply
}

/// Returns the message for an error of clap.
fn mistake(error: &Error) -> Message {
    let get = |kind| context(error, kind);
    let (argument, value) = (get(ContextKind::InvalidArg), get(ContextKind::InvalidValue));
    match error.kind() {
        ErrorKind::UnknownArgument => message::usage_unknown_argument(argument),
        ErrorKind::InvalidSubcommand => message::usage_unknown_command(get(ContextKind::InvalidSubcommand)),
        ErrorKind::InvalidValue => {
            let refused = if value.is_empty() {
                message::usage_value_missing(argument)
            } else {
                message::usage_invalid_value(value, argument)
            };
            match get(ContextKind::ValidValue) {
                values if values.is_empty() => refused,
                values => message::usage_not_among(refused, message::usage_values(values)),
            }
        }
        ErrorKind::ValueValidation => {
            // The text of the program's own parsers.
            let problem = std::error::Error::source(error).map(ToString::to_string);
            message::usage_value_refused(value, argument, printable(&problem.unwrap_or_default()))
        }
        ErrorKind::TooManyValues => message::usage_value_unexpected(value, argument),
        ErrorKind::ArgumentConflict => match get(ContextKind::PriorArg) {
            other if other == argument => message::usage_twice(argument),
            other => message::usage_conflict(argument, other),
        },
        ErrorKind::MissingRequiredArgument => message::usage_missing(argument),
        ErrorKind::InvalidUtf8 => message::usage_not_text(),
        // They do not occur here, and clap may add kinds.
        ErrorKind::NoEquals
        | ErrorKind::TooFewValues
        | ErrorKind::WrongNumberOfValues
        | ErrorKind::MissingSubcommand
        | ErrorKind::DisplayHelp
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        | ErrorKind::DisplayVersion
        | ErrorKind::Io
        | ErrorKind::Format
        | _ => message::usage_not_understood(),
    }
}

/// Returns a value from clap's context, printable on a terminal; empty if there is none.
fn context(error: &Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::None) | None => String::new(),
        Some(value) => printable(&value.to_string()),
    }
}

/// For tests of programs: returns missing help ids with a minus, and unknown ones with a plus; each in its language.
#[cfg(feature = "pseudo")]
pub fn help_mistakes(command: Command, prefix: &str) -> Vec<String> {
    let (required, optional) = help_ids(command, prefix);
    let mut mistakes = Vec::new();
    for (language, files) in crate::LOCALES {
        let help = files.iter().find(|(name, _)| *name == "help.ftl");
        let ids = help
            .map_or("", |(_, text)| text)
            .lines()
            .filter_map(|line| line.split_once(" ="));
        let there: BTreeSet<_> = ids
            .map(|(id, _)| id.to_owned())
            .filter(|id| id.starts_with(prefix))
            .collect();
        let lacking = required.difference(&there);
        mistakes.extend(lacking.map(|id| format!("{language}: -{id}")));
        let superfluous = there
            .iter()
            .filter(|id| !required.contains(*id) && !optional.contains(*id));
        mistakes.extend(superfluous.map(|id| format!("{language}: +{id}")));
    }
    mistakes
}

/// Returns the ids that a program's help must have, and those that it may have.
#[cfg(feature = "pseudo")]
fn help_ids(mut command: Command, prefix: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut required, mut optional) = (BTreeSet::new(), BTreeSet::new());
    command.build();
    let mut commands = vec![(prefix.to_owned(), &command)];
    while let Some((id, command)) = commands.pop() {
        let arguments = command.get_arguments().filter(|argument| {
            !argument.is_hide_set() && !["help", "version"].contains(&argument.get_id().as_str())
        });
        required.extend(arguments.map(|argument| argument_id(&id, argument)));
        optional.insert(examples_id(&id));
        let inner = command
            .get_subcommands()
            .filter(|inner| inner.get_name() != "help");
        commands.extend(inner.map(|inner| (format!("{id}-{}", inner.get_name()), inner)));
        required.insert(id);
    }
    (required, optional)
}

fn argument_id(command: &str, argument: &Arg) -> String {
    format!("{command}-{}", argument.get_id().as_str().replace('_', "-"))
}

fn examples_id(command: &str) -> String {
    format!("{command}-examples")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_help_that_lacks_an_argument_or_has_one_too_many_is_found() {
        let with = |arguments: &[&'static str]| {
            let arguments = arguments.iter().map(|name| Arg::new(*name).long(*name));
            help_mistakes(Command::new("gloria-notify").args(arguments), "help-app")
        };
        assert_eq!(with(&["open", "background", "url"]), [""; 0]);
        let mistakes = with(&["open", "close"]);
        for mistake in ["en: -help-app-close", "en: +help-app-background"] {
            assert!(mistakes.iter().any(|found| found == mistake), "{mistakes:?}");
        }
    }
}
