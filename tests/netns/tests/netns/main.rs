//! `gloria tail` and `gloria-backend` as two machines: each in a separate network namespace, with cables, routers and
//! name servers between them that really fail. Every case ends by counting the notifications: all arrived, once, in
//! order.
//!
//! Times are limits and not pauses, except for the duration of a fault.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod links;
mod names;
mod paths;
mod rig;
mod stops;
