//! The driver against servers that write raw bytes: its requests, its reaction to each response, and how it ends.
//!
//! Time is paused: it advances to the next timer when everything is idle, so no test waits for the clock.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a failed unwrap, or a delivery that a test does not look for, fails it"
)]

mod answers;
mod client_certificates;
mod encodings;
mod endings;
mod http2;
mod lifetime;
mod lookup;
mod memory;
mod network;
mod observed;
mod portal;
mod pressure;
mod privacy;
mod requests;
mod rig;
mod socks;
mod system_proxies;
mod tls;
mod websocket;
mod whole;
