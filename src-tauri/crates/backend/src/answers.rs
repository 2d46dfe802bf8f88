//! Scripted responses, and the responses that were given for idempotency keys.

use std::collections::{HashMap, VecDeque};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};

use crate::API_PATH;

/// A part of the API, for which responses can be scripted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Route {
    /// `GET {api}/sse` and `GET {api}/ws`.
    Stream,
    /// `GET {api}/notifications`.
    List,
    /// `PATCH {api}/notifications/{id}`.
    Change,
    /// `PATCH {api}/notifications`, of several at once.
    ChangeSeveral,
    /// `DELETE {api}/notifications/{id}`.
    Delete,
    /// `POST {api}/receipts`.
    Receipts,
    /// `POST {api}/test-event`.
    TestEvent,
    /// `GET {api}/health`.
    Health,
    /// `GET {api}/auth`.
    Auth,
}

impl Route {
    pub(crate) fn of(method: &Method, path: &str) -> Option<Self> {
        let path = path.strip_prefix(API_PATH)?.strip_prefix('/')?;
        match (method.as_str(), path) {
            ("GET", "sse" | "ws") => Some(Self::Stream),
            ("GET", "notifications") => Some(Self::List),
            ("GET", "health") => Some(Self::Health),
            ("GET", "auth") => Some(Self::Auth),
            ("POST", "receipts") => Some(Self::Receipts),
            ("POST", "test-event") => Some(Self::TestEvent),
            ("PATCH", "notifications") => Some(Self::ChangeSeveral),
            ("PATCH", _) if path.starts_with("notifications/") => Some(Self::Change),
            ("DELETE", _) if path.starts_with("notifications/") => Some(Self::Delete),
            _ => None,
        }
    }
}

/// A response instead of the real one. It is sent before the token is checked, as by a proxy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    /// The status, 200 to 599.
    pub status: u16,
    /// Header names and values; a name may occur more than once.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The whole body; `Content-Length` is set from it.
    #[serde(default)]
    pub body: String,
}

impl Answer {
    /// Returns a response without headers and body.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: String::new(),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets a body of this type.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<String>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type)
    }

    /// Returns a redirect (301, 302, 303, 307 or 308) to another address.
    pub fn redirect(status: u16, location: impl Into<String>) -> Self {
        Self::new(status).header("location", location)
    }

    /// Returns the page of a hotel's Wi-Fi: 200, and HTML.
    pub fn captive_portal() -> Self {
        Self::new(200).body(
            "text/html; charset=utf-8",
            "<!doctype html><title>Welcome</title><p>Please sign in.",
        )
    }

    pub(crate) fn response(&self) -> Result<Response, InvalidAnswer> {
        let status = StatusCode::from_u16(self.status)
            .ok()
            .filter(|status| (200..600).contains(&status.as_u16()));
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.status_mut() = status.ok_or(InvalidAnswer::Status(self.status))?;
        for (name, value) in &self.headers {
            let invalid = || InvalidAnswer::Header(name.clone());
            let value = HeaderValue::from_str(value).map_err(|_| invalid())?;
            response
                .headers_mut()
                .append(HeaderName::try_from(name).map_err(|_| invalid())?, value);
        }
        Ok(response)
    }
}

/// The answer cannot be sent over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAnswer {
    /// The status is not final.
    #[error("{0} is not a status to end a request with, give one from 200 to 599")]
    Status(u16),
    /// The name or value is not valid in HTTP.
    #[error("the header {0:?} cannot be sent, check its name and value")]
    Header(String),
}

/// The scripted responses that are still to be sent, in the order of the requests for them.
#[derive(Debug, Default)]
pub(crate) struct Script {
    lines: VecDeque<(Route, u32, Answer)>,
}

impl Script {
    pub(crate) fn add(&mut self, route: Route, times: u32, answer: Answer) {
        if times > 0 {
            self.lines.push_back((route, times, answer));
        }
    }

    pub(crate) fn next(&mut self, route: Route) -> Option<Answer> {
        let at = self.lines.iter().position(|(of, ..)| *of == route)?;
        let (_, left, answer) = &mut self.lines[at];
        *left -= 1;
        let (left, answer) = (*left, answer.clone());
        if left == 0 {
            self.lines.remove(at);
        }
        Some(answer)
    }

    pub(crate) fn clear(&mut self) {
        self.lines.clear();
    }
}

/// How many keys are stored: more than any client keeps in its outbox.
const KEYS_KEPT: usize = 10_000;

/// The response that was sent for a key.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// The result of looking up a request's key.
#[derive(Debug)]
pub(crate) enum Recall {
    /// The key is new: process the request.
    New,
    /// The request was processed: send the same response.
    Same(Given),
    /// The key was used for another request.
    Different,
}

/// `Idempotency-Key`s with their responses.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    given: HashMap<String, (String, Given)>,
    order: VecDeque<String>,
}

impl Keys {
    /// Looks a key up. `request` is the whole request, to tell a repetition from a misuse.
    pub(crate) fn recall(&self, key: &str, request: &str) -> Recall {
        match self.given.get(key) {
            None => Recall::New,
            Some((of, given)) if of == request => Recall::Same(given.clone()),
            Some(_) => Recall::Different,
        }
    }

    pub(crate) fn remember(&mut self, key: String, request: String, given: Given) {
        if self.order.len() == KEYS_KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.given.remove(&oldest);
        }
        self.order.push_back(key.clone());
        self.given.insert(key, (request, given));
    }
}
