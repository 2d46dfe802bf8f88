//! Ends the process in time, even if something in it hangs.

use std::io;
use std::thread;
use std::time::Duration;

use crate::logs;

/// How long the libraries' own clean-up may take, which normally needs a few milliseconds.
const EXIT_TIMEOUT: Duration = Duration::from_millis(20);

/// How long logging that may take. The time for quitting is used up already.
const LOG_TIMEOUT: Duration = Duration::from_millis(10);

/// Ends this process after `limit` if it has not ended by then: with exit code 0, because the user asked for it, and
/// with a signal if even exiting takes too long.
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
