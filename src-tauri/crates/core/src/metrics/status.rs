//! The app's state in one document for scripts and monitoring. Its names are stable; it contains no token and no text
//! of an item.

use std::net::SocketAddr;

use serde::Serialize;

use crate::item::{Counts, EpochMillis};
use crate::message::Message;
use crate::protocol::{ConnectionState, ConnectionView, MetricsView, Notice, ReleaseView};
use crate::release::Channel;

/// The answer of `gloria status`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusReport {
    /// The app's version.
    pub version: String,
    /// When the core started.
    pub since: EpochMillis,
    /// The summary.
    pub health: Health,
    /// The connection as the window shows it.
    pub connection: ConnectionView,
    /// The counts of the inbox.
    pub counts: Counts,
    /// The metrics of the connection.
    pub metrics: MetricsView,
    /// The notices about this machine.
    pub notices: Vec<Notice>,
    /// Newer versions of the app; `None` unless the settings say where to ask for them.
    pub updates: Option<UpdatesReport>,
    /// The settings that the organisation has set, by their names in files.
    pub set_by_policy: Vec<String>,
    /// The marks that stay on this computer because the server does not know them, by their names in requests.
    pub kept_here: Vec<&'static str>,
    /// Where metrics are served, if they are.
    pub metrics_listen: Option<SocketAddr>,
}

/// What is known of newer versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdatesReport {
    /// The channel.
    pub channel: Channel,
    /// The newer version that the window shows.
    pub release: Option<ReleaseView>,
    /// Why the last attempt to ask brought nothing.
    pub problem: Option<Message>,
}

/// Whether notifications arrive, and whether the user has to act if not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Health {
    /// The stream is open.
    Connected,
    /// Not connected; the app is retrying.
    Working,
    /// Not connected; the user has to act.
    NeedsUser,
    /// Not connected because the user disconnected.
    Disconnected,
}

impl Health {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Connected,
        Self::Working,
        Self::NeedsUser,
        Self::Disconnected,
    ];

    /// The label in metrics, which is the same in every version.
    pub fn label(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Working => "working",
            Self::NeedsUser => "needs_user",
            Self::Disconnected => "disconnected",
        }
    }
}

/// The summary of the connection, consistent with the window and the tray.
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
