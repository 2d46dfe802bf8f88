//! Where each system keeps the settings of its administrator: defaults, and a policy.
//!
//! They are read again with the settings file, every five seconds. Notifications of changes would need a thread with an
//! event on Windows and do not exist for preferences on macOS, and reading a few values takes microseconds.

#[cfg(any(target_os = "windows", test))]
mod registry;
#[cfg(target_os = "windows")]
#[path = "managed/windows.rs"]
mod system;
#[cfg(target_os = "macos")]
#[path = "managed/macos.rs"]
mod system;
#[cfg(not(any(target_os = "windows", target_os = "macos")))]
#[path = "managed/linux.rs"]
mod system;

/// The locations of the administrator's settings. No variable moves them, not even `GLORIA_HOME`: otherwise a user
/// could replace the policy.
pub(super) use system::sources;
