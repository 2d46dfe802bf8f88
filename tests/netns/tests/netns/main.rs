//! `gloria tail` and `gloria-backend` as two machines: each in a network namespace of its own, with cables, routers and
//! name servers between them that really break. Every case ends by counting what arrived: all of it, once, in order.
//!
//! Times are limits, not pauses, except where the fault itself lasts a time.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod links;
mod names;
mod paths;
mod rig;
mod stops;
