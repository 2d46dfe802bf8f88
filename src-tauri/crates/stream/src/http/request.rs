//! Requests with a finite answer: limited in time and size, and answered with the whole body.

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

/// A hundred notifications of 16 KiB, written as JSON with every sign escaped, fit twice.
const MAX_BODY: usize = 4 << 20;

/// What is decoded of a compressed body at a time.
const DECODED: usize = 16 << 10;

/// What a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// From the beginning to the last byte of the answer, redirects included.
    pub whole: Duration,
    /// The size of the answer's body, decoded.
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

/// A request with a finite answer. It prints without query, headers and body.
#[derive(Clone)]
pub struct Request {
    method: Method,
    url: Url,
    credential: Credential,
    headers: HeaderMap,
    body: Option<Bytes>,
    limits: RequestLimits,
}

impl Request {
    /// A request to this address, without a credential.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            credential: Credential::ANONYMOUS,
            headers: HeaderMap::new(),
            body: None,
            limits: RequestLimits::default(),
        }
    }

    /// A GET of this address, without a credential.
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// Adds this credential. It is not sent to any other origin.
    #[must_use]
    pub fn credential(self, credential: Credential) -> Self {
        Self { credential, ..self }
    }

    /// Adds this header. It is sent wherever a redirect leads, so it must not hold a secret.
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

    /// Within these limits instead of the default ones.
    #[must_use]
    pub fn limits(self, limits: RequestLimits) -> Self {
        Self { limits, ..self }
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

/// A whole answer, whatever its status. It prints without headers and body.
#[derive(Clone)]
pub struct Reply {
    /// The status, which is no redirect's that is followed.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// Where the answer came from, redirects followed.
    pub url: Url,
    /// Whether that place was shown the credential: no other origin is, so its 401 says nothing of it.
    pub was_shown_credential: bool,
    /// When the answer was made, by the server's clock.
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

/// Why there is no whole answer. It names no address, query or credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No answer began.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The whole of it took longer than this.
    #[error("no whole answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// The body is larger than this many bytes.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The answer ended in its middle.
    #[error("the answer broke off: {0}")]
    BrokenOff(BreakOff),
    /// The answer is compressed in a way that is not understood.
    #[error("the answer is compressed in a way that is not supported ({0})")]
    Encoded(UnknownCoding),
}

impl Http {
    /// Sends the request, follows redirects, and reads the whole answer.
    ///
    /// Redirects are followed twenty times: from https to https alone, from plain http of this machine to this machine
    /// alone. A 303, and a 301 or 302 to a POST, ask on by GET without the body, as browsers do. Neither credential nor
    /// body crosses to another origin; where a redirect asks for that, it is not followed.
    ///
    /// # Errors
    /// There is no whole answer. [`DialError::NetworkSignIn`] where a captive portal seems to answer in the server's
    /// place. A status that tells of an error is an answer.
    pub async fn send(&self, request: Request) -> Result<Reply, RequestError> {
        let limits = request.limits;
        timeout(limits.whole, self.answer(request))
            .await
            .unwrap_or(Err(RequestError::TimedOut(limits.whole)))
    }

    /// As [`Http::send`], with the provider's credential; where that is refused with 401, once more with another.
    ///
    /// # Errors
    /// As [`Http::send`], and where there is no credential to ask with.
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
        } = request;
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
            let outcome = self.ask(&target, asked, self.options().limits).await;
            if is_suspect(&outcome) && self.meets_portal(&url).await {
                return Err(DialError::NetworkSignIn.into());
            }
            let response = outcome?;
            if !is_redirect(response.status()) {
                return whole(response, target, limits).await;
            }
            let origin = target.url().origin();
            target = match target.follow(response.headers()) {
                Ok(next) => next,
                // A portal leads from https to its own page by plain http.
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

/// Whether a redirect asks on by GET, whatever the method was.
fn asks_by_get(status: StatusCode, method: &Method) -> bool {
    match status.as_u16() {
        303 => *method != Method::HEAD,
        301 | 302 => *method == Method::POST,
        _ => false,
    }
}

/// Reads the body, and no more of it than the limit.
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
