//! Looking up where on a server the stream is, where its address does not say.
//!
//! Each place is asked without a token and without a cursor, in order: what answers as a stream does, or with 401, is
//! it. Only then is the token sent, and only there. It happens within the attempt, so whatever goes wrong is an
//! ordinary failure that the machine waits for and repeats. What was found is kept until it says that it is no stream.

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

/// A server says at once that it has nothing at a place, or that it wants a token. One that says nothing may be a
/// stream whose head comes with its first event, so it is not waited for as for a stream. More than the 10 s that a
/// connection may take, so that a network that swallows everything is not taken for a server that thinks; and little
/// enough for one attempt: three places of 12 s, and 5 s for the system's proxies at each and once more for the stream,
/// make 56 s of the 60 s that an attempt has beside the wait for the stream's answer.
const PLACE_TIMEOUT: Duration = Duration::from_secs(12);

impl Dialer {
    /// Makes the attempt at the place where the stream is, once that is known.
    pub(super) async fn at_its_place(&self, request: &Request, headers: &HeaderMap) -> Outcome {
        let options = self.options();
        if options.also.is_empty() {
            return self.attempt(&options.url, request, headers).await.into();
        }
        let known = self.found().get();
        let mut refused = None;
        if let Some(place) = &known {
            match self.attempt(place, request, headers).await {
                Ok(response) if finding(&response) == Finding::Elsewhere => refused = Some(response),
                answer => return answer.into(),
            }
            tracing::info!(
                path = place.path(),
                "the stream is not there any more; it is looked up"
            );
        }
        self.look_up(request, headers, known.as_ref(), refused).await
    }

    /// `known` has just answered `refused` to the token.
    async fn look_up(
        &self,
        request: &Request,
        headers: &HeaderMap,
        known: Option<&Url>,
        mut refused: Option<Response>,
    ) -> Outcome {
        let options = self.options();
        let (mut perhaps, mut later, mut broken, mut suspect) = (Vec::new(), None, None, false);
        for place in std::iter::once(&options.url).chain(&options.also) {
            let answer = match self.sound(place, headers).await {
                // A server that takes long to answer has something there.
                Err(DialError::AnswerTimedOut(_)) => {
                    perhaps.push(place);
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
                // The connection itself fails, so every other place would fail as well.
                Err(error) => return Err(error).into(),
                Ok(answer) => answer,
            };
            tracing::debug!(
                path = place.path(),
                status = answer.status().as_u16(),
                "asked without a token"
            );
            match finding(&answer) {
                Finding::Here if known == Some(place) => {}
                Finding::Here => {
                    drop(answer);
                    match self.settle(place, request, headers).await {
                        Ok(response) if finding(&response) == Finding::Elsewhere => {
                            refused.get_or_insert(response);
                        }
                        answer => return answer.into(),
                    }
                }
                Finding::Perhaps => perhaps.push(place),
                Finding::Later if later.is_none() => later = Some(answer),
                Finding::Later => {}
                Finding::Elsewhere => suspect |= is_suspect(&Ok(answer)),
            }
        }
        if let Some(response) = later {
            self.found().set(known);
            return Outcome {
                answer: Ok(response),
                suspect,
            };
        }
        for place in perhaps {
            match self.settle(place, request, headers).await {
                Ok(response) if finding(&response) == Finding::Elsewhere => {
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

    /// Takes this place for the stream's, and makes the attempt.
    async fn settle(
        &self,
        place: &Url,
        request: &Request,
        headers: &HeaderMap,
    ) -> Result<Response, DialError> {
        tracing::info!(path = place.path(), "the stream is looked for here");
        // Before the token is asked for: where that fails, the next attempt need not look again.
        self.found().set(Some(place));
        self.attempt(place, request, headers).await
    }

    /// What a place answers to a request without a credential.
    async fn sound(&self, place: &Url, headers: &HeaderMap) -> Result<Response, DialError> {
        let mut place = place.clone();
        // A query may hold a token.
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

    /// The paths of the places.
    fn tried(&self) -> Vec<String> {
        let options = self.options();
        let places = std::iter::once(&options.url).chain(&options.also);
        places.map(|place| place.path().to_owned()).collect()
    }
}

fn finding(response: &Response) -> Finding {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Finding::Here;
    }
    Head::new(response.status(), response.headers()).finding()
}
