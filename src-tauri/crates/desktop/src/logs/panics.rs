//! Panics in the log.

use std::io::{self, Write as _};
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::{DESTINATIONS, flush};

/// How long a thread that panics waits for its line to be written. It may be the last one that the program writes.
const PANIC_FLUSH_TIMEOUT: Duration = Duration::from_millis(200);

/// Writes each panic to the log before anything else of it happens: where, and on which thread.
///
/// Its message is written only where it is a constant of the program. One that was formatted may quote what the program
/// worked on, such as the title that was cut in the middle of a letter. Where the log does not go to stderr, place and
/// thread are there too, for the log's disk may be full.
///
/// To be called on the main thread, whose panic ends the program: `on_end` is what is done about that, once.
pub fn log_panics(on_end: fn()) {
    let main = thread::current().id();
    let has_ended = AtomicBool::new(false);
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let current = thread::current();
        let thread = current.name().unwrap_or_default();
        tracing::error!(place, thread, message = constant_message(panic), "a panic");
        if DESTINATIONS.get().is_some_and(|to| to.stderr.is_none()) {
            // Nobody may be there to read it.
            let _ = writeln!(io::stderr(), "a panic at {place} on the thread {thread}");
        }
        flush(PANIC_FLUSH_TIMEOUT);
        // A panic that cannot unwind comes here twice.
        if current.id() == main && !has_ended.swap(true, Ordering::Relaxed) {
            on_end();
        }
    }));
}

/// `panic!` with a text alone has that text itself for its payload; one with arguments has a `String`.
fn constant_message(panic: &PanicHookInfo<'_>) -> Option<&'static str> {
    panic.payload().downcast_ref::<&'static str>().copied()
}
