//! `gloria policy`: the settings in force, each with its origin; and a check of a policy before it is rolled out.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use gloria_core::message::{self, Message};
use gloria_core::settings::{Key, Layers, Origin, Problem, Resolved, Settings, ShownSetting, check_policy};
use gloria_core::text;
use gloria_program::process;
use serde_json::{Value, json};

use crate::output::{Lines, add_words, catalogue, print_error, print_words};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(CheckOptions),
}

#[derive(Debug, Args)]
struct CheckOptions {
    file: PathBuf,
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    match options.command {
        Some(Command::Check(options)) => check(&options),
        None => show(options.json),
    }
}

/// Prints what this user's settings are, as an app that starts now would read them.
fn show(json: bool) -> anyhow::Result<ExitCode> {
    let paths = gloria_program::paths(process::variable)?;
    let resolved = Settings::resolve(&Layers::of(&paths), process::text_variable);
    for problem in &resolved.problems {
        print_error(&problem.message());
    }
    if json {
        let mut lines = Lines::new();
        for setting in resolved.shown() {
            lines.write(&setting)?;
        }
        lines.flush()?;
    } else {
        print_words(
            resolved
                .shown()
                .iter()
                .map(|setting| catalogue().say(&line(setting))),
        )?;
    }
    Ok(code_of(&resolved))
}

fn code_of(resolved: &Resolved) -> ExitCode {
    if resolved.problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn line(shown: &ShownSetting) -> Message {
    let origin = match shown.origin {
        Origin::Program => message::cli_origin_program(),
        Origin::Machine => message::cli_origin_machine(),
        Origin::User => message::cli_origin_user(),
        Origin::Environment => {
            let variable = Key::named(shown.setting).map(Key::variable);
            message::cli_origin_environment(variable.unwrap_or_default())
        }
        Origin::Policy => message::cli_origin_policy(),
    };
    match &shown.value {
        Value::Null => message::cli_setting_unset(shown.setting, origin),
        Value::String(text) => message::cli_setting(shown.setting, text.replace('\n', " "), origin),
        value @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            message::cli_setting(shown.setting, value.to_string(), origin)
        }
    }
}

fn check(options: &CheckOptions) -> anyhow::Result<ExitCode> {
    let checked = check_policy(&options.file);
    if options.json {
        let mut lines = Lines::new();
        for problem in &checked.problems {
            lines.write(&problem_line(problem)?)?;
        }
        lines.flush()?;
    } else {
        for problem in &checked.problems {
            print_error(&problem.message());
        }
    }
    if !checked.problems.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    if !options.json {
        let good = message::cli_policy_good(checked.settings.len(), checked.settings.join(", "));
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", text::printable(&catalogue().sentence(&good)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn problem_line(problem: &Problem) -> anyhow::Result<Value> {
    let message = serde_json::to_value(problem.message())?;
    let mut line = json!({ "setting": problem.setting(), "line": problem.line, "problem": message });
    add_words(&mut line, catalogue());
    Ok(line)
}
