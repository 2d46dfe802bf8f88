//! Error responses (RFC 9457).

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde_json::json;

/// An `application/problem+json` response.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    kind: &'static str,
    detail: String,
}

/// The type of a problem that its status describes (RFC 9457, 4.2.1).
const BLANK: &str = "about:blank";

/// The type of the problem that there is no such notification. Without it, a client could not tell this from a server
/// that has no such path.
const UNKNOWN_NOTIFICATION: &str = "urn:gloria:problem:unknown-notification";

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            kind: BLANK,
            detail: detail.into(),
        }
    }

    pub(crate) fn unknown_notification(id: &str) -> Self {
        Self {
            kind: UNKNOWN_NOTIFICATION,
            ..Self::new(StatusCode::NOT_FOUND, format!("there is no notification {id}"))
        }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    pub(crate) fn body(&self) -> String {
        json!({
            // Without a specific type, the title is the status's name.
            "type": self.kind,
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        })
        .to_string()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.body().into());
        *response.status_mut() = self.status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}
