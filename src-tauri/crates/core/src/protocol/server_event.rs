//! The server's events, as listeners get them: beside the state and never in its place.

use serde::{Deserialize, Serialize};

#[cfg(test)]
use ts_rs::TS;

use crate::item::{EpochMillis, ItemAction, Priority};

/// The types in one place: the event, its type, its name and its data belong together.
macro_rules! server_events {
    ($($(#[$doc:meta])* $variant:ident = $name:literal: $data:ident,)*) => {
        /// An event of the server, decoded and checked.
        #[derive(Debug, Clone, PartialEq, Serialize)]
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
            /// All of them.
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
    /// The server greets: the stream is open.
    ConnectionEstablished = "connection_established": GreetingData,
    /// The server is there.
    Heartbeat = "heartbeat": HeartbeatData,
    /// A notification for this person.
    NotificationCreated = "notification.created": NotificationData,
    /// A notification has changed.
    NotificationUpdated = "notification.updated": NotificationChangeData,
    /// A notification is gone.
    NotificationDeleted = "notification.deleted": NotificationDeletedData,
    /// Somebody is present or away.
    UserStatusChanged = "user.status_changed": UserStatusData,
    /// Somebody's profile has changed.
    UserUpdated = "user.updated": UserData,
    /// A workflow began, or went on.
    WorkflowStarted = "workflow.started": WorkflowData,
    /// A workflow ended well.
    WorkflowCompleted = "workflow.completed": WorkflowData,
    /// A workflow failed.
    WorkflowFailed = "workflow.failed": WorkflowData,
    /// An announcement to all.
    SystemAnnouncement = "system.announcement": SystemData,
    /// Planned maintenance.
    SystemMaintenance = "system.maintenance": SystemData,
    /// The server refuses inside a stream that it had opened.
    Error = "error": ErrorData,
    /// The server no longer has what came after the position that it was asked for.
    StreamGap = "stream.gap": GapData,
}

/// What a listener gets.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(tag = "kind", content = "value", rename_all = "camelCase")]
pub enum ListenerMessage {
    /// An event. What it does to the inbox is stored.
    Event(Box<ReceivedEvent>),
    /// So many events of its types were left out here, because the listener was too slow for them.
    Missed(u64),
}

/// An event and how it came.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct ReceivedEvent {
    /// The event.
    #[serde(flatten)]
    pub event: ServerEvent,
    /// The last event id when it came; absent where the server gives none.
    pub last_event_id: Option<String>,
    /// It was missed while there was no connection, as far as is known.
    pub missed: bool,
}

/// Of `connection_established`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct GreetingData {
    /// The server's name for this connection.
    pub connection_id: Option<String>,
    /// Who the token's person is to the server.
    pub user_id: Option<String>,
    /// The server's clock.
    pub server_time: Option<EpochMillis>,
    /// How often the server means to be heard, in milliseconds.
    pub heartbeat_interval: Option<u64>,
}

/// Of `heartbeat`: nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
pub struct HeartbeatData {}

/// Of `notification.created`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    /// How urgent it is.
    pub priority: Priority,
    /// Whose doing it is, by name.
    pub actor: Option<String>,
    /// Where its link goes: http or https only.
    pub link: Option<String>,
    /// Further links.
    pub actions: Vec<ItemAction>,
    /// 0 to 100.
    pub progress: Option<u8>,
    /// What belongs together.
    pub group_key: Option<String>,
    /// When the server made it, where it said so.
    pub created_at: Option<EpochMillis>,
    /// From when on it is of no use.
    pub expires_at: Option<EpochMillis>,
}

/// Of `notification.updated`: what is absent stays, and what is null has no value any more.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Option<String>>,
    /// Its new category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Option<String>>,
    /// How urgent it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Option<Priority>>,
    /// Whose doing it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Option<String>>,
    /// Its new link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Option<String>>,
    /// Its new further links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<Option<Vec<ItemAction>>>,
    /// From when on it is of no use now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Option<EpochMillis>>,
    /// When it was seen elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Option<EpochMillis>>,
    /// When it was read elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Option<EpochMillis>>,
    /// When it was archived elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Option<EpochMillis>>,
}

/// Of `notification.deleted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct NotificationDeletedData {
    /// The server's id.
    pub id: String,
    /// The key that its item had in the inbox.
    pub key: String,
}

/// Of `user.status_changed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct UserStatusData {
    /// Whose.
    pub user_id: String,
    /// The server's word for it.
    pub status: String,
}

/// Of `user.updated`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct UserData {
    /// Whose.
    pub user_id: String,
    /// The name; absent where it stays, null where there is none any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Option<String>>,
    /// As in `user.status_changed`; absent where it stays, null where there is none any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Option<String>>,
}

/// Of `workflow.started`, `workflow.completed` and `workflow.failed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct WorkflowData {
    /// The server's id of the workflow.
    pub workflow_id: String,
    /// The key of its item in the inbox.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its error, message or status, the first that it has; empty without any.
    pub detail: String,
    /// How urgent it is.
    pub priority: Priority,
    /// Whose doing it is, by name.
    pub actor: Option<String>,
    /// Where its link goes: http or https only.
    pub link: Option<String>,
    /// Further links.
    pub actions: Vec<ItemAction>,
    /// 0 to 100.
    pub progress: Option<u8>,
    /// When the server made it, where it said so.
    pub created_at: Option<EpochMillis>,
}

/// Of `system.announcement` and `system.maintenance`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    /// How urgent it is.
    pub priority: Priority,
    /// Where its link goes: http or https only.
    pub link: Option<String>,
    /// Further links.
    pub actions: Vec<ItemAction>,
    /// When the server made it, where it said so.
    pub created_at: Option<EpochMillis>,
    /// When what it announces begins.
    pub starts_at: Option<EpochMillis>,
    /// When that ends.
    pub ends_at: Option<EpochMillis>,
}

/// Of `error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct ErrorData {
    /// As in HTTP.
    pub status: Option<u16>,
    /// The server's word for it.
    pub code: Option<String>,
    /// How long to stay away, in milliseconds.
    pub retry_after: Option<u64>,
}

/// Of `stream.gap`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct GapData {
    /// After this, something is missing.
    pub from: Option<GapEnd>,
    /// From here on, everything is there again.
    pub to: Option<GapEnd>,
}

/// One end of a gap: servers name an event or a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum GapEnd {
    /// An event id.
    Id(String),
    /// A time.
    Time(EpochMillis),
}
