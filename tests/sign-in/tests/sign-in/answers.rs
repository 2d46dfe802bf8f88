//! What the token endpoint answers to a code, and what it refuses.

use gloria_sign_in::{Client, LaterCause, ProviderRefusal, SignInError};
use gloria_sign_in_tests::Provider;
use serde_json::json;
use url::Url;

use crate::person::Person;
use crate::stage::{begin, client, complete, sign_in};

/// A sign-in whose callback is this, and how it fails.
async fn failed(client: &Client, person: &Person, change: impl Fn(Url) -> Url) -> SignInError {
    let mut attempt = begin(client).await;
    let callback = change(person.walk(attempt.link()).await);
    let (result, page) = tokio::join!(attempt.wait(), person.open(&callback));
    assert!(page.contains("sign-in-page-failed"), "{page}");
    result.unwrap_err()
}

fn with(url: &Url, name: &str, value: &str) -> Url {
    let mut changed = url.clone();
    let pairs = url.query_pairs().filter(|(key, _)| key != name);
    changed
        .query_pairs_mut()
        .clear()
        .extend_pairs(pairs)
        .append_pair(name, value);
    changed
}

#[tokio::test]
async fn whatever_else_answers_a_code_it_is_sent_once_and_the_next_sign_in_works() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let person = Person::new("anna");
    let mut exchanges = 0;
    for (kind, lost, cause) in [
        ("broken", true, Some(LaterCause::Status(500))),
        ("busy", false, Some(LaterCause::Status(429))),
        ("gateway", true, Some(LaterCause::Status(502))),
        ("portal", false, Some(LaterCause::NotJson)),
        ("elsewhere", false, Some(LaterCause::Status(302))),
        ("large", true, None),
        ("cut", true, None),
        ("lost", true, None),
    ] {
        provider.fault("/token", kind).await;
        let SignInError::Later(later) = failed(&client, &person, |url| url).await else {
            panic!("{kind}");
        };
        assert_eq!(later.lost, lost, "{kind}");
        assert_eq!(
            later.retry_after.map(|after| after.as_secs()),
            (kind == "busy").then_some(2)
        );
        match cause {
            Some(cause) => assert_eq!(later.why, cause, "{kind}"),
            None => assert!(matches!(later.why, LaterCause::Network(_)), "{kind}"),
        }
        exchanges += 1;
        assert_eq!(provider.count("POST /token").await, exchanges, "{kind}");
    }
    assert_eq!(provider.count("GET /elsewhere").await, 0);
    sign_in(&client, &person).await;
}

#[tokio::test]
async fn an_error_of_the_provider_is_reported_with_its_code() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let person = Person::new("anna");
    for (kind, error) in [
        ("invalid-grant", SignInError::CodeRefused),
        (
            "invalid-scope",
            SignInError::Misconfigured(ProviderRefusal::InvalidScope),
        ),
    ] {
        provider.fault("/token", kind).await;
        assert_eq!(failed(&client, &person, |url| url).await, error, "{kind}");
    }
}

/// A code is worth nothing without the verifier of its own sign-in.
#[tokio::test]
async fn a_code_of_another_sign_in_is_refused() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let (person, thief) = (Person::new("anna"), Person::new("eve"));
    let stolen = begin(&client).await;
    let callback = thief.walk(stolen.link()).await;
    let code = callback.query_pairs().find(|(name, _)| name == "code").unwrap().1;
    let error = failed(&client, &person, |url| with(&url, "code", &code)).await;
    assert_eq!(error, SignInError::CodeRefused);
    assert_eq!(provider.count("POST /token").await, 1);
}

#[tokio::test]
async fn a_code_that_is_too_old_is_refused() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let person = Person::new("anna");
    let mut attempt = begin(&client).await;
    let callback = person.walk(attempt.link()).await;
    provider.order(json!({"do": "clock", "seconds": 120})).await;
    let (result, _) = tokio::join!(attempt.wait(), person.open(&callback));
    assert_eq!(result.unwrap_err(), SignInError::CodeRefused);
}

/// Somebody between here and the provider takes the challenge's protection away.
#[tokio::test]
async fn a_challenge_that_was_weakened_brings_no_code() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let person = Person::new("anna");
    for (name, value) in [("code_challenge_method", "plain"), ("code_challenge", "")] {
        let mut attempt = begin(&client).await;
        let weak = with(attempt.link(), name, value);
        let callback = person.walk(&weak).await;
        let (result, _) = tokio::join!(attempt.wait(), person.open(&callback));
        let Err(SignInError::Refused(refusal)) = result else {
            panic!("{name}: {result:?}");
        };
        assert_eq!(refusal.code, "invalid_request");
    }
    // With a verifier of somebody else the code is worth nothing.
    let mut attempt = begin(&client).await;
    let other = with(
        attempt.link(),
        "code_challenge",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    );
    let callback = person.walk(&other).await;
    let (result, _) = tokio::join!(attempt.wait(), person.open(&callback));
    assert_eq!(result.unwrap_err(), SignInError::CodeRefused);
}

/// Providers revoke what a code gave when it comes a second time: nothing here may send it twice.
#[tokio::test]
async fn a_reload_of_the_callback_exchanges_nothing_again() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let person = Person::new("anna");
    let attempt = begin(&client).await;
    let callback = person.walk(attempt.link()).await;
    let (grant, page) = complete(attempt, &person, &callback).await;
    for _ in 0..3 {
        assert_eq!(person.open(&callback).await, page);
    }
    assert_eq!(provider.count("POST /token").await, 1);
    let renewed = client.renew(&grant.refresh_token.unwrap(), &grant.identity).await;
    assert!(
        matches!(renewed, gloria_sign_in::RenewalAnswer::Renewed(_)),
        "{renewed:?}"
    );
}
