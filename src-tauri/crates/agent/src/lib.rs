//! The part of Gloria Notify that always runs: the core, with everything of the desktop except the window. It outlives
//! the window, and on Linux the display and the session bus as well, because nothing here links a toolkit.
//!
//! [`Agent`] is the same on every system: it follows the state, handles requests of the tray and of other programs, and
//! ends in order. A [`Shell`] contains what differs: [`linux`] draws the tray over D-Bus and starts the window as a
//! separate program; on Windows and macOS the app with the window is the shell.

mod agent;
mod controls;
mod link;
#[cfg(target_os = "linux")]
pub mod linux;
mod requested;
mod rest;
mod shell;

pub use agent::{Agent, Ended, Start, starts_at_login};
pub use controls::Controls;
pub use link::InProcess;
pub use shell::Shell;
