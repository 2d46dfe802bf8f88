//! The agent of Linux: tray and notifications over D-Bus, and the window in a process of its own. It needs no display:
//! one that is missing or dies takes the window with it and nothing else.

mod anew;
mod icon;
mod item;
mod launch;
mod messages;
mod run;
mod tray;
mod window;

pub use run::{Options, run};
