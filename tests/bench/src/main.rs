//! What the whole core takes for a flood and for one event. Each run is a process of its own, which prints one line of
//! JSON; `cargo xtask bench` makes tables of them.
//!
//! - `replay EVENTS BYTES`: that many events are replayed at once, until all are stored.
//! - `latency ROWS`: urgent events come one by one while the inbox holds that many rows.

#[cfg(target_os = "linux")]
mod core;
#[cfg(target_os = "linux")]
mod latency;
#[cfg(target_os = "linux")]
mod replay;
#[cfg(target_os = "linux")]
mod server;

#[cfg(target_os = "linux")]
fn main() -> anyhow::Result<()> {
    use std::io::Write as _;

    use anyhow::{Context as _, bail};

    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize| -> anyhow::Result<usize> {
        let text = arguments.get(place).context("a number is missing")?;
        Ok(text.parse()?)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = match arguments.first().map(String::as_str) {
        Some("replay") => runtime.block_on(replay::run(number(1)?, number(2)?))?,
        Some("latency") => runtime.block_on(latency::run(number(1)?))?,
        _ => bail!("replay EVENTS BYTES, or latency ROWS"),
    };
    writeln!(std::io::stdout(), "{result}")?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {
    std::process::exit(2);
}
