//! Decodes frames, within limits: the thirteen event types, gaps and errors.
//!
//! An invalid field is left out, and the rest of the event is used. Errors name the field, and never contain its value.
//!
//! Decoding depends on nothing but its arguments: no clock, database or settings.

mod contents;
mod envelope;
mod error;
mod fields;
mod json;
mod kind;
mod names;
pub mod page;
pub mod refusal;
mod schema;
mod spelling;
mod states;
mod time;
mod values;

use std::time::Duration;

use gloria_stream::Frame;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;
use url::Url;

pub(crate) use self::names::asked_for;
pub use self::names::{UnknownType, is_listened_to, unknown_type};

use self::contents::decode_value;
use self::kind::Kind;
use self::schema::Fallback;

use crate::fingerprint::fingerprint;
use crate::item::{EpochMillis, ItemAction, ItemKind, ItemWords, Priority};
use crate::message::{self, Message};

/// A decoded event.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "most events are notifications, and each would need an allocation"
)]
pub enum Event {
    /// `connection_established`
    ConnectionEstablished(ConnectionEstablished),
    /// `heartbeat`
    Heartbeat,
    /// `notification.created`, `system.announcement`, `system.maintenance` and `workflow.*`: an item for the inbox.
    Posted(Post),
    /// `notification.updated`
    NotificationUpdated(Change),
    /// `notification.deleted`
    NotificationDeleted {
        /// The server's id.
        id: String,
        /// The server's version of the item, if it counts them.
        version: Option<i64>,
    },
    /// `user.status_changed` and `user.updated`: the name and status of the account's own user are shown.
    UserChanged(UserChange),
    /// `stream.gap`: the server no longer has all events after our cursor.
    Gap {
        /// Events are missing after this.
        from: Option<GapEnd>,
        /// Events are complete again from here on.
        to: Option<GapEnd>,
    },
    /// `error`: the server refuses the client within a stream that it has opened.
    ServerError(ServerError),
    /// The events of a list, in order. They are no lists themselves.
    Several(Vec<Event>),
    /// An item for the inbox that cannot be read; see [`Undecoded::item`].
    Unreadable(Unreadable),
}

impl Event {
    /// The events of a list; any other event is its only part.
    pub fn parts(&self) -> &[Self] {
        match self {
            Self::Several(events) => events,
            Self::ConnectionEstablished(_)
            | Self::Heartbeat
            | Self::Posted(_)
            | Self::NotificationUpdated(_)
            | Self::NotificationDeleted { .. }
            | Self::UserChanged(_)
            | Self::Gap { .. }
            | Self::ServerError(_)
            | Self::Unreadable(_) => std::slice::from_ref(self),
        }
    }
}

/// `connection_established`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConnectionEstablished {
    /// The interval in which the server means to send data.
    pub heartbeat: Option<Duration>,
    /// The time on the server's clock.
    pub server_time: Option<EpochMillis>,
    /// The id of the server's newest event, from which a new client can resume later.
    pub position: Option<String>,
    /// The server's id of the token's user.
    pub user_id: Option<String>,
    /// The server's id of this connection.
    pub connection_id: Option<String>,
}

/// One end of a gap: some servers name an event, others a time.
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
    /// An HTTP status, 100 to 599.
    pub status: Option<u16>,
    /// The server's error code: at most 64 letters, digits, `_`, `.`, `:` and `-`.
    pub code: Option<String>,
    /// How long to wait before reconnecting.
    pub retry_after: Option<Duration>,
}

/// `user.status_changed` and `user.updated`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserChange {
    /// The id of the user.
    pub user_id: String,
    /// The name.
    pub name: Field<String>,
    /// The server's name for the user's presence.
    pub status: Field<String>,
    /// It is a `user.status_changed`, which always has a status.
    pub is_status_only: bool,
}

/// An item for the inbox that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The server's id, if that can be read.
    pub id: Option<String>,
    /// The event's type, which this version knows.
    pub event_type: &'static str,
}

/// A field of a change.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Field<T> {
    /// The field is missing, so nothing changes.
    #[default]
    Absent,
    /// The field is null: the value is removed.
    Null,
    /// The field has this new value.
    Value(T),
}

impl<T> Field<T> {
    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// The value, if there is one, by value.
    pub(crate) fn into_value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Whether the field is missing.
    pub(crate) fn is_absent(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::Null | Self::Value(_) => false,
        }
    }

    /// Converts the value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Field<U> {
        match self {
            Self::Absent => Field::Absent,
            Self::Null => Field::Null,
            Self::Value(value) => Field::Value(change(value)),
        }
    }
}

/// An item for the inbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Post {
    /// Unique: kind and server id. `n:` is a notification, `s:` a system message, `w:` a workflow.
    pub key: String,
    /// Its kind.
    pub kind: ItemKind,
    /// One line; empty if `words` has a title.
    pub title: String,
    /// Some lines; empty if `words` has a body.
    pub body: String,
    /// Text of the app instead of the server's.
    pub words: Option<ItemWords>,
    /// The server's category.
    pub category: Option<String>,
    /// Its urgency.
    pub priority: Priority,
    /// Who or what caused it.
    pub actor: Option<String>,
    /// A web link.
    pub link: Option<String>,
    /// More web links.
    pub actions: Vec<ItemAction>,
    /// 0 to 100.
    pub progress: Option<u8>,
    /// Items with the same value belong together.
    pub group_key: Option<String>,
    /// When the server created it.
    pub created_at: Option<EpochMillis>,
    /// When it expires.
    pub expires_at: Option<EpochMillis>,
    /// When the announced maintenance starts.
    pub starts_at: Option<EpochMillis>,
    /// When it was seen elsewhere.
    pub seen_at: Option<EpochMillis>,
    /// When it was read elsewhere.
    pub read_at: Option<EpochMillis>,
    /// When it was archived elsewhere.
    pub archived_at: Option<EpochMillis>,
    /// Its other states.
    pub states: PostStates,
    /// The key of the item that it replaces.
    pub supersedes: Option<String>,
    /// Fields that this version does not know, unchanged.
    pub extra: Map<String, Value>,
    /// The key is the event's id, because the JSON has none. Servers that start counting events with each connection
    /// use the same id for something else later.
    pub named_by_event: bool,
}

/// States of a post that most posts do not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PostStates {
    /// When it was flagged elsewhere.
    pub flagged_at: Option<EpochMillis>,
    /// Until when it was snoozed elsewhere.
    pub snoozed_until: Option<EpochMillis>,
    /// The user has to acknowledge it.
    pub ack_required: bool,
    /// When it was acknowledged elsewhere.
    pub acknowledged_at: Option<EpochMillis>,
    /// The server's version of the item, if it counts them.
    pub version: Option<i64>,
}

/// `notification.updated`: only fields that are present change.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
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
    /// New cause.
    pub actor: Field<String>,
    /// New link.
    pub link: Field<String>,
    /// New actions.
    pub actions: Field<Vec<ItemAction>>,
    /// New time of expiry.
    pub expires_at: Field<EpochMillis>,
    /// When it was seen elsewhere; null makes it unseen.
    pub seen_at: Field<EpochMillis>,
    /// When it was read elsewhere; null makes it unread.
    pub read_at: Field<EpochMillis>,
    /// When it was archived elsewhere; null moves it back to the inbox.
    pub archived_at: Field<EpochMillis>,
    /// When it was flagged elsewhere; null removes the flag.
    pub flagged_at: Field<EpochMillis>,
    /// Until when it was snoozed elsewhere; null moves it back to the inbox.
    pub snoozed_until: Field<EpochMillis>,
    /// Whether it has to be acknowledged.
    pub ack_required: Field<bool>,
    /// When it was acknowledged elsewhere; null asks for it again.
    pub acknowledged_at: Field<EpochMillis>,
    /// The server's version of the item, if it counts them.
    pub version: Option<i64>,
}

/// What decoding depends on besides the frame.
#[derive(Debug, Clone, Copy, Default)]
pub struct DecodeContext<'a> {
    /// The server's URL; relative links are resolved against its origin.
    pub server: Option<&'a Url>,
    /// The time on the server's clock.
    pub now: EpochMillis,
    /// The last event id before this frame. According to the standard (WHATWG HTML, server-sent events), an event
    /// without an id inherits it, so it does not identify the event.
    pub inherited_id: Option<&'a str>,
}

/// A decoded frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The event.
    pub event: Event,
    /// The canonical name of its type, whatever the server's spelling.
    pub event_type: &'static str,
    /// Fields that could not be read.
    pub left_out: Vec<LeftOut>,
    /// Names of fields that this version does not know, in the server's spelling. They are untrusted text.
    pub unknown_fields: Vec<String>,
}

/// A field that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its canonical name.
    pub field: &'static str,
    /// What was expected.
    pub expected: Expected,
}

/// What was expected of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its message says")]
pub enum Expected {
    Text,
    TextOrNumber,
    Time,
    TimeOrFlag,
    Address,
    Actions,
    Priority,
    Span,
    Interval,
    EventOrTime,
    Name,
    Percent,
    Entries,
    FewEntries,
}

impl Expected {
    /// The expectation as a message.
    pub fn message(self) -> Message {
        match self {
            Self::Text => message::expected_text(),
            Self::TextOrNumber => message::expected_text_or_number(),
            Self::Time => message::expected_time(),
            Self::TimeOrFlag => message::expected_time_or_flag(),
            Self::Address => message::expected_address(),
            Self::Actions => message::expected_actions(),
            Self::Priority => message::expected_priority(),
            Self::Span => message::expected_span(),
            Self::Interval => message::expected_interval(),
            Self::EventOrTime => message::expected_event_or_time(),
            Self::Name => message::expected_name(),
            Self::Percent => message::expected_percent(),
            Self::Entries => message::expected_entries(),
            Self::FewEntries => message::expected_few_entries(),
        }
    }
}

/// A frame that could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{error}")]
pub struct Undecoded {
    /// The canonical name of its type; `None` if it is unknown.
    pub event_type: Option<&'static str>,
    /// The id of its subject, if that can be read.
    pub id: Option<String>,
    /// Why.
    pub error: DecodeError,
}

impl Undecoded {
    /// Whether it is no error: its type is unknown, or was not requested.
    pub(crate) fn is_ignored(&self) -> bool {
        matches!(self.error, DecodeError::UnknownType | DecodeError::Filtered)
    }

    /// The row for the inbox that says that something could not be read, if the type belongs into the inbox.
    pub fn item(&self) -> Option<Event> {
        let event_type = self
            .event_type
            .filter(|name| Kind::of(name).is_some_and(Kind::is_item))?;
        Some(Event::Unreadable(Unreadable {
            id: self.id.clone(),
            event_type,
        }))
    }
}

/// Why a frame could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The type is unknown to this version. It is counted, and is no error.
    #[error("unknown event type")]
    UnknownType,
    /// The type is excluded by the settings, but the server sends all types.
    #[error("an event type that was not asked for")]
    Filtered,
    /// The data is not JSON.
    #[error("not valid JSON: line {line}, column {column}")]
    Json {
        /// Starting from 1.
        line: usize,
        /// Starting from 1.
        column: usize,
    },
    /// The data is JSON, but no object.
    #[error("not a JSON object")]
    NotAnObject,
    /// A required field is missing.
    #[error("the field {0} is missing")]
    Missing(&'static str),
}

impl DecodeError {
    /// The error as a message.
    pub fn message(&self) -> Message {
        match self {
            Self::UnknownType => message::unreadable_type(),
            Self::Filtered => message::unreadable_not_asked_for(),
            Self::Json { line, column } => message::unreadable_not_json_at(*line, *column),
            Self::NotAnObject => message::unreadable_not_object(),
            Self::Missing(field) => message::unreadable_without(*field),
        }
    }
}

/// Decodes a frame.
///
/// # Errors
///
/// When the type is unknown, or the data does not match the type. Errors contain names of fields, and never values.
pub fn decode(frame: &Frame, context: &DecodeContext<'_>) -> Result<Decoded, Undecoded> {
    let own_id = Some(&*frame.id).filter(|id| !id.is_empty() && Some(*id) != context.inherited_id);
    let fallback = Fallback {
        own_id,
        hash: fingerprint(&frame.event, &frame.data),
    };
    let kind = Kind::of(&frame.event);
    let value = match (json::parse(&frame.data), kind) {
        (_, Some(Kind::Heartbeat)) => Value::Object(Map::new()),
        (Ok(value), _) => value,
        (Err(_), Some(Kind::Gap)) => Value::Object(Map::new()),
        // Data that does not look like JSON is plain text for types that people read, and the id for a deletion.
        (Err(_), Some(Kind::Created | Kind::System(_) | Kind::Deleted))
            if !frame.data.trim_start().is_empty()
                && !frame.data.trim_start().starts_with(['{', '[', '"']) =>
        {
            Value::String(frame.data.clone())
        }
        (Err(_), Some(Kind::Error)) => Value::String(frame.data.clone()),
        (Err(error), kind) => return Err(undecoded(kind, own_id, error)),
    };
    let nameless = &*frame.event == "message";
    let value = match kind {
        Some(Kind::Error) => envelope::typed_error(&frame.event, value),
        Some(_) | None => value,
    };
    decode_value(kind, nameless, value, fallback, context)
}

/// A frame's data as JSON, parsed as tolerantly as by [`decode`]; a string if it is no JSON.
pub fn data(frame: &Frame) -> Value {
    json::parse(&frame.data).unwrap_or_else(|_| Value::String(frame.data.clone()))
}

fn undecoded(kind: Option<Kind>, id: Option<&str>, error: DecodeError) -> Undecoded {
    Undecoded {
        event_type: kind.map(Kind::name),
        id: id.map(values::printable_id),
        error: if kind.is_some() {
            error
        } else {
            DecodeError::UnknownType
        },
    }
}
