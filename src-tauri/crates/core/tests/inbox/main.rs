//! The inbox: what is filed, how it is kept, and what becomes of its alerts and its files.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod alerts;
mod file;
mod filing;
mod harness;
mod legacy;
mod rows;
mod store;
mod upkeep;
