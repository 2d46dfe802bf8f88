//! A single attempt over HTTP: credential, request, redirects, response.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use reqwest::Response;
use url::Url;

use super::place::{Found, Outcome};
use super::{Request, StreamOptions};
use crate::DialError;
use crate::http::{Http, Target};

/// A longer last event id is sent only in the header: percent-encoded for a query, it may be three times as long.
const MAX_QUERY_CURSOR: usize = 1 << 10;

pub(super) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Makes the requests of every transport that begins with one.
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

    /// Returns a dialer for another network. The stream's found address is kept, because the server is the same.
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

    /// Makes one attempt with these headers, up to the first response that is not a redirect.
    ///
    /// # Errors
    /// [`DialError::NetworkSignIn`] if a captive portal seems to answer instead of the server.
    pub(super) async fn get(&self, request: &Request, headers: &HeaderMap) -> Result<Response, DialError> {
        let Outcome { answer, suspect } = self.attempt_stream(request, headers).await;
        if suspect && self.http.meets_portal(&self.options.url).await {
            return Err(DialError::NetworkSignIn);
        }
        answer
    }

    /// Sends the attempt's request to this address, with its token and its cursor.
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

/// Returns the cursor for the query, which serves servers behind proxies that drop the header.
///
/// Servers that accept 8 KiB per line, or 16 KiB for the whole head, reject a request that contains a long cursor
/// twice.
fn query_cursor<'a>(cursor: &'a str, headers: &HeaderMap) -> &'a str {
    if cursor.len() > MAX_QUERY_CURSOR && headers.contains_key(LAST_EVENT_ID) {
        ""
    } else {
        cursor
    }
}
