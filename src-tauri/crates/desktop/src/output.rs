//! Whether anybody reads what this process prints.

/// Ends when the program that reads standard output has gone, as `head` does: a pipe whose other end is closed is in
/// error. The next write would fail as well, but it may be hours away. A file has no other end, and cannot be watched.
///
/// # Panics
/// Outside a tokio runtime that has its I/O switched on.
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

/// As on other systems, but never: here the next write says so.
#[cfg(not(unix))]
pub async fn stdout_closed() {
    std::future::pending().await
}
