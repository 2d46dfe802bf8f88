//! The sign-in against a real OpenID provider: `provider/provider.mjs`, on loopback, with faults on request. A person
//! walks through its pages by plain requests; one test has Chromium do it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed unwrap fails the test"
)]

mod answers;
mod chromium;
mod clerk;
mod desktop;
mod devices;
mod discovery;
mod intruders;
mod journey;
mod keyring;
mod kills;
mod person;
mod prompts;
mod renewal;
mod revocation;
mod scene;
mod secrets;
mod stage;
mod together;
mod walks;
