//! The agent on Linux: tray and notifications over D-Bus, and the window in a separate process. It needs no display: if
//! the display is missing or dies, only the window is affected.

mod anew;
mod icon;
mod installed;
mod item;
mod launch;
mod messages;
mod run;
mod service;
mod systemd;
mod tray;
mod window;

pub use run::{Options, run};
