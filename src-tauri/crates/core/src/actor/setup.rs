//! What a core is started with.

use std::fmt;
use std::sync::Arc;

use crate::paths::Paths;
use crate::ports::{Clock, Notifications, Opener, Secrets, Signals, Sounds, SystemProxies, WindowPort};

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

/// The operating system, as the core needs it.
#[derive(Debug, Clone)]
pub struct Ports {
    /// Shows notifications.
    pub notifications: Arc<dyn Notifications>,
    /// Opens the window.
    pub window: Arc<dyn WindowPort>,
    /// Plays sounds.
    pub sounds: Arc<dyn Sounds>,
    /// Stores tokens.
    pub secrets: Arc<dyn Secrets>,
    /// Opens links.
    pub opener: Arc<dyn Opener>,
    /// Observes sleep and network.
    pub signals: Arc<dyn Signals>,
    /// The clocks.
    pub clock: Arc<dyn Clock>,
    /// Asks the system which proxy to use, if the system can answer that.
    pub proxies: Option<SystemProxies>,
}
