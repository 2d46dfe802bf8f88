//! Refusals as events of a stream that the server opened nevertheless. They are treated like the HTTP response that
//! they correspond to.

use gloria_stream::machine::Head;

use crate::event::{Event, ServerError};

/// Codes of servers that correspond to a status: they equal, start or end with one of these, or contain it.
const WORDS: [(u16, &[&str]); 4] = [
    (
        401,
        &[
            "UNAUTHENTICATED",
            "UNAUTHORIZED",
            "NOT_AUTHENTICATED",
            "AUTHENTICATION_REQUIRED",
            "AUTH_REQUIRED",
            "LOGIN_REQUIRED",
            "SIGNED_OUT",
            "SESSION_EXPIRED",
            "JWT_EXPIRED",
            "TOKEN_EXPIRED",
            "EXPIRED_TOKEN",
            "TOKEN_INVALID",
            "INVALID_TOKEN",
            "TOKEN_REVOKED",
            "TOKEN_UNTRUSTED",
            "AUTH_ERROR",
            "AUTH_FAILED",
            "AUTHENTICATION_ERROR",
            "AUTHENTICATION_FAILED",
            "NOT_LOGGED_IN",
            "LOGGED_OUT",
        ],
    ),
    (403, &["FORBIDDEN", "PERMISSION_DENIED", "ACCESS_DENIED"]),
    (429, &["TOO_MANY_REQUESTS", "RATE_LIMIT"]),
    (503, &["UNAVAILABLE"]),
];

/// The response that an event corresponds to, if it is an error that indicates one.
pub fn response_of(event: &Event) -> Option<Head> {
    match event {
        Event::ServerError(error) => response_to(error),
        Event::Several(events) => events.iter().find_map(response_of),
        Event::ConnectionEstablished(_)
        | Event::Heartbeat
        | Event::Posted(_)
        | Event::NotificationUpdated(_)
        | Event::NotificationDeleted { .. }
        | Event::UserChanged(_)
        | Event::Gap { .. }
        | Event::Unreadable(_) => None,
    }
}

fn response_to(error: &ServerError) -> Option<Head> {
    let named = error.status.filter(|status| (400..=599).contains(status));
    let status = named.or_else(|| status_of(error.code.as_deref()?))?;
    Some(Head {
        retry_after: error.retry_after,
        ..Head::of(status)
    })
}

/// The code for a short sentence about credentials: `Token has expired` is `TOKEN_EXPIRED`. Sentences about anything
/// else that is forbidden or unavailable are ambiguous.
pub(crate) fn code_in(sentence: &str) -> Option<&'static str> {
    // A longer one is about more than credentials.
    if sentence.len() > 64 {
        return None;
    }
    let words = sentence.to_ascii_uppercase();
    let words = words
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !matches!(*word, "" | "HAS" | "IS" | "WAS" | "THE" | "YOUR"));
    let joint = words.collect::<Vec<_>>().join("_");
    let of_credentials = WORDS.iter().filter(|(status, _)| *status == 401);
    of_credentials
        .flat_map(|(_, words)| *words)
        .find(|word| joint.contains(**word))
        .copied()
}

fn status_of(code: &str) -> Option<u16> {
    let code = code.to_ascii_uppercase().replace(['-', '.', ':'], "_");
    WORDS
        .iter()
        .find(|(_, words)| words.iter().any(|word| code.contains(word)))
        .map(|(status, _)| *status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_stands_for_the_answer_that_its_status_or_its_code_names() {
        for (status, code, wanted) in [
            (Some(401), None, Some(401)),
            (Some(403), Some("UNAUTHENTICATED"), Some(403)),
            (None, Some("UNAUTHENTICATED"), Some(401)),
            (None, Some("auth.token-expired"), Some(401)),
            (None, Some("FST_JWT_AUTHORIZATION_TOKEN_EXPIRED"), Some(401)),
            (Some(200), Some("permission_denied"), Some(403)),
            (None, Some("SERVICE_UNAVAILABLE"), Some(503)),
            (None, Some("E42"), None),
            (None, None, None),
        ] {
            let error = Event::ServerError(ServerError {
                status,
                code: code.map(str::to_owned),
                retry_after: None,
            });
            let answer = response_of(&error).map(|head| head.status);
            assert_eq!(answer, wanted, "{status:?} {code:?}");
            let among = Event::Several(vec![Event::Heartbeat, error]);
            assert_eq!(response_of(&among).map(|head| head.status), wanted);
        }
    }
}
