//! Times within a run, for its messages.

use std::sync::OnceLock;
use std::time::Instant;

fn beginning() -> Instant {
    static BEGINNING: OnceLock<Instant> = OnceLock::new();
    *BEGINNING.get_or_init(Instant::now)
}

/// Returns the seconds since the first formatted time.
pub(crate) fn of(at: Instant) -> String {
    format!("{:8.3}", at.saturating_duration_since(beginning()).as_secs_f64())
}

pub(crate) fn now() -> String {
    let beginning = beginning();
    of(Instant::now().max(beginning))
}
