//! The agent without a window, which is its usual state: its cost at rest, and its reaction when the session or its own
//! program is replaced.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod rest;
mod scene;
mod sessions;
mod systemd;
mod tray;
mod upgrade;
