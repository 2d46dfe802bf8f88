//! The network options, as the user and the administrator set them.

use std::collections::HashMap;
use std::sync::Arc;

use gloria_backend::TEST_TOKEN;
use gloria_core::ports::fakes::FakeSecrets;
use gloria_core::ports::{ProxyAddress, ProxyResolver, ProxyRoute, SystemClock, SystemProxies};
use gloria_core::protocol::{ConnectionState, LockedBy, NetworkState, PreferencesForm, Transport};
use gloria_core::start;
use gloria_core::token::Token;
use gloria_stream::Reachability;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use url::Url;

use crate::harness::{Harness, Running, Spoken, within_deadline};

/// A name that is only reachable through the proxy.
const ADDRESS: &str = "http://gloria.invalid/api";

fn lab() -> Harness {
    let environment = HashMap::from([
        ("GLORIA_API_URL", ADDRESS.to_owned()),
        ("GLORIA_ALLOW_PLAIN_HTTP", "true".to_owned()),
    ]);
    Harness::with(
        FakeSecrets::with_token(ADDRESS, Token::parse(TEST_TOKEN).unwrap()),
        environment,
    )
}

fn through(proxy: &str) -> PreferencesForm {
    PreferencesForm {
        proxy: Some(proxy.to_owned()),
        ..PreferencesForm::default()
    }
}

#[tokio::test]
async fn a_proxy_takes_effect_at_once_and_is_shown_without_its_password() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    let proxy = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.unwrap());
        }
        client
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: here\n\n")
            .await
            .unwrap();
        (client, String::from_utf8(head).unwrap())
    });
    let harness = lab();
    let running = harness.start();
    let lost = running
        .until("lost", |state| state.connection.state == ConnectionState::Waiting)
        .await;
    assert!(lost.connection.insecure, "plain http to another machine");
    assert_eq!(lost.connection.transport, Transport::Sse);
    assert_eq!(
        (
            lost.preferences.proxy.as_str(),
            lost.preferences.locks.get("network.proxy")
        ),
        ("system", None)
    );

    let refused = running
        .core
        .preferences_save(through("ftp://anna:s3cret@x"))
        .await;
    let words = refused.unwrap_err().words();
    assert!(words.contains("http://") && !words.contains("s3cret"), "{words}");

    let form = through(&format!("http://anna:s3cret@{authority}"));
    assert!(!format!("{form:?}").contains("s3cret"));
    running.core.preferences_save(form).await.unwrap();
    let (client, head) = within_deadline("the proxy is asked", proxy).await.unwrap();
    assert!(
        head.starts_with("GET http://gloria.invalid/api/sse HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(
        head.to_lowercase()
            .contains("proxy-authorization: basic yw5uytpzm2nyzxq="),
        "{head}"
    );
    let state = running.connected().await;
    assert_eq!(state.connection.proxy, Some(authority.clone()));
    let shown = format!("http://anna:***@{authority}");
    assert_eq!(state.preferences.proxy, shown);

    // The form contains the masked address again with any later change; the mask means the stored password.
    running.core.preferences_save(through(&shown)).await.unwrap();
    let kept =
        std::fs::read_to_string(gloria_core::paths::Paths::within(harness.home.path()).settings()).unwrap();
    assert!(!kept.contains("s3cret"), "the file never has the password");
    let entry = format!("proxy http://anna@{authority}");
    assert!(
        harness.secrets.token(&entry).is_some(),
        "the keyring still has it"
    );
    assert_eq!(running.connected().await.connection.proxy, Some(authority));

    running.core.preferences_save(through("none")).await.unwrap();
    drop(client);
    let state = running
        .until("lost again", |state| {
            state.connection.state == ConnectionState::Waiting
        })
        .await;
    assert_eq!(
        (state.connection.proxy, state.preferences.proxy.as_str()),
        (None, "none")
    );
    running.stop().await;
}

/// A system whose script returns one proxy for everything.
struct Script(ProxyAddress);

impl ProxyResolver for Script {
    fn resolve(&self, _origin: &Url) -> Vec<ProxyRoute> {
        vec![ProxyRoute::Proxy(self.0.clone())]
    }
}

#[tokio::test]
async fn the_proxy_that_the_systems_script_names_is_asked_and_shown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    let harness = lab();
    let mut setup = harness.setup(Arc::new(SystemClock));
    let script = Script(ProxyAddress::parse(&authority).unwrap());
    setup.ports.proxies = Some(SystemProxies::new(Arc::new(script)));
    let (core, task) = start(setup).unwrap();
    let running = Running { core, task };
    let mut client = within_deadline("the proxy is asked", listener.accept())
        .await
        .unwrap()
        .0;
    let open = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: here\n\n";
    client.write_all(open).await.unwrap();
    let state = running.connected().await;
    assert_eq!(state.connection.proxy, Some(authority));
    assert_eq!(state.preferences.proxy, "system");
    running.stop().await;
}

#[tokio::test]
async fn a_proxy_that_the_environment_sets_is_locked() {
    let mut harness = lab();
    harness
        .environment
        .insert("GLORIA_PROXY", "http://anna:s3cret@127.0.0.1:1".to_owned());
    let running = harness.start();
    let state = running
        .until("known", |state| state.connection.proxy.is_some())
        .await;
    assert_eq!(state.connection.proxy.as_deref(), Some("127.0.0.1:1"));
    assert_eq!(
        state.preferences.locks.get("network.proxy"),
        Some(&LockedBy::Environment)
    );
    let refused = running.core.preferences_save(through("none")).await;
    assert!(refused.is_err(), "it says that nothing was changed");
    let state = running.core.attach().await.unwrap().snapshot;
    assert_eq!(state.preferences.proxy, "http://anna:***@127.0.0.1:1");
    running.stop().await;
}

#[tokio::test]
async fn what_the_system_says_of_the_network_is_shown() {
    let running = lab().start();
    for (reachability, shown) in [
        (Reachability::Offline, NetworkState::Offline),
        (Reachability::Online, NetworkState::Online),
    ] {
        running
            .core
            .signal(gloria_core::Signal::Network(reachability))
            .await
            .unwrap();
        running
            .until("shown", |state| state.connection.network == shown)
            .await;
    }
    running.stop().await;
}
