//! The app on machines where something is missing, or exists more than once.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod accounts;
mod bus;
mod credentials;
mod interrupted;
mod lacking;
mod launches;
mod leaving;
mod logout;
mod logs;
mod memory;
mod page;
mod panics;
mod persons;
mod quit;
mod scene;
mod secrets;
mod sign_in;
mod starts;
mod streams;
mod stuck;
mod upgrades;
