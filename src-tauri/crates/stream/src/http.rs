//! HTTP for the stream and for requests with a finite answer.
//!
//! [`Http`] is one way out of one network: the proxy that the settings or the system name, roots and client
//! certificate, cookies, HTTP/2 where a server insists, and redirects by one rule ([`Http::send`] says which). What
//! goes wrong is classified in [`DialError`]. Requests are authenticated by a [`Credential`] from a
//! [`CredentialProvider`].

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

/// The options that requests are made with.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Sent as `User-Agent`.
    pub user_agent: String,
    /// Proxy, roots and client certificate.
    pub network: NetworkOptions,
    /// How long an answer may take, where a request does not say so itself.
    pub limits: DialLimits,
}

/// How long a server may take to answer. There is no limit on the whole: a stream has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DialLimits {
    /// Name, TCP and TLS together.
    pub connect: Duration,
    /// From the request to its answer's head, for each redirect anew. For a stream never less than this, and otherwise
    /// as long as an open stream may be silent.
    pub first_byte: Duration,
}

impl Default for DialLimits {
    fn default() -> Self {
        // A handshake over a bad mobile link takes a few seconds; ten without one is a black hole. A server that does
        // its sign-in check before it answers gets five more, however short its heartbeats are.
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(15),
        }
    }
}

/// Makes requests. Its clones share clients and cookies.
#[derive(Clone)]
pub struct Http {
    options: Arc<HttpOptions>,
    clients: Clients,
    cookies: Arc<Cookies>,
}

impl Http {
    /// Nothing is read or asked before the first request.
    pub fn new(options: HttpOptions) -> Self {
        let options = Arc::new(options);
        Self {
            clients: Clients::new(Arc::clone(&options)),
            options,
            cookies: Arc::default(),
        }
    }

    /// The same for another network: proxies, names and roots are looked up again, cookies are kept.
    #[must_use]
    pub fn renewed(&self) -> Self {
        Self {
            clients: Clients::new(Arc::clone(&self.options)),
            ..self.clone()
        }
    }

    /// What the requests are made with.
    pub fn options(&self) -> &HttpOptions {
        &self.options
    }

    /// Asks for an address, to the first answer that is no redirect. Its body is not read.
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

    /// Asks by HTTP/1.1, and by HTTP/2 where the server refuses that.
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
        // Without TLS no version is agreed upon, and a WebSocket needs HTTP/1.1.
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

/// When an answer was made, by the server's clock.
pub(crate) fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
}

/// Whether a server may mean by this that it speaks HTTP/2 alone, and has done nothing yet of what was asked. By the
/// book it says so while TLS is agreed upon; others answer in HTTP/2 all the same, by a status, or as node did, which
/// refuses by HTTP/1.0.
fn refuses_http1(outcome: &Result<Response, DialError>, method: &Method) -> bool {
    match outcome {
        Ok(response) => match response.status() {
            StatusCode::HTTP_VERSION_NOT_SUPPORTED | StatusCode::UPGRADE_REQUIRED => true,
            StatusCode::FORBIDDEN => response.version() == Version::HTTP_10,
            _ => false,
        },
        Err(DialError::Tls(TlsProblem::Http1Refused)) => true,
        // An answer that cannot be read may be that to a request that was carried out.
        Err(DialError::NotHttp(_)) => method.is_safe(),
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
