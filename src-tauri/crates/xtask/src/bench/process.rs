//! What processes hold and do, read from /proc.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

/// A thread, and what it did so far.
#[derive(Debug)]
pub(super) struct Thread {
    pub(super) process: u32,
    pub(super) id: u32,
    pub(super) name: String,
    /// A thread that waits and is woken gave up its processor of its own will.
    pub(super) wake_ups: u64,
    pub(super) cpu: Duration,
}

/// What several processes hold together, in KiB.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Memory {
    /// What is shared is split among those that share it, others of the machine included.
    pub(super) pss: u64,
    /// What is only theirs and was written to: no neighbour makes it smaller.
    pub(super) private_dirty: u64,
}

/// What several processes did so far, all their threads together.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Usage {
    pub(super) cpu: Duration,
    pub(super) wake_ups: u64,
    pub(super) threads: usize,
}

fn folder(process: u32) -> PathBuf {
    Path::new("/proc").join(process.to_string())
}

/// A process and all below it.
pub(super) fn tree(process: u32) -> Result<Vec<u32>> {
    let mut found = vec![process];
    let mut next = 0;
    while let Some(process) = found.get(next) {
        // One may end while it is looked at.
        for thread in fs::read_dir(folder(*process).join("task")).into_iter().flatten() {
            let children = fs::read_to_string(thread?.path().join("children")).unwrap_or_default();
            let children: Vec<u32> = children.split_whitespace().flat_map(str::parse).collect();
            found.extend(children);
        }
        next += 1;
    }
    Ok(found)
}

/// What it is called.
pub(super) fn name(process: u32) -> String {
    let name = fs::read_to_string(folder(process).join("comm")).unwrap_or_default();
    name.trim().to_owned()
}

/// Whether it runs. One whose parent has ended stays until the machine's first process asks how it ended.
pub(super) fn runs(process: u32) -> bool {
    let status = fs::read_to_string(folder(process).join("status")).unwrap_or_default();
    field(&status, "State:").is_ok_and(|state| !state.starts_with('Z'))
}

pub(super) fn memory(processes: &[u32]) -> Result<Memory> {
    let mut sum = Memory::default();
    for process in processes {
        let rollup = fs::read_to_string(folder(*process).join("smaps_rollup"))?;
        sum.pss += kib(&rollup, "Pss:")?;
        sum.private_dirty += kib(&rollup, "Private_Dirty:")?;
    }
    Ok(sum)
}

pub(super) fn rss(process: u32) -> Result<u64> {
    kib(&fs::read_to_string(folder(process).join("status"))?, "VmRSS:")
}

pub(super) fn usage(processes: &[u32]) -> Result<Usage> {
    let mut sum = Usage::default();
    for thread in threads(processes)? {
        sum.cpu += thread.cpu;
        sum.wake_ups += thread.wake_ups;
        sum.threads += 1;
    }
    Ok(sum)
}

pub(super) fn threads(processes: &[u32]) -> Result<Vec<Thread>> {
    let mut found = Vec::new();
    for process in processes {
        for thread in fs::read_dir(folder(*process).join("task"))? {
            let thread = thread?.path();
            let status = fs::read_to_string(thread.join("status"));
            // The first figure is the time on a processor in nanoseconds; `stat` has hundredths of a second alone.
            let schedule = fs::read_to_string(thread.join("schedstat"));
            let (Ok(status), Ok(schedule)) = (status, schedule) else {
                // It has just ended.
                continue;
            };
            let nanos = schedule.split_whitespace().next().context("schedstat is empty")?;
            found.push(Thread {
                process: *process,
                id: field(&status, "Pid:")?.parse()?,
                name: field(&status, "Name:")?.to_owned(),
                wake_ups: field(&status, "voluntary_ctxt_switches:")?.parse()?,
                cpu: Duration::from_nanos(nanos.parse()?),
            });
        }
    }
    Ok(found)
}

fn field<'a>(text: &'a str, name: &str) -> Result<&'a str> {
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    Ok(value.with_context(|| format!("/proc has no {name}"))?.trim())
}

fn kib(text: &str, name: &str) -> Result<u64> {
    let value = field(text, name)?;
    let number = value.strip_suffix(" kB").context("not in kB")?;
    Ok(number.trim().parse()?)
}
