//! Writes the programs' logs to rotated files, which only their user can read, and to stderr if somebody reads it. Each
//! has a thread of its own, so that a full disk, a missing folder or a paused terminal loses lines of the log instead
//! of blocking the program.
//!
//! This module decides neither what is logged nor for how long: [`Logs::set_level`] sets the level.

mod files;
mod filter;
mod panics;
mod queue;
mod reader;
mod stderr;

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use gloria_files::logging::{Fixed, LogLevel};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Registry, reload};

use self::files::{Limits, LogFiles};
use self::queue::{Line, Queue};

pub use panics::log_panics;
pub use reader::LogReader;
pub use stderr::is_read as is_stderr_read;

/// How long the end of a program waits for its last lines. A disk that takes longer hangs.
pub const FLUSH_TIMEOUT: Duration = Duration::from_millis(100);

/// Where this process logs to, for [`flush`]: the code that ends the process may not be the code that started logging.
static DESTINATIONS: OnceLock<Destinations> = OnceLock::new();

/// The log of a running program.
#[derive(Debug, Clone)]
pub struct Logs {
    filter: Option<reload::Handle<Targets, Registry>>,
    /// The directives of `GLORIA_LOG`.
    directives: Option<Targets>,
    level: Arc<Mutex<(LogLevel, Fixed)>>,
    destinations: Destinations,
}

impl Logs {
    /// Logs to files in this folder, which are created with the first line, and to stderr if somebody reads it or
    /// `directives`, the value of `GLORIA_LOG`, are set. Only the first call in a process has an effect on what is
    /// logged.
    pub fn start(folder: Option<&Path>, directives: Option<&str>) -> Self {
        let (directives, is_readable) = read(directives);
        let to_stderr = directives.is_some() || stderr::is_read();
        let files = folder.map(|folder| LogFiles::new(folder, Limits::default()));
        let destinations = Destinations {
            may_rotate: files.as_ref().map(LogFiles::may_rotate),
            files: files.and_then(|files| Queue::start("log", files)),
            stderr: to_stderr
                .then(|| Queue::start("log-stderr", io::stderr()))
                .flatten(),
        };
        let (filter, handle) = reload::Layer::new(filter::filter(LogLevel::default(), directives.as_ref()));
        let layer = tracing_subscriber::fmt::layer().with_writer(destinations.clone());
        let subscriber = Registry::default().with(filter).with(layer);
        let is_first = tracing::subscriber::set_global_default(subscriber).is_ok();
        if is_first {
            let _ = DESTINATIONS.set(destinations.clone());
            report_unreadable(is_readable);
        }
        Self {
            filter: is_first.then_some(handle),
            directives,
            level: Arc::default(),
            destinations,
        }
    }

    /// Sets the level. The directives of `GLORIA_LOG` still apply, unless the level is fixed.
    pub fn set_level(&self, level: LogLevel, fixed: Fixed) {
        // tracing caches for each callsite whether it is enabled; a new filter rebuilds the cache.
        let before = std::mem::replace(
            &mut *self.level.lock().unwrap_or_else(PoisonError::into_inner),
            (level, fixed),
        );
        if let Some(filter) = self.filter.as_ref().filter(|_| before != (level, fixed)) {
            let directives = match fixed {
                Fixed::No => self.directives.as_ref(),
                Fixed::ByAdministrator => None,
            };
            // Fails only if the subscriber is gone.
            let _ = filter.reload(filter::filter(level, directives));
        }
    }

    /// Lets this process rotate the files, because it has claimed the folder. Two processes that rotate at the same
    /// time would remove files that were just written.
    pub fn rotate(&self) {
        if let Some(may_rotate) = &self.destinations.may_rotate {
            may_rotate.allow();
        }
    }
}

/// Logs only to stderr, for a command: warnings, or what `directives`, the value of `GLORIA_LOG`, select.
pub fn start_on_stderr(directives: Option<&str>) {
    let (directives, is_readable) = read(directives);
    let layer = tracing_subscriber::fmt::layer().with_writer(|| Lines(io::stderr()));
    let subscriber = Registry::default()
        .with(filter::filter(LogLevel::Warn, directives.as_ref()))
        .with(layer);
    // Fails if a subscriber is set already.
    let _ = tracing::subscriber::set_global_default(subscriber);
    report_unreadable(is_readable);
}

/// Parses `GLORIA_LOG`; the flag says whether it is valid.
fn read(directives: Option<&str>) -> (Option<Targets>, bool) {
    match directives.map(str::parse) {
        Some(Ok(directives)) => (Some(directives), true),
        Some(Err(_)) => (None, false),
        None => (None, true),
    }
}

fn report_unreadable(is_readable: bool) {
    if !is_readable {
        tracing::warn!("GLORIA_LOG cannot be read and is passed over; it is like gloria_stream=debug");
    }
}

/// Waits until everything logged so far is written, at most for this time.
pub fn flush(limit: Duration) {
    let Some(destinations) = DESTINATIONS.get() else {
        return;
    };
    let until = Instant::now() + limit;
    for queue in destinations.queues() {
        queue.flush(until);
    }
}

#[derive(Debug, Clone)]
struct Destinations {
    files: Option<Queue>,
    may_rotate: Option<files::MayRotate>,
    stderr: Option<Queue>,
}

impl Destinations {
    fn queues(&self) -> impl Iterator<Item = &Queue> {
        self.files.iter().chain(&self.stderr)
    }
}

impl<'a> MakeWriter<'a> for Destinations {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

/// The layer writes each event with one call.
impl Write for &Destinations {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let line = Line::of(event);
        for queue in self.queues() {
            queue.push(line.clone());
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes events as lines, without a queue.
struct Lines<W>(W);

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.write_all(Line::of(event).bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
