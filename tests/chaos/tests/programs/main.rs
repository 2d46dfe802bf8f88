//! The programs against faults: what only a process has, which is an environment, the roots of trust that the system
//! knows, and a sudden end.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed unwrap fails the test"
)]

mod certificates;
mod kills;
mod program;
mod proxies;
