//! What an answer's head says, and what follows from it.

use std::time::Duration;

use http::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, StatusCode};

use super::coding::codings;
use super::pace::{MOST_RETRY_AFTER, Pace};
use super::{Cause, DialError, HaltReason};

/// The essence of a stream's content type (WHATWG HTML, 9.2.8).
const STREAM_TYPE: &str = "text/event-stream";

/// A header's text is shown to people up to here.
const SHOWN: usize = 60;

/// The head of an answer, as far as it matters to a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// The essence of the content type, in lower case.
    pub content_type: Option<String>,
    /// A content encoding that cannot be decoded.
    pub encoding: Option<String>,
    /// How long the server asked to be left alone, from its own `Date`.
    pub retry_after: Option<Duration>,
}

/// What follows from a head.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is a stream.
    Open,
    /// The credential is refused.
    Unauthorized,
    /// The server wants no more attempts.
    Halt(HaltReason),
    /// It is none, for now.
    Retry(Cause, Pace),
}

/// What an answer to one who shows no credential says of where the stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    /// It is here.
    Here,
    /// Something is here, and it may be the stream.
    Perhaps,
    /// It cannot be said now.
    Later,
    /// It is not here.
    Elsewhere,
}

impl Head {
    /// Reads the head of an answer.
    pub fn new(status: StatusCode, headers: &HeaderMap) -> Self {
        Self {
            status: status.as_u16(),
            content_type: text(headers, &CONTENT_TYPE).and_then(essence),
            encoding: codings(headers).err(),
            retry_after: text(headers, &RETRY_AFTER)
                .and_then(|value| retry_after(value, text(headers, &DATE))),
        }
    }

    /// A head that opens a stream, for a transport whose answers have none of this kind.
    pub fn accepted() -> Self {
        Self {
            status: 200,
            content_type: Some(STREAM_TYPE.to_owned()),
            encoding: None,
            retry_after: None,
        }
    }

    pub(crate) fn finding(&self) -> Finding {
        match (self.verdict(), self.status) {
            (Verdict::Open | Verdict::Unauthorized, _) => Finding::Here,
            // 400 and 422 are what some say where the token is missing.
            (Verdict::Halt(_), _) | (_, 400 | 422) => Finding::Perhaps,
            (_, 407 | 408 | 409 | 421 | 423 | 425 | 429 | 500 | 502..=504 | 506..=599) => Finding::Later,
            (Verdict::Retry(..), _) => Finding::Elsewhere,
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        let status = || Cause::Status(self.status);
        match self.status {
            200 if self.content_type.as_deref() != Some(STREAM_TYPE) => Verdict::Retry(
                Cause::NotAStream {
                    content_type: self.content_type.clone(),
                },
                Pace::Slow,
            ),
            200 => match &self.encoding {
                Some(encoding) => Verdict::Retry(Cause::Encoded(encoding.clone()), Pace::Slow),
                None => Verdict::Open,
            },
            204 | 410 => Verdict::Halt(HaltReason::StoppedByServer),
            401 => Verdict::Unauthorized,
            403 => Verdict::Halt(HaltReason::Forbidden),
            407 => Verdict::Retry(Cause::Dial(DialError::ProxyAuthentication), Pace::Slow),
            511 => Verdict::Retry(Cause::NetworkSignIn, Pace::Slow),
            408 | 425 | 429 | 500..=599 => {
                Verdict::Retry(status(), self.retry_after.map_or(Pace::Backoff, Pace::After))
            }
            // A redirect that is not followed may say how long the move takes (RFC 9110, 10.2.3).
            300..=399 => Verdict::Retry(status(), self.retry_after.map_or(Pace::Slow, Pace::After)),
            _ => Verdict::Retry(status(), Pace::Slow),
        }
    }
}

/// A header's last value, as text.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get_all(name).iter().next_back()?.to_str().ok()
}

/// A media type without its parameters.
fn essence(content_type: &str) -> Option<String> {
    let essence = content_type.split(';').next()?.trim();
    (!essence.is_empty()).then(|| shown(essence))
}

fn shown(value: &str) -> String {
    value.chars().take(SHOWN).collect::<String>().to_ascii_lowercase()
}

/// Reads `Retry-After` (RFC 9110, 10.2.3): seconds, or a date, which is held against the answer's own `Date`, for the
/// clock here may be wrong. `None` where it asks for nothing, is in the past, or makes no sense.
fn retry_after(value: &str, date: Option<&str>) -> Option<Duration> {
    let value = value.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than the type holds is more than the cap.
        value.parse().map_or(MOST_RETRY_AFTER, Duration::from_secs)
    } else {
        let until = httpdate::parse_http_date(value).ok()?;
        let sent = httpdate::parse_http_date(date?).ok()?;
        until.duration_since(sent).ok()?
    };
    (!wait.is_zero()).then_some(wait.min(MOST_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::CONTENT_ENCODING;

    use super::*;

    fn head(status: u16, headers: &[(HeaderName, &'static str)]) -> Head {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect();
        Head::new(StatusCode::from_u16(status).unwrap(), &headers)
    }

    #[test]
    fn an_accepted_stream_opens() {
        assert_eq!(Head::accepted().verdict(), Verdict::Open);
    }

    #[test]
    fn only_the_essence_of_the_type_counts() {
        for (value, opens) in [
            ("text/event-stream", true),
            ("text/event-stream;", true),
            ("Text/Event-Stream; charset=windows-1252", true),
            (" text/event-stream ;x=y", true),
            ("text/event-streams", false),
            ("text/html", false),
            ("x bogus", false),
            ("", false),
        ] {
            assert_eq!(
                head(200, &[(CONTENT_TYPE, value)]).verdict() == Verdict::Open,
                opens,
                "{value}"
            );
        }
        assert_eq!(
            head(200, &[]).verdict(),
            Verdict::Retry(Cause::NotAStream { content_type: None }, Pace::Slow)
        );
    }

    #[test]
    fn a_long_type_is_cut_before_it_is_shown() {
        let head = head(
            200,
            &[(
                CONTENT_TYPE,
                "application/x-0123456789012345678901234567890123456789012345678901234567890123456789",
            )],
        );
        assert_eq!(head.content_type.unwrap().len(), SHOWN);
    }

    #[test]
    fn only_an_encoding_that_cannot_be_decoded_is_refused() {
        for (value, opens) in [
            ("identity", true),
            ("none", true),
            ("gzip, br", true),
            ("zstd", false),
        ] {
            let headers = [(CONTENT_TYPE, "text/event-stream"), (CONTENT_ENCODING, value)];
            assert_eq!(head(200, &headers).verdict() == Verdict::Open, opens, "{value}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_by_the_servers_clock() {
        const NOON: &str = "Sun, 06 Nov 1994 12:00:00 GMT";
        for (value, date, seconds) in [
            ("120", None, Some(120)),
            (" 7 ", None, Some(7)),
            ("0", None, None),
            ("4000", None, Some(3_600)),
            ("99999999999999999999999", None, Some(3_600)),
            ("-1", None, None),
            ("1.5", None, None),
            ("soon", None, None),
            ("", None, None),
            ("Sun, 06 Nov 1994 12:00:30 GMT", Some(NOON), Some(30)),
            ("Sunday, 06-Nov-94 12:00:30 GMT", Some(NOON), Some(30)),
            ("Sun Nov  6 12:00:30 1994", Some(NOON), Some(30)),
            ("Sun, 06 Nov 1994 11:59:00 GMT", Some(NOON), None),
            (NOON, Some(NOON), None),
            ("Mon, 07 Nov 1994 12:00:00 GMT", Some(NOON), Some(3_600)),
            ("Sun, 06 Nov 1994 12:00:30 GMT", None, None),
            ("Sun, 06 Nov 1994 12:00:30 GMT", Some("yesterday"), None),
        ] {
            assert_eq!(
                retry_after(value, date),
                seconds.map(Duration::from_secs),
                "{value} at {date:?}"
            );
        }
    }

    #[test]
    fn every_status_has_its_verdict() {
        let after = [(RETRY_AFTER, "20")];
        for status in 100..=999 {
            let slow = |cause| Verdict::Retry(cause, Pace::Slow);
            let wanted = match status {
                200 => slow(Cause::NotAStream { content_type: None }),
                204 | 410 => Verdict::Halt(HaltReason::StoppedByServer),
                401 => Verdict::Unauthorized,
                403 => Verdict::Halt(HaltReason::Forbidden),
                407 => slow(Cause::Dial(DialError::ProxyAuthentication)),
                300..=399 | 408 | 425 | 429 | 500..=510 | 512..=599 => {
                    Verdict::Retry(Cause::Status(status), Pace::After(Duration::from_secs(20)))
                }
                511 => slow(Cause::NetworkSignIn),
                _ => slow(Cause::Status(status)),
            };
            assert_eq!(head(status, &after).verdict(), wanted, "{status}");
        }
        assert_eq!(
            head(503, &[]).verdict(),
            Verdict::Retry(Cause::Status(503), Pace::Backoff)
        );
        assert_eq!(
            head(304, &[]).verdict(),
            Verdict::Retry(Cause::Status(304), Pace::Slow)
        );
    }
}
