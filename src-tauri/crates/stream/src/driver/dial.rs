//! One attempt over HTTP: credential, request, redirects, answer.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use reqwest::{Client, Response};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::target::{Target, is_redirect};
use super::{Request, StreamOptions, fault};
use crate::DialError;

/// More than any honest chain of redirects needs.
const MOST_REDIRECTS: usize = 10;

/// Finds a dead peer below the silence that the machine tolerates, and keeps the way through a NAT open.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// The client, made at the first attempt. It holds what the system said of proxies, names and roots then.
type SharedClient = Arc<OnceCell<Client>>;

/// Makes requests, for every transport that begins with one.
#[derive(Clone)]
pub(super) struct Dialer {
    options: Arc<StreamOptions>,
    client: SharedClient,
}

impl Dialer {
    pub(super) fn new(options: Arc<StreamOptions>) -> Self {
        Self {
            options,
            client: SharedClient::default(),
        }
    }

    /// Makes one attempt with these headers, to the first answer that is no redirect.
    pub(super) async fn get(&self, request: &Request, headers: &HeaderMap) -> Result<Response, DialError> {
        let credential = request.credential().await?;
        let limits = self.options.dial;
        let client = self
            .client
            .get_or_try_init(|| build(Arc::clone(&self.options)))
            .await?;
        let mut target = Target::new(self.options.url.clone(), request.cursor(), credential);
        for _ in 0..=MOST_REDIRECTS {
            let mut headers = headers.clone();
            target.authorize(&mut headers)?;
            let answer = client.get(target.url().clone()).headers(headers).send();
            let response = timeout(limits.first_byte, answer)
                .await
                .map_err(|_| DialError::AnswerTimedOut(limits.first_byte))?
                .map_err(|error| fault::dial_error(&error, limits))?;
            if !is_redirect(response.status()) {
                return Ok(response);
            }
            target = target.follow(response.headers())?;
        }
        Err(DialError::TooManyRedirects)
    }
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
