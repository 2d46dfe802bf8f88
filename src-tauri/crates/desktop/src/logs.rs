//! What the programs log, and where to: rotated files, which only their user can read, and stderr where somebody reads
//! it. A thread of its own writes to each, so that a full disk, a folder that is gone or a terminal that is halted
//! costs lines of the log and never keeps the program waiting.
//!
//! This module decides neither what is logged nor for how long: the level comes from outside, by [`Logs::set_level`].

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

use gloria_core::logging::{Fixed, LogLevel};
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

/// Where this process logs to, for [`flush`]: the code that ends the process may not be the code that set up logging.
static DESTINATIONS: OnceLock<Destinations> = OnceLock::new();

/// The log of a running program.
#[derive(Debug, Clone)]
pub struct Logs {
    filter: Option<reload::Handle<Targets, Registry>>,
    /// What `GLORIA_LOG` asks for.
    directives: Option<Targets>,
    level: Arc<Mutex<(LogLevel, Fixed)>>,
    destinations: Destinations,
}

impl Logs {
    /// Logs to files in this folder, made with the first line, and to stderr where somebody reads it or `directives`,
    /// the value of `GLORIA_LOG`, ask for a log. Only the first call in a process has an effect on what is logged.
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

    /// Logs down to this level from now on. What `GLORIA_LOG` asks for stays, unless the level is fixed.
    pub fn set_level(&self, level: LogLevel, fixed: Fixed) {
        // What is logged is asked at every place once; a new filter makes all of them ask again.
        let before = std::mem::replace(
            &mut *self.level.lock().unwrap_or_else(PoisonError::into_inner),
            (level, fixed),
        );
        if let Some(filter) = self.filter.as_ref().filter(|_| before != (level, fixed)) {
            let directives = match fixed {
                Fixed::No => self.directives.as_ref(),
                Fixed::ByAdministrator => None,
            };
            // It fails only where nothing logs any more.
            let _ = filter.reload(filter::filter(level, directives));
        }
    }

    /// This process has the folder and is the one that rotates the files. Two that did it at the same moment would
    /// throw away what is hardly written.
    pub fn rotate(&self) {
        if let Some(may_rotate) = &self.destinations.may_rotate {
            may_rotate.allow();
        }
    }
}

/// Logs to stderr alone, for a command: warnings, or what `directives`, the value of `GLORIA_LOG`, ask for.
pub fn start_on_stderr(directives: Option<&str>) {
    let (directives, is_readable) = read(directives);
    let layer = tracing_subscriber::fmt::layer().with_writer(|| Lines(io::stderr()));
    let subscriber = Registry::default()
        .with(filter::filter(LogLevel::Warn, directives.as_ref()))
        .with(layer);
    // Another subscriber is there already.
    let _ = tracing::subscriber::set_global_default(subscriber);
    report_unreadable(is_readable);
}

/// What `GLORIA_LOG` asks for, and whether that can be read.
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

/// Waits until what this process has logged so far is written, for so long at most.
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

/// The layer writes each event by one call.
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

/// Events as lines, written at once.
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
