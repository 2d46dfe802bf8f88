//! The head of a response, and what follows from it.

use std::time::Duration;

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, StatusCode};

use super::coding::codings;
use super::media::media_type;
use super::pace::{MAX_RETRY_AFTER, Pace};
use super::{Cause, ContentType, DialError, HaltReason, UnknownCoding};

/// The essence of a stream's content type (WHATWG HTML, 9.2.8).
const STREAM_TYPE: &str = "text/event-stream";

/// The maximum length of a header's text that is shown to users.
const SHOWN: usize = 60;

/// The parts of a response's head that matter to a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// The content type.
    pub content_type: ContentType,
    /// A content encoding that cannot be decoded.
    pub encoding: Option<UnknownCoding>,
    /// The server's `Retry-After`, relative to its own `Date`.
    pub retry_after: Option<Duration>,
    /// The result of a sign-in service in front of the server.
    pub sign_in: Option<SignIn>,
}

/// The result that a sign-in service reports in its own header, because the statuses of its responses mean something
/// else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// It does not accept this credential.
    SignedOut,
    /// It accepts the credential, but hides the address from this user.
    Hidden,
}

/// Clerk answers 404 or a redirect when the user is signed out, and gives the reason in these headers.
const CLERK_STATUS: HeaderName = HeaderName::from_static("x-clerk-auth-status");
const CLERK_REASON: HeaderName = HeaderName::from_static("x-clerk-auth-reason");

/// The conclusion from a head.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The response is a stream.
    Open,
    /// The credential is rejected.
    Unauthorized,
    /// The server wants no more attempts.
    Halt(HaltReason),
    /// The response is not a stream, for now.
    Retry(Cause, Pace),
}

/// What a response to a request without credential shows about where the stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    /// The stream is here.
    Stream,
    /// Something is here that may be the stream.
    Unsure,
    /// It cannot be determined now.
    Unavailable,
    /// The stream is not here.
    NotStream,
}

impl Head {
    /// Parses the head of a response.
    pub fn new(status: StatusCode, headers: &HeaderMap) -> Self {
        Self {
            status: status.as_u16(),
            content_type: media_type(headers).map_or(ContentType::Missing, |value| content_type(&value)),
            encoding: codings(headers).err(),
            retry_after: text(headers, &RETRY_AFTER)
                .and_then(|value| retry_after(value, text(headers, &DATE))),
            sign_in: SignIn::of(headers),
        }
    }

    /// Returns a head that opens a stream, for a transport without HTTP responses.
    pub fn accepted() -> Self {
        Self {
            content_type: ContentType::Essence(STREAM_TYPE.to_owned()),
            ..Self::of(200)
        }
    }

    /// Returns a head with only a status.
    pub fn of(status: u16) -> Self {
        Self {
            status,
            content_type: ContentType::Missing,
            encoding: None,
            retry_after: None,
            sign_in: None,
        }
    }

    pub(crate) fn finding(&self) -> Finding {
        match (self.verdict(), self.status) {
            (Verdict::Unauthorized, 200..=399 | 403 | 404) => Finding::Unsure,
            (Verdict::Open | Verdict::Unauthorized, _) => Finding::Stream,
            // A stream that cannot be decoded is one. Some servers respond with 400 or 422 if the token is missing.
            (Verdict::Halt(_) | Verdict::Retry(Cause::Encoded(_), _), _) | (_, 400 | 422) => Finding::Unsure,
            (_, 407 | 408 | 409 | 421 | 423 | 425 | 429 | 500 | 502..=504 | 506..=599) => {
                Finding::Unavailable
            }
            (Verdict::Retry(..), _) => Finding::NotStream,
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        let status = || Cause::Status(self.status);
        let is_stream = self.status == 200
            && matches!(&self.content_type, ContentType::Essence(essence) if essence == STREAM_TYPE);
        match (self.sign_in, self.status) {
            // A page, or a redirect to one, instead of a stream.
            (Some(SignIn::SignedOut), 200 | 300..=399 | 403 | 404) if !is_stream => {
                return Verdict::Unauthorized;
            }
            (Some(SignIn::Hidden), 404) => return Verdict::Halt(HaltReason::Forbidden),
            (Some(SignIn::SignedOut | SignIn::Hidden) | None, _) => {}
        }
        match self.status {
            200 if !is_stream => Verdict::Retry(
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
            // With `Retry-After`, some servers use it for "too many requests".
            403 if self.retry_after.is_none() => Verdict::Halt(HaltReason::Forbidden),
            407 => Verdict::Retry(Cause::Dial(DialError::ProxyAuthentication), Pace::Slow),
            511 => Verdict::Retry(Cause::NetworkSignIn, Pace::Slow),
            408 | 409 | 421 | 423 | 425 | 429 | 500..=599 => {
                Verdict::Retry(status(), self.retry_after.map_or(Pace::Backoff, Pace::After))
            }
            // A redirect that is not followed may specify how long the move takes (RFC 9110, 10.2.3), and so may other
            // responses.
            _ => Verdict::Retry(status(), self.retry_after.map_or(Pace::Slow, Pace::After)),
        }
    }
}

impl SignIn {
    /// Parses the headers of a response.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        match text(headers, &CLERK_STATUS)?.trim() {
            "signed-out" | "handshake" => Some(Self::SignedOut),
            "signed-in" if text(headers, &CLERK_REASON)?.contains("protect") => Some(Self::Hidden),
            _ => None,
        }
    }
}

/// Whether a response with this status may refer only to the last event id, which may be unknown, too old, or in a
/// format that the server rejects. Filters in front of servers use 406, 415 and 417 for a header that they reject.
/// `410` is excluded because it means stop.
pub(super) fn may_refuse_cursor(status: u16) -> bool {
    matches!(status, 400 | 404 | 406 | 409 | 412..=417 | 422 | 431)
}

/// Returns a header's last value as text.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get_all(name).iter().next_back()?.to_str().ok()
}

/// Returns a media type without its parameters. An invalid one is not repeated, because it is shown to users, who could
/// mistake it for other text.
fn content_type(value: &str) -> ContentType {
    let essence = value.split(';').next().unwrap_or_default().trim();
    let is_type = essence
        .split_once('/')
        .is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype));
    match essence {
        "" => ContentType::Missing,
        _ if is_type => ContentType::Essence(shown(essence)),
        _ => ContentType::Unreadable,
    }
}

/// Whether the text is a token (RFC 9110, 5.6.2).
fn is_token(text: &str) -> bool {
    let is_token_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token_byte)
}

fn shown(value: &str) -> String {
    value.chars().take(SHOWN).collect::<String>().to_ascii_lowercase()
}

/// Parses `Retry-After` (RFC 9110, 10.2.3): seconds, or a date, which is compared with the response's own `Date`,
/// because the local clock may be wrong. `None` if it is zero, in the past, or invalid.
fn retry_after(value: &str, date: Option<&str>) -> Option<Duration> {
    let value = value.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number with more digits than the type holds exceeds the maximum.
        value.parse().map_or(MAX_RETRY_AFTER, Duration::from_secs)
    } else {
        let until = httpdate::parse_http_date(value).ok()?;
        let sent = httpdate::parse_http_date(date?).ok()?;
        until.duration_since(sent).ok()?
    };
    (!wait.is_zero()).then_some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

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
            Verdict::Retry(
                Cause::NotAStream {
                    content_type: ContentType::Missing
                },
                Pace::Slow
            )
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
        assert!(
            matches!(&head.content_type, ContentType::Essence(essence) if essence.len() == SHOWN),
            "{head:?}"
        );
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
                200 => slow(Cause::NotAStream {
                    content_type: ContentType::Missing,
                }),
                204 | 410 => Verdict::Halt(HaltReason::StoppedByServer),
                401 => Verdict::Unauthorized,
                407 => slow(Cause::Dial(DialError::ProxyAuthentication)),
                511 => slow(Cause::NetworkSignIn),
                _ => Verdict::Retry(Cause::Status(status), Pace::After(Duration::from_secs(20))),
            };
            assert_eq!(head(status, &after).verdict(), wanted, "{status}");
        }
        assert_eq!(
            head(503, &[]).verdict(),
            Verdict::Retry(Cause::Status(503), Pace::Backoff)
        );
        for status in 205..=599 {
            let pace = match status {
                408 | 409 | 421 | 423 | 425 | 429 | 500..=510 | 512..=599 => Pace::Backoff,
                401 | 403 | 407 | 410 | 511 => continue,
                _ => Pace::Slow,
            };
            let wanted = Verdict::Retry(Cause::Status(status), pace);
            assert_eq!(head(status, &[]).verdict(), wanted, "{status}");
        }
        assert_eq!(head(403, &[]).verdict(), Verdict::Halt(HaltReason::Forbidden));
    }

    #[test]
    fn what_a_sign_in_service_says_counts_as_what_it_means() {
        let stream = (CONTENT_TYPE, "text/event-stream");
        let page = (CONTENT_TYPE, "text/html");
        let hidden = (CLERK_REASON, "protect-rewrite");
        let out = (CLERK_STATUS, "signed-out");
        let signed_in = (CLERK_STATUS, "signed-in");
        let forbidden = Verdict::Halt(HaltReason::Forbidden);
        for (status, headers, wanted) in [
            (404, vec![out.clone(), hidden.clone()], Verdict::Unauthorized),
            (404, vec![out.clone()], Verdict::Unauthorized),
            (307, vec![out.clone()], Verdict::Unauthorized),
            (307, vec![(CLERK_STATUS, "handshake")], Verdict::Unauthorized),
            (200, vec![out.clone(), page], Verdict::Unauthorized),
            (200, vec![out.clone(), stream], Verdict::Open),
            (404, vec![signed_in.clone(), hidden], forbidden),
            (
                404,
                vec![signed_in],
                Verdict::Retry(Cause::Status(404), Pace::Slow),
            ),
            (503, vec![out], Verdict::Retry(Cause::Status(503), Pace::Backoff)),
        ] {
            assert_eq!(head(status, &headers).verdict(), wanted, "{status} {headers:?}");
        }
    }

    #[test]
    fn what_is_no_media_type_is_not_repeated() {
        for value in [
            "<img src=http://127.0.0.1/track.png>",
            "text",
            "text/",
            "/html",
            "text/ht\"ml",
            "a/b/c",
        ] {
            let head = head(200, &[(CONTENT_TYPE, value)]);
            assert_eq!(head.content_type, ContentType::Unreadable, "{value}");
        }
        let sent = head(200, &[(CONTENT_TYPE, "Application/problem+json; charset=utf-8")]);
        assert_eq!(
            sent.content_type,
            ContentType::Essence("application/problem+json".to_owned())
        );
    }
}
