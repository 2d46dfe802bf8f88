//! How fast a stream is read, beside other clients for it.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::{loudness, median, page, release};
use crate::commands::{self, built, cargo};
use crate::demo::{Running, TestBackend};
use crate::install::{Purpose, ensure_installed, ensure_packages};

const EVENTS: u64 = 1_000_000;

/// An ordinary small notification with its event and id lines.
const EVENT_BYTES: u64 = 114;

/// Enough for a middle that one hiccup of the machine does not move.
const ROUNDS: usize = 7;

/// The slowest may take half a minute; what needs longer than this is broken.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The crates that are no part of the workspace, for they bring another reqwest.
const PEERS: &str = "tests/bench-peers";
const NODE_PEER: &str = "tests/bench-peers/node";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    Gloria,
    LaunchDarkly,
    Node,
    ReqwestEventsource,
    Curl,
}

impl Client {
    const ALL: [Self; 5] = [
        Self::Gloria,
        Self::LaunchDarkly,
        Self::Node,
        Self::ReqwestEventsource,
        Self::Curl,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Gloria => "`gloria tail --raw --quiet`",
            Self::LaunchDarkly => "eventsource-client 0.18, LaunchDarkly's (Rust)",
            Self::Node => "eventsource 4.1 (Node.js)",
            Self::ReqwestEventsource => "reqwest-eventsource 0.6 (Rust)",
            Self::Curl => "curl, to /dev/null: reads and does nothing",
        }
    }

    fn command(self, url: &str) -> Command {
        let count = EVENTS.to_string();
        let peer = |name: &str| {
            let mut peer = Command::new(peers_target().join("release").join(name));
            peer.args([url, &count]);
            peer
        };
        match self {
            Self::Gloria => {
                let mut gloria = Command::new(built("release", "gloria"));
                gloria.args(["tail", "--raw", "--quiet", "--count", &count, "--url", url]);
                gloria
            }
            Self::LaunchDarkly => peer("launchdarkly"),
            Self::ReqwestEventsource => peer("reqwest-eventsource"),
            Self::Node => {
                let mut node = Command::new("node");
                node.arg(commands::root().join(NODE_PEER).join("eventsource.js"));
                node.args([url, &count]);
                node
            }
            Self::Curl => {
                let mut curl = Command::new("curl");
                // The header goes through a file descriptor of curl's own, not its arguments.
                curl.args(["--silent", "--no-buffer", "--output", "/dev/null", "--write-out"]);
                curl.args(["{\"bytes\":%{size_download}}", "--header", "@-", url]);
                curl
            }
        }
    }
}

fn peers_target() -> std::path::PathBuf {
    commands::root().join("target/bench-peers")
}

/// Builds everything, measures, and writes the table.
pub(super) fn run() -> Result<()> {
    ensure_installed(&[Purpose::Bench])?;
    ensure_packages(NODE_PEER)?;
    commands::run(&mut release(&["gloria-cli", "gloria-backend"]))?;
    let mut peers = cargo(["build", "--release", "--manifest-path"]);
    peers.arg(commands::root().join(PEERS).join("Cargo.toml"));
    commands::run(peers.arg("--target-dir").arg(peers_target()))?;

    let backend = TestBackend::release()?;
    let (api, token) = (&backend.api, &backend.token);
    let home = tempfile::tempdir()?;
    let url = format!("{api}/blast?events={EVENTS}&size={EVENT_BYTES}");
    let mut seconds = Client::ALL.map(|client| (client, Vec::new()));
    let load = loudness();
    for round in 1..=ROUNDS {
        // Interleaved, so that what the machine does besides is done to all of them.
        for (client, seconds) in &mut seconds {
            let mut command = client.command(&url);
            command
                .env("GLORIA_TOKEN", token)
                .env("GLORIA_TOKEN_FOR", api)
                .env("GLORIA_HOME", home.path());
            let took = timed(*client, &mut command, token)?;
            println!("round {round}: {took:.2} s  {}", client.name());
            seconds.push(took);
        }
    }
    let table = table(&seconds, &load);
    println!("\n{table}");
    page::put(&commands::root().join("docs/performance.md"), "stream", &table)
}

fn table(seconds: &[(Client, Vec<f64>)], load: &str) -> String {
    let ours = seconds
        .iter()
        .find(|(client, _)| *client == Client::Gloria)
        .map_or(f64::NAN, |(_, seconds)| median(seconds.clone()));
    let millions = EVENTS / 1_000_000;
    let megabytes = EVENTS * EVENT_BYTES / 1_000_000;
    let mut table = format!(
        "| {millions} million events, {megabytes} MB over loopback | median of {ROUNDS} | best | median to ours |\n\
         | --- | ---: | ---: | ---: |\n"
    );
    for (client, seconds) in seconds {
        let (best, median) = (
            seconds.iter().copied().fold(f64::INFINITY, f64::min),
            median(seconds.clone()),
        );
        table += &format!(
            "| {} | {median:.2} s | {best:.2} s | {:.2} |\n",
            client.name(),
            median / ours
        );
    }
    table + &format!("\n{load}\n")
}

/// Seconds from start to end of the whole process, which has to have seen everything.
fn timed(client: Client, command: &mut Command, token: &str) -> Result<f64> {
    let line = commands::line(command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let began = Instant::now();
    let mut child = Running(command.spawn().with_context(|| format!("cannot run {line}"))?);
    if let Some(mut stdin) = child.0.stdin.take()
        && client == Client::Curl
    {
        stdin.write_all(format!("Authorization: Bearer {token}\n").as_bytes())?;
    }
    let output = child.0.stdout.take().context("a client has no output")?;
    let reader = std::thread::spawn(move || std::io::read_to_string(output));
    // Its end is seen by the end of its output, without asking again and again while it is measured.
    let text = loop {
        if reader.is_finished() {
            break reader.join();
        }
        if began.elapsed() > TIMEOUT {
            bail!("{line} takes longer than {} s", TIMEOUT.as_secs());
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let status = child.0.wait()?;
    let seconds = began.elapsed().as_secs_f64();
    ensure!(status.success(), "{line} ended with {status}");
    let text = text.map_err(|_| anyhow::anyhow!("the output of {line} could not be read"))??;
    let summary: Value = serde_json::from_str(text.lines().last().unwrap_or_default())
        .with_context(|| format!("{line} said {text:?}"))?;
    let whole = match client {
        Client::Curl => summary["bytes"] == EVENTS * EVENT_BYTES,
        Client::Gloria | Client::LaunchDarkly | Client::Node | Client::ReqwestEventsource => {
            summary["events"] == EVENTS
        }
    };
    ensure!(whole, "{line} saw {summary}");
    Ok(seconds)
}
