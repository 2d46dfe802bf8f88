//! The sign-in by a code that is entered on another device.

use std::time::{Duration, Instant};

use gloria_sign_in::{Client, DeviceError, RenewalAnswer};
use gloria_sign_in_tests::Provider;
use serde_json::{Value, json};

use crate::person::{Decision, Person};
use crate::stage::client;

/// A provider that wants to be asked every second, so that nobody waits long.
async fn quick(options: Value) -> (Provider, Client) {
    let provider = Provider::start(options).await;
    let changes = json!({"interval": 1});
    let fault =
        json!({"do": "fault", "route": "/device/auth", "kind": "metadata", "times": 9, "changes": changes});
    provider.order(fault).await;
    let client = client(&provider).await;
    (provider, client)
}

#[tokio::test]
async fn a_code_that_is_entered_elsewhere_signs_in_here_once() {
    let (provider, client) = quick(json!({})).await;
    let mut attempt = client.begin_device().await.unwrap();
    assert!(attempt.verification_uri_complete().is_some());
    let (page, code) = (
        attempt.verification_uri().clone(),
        attempt.user_code().to_lowercase(),
    );
    let entered = async {
        // It has been asked in vain before.
        while provider.count("POST /token").await == 0 {
            tokio::task::yield_now().await;
        }
        Person::new("anna")
            .enter_code(&page, &code, Decision::Agree)
            .await
    };
    let (grant, _) = tokio::join!(attempt.wait(), entered);
    let grant = grant.unwrap();
    assert_eq!(grant.identity.subject, "anna");
    assert_eq!(attempt.wait().await.unwrap_err(), DeviceError::Expired);
    // This provider takes a second time for theft, so the grant is gone now; that of another code is good.
    let mut attempt = client.begin_device().await.unwrap();
    let (page, code) = (attempt.verification_uri().clone(), attempt.user_code().to_owned());
    Person::new("bert")
        .enter_code(&page, &code, Decision::Agree)
        .await;
    let grant = attempt.wait().await.unwrap();
    let token = grant.refresh_token.expect("a refresh token");
    let renewed = client.renew(&token, &grant.identity).await;
    assert!(matches!(renewed, RenewalAnswer::Renewed(_)), "{renewed:?}");
}

#[tokio::test]
async fn a_provider_that_asks_to_slow_down_is_asked_less_often() {
    let (provider, client) = quick(json!({})).await;
    let mut attempt = client.begin_device().await.unwrap();
    let (page, code) = (attempt.verification_uri().clone(), attempt.user_code().to_owned());
    provider.fault("/token", "slow-down").await;
    let begun = Instant::now();
    Person::new("anna")
        .enter_code(&page, &code, Decision::Agree)
        .await;
    attempt.wait().await.unwrap();
    assert_eq!(provider.count("POST /token").await, 2);
    assert!(begun.elapsed() >= Duration::from_secs(6), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_failure_is_no_refusal() {
    let (provider, client) = quick(json!({})).await;
    let mut attempt = client.begin_device().await.unwrap();
    let (page, code) = (attempt.verification_uri().clone(), attempt.user_code().to_owned());
    provider.fault("/token", "gateway").await;
    Person::new("anna")
        .enter_code(&page, &code, Decision::Agree)
        .await;
    assert_eq!(attempt.wait().await.unwrap().identity.subject, "anna");
    let provider = Provider::usual().await;
    let client = self::client(&provider).await;
    provider.fault("/device/auth", "broken").await;
    assert!(matches!(client.begin_device().await, Err(DeviceError::Later(_))));
}

#[tokio::test]
async fn who_refuses_on_the_other_device_is_believed_here() {
    let (_provider, client) = quick(json!({})).await;
    let mut attempt = client.begin_device().await.unwrap();
    let (page, code) = (attempt.verification_uri().clone(), attempt.user_code().to_owned());
    Person::new("anna")
        .enter_code(&page, &code, Decision::Cancel)
        .await;
    assert_eq!(attempt.wait().await.unwrap_err(), DeviceError::Denied);
}

#[tokio::test]
async fn a_code_that_nobody_enters_expires() {
    let (provider, client) = quick(json!({"device": 3})).await;
    let mut attempt = client.begin_device().await.unwrap();
    assert!(attempt.remaining() <= Duration::from_secs(3));
    assert_eq!(attempt.wait().await.unwrap_err(), DeviceError::Expired);
    assert!(provider.count("POST /token").await <= 2);
}

#[tokio::test]
async fn a_provider_without_it_says_so() {
    let provider = Provider::usual().await;
    let changes = json!({"device_authorization_endpoint": null});
    provider.change_metadata(changes).await;
    let client = client(&provider).await;
    assert_eq!(client.begin_device().await.unwrap_err(), DeviceError::NotOffered);
}
