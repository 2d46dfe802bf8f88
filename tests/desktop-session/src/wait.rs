//! Waits for a condition, with a deadline.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::Instant;

/// How often to check a condition that nothing signals: imperceptible to users, and long compared with the cost of a
/// check.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How long a check that began before the deadline may go on after it. Some start programs, which takes seconds on a
/// busy machine. A check that asks a program that hangs would otherwise never end.
const CHECK_TIMEOUT: Duration = Duration::from_secs(10);

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
        let latest = deadline.max(Instant::now()) + CHECK_TIMEOUT;
        let Ok(looked) = tokio::time::timeout_at(latest, look()).await else {
            bail!("the check for {what} hung");
        };
        if let Some(found) = looked? {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            bail!("waited {} s for {what}, in vain", within.as_secs_f32());
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_check_that_hangs_ends_with_an_error() {
        let result = wait_until("the end", Duration::from_secs(1), async || {
            std::future::pending::<()>().await;
            Ok(Some(()))
        });
        assert_eq!(
            result.await.unwrap_err().to_string(),
            "the check for the end hung"
        );
    }
}
