//! Gloria Notify without a user interface: events, inbox, alerts, session, settings, and one actor that owns them.
//!
//! [`start`] starts a core; shell, command line and tests use it only through its [`CoreHandle`]. Nothing here assumes
//! that there is a window, or that it is in this process.

pub mod account;
mod actor;
pub mod alerts;
pub mod backfill;
pub mod connection;
pub mod doctor;
pub mod event;
mod fingerprint;
pub mod grant;
mod handle;
pub mod inbox;
pub mod item;
mod link;
mod listeners;
pub mod metrics;
pub mod outbox;
pub mod paths;
pub mod ports;
pub mod protocol;
pub mod provider;
pub mod release;
pub mod settings;
#[cfg(feature = "fakes")]
pub mod testing;
pub mod text;
mod ticks;
pub mod token;
pub mod tray;

pub use gloria_files::{logging, private, shared};
pub use gloria_text::message;

pub use actor::{Environment, Setup, start, supervise};
pub use handle::{Attached, CoreError, CoreHandle, SignOutAnswer, SignOutRequest, Signal};
pub use link::{Link, LinkState};
pub use listeners::{EventListener, EventTypes};
pub use metrics::EventTally;
pub use ports::Ports;
