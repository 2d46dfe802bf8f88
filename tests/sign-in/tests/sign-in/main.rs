//! The sign-in against a real OpenID provider: `provider/provider.mjs`, on loopback, with faults on request. A person
//! walks through its pages by plain requests; one test has Chromium do it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed unwrap fails the test"
)]

mod answers;
mod browser;
mod chromium;
mod clerk;
mod devices;
mod discovery;
mod intruders;
mod journey;
mod person;
mod provider;
mod renewal;
mod revocation;
mod secrets;
mod stage;
mod walks;
