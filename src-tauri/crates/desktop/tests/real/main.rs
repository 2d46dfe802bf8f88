//! The ports on a real bus, a real keyring, a real sound server and a real launcher, each private to its test.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod browser;
mod keyring;
mod session;
mod sound;
