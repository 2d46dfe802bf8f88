//! One attempt over HTTP: credential, request, redirects, answer.

use std::sync::Arc;

use http::HeaderMap;
use reqwest::Response;
use tokio::time::timeout;

use super::client::Clients;
use super::target::{Target, is_redirect};
use super::{Request, StreamOptions, fault, portal};
use crate::DialError;

/// More than any honest chain of redirects needs.
const MOST_REDIRECTS: usize = 10;

/// Makes requests, for every transport that begins with one.
#[derive(Clone)]
pub(super) struct Dialer {
    options: Arc<StreamOptions>,
    clients: Clients,
}

impl Dialer {
    pub(super) fn new(options: Arc<StreamOptions>) -> Self {
        Self {
            clients: Clients::new(Arc::clone(&options)),
            options,
        }
    }

    /// Makes one attempt with these headers, to the first answer that is no redirect.
    ///
    /// # Errors
    /// [`DialError::NetworkSignIn`] where a captive portal seems to answer in the server's place.
    pub(super) async fn get(&self, request: &Request, headers: &HeaderMap) -> Result<Response, DialError> {
        let outcome = self.follow(request, headers).await;
        if portal::is_suspect(&outcome)
            && let Some(probe) = portal::probe(&self.options)
            && portal::answers(probe).await
        {
            return Err(DialError::NetworkSignIn);
        }
        outcome
    }

    async fn follow(&self, request: &Request, headers: &HeaderMap) -> Result<Response, DialError> {
        let credential = request.credential().await?;
        let limits = self.options.dial;
        let mut target = Target::new(self.options.url.clone(), request.cursor(), credential);
        for _ in 0..=MOST_REDIRECTS {
            let mut headers = headers.clone();
            target.authorize(&mut headers)?;
            let client = self.clients.for_url(target.url()).await?;
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
