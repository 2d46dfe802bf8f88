//! `cargo xtask bench`: the figures of docs/performance.md. They are commands and not tests, because a number on a
//! busy machine proves nothing.

#[cfg(target_os = "linux")]
mod memory;
mod page;
mod storm;
mod tail;

use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::ValueEnum;

use crate::house::{self, cargo};
use crate::install::{Purpose, ensure_installed};

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bench {
    /// A million events through `gloria tail`, beside curl.
    Tail,
    /// What the command and the app hold in memory while nothing happens. On Linux.
    Memory,
    /// A hundred thousand clients that come back at once, in virtual time: docs/reconnect-storms.md.
    Storm,
}

/// Runs the benches, all if none is named, and prints a table of Markdown for each.
///
/// # Errors
/// When something cannot be built, started or measured.
pub(crate) fn run(benches: &[Bench]) -> Result<ExitCode> {
    let benches = if benches.is_empty() {
        Bench::value_variants()
    } else {
        benches
    };
    for bench in benches {
        match bench {
            Bench::Tail => {
                ensure_installed(&[Purpose::Bench])?;
                house::run(&mut release(&["gloria-cli", "gloria-backend"]))?;
                tail::run()?;
            }
            Bench::Memory => memory()?,
            Bench::Storm => storm::run()?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(target_os = "linux")]
fn memory() -> Result<()> {
    ensure_installed(&[Purpose::Build, Purpose::Desktop])?;
    crate::install::ensure_ui()?;
    house::run(&mut release(&["gloria-cli", "gloria-backend", "gloria-notify"]))?;
    memory::run()
}

#[cfg(not(target_os = "linux"))]
fn memory() -> Result<()> {
    anyhow::bail!("memory is read from /proc, which only Linux has")
}

fn release(packages: &[&str]) -> Command {
    let mut build = cargo(["build", "--release"]);
    build.args(packages.iter().flat_map(|package| ["--package", package]));
    build
}

/// The middle one of several measurements.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
