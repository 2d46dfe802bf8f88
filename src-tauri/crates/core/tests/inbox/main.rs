//! The inbox: how events are stored, and its alerts and files.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod alerts;
mod categories;
mod damage;
mod file;
mod filing;
mod harness;
mod legacy;
mod log;
mod migrations;
mod outbox;
mod rows;
mod search;
mod snooze;
mod store;
mod upkeep;
