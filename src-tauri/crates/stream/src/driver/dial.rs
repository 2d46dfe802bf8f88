//! One attempt: credential, request, redirects, answer.

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, CACHE_CONTROL};
use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::target::{Target, is_redirect};
use super::{StreamOptions, fault};
use crate::machine::Dial;
use crate::{CredentialError, CredentialProvider, DialError};

/// More than any honest chain of redirects needs.
const MOST_REDIRECTS: usize = 10;

/// A token exchange over a bad link takes seconds. A token store that waits for somebody to unlock it must not hold the
/// attempt: the next one asks again.
const CREDENTIAL_LIMIT: Duration = Duration::from_secs(30);

/// Finds a dead peer below the silence that the machine tolerates, and keeps the way through a NAT open.
const KEEPALIVE: Duration = Duration::from_secs(15);

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The client, made at the first attempt. It holds what the system said of proxies, names and roots then.
pub(super) type SharedClient = Arc<OnceCell<Client>>;

/// Makes one attempt, to the first answer that is no redirect.
pub(super) async fn dial(
    options: Arc<StreamOptions>,
    client: SharedClient,
    credentials: Arc<dyn CredentialProvider>,
    dial: Dial,
) -> Result<Response, DialError> {
    let credential = timeout(CREDENTIAL_LIMIT, credentials.credential(dial.rejected))
        .await
        .map_err(|_| {
            DialError::Credential(CredentialError::Unavailable(
                "the token store did not answer".to_owned(),
            ))
        })?
        .map_err(DialError::Credential)?;
    let client = client.get_or_try_init(|| build(Arc::clone(&options))).await?;
    let mut target = Target::new(options.url.clone(), &dial.cursor, credential);
    for _ in 0..=MOST_REDIRECTS {
        let mut headers = headers(&dial.cursor);
        target.authorize(&mut headers)?;
        let request = client.get(target.url().clone()).headers(headers).send();
        let response = timeout(options.dial.first_byte, request)
            .await
            .map_err(|_| DialError::AnswerTimedOut(options.dial.first_byte))?
            .map_err(|error| fault::dial_error(&error, options.dial))?;
        if !is_redirect(response.status()) {
            return Ok(response);
        }
        target = target.follow(response.headers())?;
    }
    Err(DialError::TooManyRedirects)
}

fn headers(cursor: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if !cursor.is_empty() {
        match HeaderValue::from_bytes(cursor.as_bytes()) {
            Ok(value) => {
                headers.insert(LAST_EVENT_ID, value);
            }
            // The query carries it all the same.
            Err(_) => tracing::warn!(length = cursor.len(), "the last event id does not fit a header"),
        }
    }
    headers
}

/// Reading the system's certificates takes a while on some systems, so it is done beside the runtime.
async fn build(options: Arc<StreamOptions>) -> Result<Client, DialError> {
    let setup = |why: String| DialError::Setup(why);
    tokio::task::spawn_blocking(move || client(&options))
        .await
        .map_err(|_| setup("the client could not be made".to_owned()))?
        .map_err(|error| setup(fault::setup(&error)))
}

fn client(options: &StreamOptions) -> reqwest::Result<Client> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // It fails only when somebody else was faster, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    Client::builder()
        .user_agent(&options.user_agent)
        // A pool of HTTP/2 hands out the connection that has just died; one stream needs no pool.
        .http1_only()
        .pool_max_idle_per_host(0)
        // Redirects are followed by our own rule, and an address with a token in it is never told to the next.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(options.dial.connect)
        .tcp_keepalive(KEEPALIVE)
        .build()
}
