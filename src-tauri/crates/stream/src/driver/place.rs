//! Where a server has its stream, and what an attempt there came to.

use std::sync::{Mutex, PoisonError};

use reqwest::Response;
use url::Url;

use crate::DialError;
use crate::http::is_suspect;

/// Where the stream was found.
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

/// What an attempt came to, and whether something on the way looked like a captive portal.
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
