//! Tests of the app's real window: a complete desktop, a server, and WebDriver.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod account;
mod address;
mod arrivals;
mod confinement;
mod connection;
mod crashes;
mod devices;
mod listeners;
mod openings;
mod presence;
mod shapes;
mod sign_in;
mod stage;
mod tray;
mod upgrade;
mod watch;
mod wayland;
