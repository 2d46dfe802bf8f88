//! Detects whether the output of this process is still read.

/// Returns when the reader of standard output has gone, like `head`: a pipe whose other end is closed is in an error
/// state. The next write would fail as well, but may be hours away. A file has no other end, and cannot be watched.
///
/// # Panics
/// Outside a tokio runtime with enabled IO.
#[cfg(unix)]
pub async fn stdout_closed() {
    use std::future::pending;
    use std::io::{Stdout, stdout};

    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    // SAFETY: standard output has the same descriptor for as long as the process lives, and nothing here closes it.
    #[expect(
        unsafe_code,
        reason = "only the handle of a stream that may be closed has a safe form"
    )]
    let watched = unsafe { AsyncFd::<Stdout>::register_with_interest(stdout(), Interest::ERROR) };
    if let Ok(out) = watched
        && out.ready(Interest::ERROR).await.is_ok()
    {
        return;
    }
    pending().await
}

/// Never returns on other systems: there the next write fails.
#[cfg(not(unix))]
pub async fn stdout_closed() {
    std::future::pending().await
}
