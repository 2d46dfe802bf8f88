//! The server's events, for listeners. They are independent of the state.

use serde::{Deserialize, Deserializer, Serialize};

#[cfg(test)]
use ts_rs::TS;

use crate::item::{EpochMillis, ItemAction, Priority};

/// Defines all types with their names and data.
macro_rules! server_events {
    ($($(#[$doc:meta])* $variant:ident = $name:literal: $data:ident,)*) => {
        /// An event of the server, decoded and checked.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(test, derive(TS))]
        #[serde(tag = "type", content = "data")]
        pub enum ServerEvent {
            $($(#[$doc])* #[serde(rename = $name)] $variant($data),)*
        }

        /// The type of a [`ServerEvent`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(test, derive(TS))]
        pub enum EventType {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        /// The data of each type by its name, from which the TypeScript is generated.
        #[cfg(test)]
        #[derive(Debug, TS)]
        #[expect(non_snake_case, reason = "the names are the server's")]
        pub struct ServerEvents {
            $($(#[$doc])* #[ts(rename = $name)] pub $variant: $data,)*
        }

        impl EventType {
            /// All types.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The server's name for it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }

        impl ServerEvent {
            /// Its type.
            pub fn event_type(&self) -> EventType {
                match self {
                    $(Self::$variant(_) => EventType::$variant,)*
                }
            }
        }
    };
}

server_events! {
    /// The greeting of the server: the stream is open.
    ConnectionEstablished = "connection_established": GreetingData,
    /// The server is alive.
    Heartbeat = "heartbeat": HeartbeatData,
    /// A notification for this user.
    NotificationCreated = "notification.created": NotificationData,
    /// A notification was changed.
    NotificationUpdated = "notification.updated": NotificationChangeData,
    /// A notification was deleted.
    NotificationDeleted = "notification.deleted": NotificationDeletedData,
    /// The presence of a user changed.
    UserStatusChanged = "user.status_changed": UserStatusData,
    /// The profile of a user changed.
    UserUpdated = "user.updated": UserData,
    /// A workflow was started or continues.
    WorkflowStarted = "workflow.started": WorkflowData,
    /// A workflow succeeded.
    WorkflowCompleted = "workflow.completed": WorkflowData,
    /// A workflow failed.
    WorkflowFailed = "workflow.failed": WorkflowData,
    /// An announcement for all users.
    SystemAnnouncement = "system.announcement": SystemData,
    /// Planned maintenance.
    SystemMaintenance = "system.maintenance": SystemData,
    /// The server refuses the client within a stream that it has opened.
    Error = "error": ErrorData,
    /// The server no longer has the events after the requested position.
    StreamGap = "stream.gap": GapData,
}

impl ServerEvent {
    /// The key of the item in the inbox that it is about.
    pub fn item_key(&self) -> Option<&str> {
        match self {
            Self::NotificationCreated(data) => Some(&data.key),
            Self::NotificationUpdated(data) => Some(&data.key),
            Self::NotificationDeleted(data) => Some(&data.key),
            Self::WorkflowStarted(data) | Self::WorkflowCompleted(data) | Self::WorkflowFailed(data) => {
                Some(&data.key)
            }
            Self::SystemAnnouncement(data) | Self::SystemMaintenance(data) => Some(&data.key),
            Self::ConnectionEstablished(_)
            | Self::Heartbeat(_)
            | Self::UserStatusChanged(_)
            | Self::UserUpdated(_)
            | Self::Error(_)
            | Self::StreamGap(_) => None,
        }
    }
}

/// Reads a field that is there, which may be null; an absent one is the default, `None`.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A message to a listener.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(tag = "kind", content = "value", rename_all = "camelCase")]
pub enum ListenerMessage {
    /// An event, whose effect on the inbox is already stored.
    Event(Box<ReceivedEvent>),
    /// This many events of its types were dropped here, because the listener was too slow.
    Missed(u64),
}

/// An event and how it arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct ReceivedEvent {
    /// The event.
    #[serde(flatten)]
    pub event: ServerEvent,
    /// The last event id at its arrival; absent if the server sends none.
    pub last_event_id: Option<String>,
    /// It was missed while disconnected, as far as is known.
    pub missed: bool,
    /// It is not new, but was asked for again with `gloria replay`.
    #[serde(default)]
    pub replayed: bool,
}

/// Asks for logged events.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReplayRequest {
    /// Only those that came at this time or later, by this computer's clock.
    pub since: Option<EpochMillis>,
    /// Only those of these types; all if it is empty.
    pub types: Vec<EventType>,
}

/// What a replay to the listeners did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    /// Events that were sent to the listeners.
    pub events: u64,
    /// Events of which only the type is left, because what they are about was deleted.
    pub erased: u64,
}

/// Data of `connection_established`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct GreetingData {
    /// The server's id of this connection.
    pub connection_id: Option<String>,
    /// The server's id of the token's user.
    pub user_id: Option<String>,
    /// The time on the server's clock.
    pub server_time: Option<EpochMillis>,
    /// The interval in which the server means to send data, in milliseconds.
    pub heartbeat_interval: Option<u64>,
}

/// Data of `heartbeat`: empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
pub struct HeartbeatData {}

/// Data of `notification.created`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct NotificationData {
    /// The server's id.
    pub id: String,
    /// The key of its item in the inbox.
    pub key: String,
    /// One line of plain text.
    pub title: String,
    /// Plain text.
    pub message: String,
    /// The server's category.
    pub category: Option<String>,
    /// Its urgency.
    pub priority: Priority,
    /// The name of who or what caused it.
    pub actor: Option<String>,
    /// The target of its link: http or https only.
    pub link: Option<String>,
    /// Further links.
    pub actions: Vec<ItemAction>,
    /// The progress in percent.
    pub progress: Option<u8>,
    /// Items with the same value belong together.
    pub group_key: Option<String>,
    /// When the server created it, if it says so.
    pub created_at: Option<EpochMillis>,
    /// When it expires.
    pub expires_at: Option<EpochMillis>,
    /// The user has to acknowledge it.
    pub ack_required: bool,
    /// The server's version of it, if it counts them.
    pub version: Option<i64>,
}

/// Data of `notification.updated`: absent fields stay, and null removes the value.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct NotificationChangeData {
    /// The server's id.
    pub id: String,
    /// The key of its item in the inbox.
    pub key: String,
    /// Its new title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its new text.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub message: Option<Option<String>>,
    /// Its new category.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub category: Option<Option<String>>,
    /// Its new urgency.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub priority: Option<Option<Priority>>,
    /// Its new cause.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub actor: Option<Option<String>>,
    /// Its new link.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub link: Option<Option<String>>,
    /// Its new further links.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub actions: Option<Option<Vec<ItemAction>>>,
    /// Its new time of expiry.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub expires_at: Option<Option<EpochMillis>>,
    /// When it was seen elsewhere.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub seen_at: Option<Option<EpochMillis>>,
    /// When it was read elsewhere.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub read_at: Option<Option<EpochMillis>>,
    /// When it was archived elsewhere.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub archived_at: Option<Option<EpochMillis>>,
    /// When it was flagged elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flagged_at: Option<Option<EpochMillis>>,
    /// Until when it was snoozed elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snoozed_until: Option<Option<EpochMillis>>,
    /// Whether the user has to acknowledge it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ack_required: Option<Option<bool>>,
    /// When it was acknowledged elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_at: Option<Option<EpochMillis>>,
    /// The server's version of it, if it counts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
}

/// Data of `notification.deleted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct NotificationDeletedData {
    /// The server's id.
    pub id: String,
    /// The key of its item in the inbox.
    pub key: String,
    /// The server's version of it, if it counts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
}

/// Data of `user.status_changed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct UserStatusData {
    /// The id of the user.
    pub user_id: String,
    /// The server's name for the presence.
    pub status: String,
}

/// Data of `user.updated`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct UserData {
    /// The id of the user.
    pub user_id: String,
    /// The name; absent if it stays, null if it was removed.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub name: Option<Option<String>>,
    /// As in `user.status_changed`; absent if it stays, null if it was removed.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub status: Option<Option<String>>,
}

/// Data of `workflow.started`, `workflow.completed` and `workflow.failed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct WorkflowData {
    /// The server's id of the workflow.
    pub workflow_id: String,
    /// The key of its item in the inbox.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its error, message or status, whichever comes first; empty without any.
    pub detail: String,
    /// Its urgency.
    pub priority: Priority,
    /// The name of who or what caused it.
    pub actor: Option<String>,
    /// The target of its link: http or https only.
    pub link: Option<String>,
    /// Further links.
    pub actions: Vec<ItemAction>,
    /// The progress in percent.
    pub progress: Option<u8>,
    /// When the server created it, if it says so.
    pub created_at: Option<EpochMillis>,
}

/// Data of `system.announcement` and `system.maintenance`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct SystemData {
    /// The server's id.
    pub id: String,
    /// The key of its item in the inbox.
    pub key: String,
    /// One line of plain text.
    pub title: String,
    /// Plain text.
    pub message: String,
    /// Its urgency.
    pub priority: Priority,
    /// The target of its link: http or https only.
    pub link: Option<String>,
    /// Further links.
    pub actions: Vec<ItemAction>,
    /// When the server created it, if it says so.
    pub created_at: Option<EpochMillis>,
    /// When the announced maintenance starts.
    pub starts_at: Option<EpochMillis>,
    /// When it ends.
    pub ends_at: Option<EpochMillis>,
}

/// Data of `error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct ErrorData {
    /// An HTTP status.
    pub status: Option<u16>,
    /// The server's error code.
    pub code: Option<String>,
    /// How long to wait before reconnecting, in milliseconds.
    pub retry_after: Option<u64>,
}

/// Data of `stream.gap`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct GapData {
    /// Events are missing after this.
    pub from: Option<GapEnd>,
    /// Events are complete again from here on.
    pub to: Option<GapEnd>,
}

/// One end of a gap: some servers name an event, others a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum GapEnd {
    /// An event id.
    Id(String),
    /// A time.
    Time(EpochMillis),
}
