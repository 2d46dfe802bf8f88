//! What the backend has seen of its clients.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

/// How many of the newest requests are stored, so that a demo that runs for weeks does not grow.
const REQUESTS_KEPT: usize = 20_000;

/// Where a request contained its token.
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

/// A request to the API, without secrets.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenRequest {
    /// The request's number, counted from 1.
    pub number: u64,
    /// When its head was received.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// `GET`, `PATCH`, …
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The decoded parameters of the query, without the token's value.
    pub query: BTreeMap<String, String>,
    /// Headers with names in lower case, without `authorization`, `proxy-authorization` and `cookie`.
    pub headers: BTreeMap<String, String>,
    /// Where the token was.
    pub credentials: Credentials,
    /// The number of the connection; requests over one connection have the same number.
    pub connection: u64,
    /// The response's status, once it was sent.
    pub status: Option<u16>,
}

impl SeenRequest {
    /// A header's value, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Returns the cursor of a stream request: from the header, or else from the query.
    pub fn last_event_id(&self) -> Option<&str> {
        self.header("last-event-id")
            .or_else(|| self.query.get("lastEventId").map(String::as_str))
    }

    /// Whether it requests the event stream, over either transport.
    pub fn is_stream(&self) -> bool {
        self.method == "GET" && (self.path.ends_with("/sse") || self.path.ends_with("/ws"))
    }
}

/// A requested change, including refused ones.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenChange {
    /// When it arrived.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// The notification's id.
    pub notification: String,
    /// The requested change.
    pub kind: ChangeKind,
    /// The `Idempotency-Key`.
    pub key: Option<String>,
    /// Whether it took effect: false for a repeated key and for a refused change.
    pub applied: bool,
}

/// A change of a notification that a client requests.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ChangeKind {
    /// `PATCH` with this body.
    Patch(Value),
    /// `DELETE`.
    Delete,
}

/// Everything seen since the start, and what is open now.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// The newest 20 000 requests to the API in order of arrival.
    pub requests: Vec<SeenRequest>,
    /// The number of all requests to the API.
    pub requests_total: u64,
    /// `PATCH` and `DELETE` calls in order of arrival.
    pub changes: Vec<SeenChange>,
    /// Receipts in order of arrival, as they were posted, without repetitions of a key.
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
    /// Returns the requests for the event stream.
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

    /// Returns the counts, for a message.
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

/// Serializes as RFC 3339.
fn as_text<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}
