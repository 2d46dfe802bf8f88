//! One attempt over HTTP: credential, request, redirects, answer.

use std::sync::Arc;
use std::time::SystemTime;

use http::header::{DATE, LOCATION, UPGRADE};
use http::{HeaderMap, HeaderName, StatusCode, Version};
use reqwest::Response;
use tokio::time::timeout;
use url::Url;

use super::client::{Clients, Versions};
use super::cookies::Cookies;
use super::lookup::{Found, Outcome};
use super::target::{Target, is_redirect};
use super::{Request, StreamOptions, fault, portal};
use crate::machine::SignIn;
use crate::{Credential, DialError, DialLimits};

/// As many as a browser follows.
const MAX_REDIRECTS: usize = 20;

/// A longer last event id is said by the header alone: encoded for a query, it may be three times as long.
const MAX_QUERY_CURSOR: usize = 1 << 10;

pub(super) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Makes requests, for every transport that begins with one.
#[derive(Clone)]
pub(super) struct Dialer {
    options: Arc<StreamOptions>,
    clients: Clients,
    found: Arc<Found>,
    cookies: Arc<Cookies>,
}

impl Dialer {
    pub(super) fn new(options: Arc<StreamOptions>, found: Arc<Found>) -> Self {
        Self {
            clients: Clients::new(Arc::clone(&options)),
            options,
            found,
            cookies: Arc::default(),
        }
    }

    /// The same for another network: what was found and the cookies hold, for the server is the same.
    pub(super) fn renewed(&self) -> Self {
        Self {
            clients: Clients::new(Arc::clone(&self.options)),
            ..self.clone()
        }
    }

    pub(super) fn options(&self) -> &StreamOptions {
        &self.options
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
        if suspect
            && let Some(probe) = portal::probe(&self.options)
            && portal::answers(probe).await
        {
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
        self.follow(url.clone(), cursor, credential, headers, limits)
            .await
    }

    /// Asks an address, to the first answer that is no redirect.
    pub(super) async fn follow(
        &self,
        url: Url,
        cursor: &str,
        credential: Credential,
        headers: &HeaderMap,
        limits: DialLimits,
    ) -> Result<Response, DialError> {
        let mut target = Target::new(url, cursor, credential);
        for _ in 0..=MAX_REDIRECTS {
            let mut headers = headers.clone();
            target.authorize(&mut headers)?;
            let response = self.ask(target.url(), &headers, limits).await?;
            if !is_redirect(response.status()) || leads_to_sign_in(response.headers()) {
                return Ok(response);
            }
            target = target.follow(response.headers())?;
        }
        Err(DialError::TooManyRedirects)
    }

    /// Asks by HTTP/1.1, and by HTTP/2 where the server refuses that.
    async fn ask(&self, url: &Url, headers: &HeaderMap, limits: DialLimits) -> Result<Response, DialError> {
        let versions = self.clients.versions(url);
        let outcome = self.request(url, headers, versions, limits).await;
        // Without TLS no version is agreed upon, and a WebSocket needs HTTP/1.1.
        let other = versions == Versions::Http1 && url.scheme() == "https" && !headers.contains_key(UPGRADE);
        if other
            && refuses_http1(&outcome)
            && let Ok(response) = self.request(url, headers, Versions::Http2, limits).await
            && response.version() == Version::HTTP_2
        {
            self.clients.remember_http2(url);
            return Ok(response);
        }
        outcome
    }

    async fn request(
        &self,
        url: &Url,
        headers: &HeaderMap,
        versions: Versions,
        limits: DialLimits,
    ) -> Result<Response, DialError> {
        let client = self.clients.for_url(url, versions).await?;
        let mut headers = headers.clone();
        self.cookies.add(url, &mut headers);
        let answer = client.get(url.clone()).headers(headers).send();
        let response = timeout(limits.first_byte, answer)
            .await
            .map_err(|_| DialError::AnswerTimedOut(limits.first_byte))?
            .map_err(|error| fault::dial_error(&error, limits))?;
        self.cookies.keep(url, response.headers());
        Ok(response)
    }
}

/// When an answer was made, by the server's clock.
pub(super) fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
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

/// Whether a server may mean by this that it speaks HTTP/2 alone. By the book it says so while TLS is agreed upon;
/// others answer in HTTP/2 all the same, by a status, or as node did, which refuses by HTTP/1.0.
fn refuses_http1(outcome: &Result<Response, DialError>) -> bool {
    match outcome {
        Ok(response) => match response.status() {
            StatusCode::HTTP_VERSION_NOT_SUPPORTED | StatusCode::UPGRADE_REQUIRED => true,
            StatusCode::FORBIDDEN => response.version() == Version::HTTP_10,
            _ => false,
        },
        Err(DialError::Tls(why)) => why == fault::HTTP1_REFUSED,
        Err(DialError::NotHttp(_)) => true,
        Err(_) => false,
    }
}

/// Whether a sign-in service sends people to its page: that it does tells more than the page. By its own header alone a
/// redirect is none of these, for every answer of the server bears that.
fn leads_to_sign_in(headers: &HeaderMap) -> bool {
    let location = headers
        .get(LOCATION)
        .and_then(|location| location.to_str().ok())
        .unwrap_or_default();
    SignIn::of(headers) == Some(SignIn::SignedOut) && location.contains("redirect_url=")
}
