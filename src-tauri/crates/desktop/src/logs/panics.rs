//! Panics in the log.

use std::panic::PanicHookInfo;
use std::thread;
use std::time::Duration;

use super::flush;

/// How long a thread that panics waits for its line to be written. It may be the last one that the program writes.
const PANIC_FLUSH_TIMEOUT: Duration = Duration::from_millis(200);

/// Writes each panic to the log before anything else of it happens: where, and on which thread.
///
/// Its message is written only where it is a constant of the program. One that was formatted may quote what the program
/// worked on, such as the title that was cut in the middle of a letter.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let current = thread::current();
        let thread = current.name().unwrap_or_default();
        tracing::error!(place, thread, message = constant_message(panic), "a panic");
        flush(PANIC_FLUSH_TIMEOUT);
    }));
}

/// `panic!` with a text alone has that text itself for its payload; one with arguments has a `String`.
fn constant_message(panic: &PanicHookInfo<'_>) -> Option<&'static str> {
    panic.payload().downcast_ref::<&'static str>().copied()
}
