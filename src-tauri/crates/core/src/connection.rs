//! The connection as users and other modules see it: its state as messages (`view`), the computer's network and sleep,
//! outages, and the test of an address. The stream itself is `gloria-stream`.
//!
//! Depends on accounts and what is below them. It does not use the inbox or decide about alerts. Every part takes the
//! time as an argument, except the test of an address, which waits for responses.

mod cause;
pub mod clock_guard;
pub mod conditions;
pub mod network;
pub mod outage;
pub(crate) mod probe;
mod view;

pub(crate) use cause::credential;
pub use cause::{advised, cause, halted};
pub use probe::{Acceptance, Asking, accepts};
pub use view::{ClockReading, Disconnected, epoch_millis};
pub(crate) use view::{ConnectionContext, halt_remedy, remedy, remedy_view, view};
