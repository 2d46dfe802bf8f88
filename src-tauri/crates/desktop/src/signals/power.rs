//! Sleep and waking, by each system's own way.

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

/// Tells of sleep and waking for as long as the system does. `bus` is the D-Bus address to look for logind at.
pub(super) fn watch(bus: Option<&str>, tell: &mpsc::Sender<Observation>) {
    system::watch(bus, tell);
}
