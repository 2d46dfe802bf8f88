//! `cargo xtask demo`: the app against the reference backend.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;

use crate::commands::{self, build_programs, built};
use crate::install::{Purpose, ensure_installed, ensure_ui};

#[cfg(target_os = "linux")]
mod headless;
#[cfg(target_os = "linux")]
mod screens;
#[cfg(target_os = "linux")]
pub(crate) use headless::colours;

/// How often the window's owner and the keyboard are looked after; nobody notices a tenth of a second.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// How long the app may take to save its state and end.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// On a desktop of its own, without a screen; ends by itself and says whether all went well
    #[arg(long)]
    headless: bool,
    /// Where the pictures go
    #[arg(
        long,
        value_name = "DIR",
        requires = "headless",
        default_value = "target/demo-shots"
    )]
    shots: PathBuf,
    /// How long to run at least
    #[arg(
        long = "for",
        value_name = "SECONDS",
        requires = "headless",
        default_value_t = 20
    )]
    seconds: u64,
}

/// Builds everything and shows it.
///
/// # Errors
/// When something cannot be installed, built or started.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let desktop: &[_] = if options.headless {
        &[Purpose::Build, Purpose::Desktop]
    } else {
        &[Purpose::Build]
    };
    ensure_installed(desktop)?;
    ensure_ui()?;
    commands::run(&mut build_programs())?;
    if options.headless {
        return headless(options);
    }
    if cfg!(target_os = "linux")
        && !["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some())
    {
        bail!("there is no display here; use --headless for a desktop without a screen");
    }
    on_this_desktop()
}

#[cfg(target_os = "linux")]
fn headless(options: &Options) -> Result<ExitCode> {
    headless::run(&options.shots, Duration::from_secs(options.seconds))
}

#[cfg(not(target_os = "linux"))]
fn headless(options: &Options) -> Result<ExitCode> {
    let _ = (&options.shots, options.seconds);
    bail!("a desktop without a screen can be made on Linux only; leave --headless out")
}

/// Takes the pictures of README anew, in `docs/screens`.
///
/// # Errors
/// When something cannot be installed, built or started, or a picture does not show what it should.
#[cfg(target_os = "linux")]
pub(crate) fn screens() -> Result<ExitCode> {
    ensure_installed(&[Purpose::Build, Purpose::Desktop])?;
    ensure_ui()?;
    commands::run(&mut build_programs())?;
    screens::run()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn screens() -> Result<ExitCode> {
    bail!("the pictures are taken on a desktop without a screen, which can be made on Linux only")
}

fn on_this_desktop() -> Result<ExitCode> {
    let home = commands::root().join("target/demo-home");
    // Last time's server kept last time's events.
    if home.exists() {
        fs::remove_dir_all(&home)?;
    }
    let backend = TestBackend::demo("4s")?;
    let app = || {
        let mut app = Command::new(built("debug", "gloria-notify"));
        app.env("GLORIA_HOME", &home)
            .env("GLORIA_API_URL", &backend.api)
            .env("GLORIA_TOKEN", &backend.token);
        app.stdin(Stdio::null());
        app
    };
    let mut first = Running(app().spawn().context("cannot start the app")?);
    println!(
        "\nGloria Notify is in the tray; every few seconds the backend at {} sends something.\n\
         Open the inbox by a click on the tray icon, by a click on a notification, or by Enter here.\n\
         Quit in the tray's menu or Ctrl-C here ends it all.",
        backend.api
    );
    let lines = lines_typed();
    let mut openers: Vec<Running> = Vec::new();
    // Ctrl-C reaches everything in this terminal; the app hangs up and ends, and so does this loop.
    let interrupted = interruption()?;
    loop {
        if let Some(status) = first.0.try_wait()? {
            println!("the app ended with {status}");
            return Ok(if status.success() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        if interrupted.try_recv().is_ok() {
            first.wait_at_most(GRACE);
            return Ok(ExitCode::SUCCESS);
        }
        match lines.recv_timeout(POLL_INTERVAL) {
            // A second start asks the first for its window, and ends.
            Ok(()) => openers.push(Running(app().spawn().context("cannot start the app")?)),
            Err(RecvTimeoutError::Timeout) => {}
            // There is no keyboard.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(POLL_INTERVAL),
        }
        openers.retain_mut(|opener| matches!(opener.0.try_wait(), Ok(None)));
    }
}

fn lines_typed() -> mpsc::Receiver<()> {
    let (typed, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for _ in std::io::stdin().lines().map_while(Result::ok) {
            if typed.send(()).is_err() {
                break;
            }
        }
    });
    lines
}

fn interruption() -> Result<mpsc::Receiver<()>> {
    let (interrupt, interrupted) = mpsc::channel();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            let _ = tokio::signal::ctrl_c().await;
            let _ = interrupt.send(());
        });
    });
    Ok(interrupted)
}

/// A reference backend on a free loopback port.
pub(crate) struct TestBackend {
    _process: Running,
    /// The `{api}` base.
    pub(crate) api: String,
    /// Made for this run.
    pub(crate) token: String,
}

impl TestBackend {
    /// The debug build, playing a working day. `pace` is the time between two events, such as `4s`.
    pub(crate) fn demo(pace: &str) -> Result<Self> {
        Self::start("debug", &["--demo", "--pace", pace])
    }

    /// The release build, which sends what it is asked for.
    pub(crate) fn release() -> Result<Self> {
        Self::start("release", &[])
    }

    fn start(profile: &str, arguments: &[&str]) -> Result<Self> {
        let token = fresh_token();
        let mut command = Command::new(built(profile, "gloria-backend"));
        command.args(["--listen", "127.0.0.1:0"]).args(arguments);
        // Not as an argument: those are for every user of the machine to see.
        command
            .env("GLORIA_BACKEND_TOKEN", &token)
            .env("RUST_LOG", "warn");
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = Running(command.spawn().context("cannot start the backend")?);
        let output = process.0.stdout.take().context("the backend has no output")?;
        let mut ready = String::new();
        BufReader::new(output).read_line(&mut ready)?;
        let ready: Value = serde_json::from_str(&ready).context("the backend did not become ready")?;
        let api = ready["api"]
            .as_str()
            .context("the backend did not say its address")?
            .to_owned();
        Ok(Self {
            _process: process,
            api,
            token,
        })
    }
}

/// A token that nobody else on this machine can guess in the minutes that it lives.
fn fresh_token() -> String {
    use std::hash::{BuildHasher, RandomState};
    let random = || RandomState::new().hash_one(std::process::id());
    format!("demo-{:016x}{:016x}", random(), random())
}

/// A child that ends when dropped.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    fn wait_at_most(&mut self, limit: Duration) {
        let deadline = Instant::now() + limit;
        while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(POLL_INTERVAL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
