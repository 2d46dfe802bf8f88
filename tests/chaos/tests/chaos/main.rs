//! The stream, and the core around it, against faults: what the server was asked, when, and to the byte; what was
//! reported; and that every event came once, in order, with the position right.
//!
//! Where time is paused it moves on to the next timer when nobody has anything to do, so no case waits for the clock.
//! Nothing here starts a program: until a forked child execs, it keeps every socket open, and a closed connection
//! would look like silence.

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
