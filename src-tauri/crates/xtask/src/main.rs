//! `cargo xtask demo | test | bench | bundle`: the commands for developers and build servers.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

mod bench;
mod commands;
mod demo;
mod failures;
mod install;
mod output;
mod processes;
mod report;
mod tag;
mod test;

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(about = "What a developer and a build server run")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Show the app against a backend that plays a working day.
    Demo(demo::Options),
    /// Run the tests; installs what is missing first.
    Test {
        /// Which suites; all of them if none is named.
        #[arg(value_enum)]
        suites: Vec<test::Suite>,
        #[command(flatten)]
        extent: test::Extent,
    },
    /// Measure, and write the tables of docs/performance.md and docs/reconnect-storms.md anew.
    Bench {
        /// Which benches; all of them if none is named.
        #[arg(value_enum)]
        benches: Vec<bench::Bench>,
        /// Only try whether those of the app run: few and short measurements, of which nothing is written.
        #[arg(long)]
        quick: bool,
    },
    /// Make packages; installs what is missing and builds the programs first.
    #[command(disable_help_flag = true)]
    Bundle {
        /// What `gloria-bundle` understands: try --help.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Fail unless a release's tag names the version in Cargo.toml.
    Tag {
        /// The tag, such as v1.2.0.
        tag: String,
    },
    /// Write anew what is generated: the TypeScript of the protocol and of the messages, the table of settings, and the
    /// templates and documentation of policies.
    Protocol,
    /// Take the pictures of README.md anew.
    Screens,
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(code) => code,
        Err(error) => {
            println!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<ExitCode> {
    match task {
        Task::Demo(options) => demo::run(&options),
        Task::Test { suites, extent } => test::run(&suites, extent),
        Task::Bench { benches, quick } => bench::run(&benches, quick),
        Task::Bundle { arguments } => bundle(&arguments),
        Task::Tag { tag } => tag::check(&tag).map(|()| ExitCode::SUCCESS),
        Task::Protocol => protocol(),
        Task::Screens => demo::screens(),
    }
}

/// In a program of its own, so that this one stays small: it needs the command line of `gloria`, and so the core.
fn bundle(arguments: &[OsString]) -> Result<ExitCode> {
    let is_repository = arguments.first().is_some_and(|first| first == "repository");
    let purpose = if is_repository {
        install::Purpose::PackageTests
    } else {
        install::Purpose::Packages
    };
    install::ensure_installed(&[install::Purpose::Build, purpose])?;
    // The app contains the UI.
    install::ensure_ui()?;
    commands::run(&mut commands::build_bundler())?;
    commands::run(Command::new(commands::built("debug", "gloria-bundle")).args(arguments))?;
    Ok(ExitCode::SUCCESS)
}

/// The tests that fail on stale files write them on request.
fn protocol() -> Result<ExitCode> {
    for target in [
        ["--package=gloria-core", "--lib"],
        ["--package=gloria-words", "--test=catalogue"],
        ["--package=gloria-core", "--test=policy"],
    ] {
        let mut generate = commands::cargo(
            ["test", "--quiet"]
                .into_iter()
                .chain(target)
                .chain(["is_current"]),
        );
        commands::run(generate.env("GLORIA_REGENERATE", "1"))?;
    }
    Ok(ExitCode::SUCCESS)
}
