//! What the app holds and does while nothing happens: the agent, the agent with its window, both in one process as on
//! Windows and macOS, and a browser's window that shows the same page.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use gloria_desktop_session::{Process, Session, SessionOptions, wait_until};

use super::process::{self, Memory, Usage};
use super::stage::{DEADLINE, Stage, window_program, window_program_ended};
use super::{Extent, PROGRAMS, loudness, mib, release};
use crate::commands::{self, built};
use crate::demo::TestBackend;
use crate::install::ensure_packages;

/// What is given back at once is given back by then.
const SETTLED: Duration = Duration::from_secs(10);

/// A closed window stays for half of this.
const LINGER_DEADLINE: Duration = Duration::from_secs(60);

/// The folder of the app in one process, below `target/release`.
const IN_PROCESS: &str = "in-process";

/// Builds, measures, and writes the table.
pub(super) fn run(extent: Extent) -> Result<()> {
    build()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let table = runtime.block_on(measured(extent))?;
    extent.write("memory", &table)
}

fn build() -> Result<()> {
    // Under the same name in the same folder as the other: it is put aside, and cargo puts the other in its place.
    commands::run(release(PROGRAMS).args(["--features", "gloria-notify/in-process"]))?;
    let folder = built("release", IN_PROCESS);
    fs::create_dir_all(&folder)?;
    fs::copy(built("release", "gloria-notify"), folder.join("gloria-notify"))?;
    commands::run(&mut release(PROGRAMS))?;
    ensure_packages("ui")?;
    commands::run(&mut commands::npm("ui", ["run", "--silent", "build:test"]))
}

async fn measured(extent: Extent) -> Result<String> {
    let load = loudness();
    let session = Session::start(SessionOptions::default()).await?;
    let mut stage = Stage::new(session, TestBackend::release()?);
    let mut rows = agent(&stage, extent).await?;
    stage.home = stage.session.dir().join(IN_PROCESS);
    rows += &in_one_process(&stage, extent).await?;
    rows += &browser(&stage, extent).await?;
    Ok(format!(
        "| connected and idle for {} s | PSS | private dirty | threads | wake-ups a second | CPU |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |\n{rows}\n{load}\n",
        extent.watched.as_secs()
    ))
}

async fn agent(stage: &Stage, extent: Extent) -> Result<String> {
    let mut agent = stage.start_agent()?;
    stage.connected(&mut agent).await?;
    tokio::time::sleep(SETTLED).await;
    let alone = [agent.id()];
    let mut rows = memory_row("the agent, 10 s after it connected", &alone)?;
    tokio::time::sleep(extent.rest).await;
    rows += &watched("the agent, before any window", &alone, extent).await?;
    stage.click_tray().await?;
    stage.window().await?;
    tokio::time::sleep(SETTLED).await;
    let window = window_tree(&agent)?;
    let (of_agent, of_window) = tokio::join!(
        watched("the agent, with the window open", &alone, extent),
        watched("the window's processes", &window, extent)
    );
    rows += &of_agent?;
    rows += &of_window?;
    stage.close_window().await?;
    tokio::time::sleep(SETTLED).await;
    rows += &memory_row(
        "the same, closed for less than 30 s and hidden",
        &window_tree(&agent)?,
    )?;
    window_program_ended(&agent, LINGER_DEADLINE).await?;
    tokio::time::sleep(extent.rest).await;
    rows += &watched(
        "the agent, from 60 s after the window's program ended",
        &alone,
        extent,
    )
    .await?;
    Ok(rows)
}

async fn in_one_process(stage: &Stage, extent: Extent) -> Result<String> {
    let program = || stage.command(built("release", IN_PROCESS).join("gloria-notify"));
    let mut app = stage.session.spawn("in-one-process", program())?;
    stage.connected(&mut app).await?;
    tokio::time::sleep(SETTLED).await;
    let all = || process::tree(app.id());
    let mut rows = watched("in one process: before any window", &all()?, extent).await?;
    stage.click_tray().await?;
    stage.window().await?;
    tokio::time::sleep(SETTLED).await;
    rows += &memory_row("in one process: with the window open", &all()?)?;
    stage.close_window().await?;
    tokio::time::sleep(extent.rest).await;
    rows += &watched("in one process: from 60 s after it was closed", &all()?, extent).await?;
    Ok(rows)
}

/// The window that a browser shows of an app that is a page: its processes alone, without the desktop's.
async fn browser(stage: &Stage, extent: Extent) -> Result<String> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut server = commands::npm(
        "ui",
        ["exec", "--", "vite", "preview", "--outDir", "../target/ui-test"],
    );
    server.args([
        "--host",
        "127.0.0.1",
        "--strictPort",
        "--port",
        &address.port().to_string(),
    ]);
    let server = stage
        .session
        .spawn("page-server", with_own_environment(&server))?;
    wait_until("the page's server", DEADLINE, async || {
        Ok(tokio::net::TcpStream::connect(address).await.ok().map(drop))
    })
    .await?;
    let mut chromium = stage.session.command(chromium());
    let profile = stage.session.dir().join("chromium");
    chromium
        .arg(format!("--app=http://{address}/?scenario=busy"))
        .arg(format!("--user-data-dir={}", profile.display()))
        // Without a sandbox, because root has none; without what asks the network for news of itself.
        .args([
            "--no-sandbox",
            "--no-first-run",
            "--no-default-browser-check",
            "--disable-gpu",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .args([
            "--disable-extensions",
            "--disable-dev-shm-usage",
            "--no-proxy-server",
        ])
        .stdin(Stdio::null());
    let browser = stage.session.spawn("chromium", chromium)?;
    stage.window().await?;
    tokio::time::sleep(SETTLED).await;
    let rows = watched(
        "a window of Chromium (`--app`) on the same page",
        &process::tree(browser.id())?,
        extent,
    )
    .await;
    drop((browser, server));
    rows
}

fn chromium() -> PathBuf {
    std::env::var_os("CHROMIUM").map_or_else(|| "/usr/bin/chromium".into(), PathBuf::from)
}

/// The command with this process's environment, which Node.js needs of a developer's machine.
fn with_own_environment(command: &std::process::Command) -> std::process::Command {
    let mut with = std::process::Command::new(command.get_program());
    with.args(command.get_args()).envs(std::env::vars_os());
    if let Some(folder) = command.get_current_dir() {
        with.current_dir(folder);
    }
    with
}

/// The window's program and WebKit's processes.
fn window_tree(agent: &Process) -> Result<Vec<u32>> {
    let window = window_program(agent)?.context("the window's program does not run")?;
    process::tree(window)
}

/// A row of the table about processes that nothing happens to.
async fn watched(what: &str, processes: &[u32], extent: Extent) -> Result<String> {
    let before = process::usage(processes)?;
    let began = Instant::now();
    tokio::time::sleep(extent.watched).await;
    let after = process::usage(processes)?;
    // At the end, because what is used at rest returns to memory.
    let memory = process::memory(processes)?;
    let seconds = began.elapsed().as_secs_f64();
    ensure!(
        after.cpu >= before.cpu,
        "threads of {what} ended while they were watched"
    );
    let per_second = after.wake_ups.saturating_sub(before.wake_ups) as f64 / seconds;
    let cpu = (after.cpu - before.cpu).as_secs_f64() / seconds * 100.0;
    Ok(row(what, memory, after, &format!("{per_second:.2} | {cpu:.4} %")))
}

/// The same of what does not stay long enough to be watched.
fn memory_row(what: &str, processes: &[u32]) -> Result<String> {
    let memory = process::memory(processes)?;
    Ok(row(what, memory, process::usage(processes)?, " | "))
}

fn row(what: &str, memory: Memory, usage: Usage, rates: &str) -> String {
    let row = format!(
        "| {what} | {} | {} | {} | {rates} |\n",
        mib(memory.pss),
        mib(memory.private_dirty),
        usage.threads
    );
    print!("{row}");
    row
}
