//! Ends a command on request of the user or the system, or when its output is closed.

use std::io;
use std::process;
use std::thread;
use std::time::Duration;

use gloria_desktop::stdout_closed;
use tokio::time::sleep;

/// How long a command may take to end by itself. It normally takes milliseconds, and rarely a second on a busy machine;
/// the user waits for it.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// The thread only waits, so a small stack is enough.
const STACK_BYTES: usize = 256 * 1024;

/// Ends the process if the command cannot end by itself, once it was asked to or the time is up: if the reader of its
/// output stops reading without closing the pipe, a write never returns.
///
/// # Errors
///
/// When the system cannot start a thread.
pub(crate) fn end_anyway(limit: Option<Duration>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let wait = async move {
        let over = async {
            match limit {
                Some(limit) => sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = interruption() => {}
            () = over => {}
        }
        sleep(END_TIMEOUT).await;
        process::exit(0);
    };
    thread::Builder::new()
        .name("end".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || runtime.block_on(wait))
        .map(drop)
}

/// Completes when the user or the system asks the command to end, or its output is closed.
pub(crate) async fn ending() {
    tokio::select! {
        () = interruption() => {}
        () = stdout_closed() => {}
    }
}

/// Completes when the user or the system asks the command to end.
#[cfg(unix)]
pub(crate) async fn interruption() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(not(unix))]
pub(crate) async fn interruption() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
