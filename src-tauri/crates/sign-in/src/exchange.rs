//! Requests to the token endpoint: forms, limits, and how responses are classified (RFC 6749, 4.1.3, 5 and 6).
//!
//! Codes and tokens are `SecretString`s, which print as `[REDACTED]` and are zeroed when dropped. Copies in requests
//! and in buffers of libraries are not zeroed; they live as long as one exchange.

use std::time::{Duration, SystemTime};

use gloria_stream::DialError;
use gloria_stream::http::{Http, Reply, Request, RequestError, RequestLimits};
use gloria_text::message::{self, Message};
use http::header::{ACCEPT, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Method, StatusCode};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::foreign::shown;

/// Enough for three tokens of 45 kB.
const MAX_ANSWER_BYTES: usize = 256 << 10;

/// How long an exchange may take. A provider that needs longer has a problem.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest `Retry-After` that is followed.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Sends a form and reads the response, without following redirects.
pub(crate) async fn post(
    http: &Http,
    url: &Url,
    fields: &[(&str, &str)],
    limit: Duration,
) -> Result<Reply, RequestError> {
    // The serializer must not be alive while the future waits, because it cannot be sent to another thread.
    let form = Zeroizing::new(
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish(),
    );
    let request = Request::new(Method::POST, url.clone())
        .header(ACCEPT, HeaderValue::from_static("application/json"))
        .body(FORM, form.as_bytes().to_vec())
        .limits(RequestLimits {
            whole: limit,
            body: MAX_ANSWER_BYTES,
        })
        // The usual limit for a response head is shorter, and a token whose response comes too late is lost.
        .head_within(limit)
        .without_redirects();
    http.send(request).await
}

/// Sends a request to the token endpoint and classifies the response.
pub(crate) async fn ask(http: &Http, url: &Url, fields: &[(&str, &str)]) -> Answer {
    let reply = post(http, url, fields, EXCHANGE_TIMEOUT).await;
    match reply {
        Ok(reply) => read(&reply),
        Err(error) => Answer::Later(Later {
            lost: may_have_arrived(&error),
            why: LaterCause::Network(error),
            retry_after: None,
        }),
    }
}

/// The classified response of a token endpoint.
#[derive(Debug)]
pub(crate) enum Answer {
    Tokens(Box<Tokens>),
    /// A standard error.
    Refused(ProviderRefusal),
    Later(Later),
}

/// Issued tokens.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) access_token: SecretString,
    pub(crate) refresh_token: Option<SecretString>,
    pub(crate) id_token: Option<SecretString>,
    pub(crate) lasts: Option<Duration>,
    pub(crate) scope: Option<String>,
    /// The time of the response, from its `Date` header.
    pub(crate) date: Option<SystemTime>,
}

/// Why the result is unknown. The request can be repeated later with the same token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Later {
    /// Why.
    pub why: LaterCause,
    /// The provider's `Retry-After`, at most an hour.
    pub retry_after: Option<Duration>,
    /// Whether the provider may have processed the request, so that the token is used up and the response lost. Many
    /// providers accept the same token once more within a few seconds.
    pub lost: bool,
}

/// Why there was no meaningful response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaterCause {
    /// No complete response.
    Network(RequestError),
    /// A status that says nothing about the token.
    Status(u16),
    /// A response that is not JSON, such as a captive portal's page.
    NotJson,
    /// A response without a usable token.
    NoToken,
}

impl LaterCause {
    /// The cause for users.
    pub fn message(&self) -> Message {
        match self {
            Self::Network(_) => message::sign_in_unreachable(),
            Self::Status(status) => message::sign_in_unavailable(*status),
            Self::NotJson => message::sign_in_not_json(),
            Self::NoToken => message::sign_in_no_token(),
        }
    }
}

/// An error code of a token endpoint (RFC 6749, 5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderRefusal {
    /// `invalid_grant`: the code or token was used, was revoked, has expired, or belongs to another client.
    InvalidGrant,
    /// `invalid_client`: the application is unknown, or needs a secret.
    InvalidClient,
    /// `unauthorized_client`: the application may not use this grant.
    UnauthorizedClient,
    /// `invalid_scope`: the scope does not exist any more.
    InvalidScope,
    /// `unsupported_grant_type`.
    UnsupportedGrantType,
    /// The tokens are not bearer tokens.
    TokenType,
    /// Any other code.
    Other(String),
}

impl ProviderRefusal {
    pub(crate) fn new(code: &str) -> Self {
        match code {
            "invalid_grant" => Self::InvalidGrant,
            "invalid_client" => Self::InvalidClient,
            "unauthorized_client" => Self::UnauthorizedClient,
            "invalid_scope" => Self::InvalidScope,
            "unsupported_grant_type" => Self::UnsupportedGrantType,
            other => Self::Other(shown(other)),
        }
    }

    /// The standard's code, for administrators.
    pub fn code(&self) -> &str {
        match self {
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidClient => "invalid_client",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::InvalidScope => "invalid_scope",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::TokenType => "token_type",
            Self::Other(code) => code,
        }
    }

    /// The refusal for users.
    pub fn message(&self) -> Message {
        message::sign_in_misconfigured(self.code())
    }
}

fn read(reply: &Reply) -> Answer {
    let retry_after = retry_after(&reply.headers, reply.date);
    classify(reply.status, &reply.body, retry_after, reply.date)
}

/// Classifies a response by its status and body.
fn classify(
    status: StatusCode,
    body: &[u8],
    retry_after: Option<Duration>,
    date: Option<SystemTime>,
) -> Answer {
    let later = |why, lost| {
        Answer::Later(Later {
            why,
            retry_after,
            lost,
        })
    };
    let is_later = matches!(
        status,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
    );
    if is_later || status.is_server_error() {
        // The provider may have responded, and a gateway lost it.
        return later(LaterCause::Status(status.as_u16()), status.is_server_error());
    }
    let object = serde_json::from_slice(body).ok().filter(Value::is_object);
    let Some(object) = object else {
        return match status {
            StatusCode::OK => later(LaterCause::NotJson, false),
            _ => later(LaterCause::Status(status.as_u16()), false),
        };
    };
    // Some providers send errors with status 200.
    if let Some(code) = object["error"].as_str() {
        return match code {
            "server_error" | "temporarily_unavailable" => later(LaterCause::Status(status.as_u16()), false),
            // Another status, such as a firewall's, says nothing about the token.
            "invalid_grant" if !is_refusal(status) => {
                Answer::Refused(ProviderRefusal::Other(code.to_owned()))
            }
            code => Answer::Refused(ProviderRefusal::new(code)),
        };
    }
    if !status.is_success() {
        return later(LaterCause::Status(status.as_u16()), false);
    }
    tokens(&object, date).unwrap_or_else(|refused| match refused {
        Some(refusal) => Answer::Refused(refusal),
        None => later(LaterCause::NoToken, false),
    })
}

/// Whether providers refuse a code or a token with this status (RFC 6749, 5.2).
fn is_refusal(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::OK
    )
}

/// Parses issued tokens.
fn tokens(object: &Value, date: Option<SystemTime>) -> Result<Answer, Option<ProviderRefusal>> {
    let token = |name: &str| {
        let text = object[name].as_str().filter(|text| is_sendable(text));
        text.map(SecretString::from)
    };
    let access_token = token("access_token").ok_or(None)?;
    let kind = object["token_type"].as_str().unwrap_or("bearer");
    if !kind.eq_ignore_ascii_case("bearer") {
        return Err(Some(ProviderRefusal::TokenType));
    }
    Ok(Answer::Tokens(Box::new(Tokens {
        access_token,
        refresh_token: token("refresh_token"),
        id_token: token("id_token"),
        lasts: seconds(&object["expires_in"]),
        scope: object["scope"].as_str().map(str::to_owned),
        date,
    })))
}

/// Whether a token can be sent in a header (RFC 6750, 2.1) and in a form.
fn is_sendable(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// `expires_in` in seconds, as a number or text. Implausible values are ignored.
fn seconds(value: &Value) -> Option<Duration> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    if number < 1.0 || !number.is_finite() {
        return None;
    }
    Duration::try_from_secs_f64(number.floor()).ok()
}

/// `Retry-After`, in seconds or as a date relative to the response's own `Date`.
pub(crate) fn retry_after(headers: &HeaderMap, date: Option<SystemTime>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let after = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text)
            .ok()?
            .duration_since(date?)
            .unwrap_or_default(),
    };
    Some(after.min(MAX_RETRY_AFTER))
}

/// Whether a failed request may have reached the provider.
fn may_have_arrived(error: &RequestError) -> bool {
    match error {
        RequestError::Dial(error) => dial_may_have_arrived(error),
        RequestError::TimedOut(_)
        | RequestError::TooLarge(_)
        | RequestError::BrokenOff(_)
        | RequestError::Encoded(_) => true,
    }
}

fn dial_may_have_arrived(error: &DialError) -> bool {
    match error {
        DialError::AnswerTimedOut(_)
        | DialError::BrokenOff(_)
        | DialError::NotHttp(_)
        | DialError::NotWebSocket(_)
        | DialError::RedirectToNowhere
        | DialError::RedirectNotSecure
        | DialError::TooManyRedirects => true,
        DialError::Credential(_)
        | DialError::NameNotFound
        | DialError::ConnectionRefused
        | DialError::Unreachable
        | DialError::ConnectTimedOut(_)
        | DialError::Certificate(_)
        | DialError::CertificateFile { .. }
        | DialError::ClientCertificate(_)
        | DialError::Tls(_)
        | DialError::ProxyAuthentication
        | DialError::Proxy(_)
        | DialError::NotFound(_)
        | DialError::NetworkSignIn
        | DialError::Setup(_) => false,
    }
}

#[cfg(test)]
mod tests;
