//! Ends a command on request of the user or the system, or when its output is closed.

use std::io;
use std::process;
use std::thread;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use gloria_desktop::stdout_closed;
use tokio::time::{Instant, sleep, sleep_until};

/// How long a command may take to end by itself. It normally takes milliseconds, and rarely a second on a busy machine;
/// the user waits for it.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an interrupted command goes on with what is better finished. It is enough for two requests on an ordinary
/// network, and still looks prompt.
pub(crate) const FINISH_TIMEOUT: Duration = Duration::from_millis(500);

/// How long the page in the browser may take after that. A browser on this computer has it within milliseconds, and
/// without time of its own it would be empty whenever the rest takes all of its time.
const PAGE_TIMEOUT: Duration = Duration::from_millis(250);

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

/// An interruption of a command of several steps. One that comes between two steps is not lost.
#[derive(Debug, Clone)]
pub(crate) struct Interruption(Shared<BoxFuture<'static, Instant>>);

impl Interruption {
    /// From the first step on, the system no longer ends the command by itself.
    pub(crate) fn new() -> Self {
        Self(interruption().map(|()| Instant::now()).boxed().shared())
    }

    /// What a step results in, or nothing if the command is interrupted: the step is dropped then.
    pub(crate) async fn or<T>(&self, step: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            result = step => Some(result),
            _ = self.0.clone() => None,
        }
    }

    /// As [`Interruption::or`], but the step may go on for [`FINISH_TIMEOUT`]. All steps share that time.
    pub(crate) async fn or_soon<T>(&self, step: impl Future<Output = T>) -> Option<T> {
        self.or_within(FINISH_TIMEOUT, step).await
    }

    /// As [`Interruption::or_soon`], for the page in the browser, which has [`PAGE_TIMEOUT`] after that.
    pub(crate) async fn or_shown<T>(&self, page: impl Future<Output = T>) -> Option<T> {
        self.or_within(FINISH_TIMEOUT + PAGE_TIMEOUT, page).await
    }

    async fn or_within<T>(&self, limit: Duration, step: impl Future<Output = T>) -> Option<T> {
        let over = async { sleep_until(self.0.clone().await + limit).await };
        tokio::select! {
            biased;
            result = step => Some(result),
            () = over => None,
        }
    }
}

/// Completes when the user or the system asks the command to end.
#[cfg(unix)]
pub(crate) async fn interruption() {
    use gloria_program::process::ends_with_terminal;
    use tokio::signal::unix::{SignalKind, signal};

    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    let terminal_closed = async {
        match ends_with_terminal().then(|| signal(SignalKind::hangup())) {
            Some(Ok(mut hangup)) => drop(hangup.recv().await),
            Some(Err(_)) | None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = terminal_closed => {}
    }
}

#[cfg(not(unix))]
pub(crate) async fn interruption() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
