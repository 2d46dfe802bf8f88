//! The token endpoint: forms, limits, and what its answers mean (RFC 6749, 4.1.3, 5 and 6).
//!
//! Codes and tokens are `SecretString`s, which print as `[REDACTED]` and are wiped. Their copies in requests and in the
//! buffers of libraries are not wiped; they live as long as one exchange.

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

/// A token has up to 45 kB, and an answer three of them.
const MAX_ANSWER_BYTES: usize = 256 << 10;

/// After half a minute the provider is in trouble.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(30);

/// A provider that asks for more is asked again after this long anyway.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Sends a form, and reads the answer where the form went.
pub(crate) async fn post(
    http: &Http,
    url: &Url,
    fields: &[(&str, &str)],
    limit: Duration,
) -> Result<Reply, RequestError> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    let form = Zeroizing::new(form.finish());
    let request = Request::new(Method::POST, url.clone())
        .header(ACCEPT, HeaderValue::from_static("application/json"))
        .body(FORM, form.as_bytes().to_vec())
        .limits(RequestLimits {
            whole: limit,
            body: MAX_ANSWER_BYTES,
        })
        // A token whose answer came too late is lost.
        .head_within(limit)
        .without_redirects();
    http.send(request).await
}

/// Asks the token endpoint.
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

/// What a token endpoint answered.
#[derive(Debug)]
pub(crate) enum Answer {
    Tokens(Box<Tokens>),
    /// An error in the words of the standard.
    Refused(ProviderRefusal),
    Later(Later),
}

/// What it gave.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) access_token: SecretString,
    pub(crate) refresh_token: Option<SecretString>,
    pub(crate) id_token: Option<SecretString>,
    pub(crate) lasts: Option<Duration>,
    pub(crate) scope: Option<String>,
    /// When it answered, by its clock.
    pub(crate) date: Option<SystemTime>,
}

/// Why nothing is known yet: it is asked again later, with the same token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Later {
    /// Why.
    pub why: LaterCause,
    /// When the provider wants to be asked again, at most an hour.
    pub retry_after: Option<Duration>,
    /// Whether the provider may have done what it was asked, so that the token is spent and the answer lost. Asked once
    /// more at once, many providers answer the same token again.
    pub lost: bool,
}

/// Why there was no answer that means anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaterCause {
    /// No whole answer.
    Network(RequestError),
    /// A status that says nothing about the token.
    Status(u16),
    /// An answer that is not the provider's: a page, for one.
    NotJson,
    /// An answer without a token that can be sent.
    NoToken,
}

impl LaterCause {
    /// The cause for people.
    pub fn message(&self) -> Message {
        match self {
            Self::Network(_) => message::sign_in_unreachable(),
            Self::Status(status) => message::sign_in_unavailable(*status),
            Self::NotJson => message::sign_in_not_json(),
            Self::NoToken => message::sign_in_no_token(),
        }
    }
}

/// An error that a provider answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderRefusal {
    /// The code or token is spent, revoked, too old or somebody else's.
    InvalidGrant,
    /// It does not know the application, or wants a secret of it.
    InvalidClient,
    /// The application may not do this.
    UnauthorizedClient,
    /// It no longer knows what was asked for.
    InvalidScope,
    /// It does not do this at all.
    UnsupportedGrantType,
    /// Its tokens are of another kind than a bearer's.
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

    /// The standard's code, for an administrator.
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

    /// The refusal for people.
    pub fn message(&self) -> Message {
        message::sign_in_misconfigured(self.code())
    }
}

fn read(reply: &Reply) -> Answer {
    let retry_after = retry_after(&reply.headers, reply.date);
    classify(reply.status, &reply.body, retry_after, reply.date)
}

/// What an answer means, by its status and body alone.
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
        // A gateway may have lost what the provider behind it answered.
        return later(LaterCause::Status(status.as_u16()), status.is_server_error());
    }
    let object = serde_json::from_slice(body).ok().filter(Value::is_object);
    let Some(object) = object else {
        return match status {
            StatusCode::OK => later(LaterCause::NotJson, false),
            _ => later(LaterCause::Status(status.as_u16()), false),
        };
    };
    // Some say it with 200.
    if let Some(code) = object["error"].as_str() {
        return match code {
            "server_error" | "temporarily_unavailable" => later(LaterCause::Status(status.as_u16()), false),
            // A status of its own, such as that of a firewall, says nothing about the token.
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

/// The statuses by which a provider refuses a code or a token (RFC 6749, 5.2).
fn is_refusal(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::OK
    )
}

/// What an answer gives, or else what is wrong with it.
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

/// What a header can carry (RFC 6750, 2.1), and a form brings back as it was.
fn is_sendable(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A number of seconds, which some write as a text. None of it is what no token can live by.
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

/// `Retry-After`, in seconds or as a date by the clock of the same answer.
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

/// Whether the request of a failed exchange may have reached the provider.
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
