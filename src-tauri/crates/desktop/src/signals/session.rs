//! Whether the session is locked or its user is idle, by each desktop's own interface.

use gloria_core::ports::Observation;
use tokio::sync::mpsc;

#[cfg(target_os = "linux")]
#[path = "session/linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "session/other.rs"]
mod system;

/// Sends the state of the session until the receiver is dropped. The buses are D-Bus addresses to use instead of the
/// usual ones.
pub(super) fn watch(
    system_bus: Option<String>,
    session_bus: Option<String>,
    observations: &mpsc::Sender<Observation>,
) {
    system::watch(system_bus, session_bus, observations);
}
