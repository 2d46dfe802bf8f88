use gloria_stream::machine::BreakOff;
use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;

/// In short: what an answer means.
fn kind(status: u16, body: &str) -> String {
    let status = StatusCode::from_u16(status).unwrap();
    match classify(status, body.as_bytes(), None, None) {
        Answer::Tokens(tokens) => format!(
            "{} {:?} {:?}",
            tokens.access_token.expose_secret(),
            tokens.refresh_token.map(|token| token.expose_secret().to_owned()),
            tokens.lasts.map(|lasts| lasts.as_secs()),
        ),
        Answer::Refused(refusal) => format!("refused {}", refusal.code()),
        Answer::Later(later) => format!("later {:?} lost {}", later.why, later.lost),
    }
}

#[test]
fn answers_mean_what_the_standard_says() {
    for (status, body, meaning) in [
        (
            200,
            r#"{"access_token":"a","token_type":"Bearer","expires_in":60}"#,
            "a None Some(60)",
        ),
        (
            200,
            r#"{"access_token":"a","refresh_token":"r","token_type":"bEARER"}"#,
            r#"a Some("r") None"#,
        ),
        (201, r#"{"access_token":"a"}"#, "a None None"),
        (
            200,
            r#"{"access_token":"a","refresh_token":"","expires_in":"90"}"#,
            "a None Some(90)",
        ),
        (200, r#"{"access_token":"a","expires_in":"soon"}"#, "a None None"),
        (200, r#"{"access_token":"a","expires_in":0}"#, "a None None"),
        (200, r#"{"access_token":"a","expires_in":-5}"#, "a None None"),
        (
            200,
            r#"{"access_token":"a","expires_in":59.9}"#,
            "a None Some(59)",
        ),
        (
            200,
            r#"{"access_token":"a","expires_in":1000000000000}"#,
            "a None Some(1000000000000)",
        ),
        (200, r#"{"access_token":"a","expires_in":1e300}"#, "a None None"),
        (200, r#"{"access_token":"a","expires_in":[]}"#, "a None None"),
        // Nothing that can be sent.
        (200, r#"{}"#, "later NoToken lost false"),
        (200, r#"{"access_token":""}"#, "later NoToken lost false"),
        (200, r#"{"access_token":7}"#, "later NoToken lost false"),
        (200, r#"{"access_token":"a\r\nX: y"}"#, "later NoToken lost false"),
        (
            200,
            r#"{"access_token":"a","token_type":"DPoP"}"#,
            "refused token_type",
        ),
        // Not the provider's answer.
        (
            200,
            "<html>sign in to the guest network</html>",
            "later NotJson lost false",
        ),
        (200, "", "later NotJson lost false"),
        (200, "[]", "later NotJson lost false"),
        (302, "", "later Status(302) lost false"),
        (400, "<html>", "later Status(400) lost false"),
        (401, "", "later Status(401) lost false"),
        (403, "<html>firewall</html>", "later Status(403) lost false"),
        (404, "{}", "later Status(404) lost false"),
        (407, "", "later Status(407) lost false"),
        (511, "<html>", "later Status(511) lost true"),
        // Not now.
        (408, "", "later Status(408) lost false"),
        (425, "", "later Status(425) lost false"),
        (
            429,
            r#"{"error":"invalid_grant"}"#,
            "later Status(429) lost false",
        ),
        (500, r#"{"error":"invalid_grant"}"#, "later Status(500) lost true"),
        (502, "<html>", "later Status(502) lost true"),
        (
            400,
            r#"{"error":"temporarily_unavailable"}"#,
            "later Status(400) lost false",
        ),
        (400, r#"{"error":"server_error"}"#, "later Status(400) lost false"),
        // Spent.
        (400, r#"{"error":"invalid_grant"}"#, "refused invalid_grant"),
        (401, r#"{"error":"invalid_grant"}"#, "refused invalid_grant"),
        (200, r#"{"error":"invalid_grant"}"#, "refused invalid_grant"),
        // For the administrator.
        (401, r#"{"error":"invalid_client"}"#, "refused invalid_client"),
        (
            400,
            r#"{"error":"unauthorized_client"}"#,
            "refused unauthorized_client",
        ),
        (400, r#"{"error":"invalid_scope"}"#, "refused invalid_scope"),
        (
            400,
            r#"{"error":"unsupported_grant_type"}"#,
            "refused unsupported_grant_type",
        ),
        (403, r#"{"error":"access_denied"}"#, "refused access_denied"),
        (400, r#"{"error":"x\u0000y"}"#, "refused xy"),
    ] {
        assert_eq!(kind(status, body), meaning, "{status} {body}");
    }
    // By a status that is not the standard's, it does not say that the token is spent.
    let body = br#"{"error":"invalid_grant"}"#;
    let forbidden = classify(StatusCode::FORBIDDEN, body, None, None);
    assert!(
        matches!(&forbidden, Answer::Refused(ProviderRefusal::Other(code)) if code == "invalid_grant"),
        "{forbidden:?}"
    );
}

#[test]
fn a_provider_says_when_to_come_back() {
    let date = httpdate::parse_http_date("Thu, 01 Jan 2026 00:00:00 GMT").unwrap();
    for (header, after) in [
        ("2", Some(2)),
        (" 120 ", Some(120)),
        ("1000000", Some(3600)),
        ("Thu, 01 Jan 2026 00:01:00 GMT", Some(60)),
        ("Wed, 31 Dec 2025 00:01:00 GMT", Some(0)),
        ("soon", None),
        ("-1", None),
        ("", None),
    ] {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(header))]);
        let after = after.map(Duration::from_secs);
        assert_eq!(retry_after(&headers, Some(date)), after, "{header}");
    }
    assert_eq!(retry_after(&HeaderMap::new(), Some(date)), None);
}

#[test]
fn an_answer_is_lost_only_if_there_was_a_question() {
    let limit = Duration::from_secs(1);
    for (error, lost) in [
        (RequestError::TimedOut(limit), true),
        (RequestError::TooLarge(1), true),
        (RequestError::BrokenOff(BreakOff::Reset), true),
        (DialError::AnswerTimedOut(limit).into(), true),
        (DialError::BrokenOff(BreakOff::Truncated).into(), true),
        (DialError::ConnectionRefused.into(), false),
        (DialError::NameNotFound.into(), false),
        (DialError::ConnectTimedOut(limit).into(), false),
        (DialError::NetworkSignIn.into(), false),
    ] {
        assert_eq!(may_have_arrived(&error), lost, "{error}");
    }
}

proptest! {
    #[test]
    fn no_bytes_are_a_panic(status in 100_u16..600, body: Vec<u8>) {
        let status = StatusCode::from_u16(status).unwrap();
        let answer = classify(status, &body, None, None);
        prop_assert!(!matches!(answer, Answer::Tokens(_)));
    }

    /// Only these words of the provider's own may end a session.
    #[test]
    fn a_token_is_spent_by_nothing_else(status in 100_u16..600, code in "[a-z_]{0,20}") {
        let body = serde_json::json!({ "error": code }).to_string();
        let status = StatusCode::from_u16(status).unwrap();
        let answer = classify(status, body.as_bytes(), None, None);
        let is_spent = matches!(answer, Answer::Refused(ProviderRefusal::InvalidGrant));
        prop_assert!(!is_spent || code == "invalid_grant");
    }

    #[test]
    fn an_answer_prints_no_token(access in "[a-z]{20}", refresh in "[a-z]{20}") {
        let body = serde_json::json!({ "access_token": access, "refresh_token": refresh, "id_token": refresh });
        let answer = classify(StatusCode::OK, body.to_string().as_bytes(), None, None);
        let printed = format!("{answer:?}");
        prop_assert!(!printed.contains(&access) && !printed.contains(&refresh));
    }
}
