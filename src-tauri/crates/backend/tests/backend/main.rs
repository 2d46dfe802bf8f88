//! The contract and the faults, read by independent clients: eventsource-stream over reqwest, and raw TCP.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod client;
mod contract;
mod demo;
mod faults;
mod port;
mod program;
mod rest;
