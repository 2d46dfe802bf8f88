//! `gloria doctor`, which looks at the app from outside and therefore runs in a process of its own.

use std::fmt::Debug;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::CommandError;

/// How long it may run. It ends by itself within 15 s; a computer under load takes longer to start it.
pub const DOCTOR_TIMEOUT: Duration = Duration::from_secs(20);

/// How much it may print. Each of about twenty lines has a kilobyte at most, unless an error quotes something long.
pub const MAX_DOCTOR_BYTES: usize = 256 * 1024;

/// What it is run for. The `name` of a report is that of its file without ending, for which a free one is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DoctorTask {
    /// The checks alone.
    Check,
    /// What the report for support would contain.
    PreviewReport {
        /// The name.
        name: String,
    },
    /// The report for support, saved where users find what they downloaded.
    SaveReport {
        /// The name.
        name: String,
    },
}

/// Runs `gloria doctor --json`.
pub trait Doctor: Send + Sync + Debug {
    /// Runs it to its end, at most [`DOCTOR_TIMEOUT`], and returns its lines, of at most [`MAX_DOCTOR_BYTES`]. It ends
    /// when the future is dropped.
    fn run(&self, task: DoctorTask) -> BoxFuture<'static, Result<Vec<u8>, CommandError>>;
}
