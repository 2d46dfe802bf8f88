//! The stream, and the whole core, against faults: the server's requests, their times and bytes; what is reported; and
//! that every event arrives once, in order, with the right position.
//!
//! If time is paused, it advances to the next timer when everything is idle, so no case waits for the clock. No test
//! here starts a program, because a forked child keeps every socket open until it execs, so that a closed connection
//! would look silent.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod answers;
mod certificates;
mod credentials;
mod encodings;
mod endings;
mod harness;
mod ids;
mod journal;
mod lifecycle;
mod limits;
mod network;
mod numbers;
mod pacing;
mod portals;
mod redirects;
mod silence;
mod stage;
mod whole_core;
