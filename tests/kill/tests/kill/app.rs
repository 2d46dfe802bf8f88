//! The app as a process that is started and ended repeatedly.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use gloria_backend::TEST_TOKEN;
use gloria_desktop_session::{Process, Session};
use rustix::process::{Pid, Signal, kill_process};

use crate::stored::{self, Handle};

/// Much longer than an orderly end takes on a busy machine, so anything longer hangs.
const END_TIMEOUT: Duration = Duration::from_secs(20);

/// If the app has not ended by then, it did not receive the signal: an orderly end takes a third of a second.
const REPEAT_INTERVAL: Duration = Duration::from_secs(5);

/// How much of a wait for a processor excuses anything. The threads of a run that took long have waited for more than
/// that in all, and little of it at its end.
const MAX_STARVED: Duration = Duration::from_secs(3);

/// How much of the app's log a failure contains.
const MAX_LINES: usize = 30;

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// By SIGKILL.
    Kill,
    /// By SIGTERM, as at logout.
    Terminate,
    /// By SIGINT, which the app handles like its own Quit.
    Interrupt,
}

impl How {
    pub(crate) fn is_orderly(self) -> bool {
        match self {
            Self::Kill => false,
            Self::Terminate | Self::Interrupt => true,
        }
    }
}

/// A run that has ended.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) process: u32,
    pub(crate) started: Instant,
    pub(crate) how: How,
    pub(crate) asked: Instant,
    pub(crate) ended: Instant,
    /// How long its threads had waited for a processor by then, together, up to [`MAX_STARVED`]: on a busy machine it
    /// does everything this much later.
    pub(crate) starved: Duration,
    /// The notifications that were recorded by then.
    pub(crate) recorded: HashSet<Handle>,
}

impl Run {
    pub(crate) fn story(&self) -> String {
        let at = crate::moment::of;
        format!(
            "process {} from {} to {} ({:?} {}), {:.3} s without a processor",
            self.process,
            at(self.started),
            at(self.ended),
            self.how,
            at(self.asked),
            self.starved.as_secs_f32(),
        )
    }
}

pub(crate) struct App {
    pub(crate) home: PathBuf,
    api_url: String,
    running: Option<(Process, Instant)>,
    pub(crate) runs: Vec<Run>,
}

impl App {
    pub(crate) fn new(home: PathBuf, api_url: String) -> Self {
        Self {
            home,
            api_url,
            running: None,
            runs: Vec::new(),
        }
    }

    pub(crate) fn start(&mut self, session: &Session) -> Result<()> {
        let mut command: Command = session.command(built("gloria"));
        command
            .arg("agent")
            .env("GLORIA_HOME", &self.home)
            .env("GLORIA_API_URL", &self.api_url)
            .env("GLORIA_TOKEN", TEST_TOKEN)
            .env("GLORIA_SOUNDS", "false")
            .env(
                "GLORIA_LOG",
                std::env::var_os("GLORIA_LOG").unwrap_or_else(|| "info,zbus=warn".into()),
            )
            .env("GLORIA_SSE_RECONNECT_INTERVAL", "100ms");
        let process = session.spawn("app", command)?;
        self.running = Some((process, Instant::now()));
        Ok(())
    }

    /// Flags an item, or removes its flag, with the app or with its file. Returns whether that is done.
    pub(crate) async fn flag(&self, session: &Session, key: &str, on: bool) -> Result<bool> {
        let mut command = session.command(built("gloria"));
        command
            .args(["inbox", if on { "flag" } else { "unflag" }, key])
            .env("GLORIA_HOME", &self.home)
            .env("GLORIA_API_URL", &self.api_url);
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        Ok(output.status.success())
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Returns the end of its log, of all its runs.
    pub(crate) fn log(&self) -> String {
        let Some((process, _)) = &self.running else {
            return String::new();
        };
        let log = process.log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(MAX_LINES)..].join("\n")
    }

    /// Returns an error if it has ended by itself.
    pub(crate) fn check_alive(&mut self) -> Result<()> {
        match &mut self.running {
            Some((process, _)) => process.check_alive(),
            None => Ok(()),
        }
    }

    pub(crate) async fn end(&mut self, how: How) -> Result<()> {
        self.check_alive()?;
        let (mut process, started) = self.running.take().context("it does not run")?;
        let asked = Instant::now();
        let id = process.id();
        let starved = starved(id);
        match how {
            How::Kill => process.kill(),
            How::Terminate => end_by(&mut process, Signal::TERM).await?,
            How::Interrupt => end_by(&mut process, Signal::INT).await?,
        }
        let ended = Instant::now();
        let recorded = stored::recorded(&self.home, &self.api_url)?;
        self.runs.push(Run {
            process: id,
            started,
            how,
            asked,
            ended,
            starved,
            recorded,
        });
        Ok(())
    }
}

/// Returns how long the threads of a process have waited for a processor, together: the second number of each
/// `schedstat`, in nanoseconds (Linux, `Documentation/scheduler/sched-stats.rst`).
fn starved(process: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{process}/task"));
    let waited = threads.into_iter().flatten().flatten().filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    Duration::from_nanos(waited.sum()).min(MAX_STARVED)
}

/// Repeats the signal once: a program that a shell started in the background ignores SIGINT at first, and one that
/// arrives before the app handles it is lost.
async fn end_by(process: &mut Process, by: Signal) -> Result<()> {
    signal(process.id(), by)?;
    if process.ended(REPEAT_INTERVAL).await.is_err() {
        signal(process.id(), by)?;
        process.ended(END_TIMEOUT).await?;
    }
    Ok(())
}

fn signal(process: u32, signal: Signal) -> Result<()> {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    kill_process(process.context("no such process")?, signal)?;
    Ok(())
}

/// Returns the path of one of the app's programs, which cargo builds next to this test.
pub(crate) fn built(program: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"));
    target.join("debug").join(program)
}

pub(crate) fn check_built() -> Result<()> {
    ensure!(
        built("gloria").exists(),
        "the app is not built: run `cargo xtask test kill`"
    );
    Ok(())
}
