//! Waits for a condition, with a deadline.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::Instant;

/// How often to check a condition that nothing signals: imperceptible to users, and long compared with the cost of a
/// check.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Calls `look` until it returns a value, and returns that.
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
