//! Gloria Notify without a screen: events, inbox, alerts, session, settings, and one actor that owns them.
//!
//! [`start`] brings a core to life; shell, command line and tests speak to it through its [`CoreHandle`] alone.
//! Nothing here assumes a window, or that it would be in this process.

pub mod account;
mod actor;
pub mod alerts;
pub mod connection;
pub mod event;
mod fingerprint;
mod handle;
pub mod inbox;
pub mod item;
mod link;
mod listeners;
pub mod logging;
pub mod message;
pub mod metrics;
pub mod paths;
pub mod ports;
pub mod private;
pub mod protocol;
pub mod settings;
#[cfg(feature = "fakes")]
pub mod testing;
pub mod text;
pub mod token;
pub mod tray;

pub use actor::{Environment, Ports, Setup, start, supervise};
pub use handle::{Attached, CoreError, CoreHandle, Signal};
pub use link::{Link, LinkState};
pub use listeners::{EventListener, EventTypes};
pub use metrics::EventTally;
