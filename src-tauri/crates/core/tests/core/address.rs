//! The server's address from the user and the settings, and mistakes in settings.

use std::collections::HashMap;

use gloria_backend::{Backend, Credentials, TEST_TOKEN};
use gloria_core::ports::fakes::FakeSecrets;
use gloria_core::protocol::{AccountForm, NoticeKind, PreferencesForm, Snapshot};
use gloria_core::token::Token;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::harness::{DEADLINE, Harness, Spoken, backend};

/// Returns a harness whose settings contain only the server, without the path of its API.
fn given_the_server_alone(backend: &Backend) -> Harness {
    let server = format!("http://{}", backend.address());
    let secrets = FakeSecrets::with_token(&server, Token::parse(TEST_TOKEN).unwrap());
    Harness::with(secrets, HashMap::from([("GLORIA_API_URL", server)]))
}

fn form(address: &str, token: &str) -> AccountForm {
    AccountForm {
        address: address.to_owned(),
        token: Some(Token::parse(token).unwrap()),
    }
}

fn notice(state: &Snapshot) -> Option<String> {
    let notice = state
        .notices
        .iter()
        .find(|notice| notice.kind == NoticeKind::Settings)?;
    Some(notice.message.words())
}

#[tokio::test]
async fn the_servers_name_is_enough_and_the_token_goes_only_where_the_stream_is() {
    let (backend, control) = backend().await;
    let harness = given_the_server_alone(&backend);
    let running = harness.start();
    let state = running.connected().await;
    assert_eq!(
        state.account.address,
        Some(format!("http://{}", backend.address())),
        "the settings keep what was written"
    );
    let requests = control.observed().requests;
    let asked: Vec<_> = requests
        .iter()
        .map(|seen| (seen.path.as_str(), seen.credentials, seen.status))
        .collect();
    assert_eq!(
        asked,
        [
            ("/api/v1/sse", Credentials::None, Some(401)),
            ("/api/v1/sse", Credentials::Bearer, Some(200)),
        ]
    );
    running.stop().await;
}

#[tokio::test]
async fn a_start_without_the_server_looks_again_until_it_is_there() {
    let (backend, control) = backend().await;
    control.refuse().await.unwrap();
    let harness = given_the_server_alone(&backend);
    let running = harness.start();
    running
        .until("refused", |state| {
            state.connection.reason.words().contains("refused the connection")
        })
        .await;
    control.accept().await.unwrap();
    running.connected().await;
    running.stop().await;
}

#[tokio::test]
async fn a_test_and_saving_take_what_was_pasted_and_a_test_says_what_was_found() {
    let (backend, _control) = backend().await;
    let harness = Harness::with(FakeSecrets::default(), HashMap::new());
    let running = harness.start();
    let pasted = format!("“{}” ", backend.address());
    let report = running
        .core
        .connection_test(form(&pasted, "Bearer gloria-test-token"))
        .await
        .unwrap();
    assert!(report.succeeded, "{report:?}");
    assert!(
        report.steps[1]
            .detail
            .words()
            .ends_with("opened the stream at /api/v1/sse"),
        "{report:?}"
    );

    running
        .core
        .account_save(form(&pasted, TEST_TOKEN))
        .await
        .unwrap();
    running.connected().await;
    let entry = format!("http://{}", backend.address());
    let own = format!("{entry}#user-1");
    assert!(
        harness
            .secrets
            .token(&entry)
            .or(harness.secrets.token(&own))
            .is_some()
    );

    // Another server, with pages and without a stream.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = tokio::spawn(async move {
        let mut heads = Vec::new();
        for _ in 0..3 {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut head = [0; 2048];
            let length = socket.read(&mut head).await.unwrap();
            heads.push(String::from_utf8_lossy(&head[..length]).into_owned());
            socket
                .write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                .await
                .unwrap();
        }
        heads
    });
    let report = running
        .core
        .connection_test(form(&address, TEST_TOKEN))
        .await
        .unwrap();
    assert_eq!(
        report.steps.last().unwrap().detail.words(),
        "no event stream was found at this server: tried /api/v1/sse, /api/sse, /sse; check the address"
    );
    let heads = tokio::time::timeout(DEADLINE, server).await.unwrap().unwrap();
    assert!(!heads.concat().contains(TEST_TOKEN), "{heads:?}");
    running.stop().await;
}

#[tokio::test]
async fn saving_a_preference_leaves_the_mistakes_that_still_stand_reported() {
    let (backend, _control) = backend().await;
    let mut harness = Harness::signed_in(&backend);
    harness.environment.insert("GLORIA_TOKEN", "two words".to_owned());
    std::fs::write(
        harness.paths().settings(),
        "[sounds]\nvolume = 400\n[network]\nproxy = \"gopher://x\"\n",
    )
    .unwrap();
    let running = harness.start();
    let state = running.until("told", |state| notice(state).is_some()).await;
    let all = notice(&state).unwrap();
    for mistake in ["sounds.volume", "network.proxy", "GLORIA_TOKEN is ignored"] {
        assert!(all.contains(mistake), "{all}");
    }
    let save = |change: PreferencesForm| running.core.preferences_save(change);
    save(PreferencesForm {
        sounds: Some(false),
        ..PreferencesForm::default()
    })
    .await
    .unwrap();
    let state = running.until("saved", |state| !state.preferences.sounds).await;
    // The saved setting is above one of them, whose line number has changed.
    let moved = all.replace("network.proxy in line 4", "network.proxy in line 5");
    assert_eq!(notice(&state), Some(moved), "nothing of it was mended");
    save(PreferencesForm {
        volume: Some(30),
        ..PreferencesForm::default()
    })
    .await
    .unwrap();
    let state = running
        .until("saved", |state| state.preferences.volume == 30)
        .await;
    let left = notice(&state).unwrap();
    assert!(
        !left.contains("sounds.volume") && left.contains("network.proxy"),
        "{left}"
    );
    running.stop().await;
}
