//! Logs panics.

use std::io::{self, Write as _};
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::{DESTINATIONS, flush};

/// How long a panicking thread waits until its line is written, which may be the last one of the program.
const PANIC_FLUSH_TIMEOUT: Duration = Duration::from_millis(200);

/// Logs each panic before anything else happens: its location and its thread.
///
/// The message is logged only if it is a constant of the program. A formatted one may quote data, such as a title that
/// was cut in the middle of a character. If the log does not go to stderr, location and thread are written there too,
/// because the log's disk may be full.
///
/// Must be called on the main thread, whose panic ends the program: then `on_end` is called once.
pub fn log_panics(on_end: fn()) {
    let main = thread::current().id();
    let has_ended = AtomicBool::new(false);
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let current = thread::current();
        let thread = current.name().unwrap_or_default();
        tracing::error!(place, thread, message = constant_message(panic), "a panic");
        if DESTINATIONS.get().is_some_and(|to| to.stderr.is_none()) {
            // Fails if stderr is closed.
            let _ = writeln!(io::stderr(), "a panic at {place} on the thread {thread}");
        }
        flush(PANIC_FLUSH_TIMEOUT);
        // The hook is called twice for a panic that cannot unwind.
        if current.id() == main && !has_ended.swap(true, Ordering::Relaxed) {
            on_end();
        }
    }));
}

/// The payload of `panic!` is a `&'static str` for a constant message, and a `String` for a formatted one.
fn constant_message(panic: &PanicHookInfo<'_>) -> Option<&'static str> {
    panic.payload().downcast_ref::<&'static str>().copied()
}
