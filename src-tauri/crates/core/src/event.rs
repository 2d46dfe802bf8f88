//! What a frame means: the thirteen event types, the gap and the error, decoded and held to limits.
//!
//! A mistake costs the field it is in, not the notification. What was left out is named, never shown.

mod names;
mod wire;

use std::time::Duration;

use gloria_stream::Frame;
use jiff::Timestamp;
use serde_json::{Map, Value};
use thiserror::Error;
use url::Url;

pub use names::unknown_type;

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
    Gap {
        /// After this, something is missing.
        from: Option<GapEnd>,
        /// From here on, everything is there again.
        to: Option<GapEnd>,
    },
    /// `error`: the server refuses inside a stream that it had opened.
    ServerError(ServerError),
    /// A list in one event, in its order.
    Several(Vec<Event>),
    /// Something for the inbox that cannot be read; see [`Undecoded::item`].
    Unreadable(Unreadable),
}

/// `connection_established`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConnectionEstablished {
    /// How often the server means to be heard.
    pub heartbeat: Option<Duration>,
    /// The server's clock.
    pub server_time: Option<EpochMillis>,
    /// The id of the newest event that the server has, from which a newcomer can resume later.
    pub position: Option<String>,
    /// The server's name for this connection.
    pub connection_id: Option<String>,
}

/// One end of a gap: servers name an event or a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GapEnd {
    /// An event id.
    Id(String),
    /// A time.
    Time(EpochMillis),
}

/// `error`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerError {
    /// As in HTTP, 100 to 599.
    pub status: Option<u16>,
    /// The server's word for it: at most 64 letters, digits, `_`, `.`, `:` and `-`.
    pub code: Option<String>,
    /// How long to stay away.
    pub retry_after: Option<Duration>,
}

/// Something for the inbox that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The server's id, where that can be read.
    pub id: Option<String>,
    /// The event's type, one of those that this version knows.
    pub event_type: &'static str,
}

/// A field of a change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Field<T> {
    /// It is not there: no change.
    #[default]
    Absent,
    /// It is null: from now on there is no value.
    Null,
    /// It has this value from now on.
    Value(T),
}

impl<T> Field<T> {
    /// The value, where there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Whether it says nothing.
    pub fn is_absent(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::Null | Self::Value(_) => false,
        }
    }

    /// The same with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Field<U> {
        match self {
            Self::Absent => Field::Absent,
            Self::Null => Field::Null,
            Self::Value(value) => Field::Value(change(value)),
        }
    }
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
    /// When what it announces begins.
    pub starts_at: Option<EpochMillis>,
    /// Seen before it came here.
    pub seen_at: Option<EpochMillis>,
    /// Read before it came here.
    pub read_at: Option<EpochMillis>,
    /// Archived before it came here.
    pub archived_at: Option<EpochMillis>,
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
    pub title: Field<String>,
    /// New body.
    pub body: Field<String>,
    /// New category.
    pub category: Field<String>,
    /// New priority.
    pub priority: Field<Priority>,
    /// Whose doing.
    pub actor: Field<String>,
    /// New link.
    pub link: Field<String>,
    /// New actions.
    pub actions: Field<Vec<ItemAction>>,
    /// New end of its use.
    pub expires_at: Field<EpochMillis>,
    /// Seen elsewhere; null means not seen any more.
    pub seen_at: Field<EpochMillis>,
    /// Read elsewhere; null means unread again.
    pub read_at: Field<EpochMillis>,
    /// Archived elsewhere; null means back in the inbox.
    pub archived_at: Field<EpochMillis>,
}

/// What decoding has to know of the world.
#[derive(Debug, Clone, Copy, Default)]
pub struct DecodeContext<'a> {
    /// Where the server is; relative links are resolved against its origin.
    pub server: Option<&'a Url>,
    /// The time by the server's clock.
    pub now: EpochMillis,
    /// The last event id before this frame. By the standard an event without an id of its own carries this one, so it
    /// does not name the event.
    pub carried_id: Option<&'a str>,
}

/// A decoded frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// What it means.
    pub event: Event,
    /// The type's name in this version, whatever the server's spelling.
    pub event_type: &'static str,
    /// Fields that could not be read and were left out.
    pub left_out: Vec<LeftOut>,
}

/// A field that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name in this version.
    pub field: &'static str,
    /// What was expected.
    pub expected: &'static str,
}

/// A frame that is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{error}")]
pub struct Undecoded {
    /// The type's name in this version; `None` for a type that it does not know.
    pub event_type: Option<&'static str>,
    /// The id of what it is about, where that can be read.
    pub id: Option<String>,
    /// Why.
    pub error: DecodeError,
}

impl Undecoded {
    /// Whether nothing is wrong with it: it is not known here, or not asked for.
    pub fn is_no_mistake(&self) -> bool {
        matches!(self.error, DecodeError::UnknownType | DecodeError::NotAskedFor)
    }

    /// What to put into the inbox in its place, if it belongs there: that something cannot be read.
    pub fn item(&self) -> Option<Event> {
        let event_type = self.event_type.filter(|name| {
            matches!(
                *name,
                "notification.created" | "system.announcement" | "system.maintenance"
            ) || name.starts_with("workflow.")
        })?;
        Some(Event::Unreadable(Unreadable {
            id: self.id.clone(),
            event_type,
        }))
    }
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
pub fn decode(frame: &Frame, _context: &DecodeContext<'_>) -> Result<Decoded, Undecoded> {
    let event_type = TYPES.iter().find(|name| ***name == *frame.event).copied();
    let undecoded = |error| Undecoded {
        event_type,
        id: None,
        error,
    };
    let event_type = event_type.ok_or_else(|| undecoded(DecodeError::UnknownType))?;
    Ok(Decoded {
        event: decode_as(event_type, frame).map_err(undecoded)?,
        event_type,
        left_out: Vec::new(),
    })
}

/// The types that this version knows.
pub const TYPES: [&str; 15] = [
    "connection_established",
    "heartbeat",
    "notification.created",
    "notification.updated",
    "notification.deleted",
    "user.status_changed",
    "user.updated",
    "workflow.started",
    "workflow.completed",
    "workflow.failed",
    "system.announcement",
    "system.maintenance",
    "stream.gap",
    "error",
    "message",
];

fn decode_as(event_type: &str, frame: &Frame) -> Result<Event, DecodeError> {
    let decode: fn(wire::Fields) -> Result<Event, DecodeError> = match event_type {
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
        "stream.gap" => return Ok(Event::Gap { from: None, to: None }),
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
