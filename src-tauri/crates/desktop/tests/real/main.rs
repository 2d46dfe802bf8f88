//! The ports on a real bus, a real keyring, a real sound server, a real launcher and a real network, each private to
//! its test.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod browser;
mod bus;
mod connections;
mod keyring;
mod notifications;
mod policy;
mod presence;
mod proxies;
mod session;
mod signals;
mod sound;
