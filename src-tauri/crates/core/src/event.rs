//! What a frame means: the thirteen event types, the gap and the error, decoded within limits.
//!
//! A mistake costs the field it is in, not the notification. What was left out is named, never shown.
//!
//! Reads texts and makes values of them, and knows no clock, no database and no settings.

mod contents;
mod envelope;
mod error;
mod fields;
mod json;
mod kind;
mod names;
pub mod refusal;
mod schema;
mod spelling;
mod time;
mod values;

use std::time::Duration;

use gloria_stream::Frame;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;
use url::Url;

pub(crate) use self::names::asked_for;
pub use self::names::{is_listened_to, unknown_type};

use self::contents::decode_value;
use self::kind::Kind;
use self::schema::Fallback;

use crate::fingerprint::fingerprint;
use crate::item::{EpochMillis, ItemAction, ItemKind, ItemWords, Priority};
use crate::message::{self, Message};

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
    /// `user.status_changed` and `user.updated`: of the account's own person, name and status are shown.
    UserChanged(UserChange),
    /// `stream.gap`: the server no longer has what came after our cursor.
    Gap {
        /// After this, something is missing.
        from: Option<GapEnd>,
        /// From here on, everything is there again.
        to: Option<GapEnd>,
    },
    /// `error`: the server refuses inside a stream that it had opened.
    ServerError(ServerError),
    /// A list in one event, in its order, without lists in it.
    Several(Vec<Event>),
    /// Something for the inbox that cannot be read; see [`Undecoded::item`].
    Unreadable(Unreadable),
}

impl Event {
    /// The events of a list; else itself. Lists have no lists.
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
    /// How often the server means to be heard.
    pub heartbeat: Option<Duration>,
    /// The server's clock.
    pub server_time: Option<EpochMillis>,
    /// The id of the newest event that the server has, from which a newcomer can resume later.
    pub position: Option<String>,
    /// Who the token's person is to the server.
    pub user_id: Option<String>,
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

/// `user.status_changed` and `user.updated`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserChange {
    /// Whose.
    pub user_id: String,
    /// The name.
    pub name: Field<String>,
    /// The server's word for being present or away.
    pub status: Field<String>,
    /// It is `user.status_changed`, which always has one.
    pub is_status_only: bool,
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
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
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

    /// The same, taken.
    pub(crate) fn into_value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Whether it says nothing.
    pub(crate) fn is_absent(&self) -> bool {
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
    /// One line; empty where `words` says it.
    pub title: String,
    /// Some lines; empty where `words` says it.
    pub body: String,
    /// What the app says in their place.
    pub words: Option<ItemWords>,
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
    /// The key is made of the event's id, for the JSON has none. Servers that count from one on each connection use it
    /// for another thing then.
    pub named_by_event: bool,
}

/// `notification.updated`: only what is present changes.
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
    /// Names of fields that this version does not know, as the server spells them: foreign text.
    pub unknown_fields: Vec<String>,
}

/// A field that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name in this version.
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
    /// As it is said to people.
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
    pub(crate) fn is_no_mistake(&self) -> bool {
        matches!(self.error, DecodeError::UnknownType | DecodeError::Filtered)
    }

    /// What to put into the inbox in its place, if it belongs there: that something cannot be read.
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

/// Why a frame is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// A type that this version does not know. Counted, never a mistake.
    #[error("unknown event type")]
    UnknownType,
    /// A type that the settings leave out, from a server that sends everything.
    #[error("an event type that was not asked for")]
    Filtered,
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
}

impl DecodeError {
    /// As it is said to people.
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
/// When the type is unknown, or the data is not what the type asks for. Field names appear in errors; values never do.
pub fn decode(frame: &Frame, context: &DecodeContext<'_>) -> Result<Decoded, Undecoded> {
    let own_id = Some(&*frame.id).filter(|id| !id.is_empty() && Some(*id) != context.carried_id);
    let fallback = Fallback {
        own_id,
        hash: fingerprint(&frame.event, &frame.data),
    };
    let kind = Kind::of(&frame.event);
    let value = match (json::parse(&frame.data), kind) {
        (_, Some(Kind::Heartbeat)) => Value::Object(Map::new()),
        (Ok(value), _) => value,
        (Err(_), Some(Kind::Gap)) => Value::Object(Map::new()),
        // A text that does not begin like JSON is a text, for what a person reads, and an id for what is deleted.
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

/// A frame's data as JSON, read as generously as [`decode`] reads it; a text where it is none.
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
