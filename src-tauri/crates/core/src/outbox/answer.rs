//! What the server answers to an action.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::action::{FIELDS, MarkSet, TIMES};

/// The type of the problem by which a server says that it has no such notification. Any other 404 may mean that it has
/// no such path.
pub(super) const UNKNOWN_NOTIFICATION: &str = "urn:gloria:problem:unknown-notification";

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The server answered.
    Status {
        /// The status.
        status: u16,
        /// `Retry-After`.
        retry_after: Option<Duration>,
        /// The body, which is none or JSON from a server that understood.
        body: Body,
    },
    /// There was no answer, or only half of one.
    Lost,
}

/// The body of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// None.
    Empty,
    /// JSON that is not a problem.
    Json {
        /// The marks of which it says something, if it is a notification.
        marks: Option<MarkSet>,
        /// Those of several notifications that were refused, by their ids, with the server's words.
        refused: BTreeMap<String, Option<String>>,
    },
    /// A problem (RFC 9457).
    Problem {
        /// Its type.
        kind: String,
        /// The server's words for people.
        detail: Option<String>,
    },
    /// Anything else, such as the page of a proxy.
    Other,
}

impl Body {
    /// Reads a body.
    pub fn of(bytes: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Problem {
            #[serde(rename = "type", default)]
            kind: String,
            #[serde(default)]
            title: Option<String>,
            #[serde(default)]
            detail: Option<String>,
            status: u16,
        }
        if bytes.is_empty() {
            return Self::Empty;
        }
        if let Ok(problem) = serde_json::from_slice::<Problem>(bytes)
            && problem.status >= 400
        {
            return Self::Problem {
                kind: problem.kind,
                detail: problem.detail.or(problem.title),
            };
        }
        serde_json::from_slice::<Map<String, Value>>(bytes).map_or(Self::Other, |object| Self::Json {
            marks: object.contains_key("id").then(|| {
                MarkSet::of_places(|place| {
                    object.contains_key(TIMES[place]) || object.contains_key(FIELDS[place])
                })
            }),
            refused: refused_of(&object),
        })
    }

    /// Whether the server says that it has no such notification.
    pub fn is_unknown_notification(&self) -> bool {
        match self {
            Self::Problem { kind, .. } => kind == UNKNOWN_NOTIFICATION,
            Self::Empty | Self::Json { .. } | Self::Other => false,
        }
    }
}

/// Reads `refused: [{id, detail}]`.
fn refused_of(object: &Map<String, Value>) -> BTreeMap<String, Option<String>> {
    let refused = object.get("refused").and_then(Value::as_array);
    let one = |refused: &Value| {
        let text = |field| refused.get(field).and_then(Value::as_str).map(str::to_owned);
        Some((text("id")?, text("detail")))
    };
    refused.into_iter().flatten().filter_map(one).collect()
}
