//! Other clients for event streams, to measure beside `gloria tail`: the address and the number of events as arguments,
//! the token in the environment, and one line of JSON at the end.

use anyhow::{Context as _, Result};

/// What a peer is asked to do.
#[derive(Debug)]
pub struct Task {
    pub url: String,
    pub events: u64,
    /// The whole header.
    pub authorization: String,
}

impl Task {
    /// # Errors
    /// An argument or the token is missing.
    pub fn from_environment() -> Result<Self> {
        let mut arguments = std::env::args().skip(1);
        Ok(Self {
            url: arguments.next().context("the address is missing")?,
            events: arguments.next().context("the number of events is missing")?.parse()?,
            authorization: format!("Bearer {}", std::env::var("GLORIA_TOKEN")?),
        })
    }

    pub fn report(&self, events: u64, bytes: usize) {
        println!("{{\"events\":{events},\"bytes\":{bytes}}}");
    }
}
