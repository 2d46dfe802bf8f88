//! What a frame means: the thirteen event types and the gap, decoded and held to limits.
//!
//! Unknown fields are kept, unknown types are told apart from mistakes, and a mistake costs one event.

mod wire;

use std::time::Duration;

use gloria_stream::Frame;
use jiff::Timestamp;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::protocol::{EpochMillis, ItemAction, ItemKind, Priority};

/// A decoded event.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// `connection_established`
    ConnectionEstablished(ConnectionEstablished),
    /// `heartbeat`
    Heartbeat,
    /// `notification.created`, `system.announcement`, `system.maintenance` and `workflow.*`: something for the inbox.
    Posted(Post),
    /// `notification.updated`
    NotificationUpdated(Change),
    /// `notification.deleted`
    NotificationDeleted {
        /// The server's id.
        id: String,
    },
    /// `user.status_changed` and `user.updated`: nothing of it is shown yet, and all of it is kept.
    UserChanged {
        /// Whose.
        user_id: String,
        /// The status, where it is one.
        status: Option<String>,
    },
    /// `stream.gap`: the server no longer has what came after our cursor.
    Gap,
}

/// `connection_established`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionEstablished {
    /// How often the server means to be heard.
    pub heartbeat: Option<Duration>,
}

/// Something for the inbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Post {
    /// Kind and server id make one key: `n:` notification, `s:` system message, `w:` workflow.
    pub key: String,
    /// What it is.
    pub kind: ItemKind,
    /// One line.
    pub title: String,
    /// Some lines.
    pub body: String,
    /// The server's category.
    pub category: Option<String>,
    /// How urgent.
    pub priority: Priority,
    /// Whose doing.
    pub actor: Option<String>,
    /// A web link.
    pub link: Option<String>,
    /// More web links.
    pub actions: Vec<ItemAction>,
    /// 0 to 100.
    pub progress: Option<u8>,
    /// What belongs together.
    pub group_key: Option<String>,
    /// When the server made it.
    pub created_at: Option<EpochMillis>,
    /// From when on it is of no use.
    pub expires_at: Option<EpochMillis>,
    /// The key of what it replaces.
    pub supersedes: Option<String>,
    /// Fields that this version does not know, as they came.
    pub extra: Map<String, Value>,
}

/// `notification.updated`: only what is present changes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Change {
    /// The key of the item.
    pub key: String,
    /// New title.
    pub title: Option<String>,
    /// New body.
    pub body: Option<String>,
    /// New category.
    pub category: Option<String>,
    /// New priority.
    pub priority: Option<Priority>,
    /// New link.
    pub link: Option<String>,
    /// New actions.
    pub actions: Option<Vec<ItemAction>>,
    /// Seen elsewhere.
    pub seen_at: Option<EpochMillis>,
    /// Read elsewhere.
    pub read_at: Option<EpochMillis>,
    /// Archived elsewhere.
    pub archived_at: Option<EpochMillis>,
}

/// Why a frame is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// A type that this version does not know. Counted, never a mistake.
    #[error("unknown event type")]
    UnknownType,
    /// A type that the settings leave out, from a server that sends everything.
    #[error("an event type that was not asked for")]
    NotAskedFor,
    /// Not JSON.
    #[error("not valid JSON: line {line}, column {column}")]
    Json {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// JSON, but not an object.
    #[error("not a JSON object")]
    NotAnObject,
    /// A required field is not there.
    #[error("the field {0} is missing")]
    Missing(&'static str),
    /// A field has the wrong type or an impossible value.
    #[error("the field {field} is not {expected}")]
    Field {
        /// Its name.
        field: &'static str,
        /// What was expected.
        expected: &'static str,
    },
    /// Bigger than anything a person would read.
    #[error("{bytes} bytes are more than the {limit} an event may have")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
}

/// The data of one event, in bytes. The longest text a person reads in a notification is a few KiB; with all that a
/// server may add around it, more than this is a mistake or an attack.
const LONGEST_DATA: usize = 256 * 1024;

/// Whether an event of this type is taken, where only `types` were asked for. None means all; what keeps the connection
/// and the inbox whole is always taken.
pub fn is_listened_to(event: &str, types: &[String]) -> bool {
    types.is_empty()
        || matches!(event, "connection_established" | "heartbeat" | "stream.gap")
        || types.iter().any(|wanted| wanted == event)
}

/// Decodes a frame.
///
/// # Errors
///
/// When the type is unknown, or the data is not what the type asks for. Field names appear in errors; values never do.
pub fn decode(frame: &Frame) -> Result<Event, DecodeError> {
    let decode: fn(wire::Fields) -> Result<Event, DecodeError> = match &*frame.event {
        "connection_established" => wire::connection_established,
        "heartbeat" => return Ok(Event::Heartbeat),
        "notification.created" => wire::notification_created,
        "notification.updated" => wire::notification_updated,
        "notification.deleted" => wire::notification_deleted,
        "user.status_changed" => wire::user_status_changed,
        "user.updated" => wire::user_updated,
        "workflow.started" => |fields| wire::workflow(fields, ItemKind::WorkflowRunning),
        "workflow.completed" => |fields| wire::workflow(fields, ItemKind::WorkflowCompleted),
        "workflow.failed" => |fields| wire::workflow(fields, ItemKind::WorkflowFailed),
        "system.announcement" => |fields| wire::system(fields, ItemKind::Announcement),
        "system.maintenance" => |fields| wire::system(fields, ItemKind::Maintenance),
        "stream.gap" => return Ok(Event::Gap),
        _ => return Err(DecodeError::UnknownType),
    };
    if frame.data.len() > LONGEST_DATA {
        return Err(DecodeError::TooLarge {
            bytes: frame.data.len(),
            limit: LONGEST_DATA,
        });
    }
    let value: Value = serde_json::from_str(&frame.data).map_err(|error| DecodeError::Json {
        line: error.line(),
        column: error.column(),
    })?;
    match value {
        Value::Object(map) => decode(wire::Fields::new(map)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(DecodeError::NotAnObject)
        }
    }
}

/// Milliseconds of an RFC 3339 time.
fn epoch_millis(text: &str) -> Option<EpochMillis> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}
