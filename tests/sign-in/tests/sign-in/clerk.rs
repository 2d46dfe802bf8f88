//! A Fastify backend with Clerk's own SDK and a local key: which tokens it accepts, as docs/sign-in.md says.

use std::time::{SystemTime, UNIX_EPOCH};

use gloria_sign_in::Offer;
use gloria_sign_in_tests::{ANY_PORT, Clerk, Provider};
use gloria_stream::http::Request;
use http::header::{AUTHORIZATION, HeaderValue};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use url::Url;

use crate::person::{Person, http};
use crate::stage::{client, sign_in};

/// What each of the usual ways makes of a token.
async fn ways(clerk: &Clerk, token: &str) -> Value {
    let url: Url = format!("{}/ways", clerk.server()).parse().unwrap();
    let bearer = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
    let reply = http()
        .send(Request::get(url).header(AUTHORIZATION, bearer))
        .await
        .unwrap();
    serde_json::from_slice(&reply.body).unwrap()
}

#[tokio::test]
async fn clerks_sdk_accepts_what_the_documentation_says() {
    let provider = Provider::usual().await;
    let clerk = Clerk::start(&provider, json!({})).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = |more: &Value| {
        let mut claims = json!({
            "iss": "https://clerk.gloria.example", "sub": "user_1", "iat": now, "nbf": now - 60, "exp": now + 60,
        });
        claims
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        claims
    };
    let session = json!({"sid": "sess_1", "v": 2, "fva": [0, -1], "sts": "active"});
    let oauth =
        |client: &str, exp: u64| json!({"client_id": client, "scope": "openid", "jti": "oat_1", "exp": exp});
    for (what, header, more, expected) in [
        (
            "a session token",
            json!({"typ": "JWT", "cat": "cl_B7d4PD111AAA"}),
            session,
            (true, true, true),
        ),
        (
            "a token of a JWT template",
            json!({"typ": "JWT", "cat": "cl_B7d4PD222AAA"}),
            json!({}),
            (false, false, true),
        ),
        (
            "an OAuth token",
            json!({"typ": "at+jwt"}),
            oauth(ANY_PORT, now + 60),
            (false, true, false),
        ),
        (
            "an OAuth token of another application",
            json!({"typ": "at+jwt"}),
            oauth("another", now + 60),
            (false, true, false),
        ),
        (
            "an OAuth token that expired",
            json!({"typ": "at+jwt"}),
            oauth(ANY_PORT, now - 30),
            (false, false, false),
        ),
    ] {
        let order = json!({"do": "sign", "header": header, "claims": claims(&more)});
        let token = provider.order(order).await;
        let ways = ways(&clerk, token.as_str().unwrap()).await;
        let accepted = ["default", "both", "verifyToken"].map(|way| ways[way].as_bool().unwrap());
        assert_eq!(<(bool, bool, bool)>::from(accepted), expected, "{what}");
    }
    // What our own sign-in gives is such a token.
    let grant = sign_in(&client(&provider).await, &Person::new("anna")).await;
    let ways = ways(&clerk, grant.access_token.expose_secret()).await;
    assert_eq!(ways["default"], false);
    assert_eq!((&ways["both"], &ways["client"]), (&json!(true), &json!(ANY_PORT)));
}

#[tokio::test]
async fn its_document_names_the_provider() {
    let provider = Provider::usual().await;
    let clerk = Clerk::start(&provider, json!({})).await;
    let place = format!("{}/auth", clerk.api).parse().unwrap();
    let Ok(Offer::Provider(named)) = gloria_sign_in::offer(&http(), [place]).await else {
        panic!("nothing is offered");
    };
    assert_eq!(named.issuer.as_str(), provider.issuer);
    assert_eq!(
        (&*named.client_id, named.prompt.as_deref()),
        (ANY_PORT, Some("consent"))
    );
}
