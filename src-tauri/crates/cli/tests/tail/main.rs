//! `gloria tail` as scripts see it: its lines, its flags, its exit codes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed unwrap fails the test"
)]

mod addresses;
#[cfg(unix)]
mod command;
mod ends;
mod harness;
mod lines;
