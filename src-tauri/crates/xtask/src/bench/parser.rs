//! What the parser costs on hard shapes: the stream crate's own bench, and a table of what it found.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{loudness, page};
use crate::commands::{self, cargo};

/// The bench's shapes, and what they are in words.
const SHAPES: [(&str, &str); 9] = [
    ("one-large-event", "one event of 4 MiB in chunks of 1460 bytes"),
    ("one-write", "100 000 events in one chunk"),
    ("small-64", "small events in chunks of 64 bytes"),
    ("small-1460", "small events in chunks of 1460 bytes"),
    ("small-16384", "small events in chunks of 16 KiB"),
    ("comments", "two comments before each event"),
    ("ids", "an id of 64 bytes in each event"),
    ("bare-cr", "lines that end in CR alone"),
    ("invalid-utf-8", "invalid UTF-8 in each event"),
];

/// Runs the bench and writes the table.
pub(super) fn run() -> Result<()> {
    let load = loudness();
    commands::run(&mut cargo([
        "bench",
        "--package",
        "gloria-stream",
        "--bench",
        "parser",
    ]))?;
    let results = commands::root().join("target/criterion");
    let mut table = "| | bytes | gloria-stream | | bytes | eventsource-stream | |\n\
                     | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    for (shape, words) in SHAPES {
        let folder = results.join(shape);
        let ours = Figure::read(&folder.join("gloria-stream/new"))?;
        let theirs = folder.join("eventsource-stream/new");
        let theirs = if theirs.exists() {
            Figure::read(&theirs)?.cells()
        } else {
            "| | |".to_owned()
        };
        table += &format!("| {words} {} {theirs}\n", ours.cells());
    }
    table += &format!("\n{load}\n");
    println!("\n{table}");
    page::put(&commands::root().join("docs/performance.md"), "parser", &table)
}

/// What criterion found for one shape.
struct Figure {
    bytes: u64,
    seconds: f64,
}

impl Figure {
    fn read(folder: &Path) -> Result<Self> {
        let file = |name: &str| -> Result<Value> {
            let path = folder.join(name);
            let text =
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            Ok(serde_json::from_str(&text)?)
        };
        Ok(Self {
            bytes: file("benchmark.json")?["throughput"]["Bytes"]
                .as_u64()
                .context("criterion noted no bytes")?,
            seconds: file("estimates.json")?["median"]["point_estimate"]
                .as_f64()
                .context("criterion noted no median")?
                / 1e9,
        })
    }

    fn cells(&self) -> String {
        let megabytes = self.bytes as f64 / 1e6;
        let rate = megabytes / self.seconds;
        format!(
            "| {megabytes:.1} MB | {:.1} ms | {rate:.0} MB/s |",
            self.seconds * 1e3
        )
    }
}
