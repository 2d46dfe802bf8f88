//! What becomes of the stream, and of the machine and the network below it.

pub mod clock_guard;
pub mod conditions;
pub mod network;
pub mod outage;
pub(crate) mod probe;
mod view;

pub use view::{Disconnected, Moment, Surroundings, epoch_millis, view, words};
pub(crate) use view::{halt_remedy, remedy};
