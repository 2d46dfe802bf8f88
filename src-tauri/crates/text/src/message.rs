//! Messages of the app for people, as a code with parameters.
//!
//! The texts are in `locales/`. `gloria-words` formats them for notifications, tray and command line, and the window
//! for itself. This way a decision in Rust does not depend on the language, and scripts can compare stable codes.

mod causes;
mod doctor;
mod list;
mod programs;
mod sign_in;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

#[cfg(feature = "typescript")]
use ts_rs::TS;

pub use causes::*;
pub use doctor::*;
pub use list::*;
pub use programs::*;
pub use sign_in::*;

/// Every message that Rust code uses.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    LIST.iter()
        .chain(CAUSES)
        .chain(DOCTOR)
        .chain(PROGRAMS)
        .chain(SIGN_IN)
}

/// A message of the catalogue with its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(TS))]
pub struct Message {
    /// Its id in the catalogue, which is a stable code.
    #[cfg_attr(feature = "typescript", ts(as = "String"))]
    pub id: Cow<'static, str>,
    /// Its arguments by name.
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(as = "BTreeMap<String, MessageArg>"))]
    pub args: BTreeMap<Cow<'static, str>, MessageArg>,
}

/// One argument of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(TS))]
#[serde(untagged)]
pub enum MessageArg {
    /// A number, which also selects the plural form.
    Number(#[cfg_attr(feature = "typescript", ts(as = "f64"))] Number),
    /// Text that is the same in every language, such as a path or a text of the server.
    Text(String),
    /// A point in time, in milliseconds since the Unix epoch.
    Time {
        /// The time.
        time: i64,
    },
    /// Another message.
    Message(Message),
}

impl Message {
    /// Used only by the typed constructors of the list, so that every message exists in the catalogue.
    fn new<const N: usize>(id: &'static str, args: [(&'static str, MessageArg); N]) -> Self {
        let args = args.into_iter().map(|(name, value)| (Cow::Borrowed(name), value));
        Self {
            id: Cow::Borrowed(id),
            args: args.collect(),
        }
    }

    /// Joins messages into one with `and_then`; `None` for an empty list.
    pub fn joined(messages: impl IntoIterator<Item = Self>) -> Option<Self> {
        messages.into_iter().reduce(and_then)
    }
}

/// Why a value is refused where it is read by serde, whose errors are texts: the text is the message in JSON.
#[derive(Debug)]
pub struct Refusal(pub Message);

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&serde_json::to_string(&self.0).map_err(|_| fmt::Error)?)
    }
}

impl Refusal {
    /// The message of a refusal within an error of serde.
    pub fn within(error: &serde_json::Error) -> Option<Message> {
        serde_json::from_str(&error.to_string()).ok()
    }
}

/// For logs: the code and its arguments.
impl fmt::Display for Message {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.id)?;
        for (index, (name, value)) in self.args.iter().enumerate() {
            let before = if index == 0 { " (" } else { ", " };
            write!(out, "{before}{name}: {value}")?;
        }
        out.write_str(if self.args.is_empty() { "" } else { ")" })
    }
}

impl fmt::Display for MessageArg {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(Number(number)) => write!(out, "{number}"),
            Self::Text(text) => out.write_str(text),
            Self::Time { time } => write!(out, "{time}"),
            Self::Message(message) => message.fmt(out),
        }
    }
}

/// Text that is the same in every language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(String);

/// Text from elsewhere, or a message of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phrase {
    /// Text as it was received.
    Text(String),
    /// A message of the app.
    Message(Message),
}

impl Phrase {
    /// The text, which is empty for a message, and the message.
    pub fn into_parts(self) -> (String, Option<Message>) {
        match self {
            Self::Text(text) => (text, None),
            Self::Message(message) => (String::new(), Some(message)),
        }
    }
}

impl fmt::Display for Phrase {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => out.write_str(text),
            Self::Message(message) => message.fmt(out),
        }
    }
}

impl Default for Phrase {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl PartialEq<&str> for Phrase {
    fn eq(&self, other: &&str) -> bool {
        matches!(self, Self::Text(text) if text == other)
    }
}

/// A finite number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number(f64);

/// A point in time, in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub i64);

// It is made from integers and durations, so it is never NaN.
impl Eq for Number {}

impl Number {
    /// The value.
    pub fn get(self) -> f64 {
        self.0
    }
}

// Integers are written without a fraction, like all other numbers of the protocol.
impl Serialize for Number {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // JSON has neither NaN nor infinities.
        f64::deserialize(deserializer).map(Self)
    }
}

macro_rules! from_whole_numbers {
    ($($type:ty),*) => {
        $(impl From<$type> for Number {
            fn from(number: $type) -> Self {
                Self(number as f64)
            }
        })*
    };
}

from_whole_numbers!(u8, u16, u32, u64, usize, i32, i64);

/// In seconds, rounded to a tenth.
impl From<Duration> for Number {
    fn from(span: Duration) -> Self {
        Self((span.as_secs_f64() * 10.0).round() / 10.0)
    }
}

macro_rules! from_text {
    ($($type:ty),*) => {
        $(impl From<$type> for Text {
            fn from(text: $type) -> Self {
                Self(text.into())
            }
        }

        impl From<$type> for Phrase {
            fn from(text: $type) -> Self {
                Self::Text(text.into())
            }
        })*
    };
}

from_text!(&str, &String, String);

impl From<Message> for Phrase {
    fn from(message: Message) -> Self {
        Self::Message(message)
    }
}

impl From<i64> for Time {
    fn from(time: i64) -> Self {
        Self(time)
    }
}

/// 0 for what is before 1970.
impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

impl From<Text> for MessageArg {
    fn from(text: Text) -> Self {
        Self::Text(text.0)
    }
}

impl From<Phrase> for MessageArg {
    fn from(phrase: Phrase) -> Self {
        match phrase {
            Phrase::Text(text) => Self::Text(text),
            Phrase::Message(message) => Self::Message(message),
        }
    }
}

impl From<Number> for MessageArg {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl From<Time> for MessageArg {
    fn from(Time(time): Time) -> Self {
        Self::Time { time }
    }
}

impl From<Message> for MessageArg {
    fn from(message: Message) -> Self {
        Self::Message(message)
    }
}

/// An entry of [`LIST`], for the test that compares it with the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: &'static str,
    /// The names and types of its parameters.
    pub args: &'static [(&'static str, ArgKind)],
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgKind {
    /// See [`Text`].
    Text,
    /// See [`Phrase`].
    Phrase,
    /// See [`Number`].
    Number,
    /// See [`Time`].
    Time,
    /// A message.
    Message,
}

/// Converts `cause_status` to `cause-status`, because names in the catalogue have hyphens.
const fn hyphenated<const N: usize>(name: &str) -> [u8; N] {
    let mut id = [0; N];
    let mut at = 0;
    while at < N {
        let byte = name.as_bytes()[at];
        id[at] = if byte == b'_' { b'-' } else { byte };
        at += 1;
    }
    id
}

const fn text_of(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => "",
    }
}

/// Defines messages: for each a constructor with typed parameters, and its entry in the list of the given name.
macro_rules! messages {
    ($list:ident; $($name:ident($($arg:ident: $kind:ident),*);)*) => {
        $(
            #[doc = concat!("The message `", stringify!($name), "` of the catalogue.")]
            pub fn $name($($arg: impl Into<$kind>),*) -> Message {
                const ID: &str = id!($name);
                Message::new(ID, [$((stringify!($arg), MessageArg::from($arg.into()))),*])
            }
        )*

        /// The messages of this list.
        pub const $list: &[Entry] = &[
            $(Entry { id: id!($name), args: &[$((stringify!($arg), ArgKind::$kind)),*] }),*
        ];
    };
}

/// Converts a constructor's name to a message's id.
macro_rules! id {
    ($name:ident) => {{
        const BYTES: [u8; stringify!($name).len()] = hyphenated(stringify!($name));
        const ID: &str = text_of(&BYTES);
        ID
    }};
}

use {id, messages};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_travels_as_its_code_and_its_parameters_and_comes_back_the_same() {
        let message = alert_failed(alert_reason_refused("no"));
        let json = serde_json::to_string(&message).unwrap();
        assert_eq!(
            json,
            r#"{"id":"alert-failed","args":{"reason":{"id":"alert-reason-refused","args":{"message":"no"}}}}"#
        );
        assert_eq!(serde_json::from_str::<Message>(&json).unwrap(), message);

        let spans = [75_000, 12_500].map(|millis| {
            let message = cause_silent(Duration::from_millis(millis));
            let json = serde_json::to_string(&message.args).unwrap();
            assert_eq!(
                serde_json::from_str::<BTreeMap<_, _>>(&json).unwrap(),
                message.args
            );
            json
        });
        assert_eq!(spans, [r#"{"seconds":75}"#, r#"{"seconds":12.5}"#]);

        let since = tray_connected_since(14);
        let json = serde_json::to_string(&since.args).unwrap();
        assert_eq!(json, r#"{"at":{"time":14}}"#);
        assert_eq!(serde_json::from_str::<BTreeMap<_, _>>(&json).unwrap(), since.args);
    }

    #[test]
    fn a_log_has_the_code_with_its_parameters() {
        let message = alert_failed(alert_reason_refused("no"));
        assert_eq!(
            message.to_string(),
            "alert-failed (reason: alert-reason-refused (message: no))"
        );
        assert_eq!(alert_reason_lost().to_string(), "alert-reason-lost");
    }
}
