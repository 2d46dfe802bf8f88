//! How long the window takes from a click on the tray icon until its page is on the screen.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use gloria_desktop_session::Process;

use super::screen::{Picture, Screen};
use super::stage::{DEADLINE, Stage, window_program, window_program_ended};
use super::{Extent, median};
use crate::commands;

/// How often the screen is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(4);

/// Nothing is still being done for the window before, or for the icon that was clicked.
const SETTLED: Duration = Duration::from_secs(2);

/// Rows of the table. The agent is connected, and no window is there.
pub(super) async fn rows(stage: &Stage, agent: &Process, screen: &Screen, extent: Extent) -> Result<String> {
    let openings = extent.openings;
    // The first one reads the libraries from the disk.
    open(stage, screen).await?;
    end_window(stage, agent).await?;
    let (mut new, mut again) = (Vec::new(), Vec::new());
    for _ in 0..openings {
        new.push(open(stage, screen).await?);
        stage.close_window().await?;
        tokio::time::sleep(SETTLED).await;
        again.push(open(stage, screen).await?);
        end_window(stage, agent).await?;
    }
    println!("new: {new:.0?}\nagain: {again:.0?}");
    let row = |what: &str, took: Vec<f64>, goal: &str| {
        let slowest = took.iter().copied().fold(0.0, f64::max);
        let middle = median(took);
        format!(
            "| from the click on the tray icon until the page is on the screen, {what}: median, slowest of {openings} \
             | {middle:.0} ms, {slowest:.0} ms | {goal} |\n"
        )
    };
    Ok(row("a new process", new, "600 ms") + &row("again within 30 s", again, "150 ms"))
}

/// Milliseconds.
async fn open(stage: &Stage, screen: &Screen) -> Result<f64> {
    tokio::time::sleep(SETTLED).await;
    let before = screen.picture()?;
    let clicked = Instant::now();
    stage.click_tray().await?;
    painted(screen, &before).await?;
    Ok(clicked.elapsed().as_secs_f64() * 1000.0)
}

async fn painted(screen: &Screen, before: &Picture) -> Result<()> {
    let deadline = Instant::now() + DEADLINE;
    while !screen.picture()?.has_page(before) {
        ensure!(Instant::now() < deadline, "the window's page did not appear");
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
    Ok(())
}

/// Closes the window and ends its program, which would end by itself after half a minute.
async fn end_window(stage: &Stage, agent: &Process) -> Result<()> {
    stage.close_window().await?;
    let program = window_program(agent)?.context("the window's program does not run")?;
    let mut end = stage.session.command("kill");
    end.arg(program.to_string());
    commands::run(&mut end)?;
    window_program_ended(agent, DEADLINE).await
}
