use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gloria_stream::NetworkOptions;
use gloria_stream::http::{DialLimits, Http, HttpOptions};
use proptest::prelude::*;
use serde_json::json;
use std::time::Instant;

use super::*;
use crate::lifetime::Moment;

const NOW: u64 = 1_800_000_000;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn issuer() -> Issuer {
    Issuer::parse("https://id.example").unwrap()
}

fn token(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(header), part(claims))
}

fn claims() -> Value {
    json!({
        "iss": "https://id.example",
        "aud": "gloria",
        "sub": "user-1",
        "nonce": "n-1",
        "iat": NOW,
        "exp": NOW + 60,
    })
}

fn with(changed: &Value) -> Value {
    let mut claims = claims();
    for (name, value) in changed.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn read_claims(claims: &Value, nonce: Option<&str>, date: Option<u64>) -> Result<Identity, IdentityError> {
    read_token(&token(&json!({"alg": "RS256"}), claims), nonce, date)
}

fn read_token(token: &str, nonce: Option<&str>, date: Option<u64>) -> Result<Identity, IdentityError> {
    let nonce = nonce.map(SecretString::from);
    read_for(token, nonce.as_ref().map_or(Nonce::Unsent, Nonce::Sent), date)
}

fn read_for(token: &str, nonce: Nonce<'_>, date: Option<u64>) -> Result<Identity, IdentityError> {
    let expected = ExpectedIdentity {
        issuer: &issuer(),
        client_id: "gloria",
        nonce,
        date: date.map(at),
    };
    read(token, &expected).map(|(identity, _)| identity)
}

fn read_with(changed: Value) -> Result<Identity, IdentityError> {
    read_claims(&with(&changed), Some("n-1"), Some(NOW))
}

#[test]
fn a_person_is_read_and_prints_as_a_key() {
    let identity = read_with(json!({"name": "Anna\u{202e}", "email": "anna@gloria.example"})).unwrap();
    assert_eq!(identity.subject, "user-1");
    assert_eq!(identity.name.as_deref(), Some("Anna"));
    assert_eq!(identity.email.as_deref(), Some("anna@gloria.example"));
    let printed = format!("{identity:?}");
    assert!(
        !printed.contains("Anna") && !printed.contains("user-1"),
        "{printed}"
    );
    let named = read_with(json!({"name": "", "preferred_username": "anna", "email": 7})).unwrap();
    assert_eq!((named.name.as_deref(), named.email), (Some("anna"), None));
}

#[test]
fn issuer_audience_and_subject_must_be_what_was_asked_for() {
    for (changed, error) in [
        (json!({"iss": "https://id.example/"}), IdentityError::OtherIssuer),
        (json!({"iss": null}), IdentityError::OtherIssuer),
        (json!({"aud": "other"}), IdentityError::OtherAudience),
        (json!({"aud": ["other"]}), IdentityError::OtherAudience),
        (json!({"aud": null}), IdentityError::OtherAudience),
        (json!({"aud": ["gloria", "other"]}), IdentityError::OtherAudience),
        (
            json!({"aud": ["gloria", "other"], "azp": "other"}),
            IdentityError::OtherAudience,
        ),
        (json!({"azp": "other"}), IdentityError::OtherAudience),
        (json!({"sub": ""}), IdentityError::NoSubject),
        (json!({"sub": 7}), IdentityError::NoSubject),
        (json!({"sub": "a".repeat(256)}), IdentityError::NoSubject),
        (json!({"nonce": "n-2"}), IdentityError::Nonce),
        (json!({"nonce": null}), IdentityError::Nonce),
        (json!({"nonce": 1}), IdentityError::Nonce),
    ] {
        assert_eq!(read_with(changed.clone()), Err(error), "{changed}");
    }
    for changed in [
        json!({"aud": ["gloria"]}),
        json!({"aud": ["gloria"], "azp": "gloria"}),
        json!({"aud": ["other", "gloria"], "azp": "gloria"}),
        json!({"azp": "gloria"}),
    ] {
        assert!(read_with(changed.clone()).is_ok(), "{changed}");
    }
    // One that was not asked for is another sign-in's.
    assert_eq!(read_claims(&claims(), None, None), Err(IdentityError::Nonce));
    assert!(read_claims(&with(&json!({"nonce": null})), None, None).is_ok());
    // A renewal may repeat it.
    for nonce in [json!("n-1"), Value::Null] {
        let token = token(&json!({"alg": "RS256"}), &with(&json!({"nonce": nonce})));
        assert!(read_for(&token, Nonce::Forgotten, None).is_ok());
        assert!(read_for(&token, Nonce::Repeated("n-1"), None).is_ok());
    }
    let repeated = token(&json!({"alg": "RS256"}), &with(&json!({"nonce": "n-2"})));
    let error = read_for(&repeated, Nonce::Repeated("n-1"), None);
    assert_eq!(error, Err(IdentityError::Nonce));
}

#[test]
fn times_are_judged_by_the_answer_they_came_in() {
    for (issued, expires, date, error) in [
        (NOW, NOW + 60, NOW, None),
        (NOW, NOW + 60, NOW + 359, None),
        (NOW, NOW + 60, NOW + 360, Some(IdentityError::Expired)),
        (NOW, NOW + 60, NOW - 300, None),
        (NOW, NOW + 60, NOW - 301, Some(IdentityError::NotYet)),
    ] {
        let changed = json!({"iat": issued, "exp": expires});
        let result = read_claims(&with(&changed), Some("n-1"), Some(date));
        assert_eq!(result.err(), error, "{date}");
    }
    for broken in [
        json!({"exp": null}),
        json!({"iat": "x"}),
        json!({"exp": -1}),
        json!({"exp": 1e300}),
    ] {
        assert_eq!(
            read_with(broken.clone()),
            Err(IdentityError::Malformed),
            "{broken}"
        );
    }
    // Without a date nobody knows whose clock is wrong.
    assert!(read_claims(&with(&json!({"exp": 1})), Some("n-1"), None).is_ok());
}

#[test]
fn only_the_two_signatures_of_the_standard_are_supported() {
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "HS256"}),
        json!({"alg": "rs256"}),
        json!({"alg": "PS256"}),
        json!({}),
    ] {
        let token = token(&header, &claims());
        assert_eq!(
            read_token(&token, Some("n-1"), None),
            Err(IdentityError::Algorithm),
            "{header}"
        );
    }
    let critical = json!({"alg": "RS256", "crit": ["b64"], "b64": false});
    for broken in [
        token(&critical, &claims()),
        String::new(),
        "a.b".to_owned(),
        "a.b.c.d.e".to_owned(),
        token(&json!([]), &claims()),
        token(&json!({"alg": "RS256"}), &json!("x")),
    ] {
        assert_eq!(
            read_token(&broken, Some("n-1"), None),
            Err(IdentityError::Malformed),
            "{broken}"
        );
    }
}

#[test]
fn a_key_for_files_is_of_issuer_and_subject() {
    let key = |issuer: &str, subject: &str| {
        let identity = Identity {
            issuer: Issuer::parse(issuer).unwrap(),
            subject: subject.to_owned(),
            name: None,
            email: None,
            nonce: None,
        };
        identity.key().to_string()
    };
    let one = key("https://id.example", "user-1");
    // `printf 'https://id.example\0user-1' | sha256sum`
    assert_eq!(one, "cd928e2854a6e81116f5531bec532621");
    assert_ne!(one, key("https://id.example", "user-2"));
    assert_ne!(one, key("https://id.example/", "user-1"));
}

fn signed() -> Value {
    serde_json::from_str(include_str!("signed.json")).unwrap()
}

/// Nothing listens there.
fn http() -> Http {
    Http::new(HttpOptions {
        user_agent: "test".to_owned(),
        network: NetworkOptions::default(),
        limits: DialLimits::default(),
    })
}

async fn check(token: &str, keys: &Value) -> Result<(), IdentityError> {
    let now = Moment {
        monotonic: Instant::now(),
        wall: SystemTime::now(),
    };
    let keys = Keys::of(keys.to_string().as_bytes(), now);
    let url = "http://127.0.0.1:9/".parse().unwrap();
    let signed = Signed::read(token)?;
    keys.check(&signed, &http(), Some(&url), now).await
}

#[tokio::test]
async fn signatures_are_checked_with_the_key_that_is_named() {
    let signed = signed();
    for name in ["rs256", "es256", "nokid"] {
        let token = signed[name].as_str().unwrap();
        assert_eq!(check(token, &signed).await, Ok(()), "{name}");
        assert!(read_token(token, Some("n-1"), Some(NOW)).is_ok(), "{name}");
        // One letter of what is signed, and of the signature.
        for at in [token.find('.').unwrap() + 20, token.rfind('.').unwrap() + 20] {
            let mut changed = token.as_bytes().to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            let expected = match name {
                "nokid" => IdentityError::NoKeys,
                _ => IdentityError::Signature,
            };
            assert_eq!(check(&changed, &signed).await, Err(expected), "{name}");
        }
    }
}

#[tokio::test]
async fn a_key_is_used_for_its_own_algorithm_alone() {
    let mut confused = signed();
    let token = confused["rs256"].as_str().unwrap().to_owned();
    for (name, value) in [("use", "enc"), ("alg", "PS256"), ("kty", "oct"), ("n", "")] {
        let mut keys = confused.clone();
        keys["keys"][0][name] = value.into();
        assert!(check(&token, &keys).await.is_err(), "{name}");
    }
    confused["keys"][1]["kid"] = "r1".into();
    confused["keys"][0]["kid"] = "e1".into();
    assert_eq!(check(&token, &confused).await, Err(IdentityError::Signature));
    // Keys without name of an algorithm, as many providers have them, and with others between.
    let mut plain = signed();
    plain["keys"][0].as_object_mut().unwrap().remove("alg");
    plain["keys"]
        .as_array_mut()
        .unwrap()
        .insert(0, json!({"kty": "OKP"}));
    assert_eq!(check(&token, &plain).await, Ok(()));
    for nothing in [json!({"keys": []}), json!({}), json!({"keys": 7})] {
        assert_eq!(
            check(&token, &nothing).await,
            Err(IdentityError::NoKeys),
            "{nothing}"
        );
    }
}

proptest! {
    #[test]
    fn no_token_is_a_panic(text in "\\PC{0,60}", claims in "[\\[\\]{}\",:a-z0-9]{0,40}") {
        prop_assert!(read_token(&text, None, Some(NOW)).is_err());
        if let Ok(claims) = serde_json::from_str(&claims) {
            prop_assert!(read_claims(&claims, None, Some(NOW)).is_err());
        }
    }
}
