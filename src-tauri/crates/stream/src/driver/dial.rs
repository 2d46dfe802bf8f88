//! One attempt over HTTP: credential, request, redirects, answer.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use reqwest::Response;
use url::Url;

use super::place::{Found, Outcome};
use super::{Request, StreamOptions};
use crate::DialError;
use crate::http::{Http, Target};

/// A longer last event id is said by the header alone: encoded for a query, it may be three times as long.
const MAX_QUERY_CURSOR: usize = 1 << 10;

pub(super) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Makes requests, for every transport that begins with one.
#[derive(Clone)]
pub(super) struct Dialer {
    options: Arc<StreamOptions>,
    http: Http,
    found: Arc<Found>,
}

impl Dialer {
    pub(super) fn new(options: Arc<StreamOptions>, found: Arc<Found>) -> Self {
        Self {
            http: Http::new(options.http()),
            options,
            found,
        }
    }

    /// The same for another network. The stream's place stays known, because the server is the same.
    pub(super) fn renewed(&self) -> Self {
        Self {
            http: self.http.renewed(),
            ..self.clone()
        }
    }

    pub(super) fn options(&self) -> &StreamOptions {
        &self.options
    }

    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    pub(super) fn found(&self) -> &Found {
        &self.found
    }

    /// Makes one attempt with these headers, to the first answer that is no redirect.
    ///
    /// # Errors
    /// [`DialError::NetworkSignIn`] where a captive portal seems to answer in the server's place.
    pub(super) async fn get(&self, request: &Request, headers: &HeaderMap) -> Result<Response, DialError> {
        let Outcome { answer, suspect } = self.at_its_place(request, headers).await;
        if suspect && self.http.meets_portal(&self.options.url).await {
            return Err(DialError::NetworkSignIn);
        }
        answer
    }

    /// Asks this address as the attempt does: with its token and its cursor.
    pub(super) async fn attempt(
        &self,
        url: &Url,
        request: &Request,
        headers: &HeaderMap,
    ) -> Result<Response, DialError> {
        let credential = request.credential().await?;
        let cursor = query_cursor(request.cursor(), headers);
        let mut limits = self.options.dial;
        limits.first_byte = limits.first_byte.max(request.answer_limit());
        let target = Target::new(url.clone(), credential);
        let target = if cursor.is_empty() {
            target
        } else {
            target.with_parameter("lastEventId", cursor)
        };
        self.http.open(target, headers, limits).await
    }
}

/// What the query says was seen, for servers behind proxies that drop the header.
///
/// Servers that take 8 KiB for a line, or 16 KiB for a whole head, refuse a request that says something long twice.
fn query_cursor<'a>(cursor: &'a str, headers: &HeaderMap) -> &'a str {
    if cursor.len() > MAX_QUERY_CURSOR && headers.contains_key(LAST_EVENT_ID) {
        ""
    } else {
        cursor
    }
}
