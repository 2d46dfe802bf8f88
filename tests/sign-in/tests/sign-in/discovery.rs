//! What a provider says of itself, and when it is believed.

use gloria_sign_in::{DiscoveryError, Issuer, discover};
use gloria_sign_in_tests::Provider;
use gloria_stream::http::RequestError;
use serde_json::json;

use crate::person::{Person, http};
use crate::stage::{begin, client, issuer, sign_in};

const OPENID: &str = "/.well-known/openid-configuration";

#[tokio::test]
async fn an_issuer_with_a_path_is_found_at_its_places_in_order() {
    let provider = Provider::start(json!({"prefix": "/realms/gloria"})).await;
    let metadata = discover(&http(), &issuer(&provider)).await.unwrap();
    assert!(metadata.token_endpoint.as_str().starts_with(&provider.issuer));
    assert_eq!(provider.log().await, [format!("GET /realms/gloria{OPENID}")]);

    provider.fault(OPENID, "not-found").await;
    assert_eq!(discover(&http(), &issuer(&provider)).await.unwrap(), metadata);
    assert_eq!(
        provider.log().await[1..],
        [
            format!("GET /realms/gloria{OPENID}"),
            "GET /.well-known/oauth-authorization-server/realms/gloria".to_owned(),
            "GET /realms/gloria/.well-known/oauth-authorization-server".to_owned(),
        ]
    );

    let grant = sign_in(&client(&provider).await, &Person::new("anna")).await;
    assert_eq!(grant.identity.issuer.as_str(), provider.issuer);
}

#[tokio::test]
async fn another_issuer_by_one_byte_is_refused_before_anything_is_asked() {
    let provider = Provider::usual().await;
    let slash = Issuer::parse(&format!("{}/", provider.issuer)).unwrap();
    let refused = discover(&http(), &slash).await;
    assert_eq!(refused, Err(DiscoveryError::OtherIssuer));
    provider
        .change_metadata(json!({"issuer": "https://id.example", "token_endpoint": "http://id.example"}))
        .await;
    let refused = discover(&http(), &issuer(&provider)).await;
    assert_eq!(refused, Err(DiscoveryError::OtherIssuer));
    assert_eq!(provider.log().await, vec![format!("GET {OPENID}"); 2]);
}

#[tokio::test]
async fn metadata_that_protects_nothing_is_refused() {
    for (changes, error) in [
        (
            json!({"code_challenge_methods_supported": ["plain"]}),
            DiscoveryError::NoPkce,
        ),
        (
            json!({"token_endpoint": "http://id.example/token"}),
            DiscoveryError::NotSecure,
        ),
        (
            json!({"jwks_uri": "http://id.example/jwks"}),
            DiscoveryError::NotSecure,
        ),
    ] {
        let provider = Provider::usual().await;
        provider.change_metadata(changes.clone()).await;
        let refused = discover(&http(), &issuer(&provider)).await;
        assert_eq!(refused, Err(error), "{changes}");
    }
}

#[tokio::test]
async fn where_no_challenge_is_named_the_safe_one_is_sent() {
    let provider = Provider::usual().await;
    provider
        .change_metadata(json!({"code_challenge_methods_supported": null}))
        .await;
    let attempt = begin(&client(&provider).await).await;
    let method = attempt
        .link()
        .query_pairs()
        .find(|(name, _)| name == "code_challenge_method");
    assert_eq!(method.unwrap().1, "S256");
}

#[tokio::test]
async fn a_failure_passes_and_redirects_are_not_followed() {
    let provider = Provider::usual().await;
    let find = async || discover(&http(), &issuer(&provider)).await;
    let oauth = "/.well-known/oauth-authorization-server";
    for (kind, error) in [
        ("broken", DiscoveryError::Unavailable(500)),
        ("busy", DiscoveryError::Unavailable(429)),
        ("elsewhere", DiscoveryError::NotFound),
        ("portal", DiscoveryError::Malformed),
    ] {
        provider.fault(OPENID, kind).await;
        provider.fault(oauth, "not-found").await;
        assert_eq!(find().await, Err(error.clone()), "{kind}");
        assert_eq!(error.is_transient(), ["broken", "busy"].contains(&kind));
        assert!(find().await.is_ok(), "after {kind}");
    }
    assert_eq!(provider.count("GET /elsewhere").await, 0);
    provider.fault(OPENID, "large").await;
    let large = find().await.unwrap_err();
    assert!(
        matches!(
            large,
            DiscoveryError::Unreachable(RequestError::TooLarge(262_144))
        ),
        "{large:?}"
    );
    provider.fault(OPENID, "cut").await;
    assert!(find().await.unwrap_err().is_transient());
}
