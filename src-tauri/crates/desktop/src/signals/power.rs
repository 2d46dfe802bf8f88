//! Sleep and waking, by each system's own interface.

use gloria_core::ports::Observation;
use tokio::sync::mpsc;

#[cfg(target_os = "linux")]
#[path = "power/linux.rs"]
mod system;
#[cfg(target_os = "macos")]
#[path = "power/macos.rs"]
mod system;
#[cfg(target_os = "windows")]
#[path = "power/windows.rs"]
mod system;

/// Sends sleep and waking as long as the system signals them. `bus` is the D-Bus address of logind's bus.
pub(super) fn watch(bus: Option<&str>, observations: &mpsc::Sender<Observation>) {
    system::watch(bus, observations);
}
