//! Gloria Notify without a screen: events, inbox, alerts, session, settings, and one actor that owns them.
//!
//! Shell, command line and tests speak to it through one handle alone. Nothing here assumes a window, or that it
//! would be in this process.

pub mod address;
pub mod event;
pub mod paths;
pub mod ports;
pub mod protocol;
pub mod session;
pub mod settings;
mod text;
