//! The start at login, by the means of each system: an entry of the desktop on Linux, the key `Run` of the registry on
//! Windows, a launch agent on macOS. Packages bring an entry for the whole computer, and users can switch it off.

#[cfg(any(target_os = "macos", test))]
mod launch_agent;
#[cfg(any(target_os = "windows", test))]
mod run_key;
#[cfg(target_os = "windows")]
#[path = "autostart/windows.rs"]
mod system;
#[cfg(target_os = "macos")]
#[path = "autostart/macos.rs"]
mod system;
#[cfg(not(any(target_os = "windows", target_os = "macos")))]
#[path = "autostart/linux.rs"]
mod system;

pub use system::LoginEntry;
