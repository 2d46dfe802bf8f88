//! What the backend has seen of its clients.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

/// The newest requests that are remembered; a demo left running for weeks must not grow.
const REQUESTS_KEPT: usize = 20_000;

/// Where a request carried its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Credentials {
    /// No token at all.
    None,
    /// `Authorization: Bearer …`.
    Bearer,
    /// `?token=…`.
    Query,
}

/// A request to the API, without its secrets.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenRequest {
    /// Counts all requests from 1.
    pub number: u64,
    /// When its head had arrived.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// `GET`, `PATCH`, …
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query's pairs, percent-decoded; a token's value is left out.
    pub query: BTreeMap<String, String>,
    /// Names in lower case; `authorization`, `proxy-authorization` and `cookie` are left out.
    pub headers: BTreeMap<String, String>,
    /// Where the token was.
    pub credentials: Credentials,
    /// The connection it came over; requests of one connection have the same number.
    pub connection: u64,
    /// What it was answered, once it was.
    pub status: Option<u16>,
}

impl SeenRequest {
    /// A header's value, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The cursor that a stream request asked to resume from: the header first, the query's else.
    pub fn last_event_id(&self) -> Option<&str> {
        self.header("last-event-id")
            .or_else(|| self.query.get("lastEventId").map(String::as_str))
    }

    /// Whether it asked for the event stream, over either transport.
    pub fn is_stream(&self) -> bool {
        self.method == "GET" && (self.path.ends_with("/sse") || self.path.ends_with("/ws"))
    }
}

/// A change that a client asked for, refused ones included.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenChange {
    /// When it arrived.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// The notification's id.
    pub notification: String,
    /// What was asked.
    pub kind: ChangeKind,
    /// The `Idempotency-Key`.
    pub key: Option<String>,
    /// Whether it took effect: false for a repeated key and for a refusal.
    pub applied: bool,
}

/// What a client asked to do to a notification.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ChangeKind {
    /// `PATCH` with this body.
    Patch(Value),
    /// `DELETE`.
    Delete,
}

/// What was seen since the start, and what is open now.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// Requests to the API in order of arrival, the newest 20 000.
    pub requests: Vec<SeenRequest>,
    /// All requests to the API so far.
    pub requests_total: u64,
    /// `PATCH` and `DELETE` calls in order of arrival.
    pub changes: Vec<SeenChange>,
    /// Receipts in order of arrival, each as it was posted; repeats of a key are not in it.
    pub receipts: Vec<Value>,
    /// Open connections of any kind.
    pub connections: usize,
    /// Open event streams.
    pub streams: usize,
    /// Event streams opened so far.
    pub streams_total: u64,
    /// The id of the newest stored event; `0` before the first.
    pub last_id: String,
}

impl Observed {
    /// The requests for the event stream.
    pub fn stream_requests(&self) -> impl DoubleEndedIterator<Item = &SeenRequest> {
        self.requests.iter().filter(|request| request.is_stream())
    }

    pub(crate) fn record(&mut self, request: SeenRequest) {
        if self.requests.len() == REQUESTS_KEPT {
            self.requests.drain(..REQUESTS_KEPT / 2);
        }
        self.requests.push(request);
    }

    pub(crate) fn answered(&mut self, number: u64, status: u16) {
        if let Some(request) = self
            .requests
            .iter_mut()
            .rev()
            .find(|request| request.number == number)
        {
            request.status = Some(status);
        }
    }

    /// The counts alone, for a message.
    pub(crate) fn counts(&self) -> String {
        format!(
            "{} connections, {} streams of {} so far, {} requests, {} changes, {} receipts, last id {}",
            self.connections,
            self.streams,
            self.streams_total,
            self.requests_total,
            self.changes.len(),
            self.receipts.len(),
            self.last_id,
        )
    }
}

/// RFC 3339.
fn as_text<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}
