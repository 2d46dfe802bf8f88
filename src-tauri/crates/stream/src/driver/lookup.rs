//! Finds the stream on a server if its exact address is unknown.
//!
//! Each address gets a request without token and cursor, in order. The first one that responds like a stream, or with
//! 401, is taken, and the token is sent only there. The search is part of the attempt, so any failure is an ordinary
//! one, after which the machine waits and retries. The result is kept until that address responds that it is not a
//! stream.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use reqwest::Response;
use url::Url;

use super::dial::{Dialer, LAST_EVENT_ID};
use super::place::Outcome;
use super::transport::Request;
use crate::http::{Target, is_suspect};
use crate::machine::{Finding, Head};
use crate::{Credential, DialError, DialLimits};

/// A server reports at once that an address does not exist, or that it requires a token. One that does not respond may
/// be a stream whose head comes with its first event, so the wait is shorter than for a stream. It is longer than the
/// 10 s for connecting, so that a network that drops all packets does not look like a slow server; and short enough for
/// one attempt: three addresses at 12 s, and 5 s for the system's proxies at each of them and for the stream itself,
/// add up to 56 s of the 60 s that an attempt has in addition to the stream's response.
const PLACE_TIMEOUT: Duration = Duration::from_secs(12);

impl Dialer {
    /// Makes the attempt at the stream's address, once that is known.
    pub(super) async fn attempt_stream(&self, request: &Request, headers: &HeaderMap) -> Outcome {
        let options = self.options();
        if options.also.is_empty() {
            return self.attempt(&options.url, request, headers).await.into();
        }
        let known = self.found().get();
        let mut refused = None;
        if let Some(place) = &known {
            match self.attempt(place, request, headers).await {
                Ok(response) if finding(&response) == Finding::NotStream => refused = Some(response),
                answer => return answer.into(),
            }
            tracing::info!(
                path = place.path(),
                "the stream is not there any more; it is looked up"
            );
        }
        self.look_up(request, headers, known.as_ref(), refused).await
    }

    /// Searches the addresses. `known` has just sent the response `refused` to the token.
    async fn look_up(
        &self,
        request: &Request,
        headers: &HeaderMap,
        known: Option<&Url>,
        mut refused: Option<Response>,
    ) -> Outcome {
        let options = self.options();
        let (mut unsure, mut unavailable, mut broken, mut suspect) = (Vec::new(), None, None, false);
        for place in std::iter::once(&options.url).chain(&options.also) {
            let answer = match self.ask_without_token(place, headers).await {
                // A server that takes long to respond has something there.
                Err(DialError::AnswerTimedOut(_)) => {
                    unsure.push(place);
                    continue;
                }
                Err(
                    DialError::RedirectToNowhere | DialError::RedirectNotSecure | DialError::TooManyRedirects,
                ) => {
                    suspect = true;
                    continue;
                }
                // Some servers close the connection instead of answering 404.
                Err(error @ (DialError::BrokenOff(_) | DialError::NotHttp(_))) => {
                    broken.get_or_insert(error);
                    continue;
                }
                // The connection itself fails, so it would at every other address.
                Err(error) => return Err(error).into(),
                Ok(answer) => answer,
            };
            tracing::debug!(
                path = place.path(),
                status = answer.status().as_u16(),
                "asked without a token"
            );
            match finding(&answer) {
                Finding::Stream if known == Some(place) => {}
                Finding::Stream => {
                    drop(answer);
                    match self.attempt_at(place, request, headers).await {
                        Ok(response) if finding(&response) == Finding::NotStream => {
                            refused.get_or_insert(response);
                        }
                        answer => return answer.into(),
                    }
                }
                Finding::Unsure => unsure.push(place),
                Finding::Unavailable if unavailable.is_none() => unavailable = Some(answer),
                Finding::Unavailable => {}
                Finding::NotStream => suspect |= is_suspect(&Ok(answer)),
            }
        }
        if let Some(response) = unavailable {
            self.found().set(known);
            return Outcome {
                answer: Ok(response),
                suspect,
            };
        }
        for place in unsure {
            match self.attempt_at(place, request, headers).await {
                Ok(response) if finding(&response) == Finding::NotStream => {
                    refused.get_or_insert(response);
                }
                answer => return answer.into(),
            }
        }
        self.found().set(None);
        let answer = refused.ok_or_else(|| broken.unwrap_or_else(|| DialError::NotFound(self.tried())));
        Outcome {
            suspect: suspect || is_suspect(&answer),
            answer,
        }
    }

    /// Makes the attempt at this address and remembers it as the stream's.
    async fn attempt_at(
        &self,
        place: &Url,
        request: &Request,
        headers: &HeaderMap,
    ) -> Result<Response, DialError> {
        tracing::info!(path = place.path(), "the stream is looked for here");
        // Stored before the attempt, so that the next one need not search again if no token is available.
        self.found().set(Some(place));
        self.attempt(place, request, headers).await
    }

    /// Returns the response of an address to a request without credential.
    async fn ask_without_token(&self, place: &Url, headers: &HeaderMap) -> Result<Response, DialError> {
        let mut place = place.clone();
        // A query may contain a token.
        place.set_query(None);
        let mut headers = headers.clone();
        headers.remove(LAST_EVENT_ID);
        let limits = DialLimits {
            first_byte: PLACE_TIMEOUT,
            ..self.options().dial
        };
        let target = Target::new(place, Credential::ANONYMOUS);
        self.http().open(target, &headers, limits).await
    }

    /// Returns the paths of all addresses.
    fn tried(&self) -> Vec<String> {
        let options = self.options();
        let places = std::iter::once(&options.url).chain(&options.also);
        places.map(|place| place.path().to_owned()).collect()
    }
}

fn finding(response: &Response) -> Finding {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Finding::Stream;
    }
    Head::new(response.status(), response.headers()).finding()
}
