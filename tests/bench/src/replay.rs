//! A replay of very many events at once: how long until all are stored, and what it takes of memory.

use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use gloria_core::item::InboxView;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::core::start_core;
use crate::server::{Server, notification, now};

/// Starting up is over by then.
const SETTLED: Duration = Duration::from_secs(1);

/// How often it is asked how many are stored. It is a message to the core and back.
const INTERVAL: Duration = Duration::from_millis(5);

pub(crate) async fn run(events: usize, bytes: usize) -> Result<Value> {
    let home = tempfile::tempdir()?;
    let server = Server::start()?;
    let core = start_core(home.path(), &server.api()?, None)?;
    let mut stream = tokio::task::spawn_blocking(move || server.accept()).await??;
    sleep(SETTLED).await;
    // An hour old: what comes back after a night.
    let created_at = now()? - 3_600_000;
    let before = kib("VmRSS:")?;
    let began = Instant::now();
    let writing = tokio::task::spawn_blocking(move || -> Result<_> {
        let mut batch = String::new();
        for number in 1..=events {
            batch += &notification(number, "normal", created_at, bytes);
            if batch.len() > 64 * 1024 || number == events {
                stream.write_all(batch.as_bytes())?;
                batch.clear();
            }
        }
        Ok(stream)
    });
    let stored = loop {
        let total = core.status().await?.counts.total;
        if total as usize >= events {
            break began.elapsed();
        }
        sleep(INTERVAL).await;
    };
    let _stream = writing.await??;
    // What was answered is on the disk as well: another connection sees it.
    let query = gloria_core::protocol::InboxQuery {
        filter: InboxView::Inbox.into(),
        after: None,
        limit: 1,
    };
    let page = core.inbox_page(query).await?;
    ensure!(page.next.is_some(), "the inbox has no second page");
    let peak = kib("VmHWM:")?;
    core.stop().await?;
    Ok(json!({ "seconds": stored.as_secs_f64(), "grownKib": peak.saturating_sub(before) }))
}

/// A field of this process's status, in KiB.
fn kib(field: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let value = status
        .lines()
        .find_map(|line| line.strip_prefix(field)?.trim().strip_suffix(" kB"));
    Ok(value.context("/proc has no such field")?.trim().parse()?)
}
