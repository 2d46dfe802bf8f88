//! `cargo xtask bench`: the figures of docs/performance.md. They are commands and not tests, because a number on a
//! busy machine proves nothing.

#[cfg(target_os = "linux")]
mod idle;
#[cfg(target_os = "linux")]
mod inbox;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod opening;
mod page;
mod parser;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod screen;
#[cfg(target_os = "linux")]
mod stage;
#[cfg(target_os = "linux")]
mod start;
mod storm;
mod stream;
#[cfg(target_os = "linux")]
mod window;

use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;

#[cfg(target_os = "linux")]
use crate::commands;
use crate::commands::cargo;
#[cfg(target_os = "linux")]
use crate::install::{Purpose, ensure_installed};

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bench {
    /// A million events through `gloria tail`, beside other clients.
    Stream,
    /// The parser on hard shapes, beside eventsource-stream.
    Parser,
    /// What `gloria tail` costs while nothing happens. On Linux.
    Idle,
    /// What the app holds in memory while nothing happens, beside a browser's window. On Linux.
    Memory,
    /// How long the agent takes until it is connected. On Linux.
    Start,
    /// How long the window takes to open, what it costs while it is open, and how long the app takes to end. On Linux.
    Window,
    /// A hundred thousand events at once, until all are stored. On Linux.
    Inbox,
    /// From the server's event to the notification service's call. On Linux.
    Latency,
    /// A hundred thousand clients that come back at once, in virtual time: docs/reconnect-storms.md.
    Storm,
}

/// How much is measured of the app.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "the app is measured on Linux")
)]
struct Extent {
    /// How long processes that do nothing are watched.
    watched: Duration,
    /// How long what a start or a window needed may take to be given back.
    rest: Duration,
    starts: usize,
    openings: usize,
    ends: usize,
    /// Whether the tables are written into the pages of docs.
    is_whole: bool,
}

impl Extent {
    const WHOLE: Self = Self {
        // Two heartbeats of the backend's 30 s.
        watched: Duration::from_secs(60),
        rest: Duration::from_secs(60),
        starts: 20,
        openings: 10,
        ends: 9,
        is_whole: true,
    };

    const QUICK: Self = Self {
        watched: Duration::from_secs(5),
        rest: Duration::from_secs(5),
        starts: 2,
        openings: 2,
        ends: 1,
        is_whole: false,
    };

    /// Prints a table, and writes it into docs/performance.md under this name.
    #[cfg(target_os = "linux")]
    fn write(self, name: &str, table: &str) -> Result<()> {
        println!("\n{table}");
        if !self.is_whole {
            return Ok(());
        }
        page::put(&commands::root().join("docs/performance.md"), name, table)
    }
}

/// Runs the benches, all if none is named, and writes their tables into the pages of docs.
///
/// # Errors
/// When something cannot be built, started or measured.
pub(crate) fn run(benches: &[Bench], quick: bool) -> Result<ExitCode> {
    let extent = if quick { Extent::QUICK } else { Extent::WHOLE };
    let benches = if benches.is_empty() {
        Bench::value_variants()
    } else {
        benches
    };
    for bench in benches {
        match bench {
            Bench::Stream => stream::run()?,
            Bench::Parser => parser::run()?,
            Bench::Idle => idle()?,
            Bench::Memory => memory(extent)?,
            Bench::Start => start(extent)?,
            Bench::Window => window(extent)?,
            Bench::Inbox => inbox()?,
            Bench::Latency => latency()?,
            Bench::Storm => storm::run()?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(target_os = "linux")]
fn memory(extent: Extent) -> Result<()> {
    ensure_installed(&[Purpose::Build, Purpose::Desktop, Purpose::Browser])?;
    crate::install::ensure_ui()?;
    memory::run(extent)
}

#[cfg(target_os = "linux")]
fn start(extent: Extent) -> Result<()> {
    ensure_installed(&[Purpose::Build, Purpose::Desktop])?;
    commands::run(&mut release(PROGRAMS))?;
    start::run(extent)
}

#[cfg(target_os = "linux")]
fn window(extent: Extent) -> Result<()> {
    ensure_installed(&[Purpose::Build, Purpose::Desktop])?;
    crate::install::ensure_ui()?;
    commands::run(&mut release(PROGRAMS))?;
    window::run(extent)
}

#[cfg(target_os = "linux")]
fn idle() -> Result<()> {
    idle::run()
}

#[cfg(target_os = "linux")]
fn inbox() -> Result<()> {
    inbox::run()
}

#[cfg(target_os = "linux")]
fn latency() -> Result<()> {
    ensure_installed(&[Purpose::Desktop])?;
    inbox::latency()
}

#[cfg(not(target_os = "linux"))]
fn inbox() -> Result<()> {
    anyhow::bail!("memory is read from /proc, which only Linux has")
}

#[cfg(not(target_os = "linux"))]
fn latency() -> Result<()> {
    anyhow::bail!("the notification service is that of a D-Bus session, which only Linux has")
}

#[cfg(not(target_os = "linux"))]
fn idle() -> Result<()> {
    anyhow::bail!("what a process uses is read from /proc, which only Linux has")
}

#[cfg(not(target_os = "linux"))]
fn start(_extent: Extent) -> Result<()> {
    anyhow::bail!("the agent is a process of its own on Linux only")
}

#[cfg(not(target_os = "linux"))]
fn window(_extent: Extent) -> Result<()> {
    anyhow::bail!("what a process uses is read from /proc, which only Linux has")
}

#[cfg(not(target_os = "linux"))]
fn memory(_extent: Extent) -> Result<()> {
    anyhow::bail!("memory is read from /proc, which only Linux has")
}

/// What the benches of the app need. Always together: another selection has other features, and would build what the
/// programs are made of anew.
#[cfg(target_os = "linux")]
const PROGRAMS: &[&str] = &["gloria-cli", "gloria-backend", "gloria-notify"];

fn release(packages: &[&str]) -> Command {
    let mut build = cargo(["build", "--release"]);
    build.args(packages.iter().flat_map(|package| ["--package", package]));
    build
}

#[cfg(target_os = "linux")]
fn mib(kib: u64) -> String {
    format!("{}.{} MiB", kib / 1024, kib % 1024 * 10 / 1024)
}

/// What else the machine was doing when a measurement began: a reader has to know.
fn loudness() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").ok();
    let load = load.as_deref().and_then(|load| load.split_whitespace().next());
    match load {
        Some(load) => format!("On {cores} cores; the load before it was {load}."),
        None => format!("On {cores} cores."),
    }
}

/// The middle one of several measurements.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
