//! What `gloria tail` costs while nothing happens but heartbeats, read from /proc.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::{PROGRAMS, loudness, mib, page, process, release};
use crate::commands::{self, built};
use crate::demo::{Running, TestBackend};

/// Starting up is over by then.
const SETTLED: Duration = Duration::from_secs(10);

/// Two heartbeats of the backend's 30 s.
const WATCHED: Duration = Duration::from_secs(60);

/// Builds, measures, and writes the table.
pub(super) fn run() -> Result<()> {
    commands::run(&mut release(PROGRAMS))?;
    let backend = TestBackend::release()?;
    let (api, token) = (&backend.api, &backend.token);
    let home = tempfile::tempdir()?;
    let mut tail = Command::new(built("release", "gloria"));
    tail.arg("tail").env("GLORIA_API_URL", api);
    tail.env("GLORIA_TOKEN", token).env("GLORIA_HOME", home.path());
    let mut tail = Running(tail.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?);
    let output = tail.0.stdout.take().context("tail has no output")?;
    let mut lines = BufReader::new(output).lines();
    if !lines.any(|line| line.is_ok_and(|line| line.contains("\"connected\""))) {
        bail!("tail ended before it connected");
    }
    sleep(SETTLED);
    let load = loudness();
    let before = process::usage(&[tail.0.id()])?;
    let began = Instant::now();
    sleep(WATCHED);
    let after = process::usage(&[tail.0.id()])?;
    let seconds = began.elapsed().as_secs_f64();
    let rss = process::rss(tail.0.id())?;
    let table = format!(
        "| `gloria tail`, connected and idle for {} s | | to reach |\n| --- | ---: | ---: |\n\
         | RSS | {} | 8 MiB |\n\
         | CPU | {:.4} % | 0.1 % |\n\
         | wake-ups a second | {:.2} | 1 |\n\n{load}\n",
        WATCHED.as_secs(),
        mib(rss),
        (after.cpu - before.cpu).as_secs_f64() / seconds * 100.0,
        (after.wake_ups - before.wake_ups) as f64 / seconds
    );
    println!("\n{table}");
    page::put(&commands::root().join("docs/performance.md"), "idle", &table)
}
