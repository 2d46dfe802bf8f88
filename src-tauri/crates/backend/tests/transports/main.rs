//! Every fault over every transport: the real client against the real backend, and nothing lost or twice.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod faults;
mod rig;
mod websocket;
