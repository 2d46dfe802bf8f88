//! HTTP for streams and for requests with a finite response.
//!
//! [`Http`] makes the requests on one network, with the proxy from the settings or the system, root certificates,
//! client certificate, cookies, HTTP/2 if a server insists, and redirects (see [`Http::send`]). Errors are classified
//! in [`DialError`]. Requests are authenticated by a [`Credential`] from a [`CredentialProvider`].

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ::http::header::{DATE, LOCATION, UPGRADE};
use ::http::{HeaderMap, Method, StatusCode, Version};
use bytes::Bytes;
use reqwest::Response;
use tokio::time::timeout;
use url::Url;

use self::client::{Clients, Versions};
use self::cookies::Cookies;
use self::target::is_redirect;
use crate::DialError;
use crate::machine::{SignIn, TlsProblem};

mod certificates;
mod client;
mod cookies;
mod credential;
mod decoder;
mod fault;
mod network;
mod portal;
mod proxy;
mod request;
mod resolver;
mod target;

pub use self::certificates::ClientCertificate;
pub use self::credential::{Credential, CredentialProvider, Generation, Proof};
pub use self::network::NetworkOptions;
pub use self::proxy::{ProxyAddress, ProxyAddressError, ProxyChoice};
pub use self::request::{Reply, Request, RequestError, RequestLimits};
pub use self::resolver::{ProxyResolver, ProxyRoute, SystemProxies};
pub use crate::machine::{CredentialError, ProviderError};

pub(crate) use self::decoder::{Damaged, Decoder};
pub(crate) use self::fault::{break_off, end_cause, io_break_off};
pub(crate) use self::portal::is_suspect;
pub(crate) use self::target::{Target, is_websocket};

/// The same number as in browsers (WHATWG Fetch, 4.4).
const MAX_REDIRECTS: usize = 20;

/// The options of all requests.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Sent as `User-Agent`.
    pub user_agent: String,
    /// Proxy, roots and client certificate.
    pub network: NetworkOptions,
    /// How long a response may take, unless the request has its own limit.
    pub limits: DialLimits,
}

/// How long a server may take to respond. The whole response has no limit, because a stream has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DialLimits {
    /// Name lookup, TCP and TLS together.
    pub connect: Duration,
    /// From the request to the response's head, for each redirect again. For a stream, it is at least this, and
    /// otherwise as long as an open stream may be silent.
    pub first_byte: Duration,
}

impl Default for DialLimits {
    fn default() -> Self {
        // A handshake over a bad mobile link takes a few seconds; ten seconds without one mean that packets are
        // dropped. A server that checks the credential before it responds gets five more, however short its heartbeat
        // interval is.
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(15),
        }
    }
}

/// Makes requests. Clones share clients and cookies.
#[derive(Clone)]
pub struct Http {
    options: Arc<HttpOptions>,
    clients: Clients,
    cookies: Arc<Cookies>,
}

impl Http {
    /// Returns an instance. Nothing is read or connected before the first request.
    pub fn new(options: HttpOptions) -> Self {
        let options = Arc::new(options);
        Self {
            clients: Clients::new(Arc::clone(&options)),
            options,
            cookies: Arc::default(),
        }
    }

    /// Returns an instance for another network: proxies, names and roots are looked up again, cookies are kept.
    #[must_use]
    pub fn renewed(&self) -> Self {
        Self {
            clients: Clients::new(Arc::clone(&self.options)),
            ..self.clone()
        }
    }

    /// Returns the options of all requests.
    pub fn options(&self) -> &HttpOptions {
        &self.options
    }

    /// Sends a request, up to the first response that is not a redirect. Its body is not read.
    pub(crate) async fn open(
        &self,
        mut target: Target,
        headers: &HeaderMap,
        limits: DialLimits,
    ) -> Result<Response, DialError> {
        for _ in 0..=MAX_REDIRECTS {
            let asked = Asked {
                method: Method::GET,
                headers: headers.clone(),
                body: None,
            };
            let response = self.ask(&target, asked, limits).await?;
            if !is_redirect(response.status()) || leads_to_sign_in(response.headers()) {
                return Ok(response);
            }
            target = target.follow(response.headers())?;
        }
        Err(DialError::TooManyRedirects)
    }

    /// Sends a request over HTTP/1.1, and over HTTP/2 if the server refuses that.
    async fn ask(
        &self,
        target: &Target,
        mut asked: Asked,
        limits: DialLimits,
    ) -> Result<Response, DialError> {
        target.authorize(&mut asked.headers)?;
        let url = target.url();
        let versions = self.clients.versions(url);
        let outcome = self.request(url, asked.clone(), versions, limits).await;
        // Without TLS no version is negotiated, and a WebSocket needs HTTP/1.1.
        let other =
            versions == Versions::Http1 && url.scheme() == "https" && !asked.headers.contains_key(UPGRADE);
        if other
            && refuses_http1(&outcome, &asked.method)
            && let Ok(response) = self.request(url, asked, Versions::Http2, limits).await
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
        asked: Asked,
        versions: Versions,
        limits: DialLimits,
    ) -> Result<Response, DialError> {
        let client = self.clients.for_url(url, versions).await?;
        let Asked {
            method,
            mut headers,
            body,
        } = asked;
        self.cookies.add(url, &mut headers);
        let request = client.request(method, url.clone()).headers(headers);
        let request = match body {
            Some(body) => request.body(body),
            None => request,
        };
        let response = timeout(limits.first_byte, request.send())
            .await
            .map_err(|_| DialError::AnswerTimedOut(limits.first_byte))?
            .map_err(|error| fault::dial_error(&error, limits))?;
        self.cookies.keep(url, response.headers());
        Ok(response)
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Http")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// A request to one address, without its credential.
#[derive(Clone)]
struct Asked {
    method: Method,
    headers: HeaderMap,
    body: Option<Bytes>,
}

/// The time of a response, by the server's clock.
pub(crate) fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
}

/// Whether this outcome may mean that the server supports only HTTP/2 and has not processed the request. By the
/// standard it reports that during the TLS handshake. Others respond over HTTP/2 anyway, with a status, or like
/// Node.js, which refuses over HTTP/1.0.
fn refuses_http1(outcome: &Result<Response, DialError>, method: &Method) -> bool {
    match outcome {
        Ok(response) => match response.status() {
            StatusCode::HTTP_VERSION_NOT_SUPPORTED | StatusCode::UPGRADE_REQUIRED => true,
            StatusCode::FORBIDDEN => response.version() == Version::HTTP_10,
            _ => false,
        },
        Err(DialError::Tls(TlsProblem::Http1Refused)) => true,
        // An unreadable response may belong to a request that was carried out.
        Err(DialError::NotHttp(_)) => method.is_safe(),
        Err(_) => false,
    }
}

/// Whether a redirect leads to the page of a sign-in service. It is not followed, because it says more than the page.
/// The service's header alone does not prove it, because every response of the server has that header.
fn leads_to_sign_in(headers: &HeaderMap) -> bool {
    let location = headers
        .get(LOCATION)
        .and_then(|location| location.to_str().ok())
        .unwrap_or_default();
    SignIn::of(headers) == Some(SignIn::SignedOut) && location.contains("redirect_url=")
}
