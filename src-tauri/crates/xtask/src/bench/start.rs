//! How long the agent takes from its start until it is connected.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use gloria_desktop_session::{Session, SessionOptions};

use super::stage::Stage;
use super::{Extent, loudness, median};
use crate::demo::TestBackend;

/// Measures, and writes the table.
pub(super) fn run(extent: Extent) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let table = runtime.block_on(measured(extent))?;
    extent.write("start", &table)
}

async fn measured(extent: Extent) -> Result<String> {
    let load = loudness();
    let session = Session::start(SessionOptions::default()).await?;
    let stage = Stage::new(session, TestBackend::release()?);
    // It sets the account up and reads the program from the disk.
    start(&stage).await?;
    let starts = extent.starts;
    let mut took = Vec::new();
    for _ in 0..starts {
        took.push(start(&stage).await?);
    }
    let slowest = took.iter().copied().fold(0.0, f64::max);
    let middle = median(took);
    Ok(format!(
        "| the agent | median, slowest of {starts} | to reach |\n| --- | ---: | ---: |\n\
         | from its start until it is connected | {middle:.0} ms, {slowest:.0} ms | 60 ms |\n\n{load}\n"
    ))
}

/// Milliseconds from the start until the connection was there, as the agent itself says afterwards: asking it meanwhile
/// would make it slower.
async fn start(stage: &Stage) -> Result<f64> {
    let began = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let mut agent = stage.start_agent()?;
    stage.connected(&mut agent).await?;
    let since = stage.status()?["connection"]["connectedSince"]
        .as_f64()
        .context("the status has no time of the connection")?;
    Ok(since - began.as_secs_f64() * 1000.0)
}
