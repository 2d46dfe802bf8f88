//! The connection as users and other modules see it: its state as messages (`view`), the network and the sleep of the
//! machine below it, outages, and the test of an address. The stream itself is `gloria-stream`.
//!
//! Knows accounts and what is below them. It does not touch the inbox and decides about no alert; every part takes the
//! time as an argument, but for the test of an address, which waits for answers.

mod cause;
pub mod clock_guard;
pub mod conditions;
pub mod network;
pub mod outage;
pub(crate) mod probe;
mod view;

pub(crate) use cause::credential;
pub use cause::{advised, cause, halted};
pub use view::{ClockReading, Disconnected, epoch_millis};
pub(crate) use view::{ConnectionContext, halt_remedy, remedy, view};
