//! Requests with a finite response, limited in time and size, that return the whole body.

use std::fmt;
use std::time::{Duration, SystemTime};

use ::http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use ::http::{HeaderMap, HeaderName, Method, StatusCode};
use bytes::Bytes;
use reqwest::Response;
use tokio::time::timeout;
use url::Url;

use super::decoder::{Damaged, Decoder};
use super::portal::is_suspect;
use super::target::{Target, is_redirect};
use super::{Asked, Credential, CredentialProvider, Http, MAX_REDIRECTS, date, fault};
use crate::DialError;
use crate::machine::{BreakOff, UnknownCoding, codings};

/// A page of a list or a discovery document takes a second; after half a minute the server is in trouble.
const WHOLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Twice the size of a hundred notifications of 16 KiB, written as JSON with every character escaped.
const MAX_BODY: usize = 4 << 20;

/// How much of a compressed body is decoded at a time.
const DECODED: usize = 16 << 10;

/// The limits of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// From the start to the last byte of the response, including redirects.
    pub whole: Duration,
    /// The size of the response's body, decoded.
    pub body: usize,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            whole: WHOLE_TIMEOUT,
            body: MAX_BODY,
        }
    }
}

/// A request with a finite response. `Debug` omits query, headers and body.
#[derive(Clone)]
pub struct Request {
    method: Method,
    url: Url,
    credential: Credential,
    headers: HeaderMap,
    body: Option<Bytes>,
    limits: RequestLimits,
    redirects: Redirects,
    first_byte: Option<Duration>,
}

/// What becomes of a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Redirects {
    Followed,
    /// It is the answer.
    Returned,
}

impl Request {
    /// Returns a request without a credential.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            credential: Credential::ANONYMOUS,
            headers: HeaderMap::new(),
            body: None,
            limits: RequestLimits::default(),
            redirects: Redirects::Followed,
            first_byte: None,
        }
    }

    /// Returns a GET request without a credential.
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// Returns a POST request without a body and a credential.
    pub fn post(url: Url) -> Self {
        Self::new(Method::POST, url)
    }

    /// Adds this credential. It is not sent to any other origin.
    #[must_use]
    pub fn credential(self, credential: Credential) -> Self {
        Self { credential, ..self }
    }

    /// Adds this header. Redirects do not remove it, so it must not contain a secret.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Adds this body. It is not sent to any other origin.
    #[must_use]
    pub fn body(self, content_type: HeaderValue, body: impl Into<Bytes>) -> Self {
        Self {
            body: Some(body.into()),
            ..self.header(CONTENT_TYPE, content_type)
        }
    }

    /// Replaces the default limits.
    #[must_use]
    pub fn limits(self, limits: RequestLimits) -> Self {
        Self { limits, ..self }
    }

    /// The head of the answer may take this long, instead of as long as that of other requests: for what must not be
    /// repeated, where an answer that comes too late is lost.
    #[must_use]
    pub fn head_within(self, first_byte: Duration) -> Self {
        Self {
            first_byte: Some(first_byte),
            ..self
        }
    }

    /// A redirect is returned as the answer: for servers whose address was agreed upon, where another one could be
    /// anybody's.
    #[must_use]
    pub fn without_redirects(self) -> Self {
        Self {
            redirects: Redirects::Returned,
            ..self
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = self.url.origin().ascii_serialization();
        out.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &format_args!("{origin}{}", self.url.path()))
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// A whole response, with any status. `Debug` omits headers and body.
#[derive(Clone)]
pub struct Reply {
    /// The status, which is not that of a followed redirect.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The address that responded, after redirects.
    pub url: Url,
    /// Whether the credential was sent to that address. It is not sent to other origins, whose 401 says nothing about
    /// it.
    pub was_shown_credential: bool,
    /// The time of the response, by the server's clock.
    pub date: Option<SystemTime>,
    /// The body, decoded.
    pub body: Bytes,
}

impl fmt::Debug for Reply {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Reply")
            .field("status", &self.status)
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why there is no whole response. Contains no address, query or credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No response began.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The whole response took longer than this.
    #[error("no whole answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// The body is larger than this many bytes.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The response ended before its end.
    #[error("the answer broke off: {0}")]
    BrokenOff(BreakOff),
    /// The response has a content encoding that cannot be decoded.
    #[error("the answer is compressed in a way that is not supported ({0})")]
    Encoded(UnknownCoding),
}

impl Http {
    /// Sends the request, follows redirects, and reads the whole response.
    ///
    /// Up to twenty redirects are followed: https only to https, and plain http of this machine only to this machine. A
    /// 303, and a 301 or 302 after a POST, continue as GET without the body, as in browsers. Neither credential nor
    /// body is sent to another origin; a redirect that would require that is not followed.
    ///
    /// # Errors
    /// When there is no whole response. [`DialError::NetworkSignIn`] if a captive portal seems to respond instead of
    /// the server. An error status is not an error.
    pub async fn send(&self, request: Request) -> Result<Reply, RequestError> {
        let limits = request.limits;
        timeout(limits.whole, self.answer(request))
            .await
            .unwrap_or(Err(RequestError::TimedOut(limits.whole)))
    }

    /// Like [`Http::send`], with the provider's credential. If that is rejected with 401, tries once more with another
    /// one.
    ///
    /// # Errors
    /// Those of [`Http::send`], and when there is no credential.
    pub async fn send_as(
        &self,
        request: Request,
        credentials: &dyn CredentialProvider,
    ) -> Result<Reply, RequestError> {
        let credential = credentials.credential().await.map_err(DialError::Credential)?;
        let asked = credential.generation;
        let reply = self.send(request.clone().credential(credential)).await?;
        if reply.status != StatusCode::UNAUTHORIZED || !reply.was_shown_credential {
            return Ok(reply);
        }
        credentials.invalidate(asked);
        let another = credentials.credential().await.map_err(DialError::Credential)?;
        if another.generation == asked {
            return Ok(reply);
        }
        self.send(request.credential(another)).await
    }

    async fn answer(&self, request: Request) -> Result<Reply, RequestError> {
        let Request {
            mut method,
            url,
            credential,
            mut headers,
            mut body,
            limits,
            redirects,
            first_byte,
        } = request;
        let mut dial = self.options().limits;
        dial.first_byte = first_byte.unwrap_or(dial.first_byte);
        headers
            .entry(ACCEPT_ENCODING)
            .or_insert(HeaderValue::from_static("identity"));
        let mut target = Target::new(url.clone(), credential);
        for _ in 0..=MAX_REDIRECTS {
            let asked = Asked {
                method: method.clone(),
                headers: headers.clone(),
                body: body.clone(),
            };
            let outcome = self.ask(&target, asked, dial).await;
            if is_suspect(&outcome) && self.meets_portal(&url).await {
                return Err(DialError::NetworkSignIn.into());
            }
            let response = outcome?;
            if !is_redirect(response.status()) || redirects == Redirects::Returned {
                return whole(response, target, limits).await;
            }
            let origin = target.url().origin();
            target = match target.follow(response.headers()) {
                Ok(next) => next,
                // Portals redirect from https to their own page over plain http.
                Err(DialError::RedirectNotSecure) if self.meets_portal(&url).await => {
                    return Err(DialError::NetworkSignIn.into());
                }
                Err(error) => return Err(error.into()),
            };
            if asks_by_get(response.status(), &method) {
                (method, body) = (Method::GET, None);
                headers.remove(CONTENT_TYPE);
            }
            if body.is_some() && target.url().origin() != origin {
                return Err(DialError::RedirectNotSecure.into());
            }
        }
        Err(DialError::TooManyRedirects.into())
    }
}

/// Whether a redirect continues as GET.
fn asks_by_get(status: StatusCode, method: &Method) -> bool {
    match status.as_u16() {
        303 => *method != Method::HEAD,
        301 | 302 => *method == Method::POST,
        _ => false,
    }
}

/// Reads the body, up to the limit.
async fn whole(mut response: Response, target: Target, limits: RequestLimits) -> Result<Reply, RequestError> {
    let too_large = || RequestError::TooLarge(limits.body);
    let codings = codings(response.headers()).map_err(RequestError::Encoded)?;
    let mut decoder = Decoder::new(&codings);
    let announced = response
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limits.body as u64) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(bytes) = response
        .chunk()
        .await
        .map_err(|error| RequestError::BrokenOff(fault::break_off(&error)))?
    {
        match &mut decoder {
            None if body.len() + bytes.len() > limits.body => return Err(too_large()),
            None => body.extend_from_slice(&bytes),
            Some(decoder) => {
                decoder.feed(&bytes);
                let mut output = [0; DECODED];
                loop {
                    let length = decoder
                        .decode(&mut output)
                        .map_err(|Damaged| RequestError::BrokenOff(BreakOff::DamagedCompression))?;
                    if length == 0 {
                        break;
                    }
                    if body.len() + length > limits.body {
                        return Err(too_large());
                    }
                    body.extend_from_slice(&output[..length]);
                }
            }
        }
    }
    Ok(Reply {
        status: response.status(),
        date: date(response.headers()),
        headers: std::mem::take(response.headers_mut()),
        was_shown_credential: target.shows_credential(),
        url: target.into_url(),
        body: body.into(),
    })
}
