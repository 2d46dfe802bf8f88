//! What the app says of itself.

use serde::Deserialize;

use crate::item::EpochMillis;
use crate::message::Message;
use crate::protocol::{ConnectionState, Remedy};

/// What the checks need of the document of `gloria status`. An app of another version may leave parts out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppStatus {
    pub(super) version: String,
    pub(super) connection: Connection,
    #[serde(default)]
    pub(super) metrics: Metrics,
    #[serde(default)]
    pub(super) notices: Vec<Notice>,
    /// The names of marks that the server does not know.
    #[serde(default)]
    pub(super) kept_here: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Connection {
    pub(super) state: ConnectionState,
    #[serde(default)]
    pub(super) reason: Option<Message>,
    pub(super) remedy: Remedy,
    #[serde(default)]
    pub(super) last_heard_at: Option<EpochMillis>,
    #[serde(default)]
    pub(super) storage: Option<Message>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Metrics {
    pub(super) events: u64,
    pub(super) failed_events: u64,
}

/// Its kind is a text, because another version may know more kinds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Notice {
    pub(super) kind: String,
    pub(super) message: Message,
}

impl AppStatus {
    /// Its stream is open.
    pub fn is_connected(&self) -> bool {
        self.connection.state == ConnectionState::Connected
    }

    /// Reads the document; `None` if it is not one.
    pub fn read(document: &str) -> Option<Self> {
        serde_json::from_str(document).ok()
    }
}
