//! Renewals: rotation, reuse, lost answers, and what is not the end of a session.

use std::time::{Duration, Instant};

use gloria_sign_in::{Client, Grant, Identity, LaterCause, ProviderRefusal, RenewalAnswer, Renewed};
use gloria_sign_in_tests::{ANY_PORT, Provider};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::person::Person;
use crate::stage::{Clocks, client, client_with, sign_in};

async fn signed_in(client: &Client) -> (Grant, SecretString) {
    let grant = sign_in(client, &Person::new("anna")).await;
    let token = grant.refresh_token.clone().unwrap();
    (grant, token)
}

async fn renewed(client: &Client, token: &SecretString, who: &Identity) -> Renewed {
    let answer = client.renew(token, who).await;
    let RenewalAnswer::Renewed(renewed) = answer else {
        panic!("{answer:?}");
    };
    *renewed
}

fn is_spent(answer: &RenewalAnswer) -> bool {
    matches!(answer, RenewalAnswer::Spent)
}

#[tokio::test]
async fn tokens_rotate_and_a_former_one_ends_them_all() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let (grant, first) = signed_in(&client).await;
    let renewed_once = renewed(&client, &first, &grant.identity).await;
    let second = renewed_once.refresh_token.unwrap();
    assert_ne!(first.expose_secret(), second.expose_secret());
    assert_ne!(
        grant.access_token.expose_secret(),
        renewed_once.access_token.expose_secret()
    );
    assert_eq!(renewed_once.identity, Some(grant.identity.clone()));
    assert_eq!(renewed_once.doubt, None);
    let third = renewed(&client, &second, &grant.identity)
        .await
        .refresh_token
        .unwrap();

    assert!(is_spent(&client.renew(&first, &grant.identity).await));
    assert!(is_spent(&client.renew(&third, &grant.identity).await));
}

#[tokio::test]
async fn a_token_that_does_not_rotate_stays() {
    let provider = Provider::start(json!({"rotate": false, "opaque": true})).await;
    let client = client(&provider).await;
    let (grant, token) = signed_in(&client).await;
    for _ in 0..3 {
        let renewed = renewed(&client, &token, &grant.identity).await;
        let next = renewed.refresh_token.as_ref().unwrap_or(&token);
        assert_eq!(next.expose_secret(), token.expose_secret());
    }
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_once_and_said_to_be_lost() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let (grant, token) = signed_in(&client).await;
    let before = provider.count("POST /token").await;
    provider.fault("/token", "lost").await;
    let RenewalAnswer::Later(later) = client.renew(&token, &grant.identity).await else {
        panic!("no answer is no end");
    };
    assert!(
        later.lost && matches!(later.why, LaterCause::Network(_)),
        "{later:?}"
    );
    assert_eq!(provider.count("POST /token").await, before + 1);
    // This provider gives no second chance.
    assert!(is_spent(&client.renew(&token, &grant.identity).await));
}

#[tokio::test]
async fn whatever_answers_in_the_providers_place_the_token_is_kept() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let (grant, mut token) = signed_in(&client).await;
    for (kind, lost) in [
        ("broken", true),
        ("busy", false),
        ("gateway", true),
        ("portal", false),
        ("elsewhere", false),
        ("not-found", false),
        ("large", true),
        ("cut", true),
    ] {
        provider.fault("/token", kind).await;
        let answer = client.renew(&token, &grant.identity).await;
        let RenewalAnswer::Later(later) = answer else {
            panic!("{kind}: {answer:?}");
        };
        assert_eq!(later.lost, lost, "{kind}");
        let renewed = renewed(&client, &token, &grant.identity).await;
        token = renewed.refresh_token.unwrap();
    }
    assert_eq!(provider.count("GET /elsewhere").await, 0);
}

/// It takes the half minute that a renewal may take.
#[tokio::test]
async fn a_provider_that_never_answers_is_given_half_a_minute() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let (grant, token) = signed_in(&client).await;
    provider.fault("/token", "silent").await;
    let begun = Instant::now();
    let answer = client.renew(&token, &grant.identity).await;
    let RenewalAnswer::Later(later) = answer else {
        panic!("{answer:?}");
    };
    assert!(later.lost);
    assert!(
        begun.elapsed() >= Duration::from_secs(29),
        "{:?}",
        begun.elapsed()
    );
    // It had not begun.
    renewed(&client, &token, &grant.identity).await;
}

#[tokio::test]
async fn a_matter_for_the_administrator_is_no_end_either() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let (grant, token) = signed_in(&client).await;
    provider.fault("/token", "invalid-scope").await;
    let answer = client.renew(&token, &grant.identity).await;
    assert!(
        matches!(
            answer,
            RenewalAnswer::Misconfigured(ProviderRefusal::InvalidScope)
        ),
        "{answer:?}"
    );
    // An application that the provider no longer knows.
    let unknown = client_with(&provider, "removed", &Clocks::default()).await;
    let answer = unknown.renew(&token, &grant.identity).await;
    assert!(
        matches!(
            answer,
            RenewalAnswer::Misconfigured(ProviderRefusal::InvalidClient)
        ),
        "{answer:?}"
    );
    renewed(&client, &token, &grant.identity).await;
}

#[tokio::test]
async fn a_grant_that_was_revoked_there_is_spent_here() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let (grant, token) = signed_in(&client).await;
    provider.order(json!({"do": "revoke"})).await;
    assert!(is_spent(&client.renew(&token, &grant.identity).await));
    provider.fault("/token", "invalid-grant").await;
    assert!(is_spent(&client.renew(&token, &grant.identity).await));
}

#[tokio::test]
async fn a_token_that_was_not_used_for_too_long_is_spent() {
    let provider = Provider::start(json!({"refresh": 60})).await;
    let client = client(&provider).await;
    let (grant, token) = signed_in(&client).await;
    provider.order(json!({"do": "clock", "seconds": 61})).await;
    assert!(is_spent(&client.renew(&token, &grant.identity).await));
}

#[tokio::test]
async fn a_renewal_for_somebody_else_is_refused() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let (grant, token) = signed_in(&client).await;
    // The provider repeats the nonce, so another one is of another sign-in.
    let (first, second) = (grant.identity.clone(), signed_in(&client).await);
    assert!(first.nonce.is_some() && first.nonce != second.0.identity.nonce);
    let answer = client.renew(&second.1, &first).await;
    assert!(matches!(answer, RenewalAnswer::OtherPerson), "{answer:?}");
    let other = Identity {
        subject: "bert".to_owned(),
        ..grant.identity
    };
    let answer = client.renew(&token, &other).await;
    assert!(matches!(answer, RenewalAnswer::OtherPerson), "{answer:?}");
}

#[tokio::test]
async fn new_keys_of_the_provider_are_fetched_once_and_not_all_the_time() {
    let provider = Provider::usual().await;
    let clocks = Clocks::default();
    let client = client_with(&provider, ANY_PORT, &clocks).await;
    let (grant, mut token) = signed_in(&client).await;
    assert_eq!(provider.count("GET /jwks").await, 1);
    for (passed, fetched, is_checked) in [(0, 1, false), (61, 2, true), (0, 2, true)] {
        if passed == 0 && fetched == 1 {
            provider.order(json!({"do": "rotate"})).await;
        }
        clocks.advance(Duration::from_secs(passed));
        let renewed = renewed(&client, &token, &grant.identity).await;
        assert_eq!(renewed.doubt.is_none(), is_checked, "{:?}", renewed.doubt);
        assert!(renewed.identity.is_some());
        assert_eq!(provider.count("GET /jwks").await, fetched);
        token = renewed.refresh_token.unwrap();
    }
    provider.order(json!({"do": "forget"})).await;
    assert_eq!(renewed(&client, &token, &grant.identity).await.doubt, None);
}
