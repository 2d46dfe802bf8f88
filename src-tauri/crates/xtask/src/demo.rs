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

/// How often to check the keyboard; a delay of a tenth of a second is not noticeable.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// How often to check whether the app was quit from its tray: each check starts a program.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The exit code of `gloria status` if no app runs.
const NOT_RUNNING: i32 = 3;

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

/// Builds everything and runs the demo.
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

/// Takes the pictures of the README again, into `docs/screens`.
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
    // The new server does not know the events of the previous one.
    if home.exists() {
        fs::remove_dir_all(&home)?;
    }
    let backend = TestBackend::demo("4s")?;
    let program = |name: &str| {
        let mut program = Command::new(built("debug", name));
        program
            .env("GLORIA_HOME", &home)
            .env("GLORIA_API_URL", &backend.api)
            .env("GLORIA_TOKEN", &backend.token);
        program.stdin(Stdio::null());
        program
    };
    let start = || program("gloria-notify").spawn().context("cannot start the app");
    let mut running = RunningApp::new(|| program("gloria"));
    let mut first = Running(start()?);
    while !running.is_running()? {
        match first.0.try_wait()? {
            Some(status) if !status.success() => bail!("the app ended with {status}"),
            _ => std::thread::sleep(POLL_INTERVAL),
        }
    }
    println!(
        "\nGloria Notify is in the tray; every few seconds the backend at {} sends something.\n\
         Open the inbox by a click on the tray icon, by a click on a notification, or by Enter here.\n\
         Quit in the tray's menu or Ctrl-C here ends it all.",
        backend.api
    );
    let lines = lines_typed();
    let mut openers: Vec<Running> = Vec::new();
    // The agent outlives the terminal, so Ctrl-C does not reach it.
    let interrupted = interruption()?;
    let mut looked = Instant::now();
    loop {
        if interrupted.try_recv().is_ok() {
            running.quit()?;
            return Ok(ExitCode::SUCCESS);
        }
        match lines.recv_timeout(POLL_INTERVAL) {
            // The second start requests the window from the first, or becomes the window's program.
            Ok(()) => openers.push(Running(start()?)),
            Err(RecvTimeoutError::Timeout) => {}
            // stdin is not connected.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(POLL_INTERVAL),
        }
        openers.retain_mut(|opener| matches!(opener.0.try_wait(), Ok(None)));
        if looked.elapsed() > LOOK_INTERVAL {
            looked = Instant::now();
            if !running.is_running()? {
                println!("the app has ended");
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
}

/// The app after the started program has ended: on Linux, a separate agent. Dropping this quits it.
#[derive(Debug)]
pub(crate) struct RunningApp {
    status: Command,
    quit: Command,
}

impl RunningApp {
    /// `gloria` returns the command of the command line for this app.
    pub(crate) fn new(gloria: impl Fn() -> Command) -> Self {
        let with = |argument| {
            let mut command = gloria();
            command.arg(argument);
            command.stdin(Stdio::null()).stdout(Stdio::null());
            command
        };
        Self {
            status: with("status"),
            quit: with("quit"),
        }
    }

    /// Whether an app runs.
    pub(crate) fn is_running(&mut self) -> Result<bool> {
        let status = self.status.stderr(Stdio::null()).status();
        let status = status.context("cannot run gloria")?;
        Ok(status.code() != Some(NOT_RUNNING))
    }

    /// Quits it and returns once it has ended.
    pub(crate) fn quit(mut self) -> Result<()> {
        commands::run(&mut self.quit)
    }
}

impl Drop for RunningApp {
    fn drop(&mut self) {
        if matches!(self.is_running(), Ok(true))
            && let Err(error) = commands::run(&mut self.quit)
        {
            println!("the app could not be ended: {error:#}");
        }
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
    /// The token, created for this run.
    pub(crate) token: String,
}

impl TestBackend {
    /// Starts the debug build, which plays a working day. `pace` is the time between two events, such as `4s`.
    pub(crate) fn demo(pace: &str) -> Result<Self> {
        Self::start("debug", &["--demo", "--pace", pace])
    }

    /// Starts the release build, otherwise like [`Self::demo`].
    #[cfg(target_os = "linux")]
    pub(crate) fn release_demo(pace: &str) -> Result<Self> {
        Self::start("release", &["--demo", "--pace", pace])
    }

    /// Starts the release build, which sends events only on request.
    pub(crate) fn release() -> Result<Self> {
        Self::start("release", &[])
    }

    fn start(profile: &str, arguments: &[&str]) -> Result<Self> {
        let token = fresh_token();
        let mut command = Command::new(built(profile, "gloria-backend"));
        command.args(["--listen", "127.0.0.1:0"]).args(arguments);
        // Not as an argument, because every user of the machine can read those.
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

/// Returns a token that nobody else on this machine can guess during the minutes of its use.
fn fresh_token() -> String {
    use std::hash::{BuildHasher, RandomState};
    let random = || RandomState::new().hash_one(std::process::id());
    format!("demo-{:016x}{:016x}", random(), random())
}

/// A child process that is killed when dropped.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
