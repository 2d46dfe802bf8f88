//! The programs against faults, as far as these require a process: the environment, the system's trusted roots, and a
//! sudden end.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed unwrap fails the test"
)]

mod certificates;
mod kills;
mod program;
mod proxies;
