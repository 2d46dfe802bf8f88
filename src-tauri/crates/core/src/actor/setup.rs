//! What a core is started with.

use std::fmt;
use std::sync::Arc;

use crate::paths::Paths;
use crate::ports::Ports;

/// Reads an environment variable.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What a core is started with.
#[derive(Clone)]
pub struct Setup {
    /// The locations of its files.
    pub paths: Paths,
    /// The environment: settings, and `GLORIA_TOKEN`.
    pub environment: Environment,
    /// The app's version, for the user agent and the window.
    pub version: String,
    /// The seed of all random numbers.
    pub seed: u64,
    /// The operating system.
    pub ports: Ports,
}

impl fmt::Debug for Setup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Setup")
            .field("paths", &self.paths)
            .field("ports", &self.ports)
            .finish_non_exhaustive()
    }
}
