//! Where a server has its stream, and the outcome of an attempt.

use std::sync::{Mutex, PoisonError};

use reqwest::Response;
use url::Url;

use crate::DialError;
use crate::http::is_suspect;

/// The address where the stream was found.
#[derive(Debug, Default)]
pub(super) struct Found(Mutex<Option<Url>>);

impl Found {
    pub(super) fn get(&self) -> Option<Url> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set(&self, place: Option<&Url>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = place.cloned();
    }
}

/// The result of an attempt, and whether a response on the way looked like that of a captive portal.
pub(super) struct Outcome {
    pub(super) answer: Result<Response, DialError>,
    pub(super) suspect: bool,
}

impl From<Result<Response, DialError>> for Outcome {
    fn from(answer: Result<Response, DialError>) -> Self {
        Self {
            suspect: is_suspect(&answer),
            answer,
        }
    }
}
