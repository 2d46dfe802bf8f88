//! Decodes a page of the server's list of notifications, with which a client catches up without the stream.

use serde_json::{Map, Value};
use thiserror::Error;

use super::contents::decode_value;
use super::kind::Kind;
use super::schema::Fallback;
use super::{DecodeContext, Event, json, values};
use crate::fingerprint::fingerprint;

/// The maximum number of entries: ten times as many as are asked for, and as many events as are stored at once.
const MAX_ENTRIES: usize = 1000;

/// The maximum length of a position in bytes, as of an event id.
const MAX_POSITION: usize = 8 << 10;

/// A page.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Its entries, in the server's order.
    pub entries: Vec<PageEntry>,
    /// The position to ask for the next page after.
    pub next: Option<String>,
    /// There is another page.
    pub more: bool,
}

/// An entry of a page: what a notification is now.
#[derive(Debug, Clone, PartialEq)]
pub struct PageEntry {
    /// A posted or deleted notification, or one that cannot be read.
    pub event: Event,
    /// The id of the event that changed it last, if the server says that.
    pub event_id: Option<String>,
    /// See [`fingerprint`].
    pub fingerprint: i64,
    /// Its size as JSON.
    pub bytes: usize,
}

/// Why a page is not used. Contains no text of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PageFault {
    /// It is not JSON.
    #[error("the page is not JSON")]
    NotJson,
    /// It is JSON without a list of notifications.
    #[error("the page has no list of notifications")]
    NotAPage,
    /// It has more entries than anybody asked for.
    #[error("the page has too many entries")]
    TooMany,
    /// It says that there is more, and not where.
    #[error("the page does not say where the next one begins")]
    NoNext,
    /// It leads back to a place that was asked for before.
    #[error("the pages lead in a circle")]
    Circle,
    /// It is larger than a page may be.
    #[error("the page is too large")]
    TooLarge,
}

/// Decodes a page: `{"notifications": […], "next": "12", "more": true}`.
///
/// An entry has the fields of `notification.created` and the marks of `notification.updated`; of a deleted notification
/// it has `id`, `deleted` and `version`. One that cannot be read does not affect the others.
///
/// # Errors
///
/// When it is no page, so that nothing of it may be used.
pub fn page(body: &[u8], context: &DecodeContext<'_>) -> Result<Page, PageFault> {
    let value = json::parse(&String::from_utf8_lossy(body)).map_err(|_| PageFault::NotJson)?;
    let Value::Object(mut page) = value else {
        return Err(PageFault::NotAPage);
    };
    let Some(Value::Array(list)) = page.remove("notifications") else {
        return Err(PageFault::NotAPage);
    };
    if list.len() > MAX_ENTRIES {
        return Err(PageFault::TooMany);
    }
    let next = page.get("next").and_then(position);
    let more = page.get("more").and_then(Value::as_bool);
    if more == Some(true) && next.is_none() {
        return Err(PageFault::NoNext);
    }
    // A server that says nothing of more pages has none behind an empty one.
    let more = more.unwrap_or(next.is_some() && !list.is_empty());
    let entries = list
        .into_iter()
        .filter_map(|entry| match entry {
            Value::Object(entry) => decode_entry(entry, context).map(Ok),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Some(Err(PageFault::NotAPage))
            }
        })
        .collect::<Result<_, _>>()?;
    Ok(Page { entries, next, more })
}

fn position(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty() && text.len() <= MAX_POSITION).then_some(text)
}

/// Returns nothing for a deletion of nobody knows what.
fn decode_entry(mut entry: Map<String, Value>, context: &DecodeContext<'_>) -> Option<PageEntry> {
    let text = Value::Object(entry.clone()).to_string();
    // By which the stream names a notification without an id of its own.
    let event_id = entry.remove("eventId").as_ref().and_then(position);
    let is_deleted = entry.remove("deleted").as_ref().and_then(values::flag) == Some(true);
    let kind = if is_deleted { Kind::Deleted } else { Kind::Created };
    let fingerprint = fingerprint(kind.name(), &text);
    let fallback = Fallback {
        own_id: event_id.as_deref(),
        hash: fingerprint,
    };
    let event = match decode_value(Some(kind), false, Value::Object(entry), fallback, context) {
        Ok(decoded) => decoded.event,
        Err(undecoded) => undecoded.item()?,
    };
    Some(PageEntry {
        event,
        event_id,
        fingerprint,
        bytes: text.len(),
    })
}
