//! What the tests of a sign-in start: a real OpenID provider with faults on request, a backend with Clerk's SDK, and
//! Chromium.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed unwrap fails the test"
)]

mod browser;
mod clerk;
mod provider;

pub use browser::Browser;
pub use clerk::Clerk;
pub use provider::{ANY_PORT, LISTED_PORTS, Provider, Script};
