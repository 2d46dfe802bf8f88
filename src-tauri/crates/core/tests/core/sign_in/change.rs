//! Servers that say where their users sign in, and later something else.

use std::collections::HashMap;
use std::net::SocketAddr;

use gloria_backend::{Backend, BackendOptions, SignIn, TEST_TOKEN};
use gloria_core::ports::fakes::FakeSecrets;
use gloria_core::protocol::{ProviderChange, ProviderName, SignInForm, SignInQuery, SignInView, SignInWay};

use super::provider::{CLIENT, Provider};
use super::{begin, begin_with, failed_over, form, query};
use crate::harness::Harness;

/// A server that names this provider.
async fn naming(provider: &Provider, listen: Option<SocketAddr>) -> Backend {
    let named = SignIn {
        issuer: provider.issuer.clone(),
        client_id: CLIENT.to_owned(),
        scopes: None,
        prompt: None,
        audience: None,
    };
    let default = BackendOptions::default();
    let options = BackendOptions {
        listen: listen.unwrap_or(default.listen),
        sign_in: Some(named),
        ..default
    };
    Backend::start(options).await.unwrap()
}

#[tokio::test]
async fn the_servers_address_is_enough_and_another_provider_is_followed_only_once_the_user_agrees() {
    let provider = Provider::start(TEST_TOKEN).await;
    let server = naming(&provider, None).await;
    let ports = HashMap::from([("GLORIA_AUTH_PORTS", ",".to_owned())]);
    let harness = Harness::with(FakeSecrets::default(), ports);
    let running = harness.start();
    let address = format!("http://{}", server.address());
    let link = begin(&harness, &running, &address).await;
    provider.sign_in(&link).await;
    let state = running.connected().await;
    let host = provider.issuer.strip_prefix("http://").map(str::to_owned);
    assert_eq!(state.account.provider, host);
    running.stop().await;

    // A server that was taken over cannot send its users elsewhere.
    let other = Provider::start(TEST_TOKEN).await;
    let listen = server.address();
    server.stop().await;
    let server = naming(&other, Some(listen)).await;
    let running = harness.start();
    let name = |provider: &Provider| ProviderName {
        issuer: provider.issuer.clone(),
        client_id: CLIENT.to_owned(),
    };
    let change = ProviderChange {
        before: name(&provider),
        now: name(&other),
    };
    let offer = running.core.sign_in_offer(query(&address)).await.unwrap();
    assert_eq!((offer.change.as_ref(), offer.problem), (Some(&change), None));
    let wrong_client = ProviderName {
        client_id: "another".to_owned(),
        ..name(&other)
    };
    for agreed in [None, Some(name(&provider)), Some(wrong_client)] {
        let form = SignInForm {
            agreed,
            ..form(&address, SignInWay::Browser)
        };
        running.core.sign_in_begin(form).await.unwrap();
        let (said, asked) = failed_over(&running).await;
        assert!(said.contains("now names"), "{said}");
        assert_eq!(asked.as_ref(), Some(&change));
        running.core.sign_in_cancel().await.unwrap();
        running
            .until("it is put away", |state| state.sign_in == SignInView::None)
            .await;
    }
    assert_eq!(harness.opener.opened.all().len(), 1, "nothing was opened");
    assert_eq!(other.state.lock().unwrap().read, 0, "and nobody was asked");

    // Who agreed is offered all that the new one has.
    let agreed = SignInQuery {
        agreed: Some(change.now.clone()),
        ..query(&address)
    };
    let offer = running.core.sign_in_offer(agreed).await.unwrap();
    assert_eq!(offer.ways, [SignInWay::Browser, SignInWay::Device]);
    assert_eq!(offer.change, None);
    let agreed = SignInForm {
        agreed: Some(change.now),
        ..form(&address, SignInWay::Browser)
    };
    let link = begin_with(&harness, &running, agreed).await;
    assert!(link.starts_with(&other.issuer), "{link}");
    other.sign_in(&link).await;
    // It is remembered from then on.
    let host = other.issuer.strip_prefix("http://").map(str::to_owned);
    running
        .until("the new one is used", |state| state.account.provider == host)
        .await;
    let offer = running.core.sign_in_offer(query(&address)).await.unwrap();
    assert_eq!((offer.change, offer.provider), (None, host));
    running.stop().await;
    server.stop().await;
}
