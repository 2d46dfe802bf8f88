//! What the whole core takes for a flood and for one event, by `gloria-bench`, whose runs are processes of their own.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{loudness, median, mib, page, release};
use crate::commands::{self, built};

/// How often a flood is measured; the machine does other things meanwhile.
const ROUNDS: usize = 5;

/// Rows in the inbox while single events come.
const ROWS: [usize; 3] = [1_000, 100_000, 1_000_000];

/// Builds, measures, and writes the table of floods.
pub(super) fn run() -> Result<()> {
    commands::run(&mut release(&["gloria-bench"]))?;
    let load = loudness();
    let mut seconds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        seconds.push(number(&measure(&["replay", "100000", "300"])?, "seconds")?);
    }
    let grown = number(&measure(&["replay", "100000", "4096"])?, "grownKib")?;
    let table = format!(
        "| 100 000 events that come at once | | to reach |\n| --- | ---: | ---: |\n\
         | of 300 bytes: from the server's first byte until all are stored, median of {ROUNDS} | {:.2} s | 3 s |\n\
         | of 4 KiB: growth of memory at its highest | {} | 30 MiB |\n\n{load}\n",
        median(seconds),
        mib(grown as u64)
    );
    println!("\n{table}");
    page::put(&commands::root().join("docs/performance.md"), "inbox", &table)
}

/// Builds, measures, and writes the table of single events.
pub(super) fn latency() -> Result<()> {
    commands::run(&mut release(&["gloria-bench"]))?;
    let load = loudness();
    let mut table = "| rows in the inbox | p50 | p99, to reach 10 ms | the slowest of 300 |\n\
                     | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    for rows in ROWS {
        let result = measure(&["latency", &rows.to_string()])?;
        table += &format!(
            "| {rows} | {:.1} ms | {:.1} ms | {:.1} ms |\n",
            number(&result, "p50")?,
            number(&result, "p99")?,
            number(&result, "max")?
        );
    }
    table += &format!("\n{load}\n");
    println!("\n{table}");
    page::put(&commands::root().join("docs/performance.md"), "latency", &table)
}

fn measure(arguments: &[&str]) -> Result<Value> {
    let output = Command::new(built("release", "gloria-bench"))
        .args(arguments)
        .output()?;
    ensure!(
        output.status.success(),
        "gloria-bench {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    let result = serde_json::from_slice(&output.stdout)?;
    println!("{}: {result}", arguments.join(" "));
    Ok(result)
}

fn number(result: &Value, name: &str) -> Result<f64> {
    result[name]
        .as_f64()
        .with_context(|| format!("no {name} in {result}"))
}
