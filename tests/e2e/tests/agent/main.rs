//! The agent alone, as it is most of the time: what it costs at rest, and what it does when the session around it or
//! its own program is replaced.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod rest;
mod scene;
mod sessions;
mod tray;
mod upgrade;
