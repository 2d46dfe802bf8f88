//! How long the window takes to open, what it costs while it is open and nothing happens, and how long the app takes to
//! end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use gloria_desktop_session::{Process, Session, SessionOptions, Signal};

use super::process::{self, Thread};
use super::screen::Screen;
use super::stage::{DEADLINE, Stage, window_program};
use super::{Extent, loudness, median, opening};
use crate::demo::TestBackend;

/// Starting up, the first report of the page and its animations are over by then.
const SETTLED: Duration = Duration::from_secs(15);

/// How often it is looked whether a process has ended.
const LOOK_INTERVAL: Duration = Duration::from_millis(1);

/// Threads that GLib, GTK and WebKit start in the window's program, by the beginnings of their names.
/// Those that have no name of their own, JavaScriptCore's scavenger of memory and tao's listener to the X server, go by
/// the process's; each of ours has a name.
const FOREIGN_THREADS: [&str; 13] = [
    "gloria-notify",
    "gmain",
    "gdbus",
    "dconf",
    "pool-",
    "WebKit",
    "WTF",
    "ReceiveQueue",
    "VBlankMonitor",
    "PressureMonitor",
    "ebsiteDataStore",
    "llvmpipe",
    "[pango]",
];

/// Measures, and writes the table.
pub(super) fn run(extent: Extent) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let table = runtime.block_on(measured(extent))?;
    extent.write("window", &table)
}

async fn measured(extent: Extent) -> Result<String> {
    let load = loudness();
    let options = SessionOptions {
        frame_buffer: true,
        ..SessionOptions::default()
    };
    let session = Session::start(options).await?;
    // The days before are in the inbox, and one event an hour: nothing happens but heartbeats.
    let stage = Stage::new(session, TestBackend::release_demo("1h")?);
    let screen = Screen::open(&stage.session.frame_buffer()?)?;
    let mut agent = stage.start_agent()?;
    stage.connected(&mut agent).await?;
    // What was missed is notified of once, and gone from the screen.
    tokio::time::sleep(SETTLED).await;
    let mut rows = opening::rows(&stage, &agent, &screen, extent).await?;
    rows += &idle(&stage, &agent, extent).await?;
    drop(agent);
    rows += &ends(&stage, extent).await?;
    Ok(format!(
        "| the app | | to reach |\n| --- | ---: | ---: |\n{rows}\n{load}\n"
    ))
}

async fn idle(stage: &Stage, agent: &Process, extent: Extent) -> Result<String> {
    stage.click_tray().await?;
    stage.window().await?;
    tokio::time::sleep(SETTLED).await;
    let window = window_program(agent)?.context("the window's program does not run")?;
    let before = wake_ups(agent.id(), window)?;
    let began = Instant::now();
    tokio::time::sleep(extent.watched).await;
    let after = wake_ups(agent.id(), window)?;
    let seconds = began.elapsed().as_secs_f64();
    let mut rates: BTreeMap<&str, f64> = BTreeMap::new();
    for (thread, (group, name, count)) in &after {
        let begun = before.get(thread).map_or(0, |(_, _, count)| *count);
        let rate = count.saturating_sub(begun) as f64 / seconds;
        println!("{group}: {name}: {rate:.2}");
        *rates.entry(group).or_default() += rate;
    }
    let groups = [
        (AGENT, "3"),
        (OURS, "3"),
        (MAIN, ""),
        (FOREIGN, ""),
        (PROCESSES, ""),
    ];
    let row = |(group, goal)| {
        let rate = rates.get(group).copied().unwrap_or(0.0);
        format!(
            "| window open, idle for {} s: wake-ups a second of {group} | {rate:.2} | {goal} |\n",
            extent.watched.as_secs()
        )
    };
    Ok(groups.into_iter().map(row).collect())
}

async fn ends(stage: &Stage, extent: Extent) -> Result<String> {
    let ends = extent.ends;
    let mut rows = String::new();
    let mut row = |what: &str, took: Vec<f64>| {
        let slowest = took.iter().copied().fold(0.0, f64::max);
        let middle = median(took);
        rows.push_str(&format!(
            "| from SIGTERM to the end of {what}: median, slowest of {ends} \
             | {middle:.0} ms, {slowest:.0} ms | 300 ms |\n"
        ));
    };
    let mut alone = Vec::new();
    for _ in 0..ends {
        let agent = started(stage).await?;
        alone.push(end(agent, None).await?.0);
    }
    row("the agent, without a window", alone);
    let (mut agents, mut windows) = (Vec::new(), Vec::new());
    for _ in 0..ends {
        let agent = started(stage).await?;
        stage.click_tray().await?;
        stage.window().await?;
        let window = window_program(&agent)?.context("the window's program does not run")?;
        let (of_agent, of_window) = end(agent, Some(window)).await?;
        agents.push(of_agent);
        windows.push(of_window);
    }
    row("the agent, with a window", agents);
    row("the window's program after it", windows);
    Ok(rows)
}

async fn started(stage: &Stage) -> Result<Process> {
    let mut agent = stage.start_agent()?;
    stage.connected(&mut agent).await?;
    Ok(agent)
}

/// Milliseconds until the agent has ended, and the window's program.
async fn end(mut agent: Process, window: Option<u32>) -> Result<(f64, f64)> {
    let (mut of_agent, mut of_window) = (None, None);
    let asked = Instant::now();
    agent.signal(Signal::TERM);
    while of_agent.is_none() || of_window.is_none() {
        ensure!(asked.elapsed() < DEADLINE, "the app does not end");
        let passed = asked.elapsed().as_secs_f64() * 1000.0;
        if of_agent.is_none() && agent.exit_status()?.is_some() {
            of_agent = Some(passed);
        }
        if of_window.is_none() && window.is_none_or(|window| !process::runs(window)) {
            of_window = Some(passed);
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
    Ok((of_agent.unwrap_or(f64::NAN), of_window.unwrap_or(f64::NAN)))
}

const AGENT: &str = "the agent";
const OURS: &str = "our own threads in the window's program";
const MAIN: &str = "its main thread: GTK's loop, in which WebKit works too";
const FOREIGN: &str = "GLib's and WebKit's threads in it";
const PROCESSES: &str = "WebKit's processes";

fn group(thread: &Thread, agent: u32, window: u32) -> &'static str {
    let is_foreign = || FOREIGN_THREADS.iter().any(|name| thread.name.starts_with(name));
    if thread.process == agent {
        AGENT
    } else if thread.process != window {
        PROCESSES
    } else if thread.id == window {
        MAIN
    } else if is_foreign() {
        FOREIGN
    } else {
        OURS
    }
}

/// How often each thread of the app was woken so far, by its number.
fn wake_ups(agent: u32, window: u32) -> Result<BTreeMap<u32, (&'static str, String, u64)>> {
    let threads = process::threads(&process::tree(agent)?)?;
    let entry = |thread: Thread| {
        (
            thread.id,
            (group(&thread, agent, window), thread.name, thread.wake_ups),
        )
    };
    Ok(threads.into_iter().map(entry).collect())
}
