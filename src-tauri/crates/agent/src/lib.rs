//! The part of Gloria Notify that is always there: the core, and what it has of a desktop beside a window. It outlives
//! the window, and on Linux the display and the session bus as well, because nothing here links a toolkit.
//!
//! [`Agent`] is the same on each system: it follows the state, does what tray and other programs ask for, and ends in
//! order. What differs is a [`Shell`]: [`linux`] draws the tray by D-Bus and starts the window as a program of its own;
//! on Windows and macOS the app with the window is the shell.

mod agent;
mod controls;
mod link;
#[cfg(target_os = "linux")]
pub mod linux;
mod shell;

pub use agent::{Agent, Ended, Start};
pub use controls::Controls;
pub use link::InProcess;
pub use shell::Shell;
