//! Waiting for a thing, with a deadline.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::Instant;

/// How often a condition that nobody announces is looked at: short beside what a person notices, long beside the
/// cost of a look.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Looks until `look` finds something, and gives it back.
///
/// # Errors
/// When `within` has passed; the error names `what`.
pub async fn wait_until<T>(
    what: &str,
    within: Duration,
    mut look: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            bail!("waited {} s for {what}, in vain", within.as_secs_f32());
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
