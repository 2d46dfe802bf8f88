//! `gloria doctor` against real desktops, agents and servers, good ones and others.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod alert;
mod bundle;
mod checks;
mod desktop;
mod window;
