//! How the app is doing, in one document for scripts and monitoring. Its names are a contract; it holds no token, no
//! title and no text of an item.

use std::net::SocketAddr;

use serde::Serialize;

use crate::item::{Counts, EpochMillis};
use crate::protocol::{ConnectionState, ConnectionView, MetricsView, Notice};

/// What `gloria status` tells.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusReport {
    /// The app's version.
    pub version: String,
    /// When the core started.
    pub since: EpochMillis,
    /// All of it in one word.
    pub health: Health,
    /// The connection, as the window shows it.
    pub connection: ConnectionView,
    /// The inbox in numbers.
    pub counts: Counts,
    /// The connection in numbers.
    pub metrics: MetricsView,
    /// The notices about this machine.
    pub notices: Vec<Notice>,
    /// Where metrics are served, if they are.
    pub metrics_listen: Option<SocketAddr>,
}

/// Whether notifications arrive, and who has to do something if not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Health {
    /// The stream is open.
    Connected,
    /// It is not, and the app is at it.
    Working,
    /// It is not, and waiting alone leads nowhere.
    NeedsUser,
    /// It is not, and nobody wants it to be.
    Disconnected,
}

/// Sums the app up, by the same word that the window and the tray show.
pub fn health(connection: &ConnectionView) -> Health {
    if connection.needs_user {
        Health::NeedsUser
    } else {
        match connection.state {
            ConnectionState::Connected => Health::Connected,
            ConnectionState::Disconnected => Health::Disconnected,
            ConnectionState::Idle
            | ConnectionState::Connecting
            | ConnectionState::Waiting
            | ConnectionState::CircuitOpen
            | ConnectionState::Halted => Health::Working,
        }
    }
}
