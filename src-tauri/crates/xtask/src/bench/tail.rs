//! How fast a stream is read.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::median;
use crate::demo::{fresh_token, start_backend};
use crate::house::{self, built};

const EVENTS: u64 = 1_000_000;

/// An ordinary small notification with its event and id lines.
const EVENT_BYTES: u64 = 114;

/// Enough for a middle that one hiccup of the machine does not move.
const RUNS: usize = 7;

pub(super) fn run() -> Result<()> {
    let token = fresh_token();
    let mut backend = Command::new(built("release", "gloria-backend"));
    backend.args(["--listen", "127.0.0.1:0"]);
    let (_backend, ready) = start_backend(backend, &token)?;
    let api = ready["api"]
        .as_str()
        .context("the backend did not say its address")?;
    let url = format!("{api}/blast?events={EVENTS}&size={EVENT_BYTES}");
    let home = tempfile::tempdir()?;

    let tail = || {
        let mut command = Command::new(built("release", "gloria"));
        command.args([
            "tail",
            "--raw",
            "--quiet",
            "--count",
            &EVENTS.to_string(),
            "--url",
            &url,
        ]);
        command
            .env("GLORIA_TOKEN", &token)
            .env("GLORIA_HOME", home.path());
        command
    };
    let curl = || {
        let mut command = Command::new("curl");
        // The header goes through a file descriptor of curl's own, not its arguments.
        command.args([
            "--silent",
            "--no-buffer",
            "--output",
            "/dev/null",
            "--header",
            "@-",
            &url,
        ]);
        command
    };
    let (mut tails, mut curls) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        tails.push(timed(&mut tail(), None)?);
        curls.push(timed(
            &mut curl(),
            Some(&format!("Authorization: Bearer {token}\n")),
        )?);
    }
    let megabytes = EVENTS * EVENT_BYTES / 1_000_000;
    println!(
        "\n| {EVENTS} events, {megabytes} MB over loopback | median of {RUNS} | best |\n| --- | --- | --- |"
    );
    for (name, values) in [
        ("`gloria tail --raw --quiet`", tails),
        ("curl, to /dev/null", curls),
    ] {
        let best = values.iter().copied().fold(f64::INFINITY, f64::min);
        println!("| {name} | {:.2} s | {best:.2} s |", median(values));
    }
    Ok(())
}

/// Seconds from start to end of the whole process.
fn timed(command: &mut Command, input: Option<&str>) -> Result<f64> {
    use std::io::Write as _;
    let line = house::line(command);
    command
        .stdin(if input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped());
    let began = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot run {line}"))?;
    if let (Some(text), Some(mut stdin)) = (input, child.stdin.take()) {
        stdin.write_all(text.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    let seconds = began.elapsed().as_secs_f64();
    ensure!(output.status.success(), "{line} ended with {}", output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    if let Some(summary) = text.lines().last() {
        let summary: Value = serde_json::from_str(summary)?;
        ensure!(summary["events"] == EVENTS, "{line} saw {summary}");
    }
    Ok(seconds)
}
