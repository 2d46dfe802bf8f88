//! The end of a grant.

use gloria_sign_in::{Client, LaterCause, RenewalAnswer, RevokeError};
use gloria_sign_in_tests::Provider;
use serde_json::json;

use crate::person::Person;
use crate::stage::{client, sign_in};

async fn is_good(client: &Client, token: &secrecy::SecretString, who: &gloria_sign_in::Identity) -> bool {
    matches!(client.renew(token, who).await, RenewalAnswer::Renewed(_))
}

#[tokio::test]
async fn the_newest_token_ends_a_grant_and_an_unknown_one_is_answered_alike() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let grant = sign_in(&client, &Person::new("anna")).await;
    let first = grant.refresh_token.unwrap();
    let RenewalAnswer::Renewed(renewed) = client.renew(&first, &grant.identity).await else {
        panic!("not renewed");
    };
    let second = renewed.refresh_token.unwrap();
    assert_eq!(client.revoke(&"unknown".into()).await, Ok(()));
    let RenewalAnswer::Renewed(renewed) = client.renew(&second, &grant.identity).await else {
        panic!("revoked by an unknown token");
    };
    let third = renewed.refresh_token.unwrap();
    assert_eq!(client.revoke(&third).await, Ok(()));
    assert!(!is_good(&client, &third, &grant.identity).await);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_has_ended_nothing() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let grant = sign_in(&client, &Person::new("anna")).await;
    let token = grant.refresh_token.unwrap();
    provider.fault("/token/revocation", "gateway").await;
    let failed = client.revoke(&token).await;
    assert_eq!(failed, Err(RevokeError::Later(LaterCause::Status(502))));
    provider.fault("/token/revocation", "cut").await;
    let failed = client.revoke(&token).await;
    assert!(
        matches!(failed, Err(RevokeError::Later(LaterCause::Network(_)))),
        "{failed:?}"
    );
    assert!(is_good(&client, &token, &grant.identity).await);
}

#[tokio::test]
async fn a_provider_without_revocation_says_so() {
    let provider = Provider::usual().await;
    provider
        .change_metadata(json!({"revocation_endpoint": null}))
        .await;
    let client = client(&provider).await;
    assert_eq!(client.revoke(&"x".into()).await, Err(RevokeError::NotOffered));
}
