//! The end of the process, whatever hangs in it.

use std::io;
use std::thread;
use std::time::Duration;

use crate::logs;

/// Once the libraries' own clean-up is under way: it takes a few milliseconds, or hangs as what it cleans up does.
const EXIT_TIMEOUT: Duration = Duration::from_millis(20);

/// For the line that says so. The end has its time already.
const LOG_TIMEOUT: Duration = Duration::from_millis(10);

/// Ends this process after `limit`, if it has not ended by then: with 0, for somebody asked for it, and by force where
/// even that takes too long.
pub fn end_process_within(limit: Duration) {
    let spawned = on_thread("ending", move || {
        thread::sleep(limit);
        tracing::warn!(?limit, "something hangs; the end does not wait for it");
        let forced = on_thread("forced-end", || {
            thread::sleep(EXIT_TIMEOUT);
            kill_this_process();
        });
        if forced.is_err() {
            kill_this_process();
        }
        logs::flush(LOG_TIMEOUT);
        std::process::exit(0);
    });
    if let Err(error) = spawned {
        tracing::warn!(%error, "nothing watches the end");
    }
}

fn on_thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}

#[cfg(unix)]
fn kill_this_process() {
    use rustix::process::{Signal, getpid, kill_process};

    if kill_process(getpid(), Signal::KILL).is_err() {
        std::process::abort();
    }
}

#[cfg(not(unix))]
fn kill_this_process() {
    std::process::abort();
}
