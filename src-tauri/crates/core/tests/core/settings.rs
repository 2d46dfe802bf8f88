//! Settings that change while the core runs, and users who do not want a connection.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use gloria_backend::{Backend, TEST_TOKEN};
use gloria_core::Signal;
use gloria_core::ports::SecretError;
use gloria_core::ports::fakes::FakeSecrets;
use gloria_core::protocol::{ConnectionState, NoticeKind, OwnUser, PreferencesForm, Snapshot, TokenState};
use gloria_core::token::Token;
use gloria_stream::Reachability;

use crate::harness::{CREATED, Harness, Spoken as _, backend, live, within_deadline};

/// A harness whose settings are in its file.
fn with_file(text: &str) -> Harness {
    let secrets = FakeSecrets::default();
    let harness = Harness::with(secrets, HashMap::new());
    fs::write(harness.paths().settings(), text).unwrap();
    harness
}

fn with_token(harness: &Harness, backend: &Backend) {
    harness
        .secrets
        .put(&backend.api_url(), Token::parse(TEST_TOKEN).unwrap());
}

fn file(harness: &Harness) -> String {
    fs::read_to_string(harness.paths().settings()).unwrap()
}

fn through(proxy: &str) -> PreferencesForm {
    PreferencesForm {
        proxy: Some(proxy.to_owned()),
        ..PreferencesForm::default()
    }
}

fn notice(state: &Snapshot) -> String {
    let notices = state.notices.iter();
    let notice = notices.filter(|notice| notice.kind == NoticeKind::Settings);
    notice.map(|notice| notice.message.to_string()).collect()
}

#[tokio::test]
async fn another_address_in_the_file_is_moved_to_and_nothing_else_disturbs_the_stream() {
    let (first, first_control) = backend().await;
    let (second, _) = backend().await;
    let harness = with_file(&format!("[api]\nurl = \"{}\"\n", first.api_url()));
    with_token(&harness, &first);
    with_token(&harness, &second);
    let running = harness.start();
    running.connected().await;
    let text = format!("[api]\nurl = \"{}\"\n[sounds]\nvolume = 5\n", first.api_url());
    fs::write(harness.paths().settings(), text).unwrap();
    let state = running
        .until("read again", |state| state.preferences.volume == 5)
        .await;
    assert_eq!(state.connection.state, ConnectionState::Connected);
    assert_eq!(first_control.observed().stream_requests().count(), 1);

    fs::write(
        harness.paths().settings(),
        format!("[api]\nurl = \"{}\"\n", second.api_url()),
    )
    .unwrap();
    running
        .until("moved", |state| {
            state.account.address == Some(second.api_url())
                && state.connection.state == ConnectionState::Connected
        })
        .await;
    running.stop().await;
}

#[tokio::test]
async fn without_a_server_in_the_file_nothing_of_the_account_is_shown_until_it_is_there_again() {
    let (backend, control) = backend().await;
    let address = format!("[api]\nurl = \"{}\"\n", backend.api_url());
    let harness = with_file(&address);
    with_token(&harness, &backend);
    let running = harness.start();
    running.connected().await;
    control.push(CREATED, live("a", "normal"));
    running.until("an item", |state| state.counts.total == 1).await;

    fs::write(harness.paths().settings(), "[sounds]\nvolume = 5\n").unwrap();
    let state = running
        .until("no server", |state| {
            state.account.needs_setup
                && state.connection.needs_user
                && state.connection.state == ConnectionState::Idle
        })
        .await;
    assert_eq!(state.account.address, None);
    assert_eq!(state.account.token, TokenState::Missing);
    let state = running
        .until("nothing is shown", |state| state.counts.total == 0)
        .await;
    assert_eq!(
        (state.account.user, running.items().await),
        (OwnUser::default(), vec![])
    );
    let hung_up = control.wait_for(|seen| seen.streams == 0, crate::harness::DEADLINE);
    hung_up.await.unwrap();

    fs::write(harness.paths().settings(), &address).unwrap();
    running.connected().await;
    running.until("its inbox", |state| state.counts.total == 1).await;
    control.push(CREATED, live("b", "normal"));
    running.until("another", |state| state.counts.total == 2).await;
    running.stop().await;
}

#[tokio::test]
async fn whoever_disconnected_stays_so_until_they_connect() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    running.connected().await;
    running.core.connection_disconnect().await.unwrap();
    let is_disconnected = |state: &Snapshot| state.connection.state == ConnectionState::Disconnected;
    let state = running.until("disconnected", is_disconnected).await;
    assert!(!state.connection.needs_user && !state.connection.long_outage);
    let hung_up = control.wait_for(|seen| seen.streams == 0, crate::harness::DEADLINE);
    hung_up.await.unwrap();

    // Recovery, another network, a new token and another setting do not override the user's choice.
    running.core.signal(Signal::Woke).await.unwrap();
    running
        .core
        .signal(Signal::Network(Reachability::Online))
        .await
        .unwrap();
    running.core.credentials_changed(backend.api_url()).await.unwrap();
    running.core.preferences_save(through("none")).await.unwrap();
    let state = running.core.attach().await.unwrap().snapshot;
    assert!(is_disconnected(&state), "{:?}", state.connection);
    assert_eq!(control.observed().stream_requests().count(), 1);

    running.core.connection_retry().await.unwrap();
    running.connected().await;
    running.stop().await;

    // The choice was for that run only.
    let running = harness.start();
    running.connected().await;
    running.stop().await;
}

#[tokio::test]
async fn without_auto_connect_nothing_is_asked_before_somebody_connects() {
    let (backend, control) = backend().await;
    let mut harness = Harness::signed_in(&backend);
    harness
        .environment
        .insert("GLORIA_SSE_AUTO_CONNECT", "false".to_owned());
    let running = harness.start();
    let state = running
        .until("not connected", |state| {
            state.connection.state == ConnectionState::Disconnected
        })
        .await;
    assert!(!state.preferences.auto_connect && state.preferences.locks.contains_key("sse.auto_connect"));
    assert_eq!(control.observed().requests.len(), 0);
    running.core.connection_retry().await.unwrap();
    running.connected().await;
    running.stop().await;
}

const ENTRY: &str = "proxy http://anna@127.0.0.1:1";

#[tokio::test]
async fn a_proxys_password_moves_from_the_file_to_the_keyring_and_is_there_at_the_next_start() {
    let harness = with_file(
        "# the office\n[network]\nproxy = \"http://anna:s3cret@127.0.0.1:1\" # as ever\n\
         [api]\nurl = \"http://127.0.0.1:2\"\n",
    );
    let running = harness.start();
    let moved = async {
        while file(&harness).contains("s3cret") {
            let mut updates = running.core.attach().await.unwrap().updates;
            if file(&harness).contains("s3cret") {
                let _ = updates.recv().await;
            }
        }
    };
    within_deadline("moved", moved).await;
    assert!(harness.secrets.token(ENTRY).is_some());
    assert_eq!(
        file(&harness),
        "# the office\n[network]\nproxy = \"http://anna@127.0.0.1:1\" # as ever\n\
         [api]\nurl = \"http://127.0.0.1:2\"\n"
    );
    let state = running.core.attach().await.unwrap().snapshot;
    assert_eq!(
        state.preferences.proxy, "http://anna:***@127.0.0.1:1",
        "it is in force"
    );
    running.stop().await;

    let running = harness.start();
    running
        .until("known", |state| {
            state.preferences.proxy == "http://anna:***@127.0.0.1:1"
        })
        .await;
    running.stop().await;
}

#[tokio::test]
async fn without_a_keyring_the_password_stays_in_the_file_and_that_is_said() {
    let harness = with_file("[network]\nproxy = \"http://anna:s3cret@127.0.0.1:1\"\n");
    *harness.secrets.failure.lock().unwrap() = Some(SecretError::Unavailable("none".into()));
    let running = harness.start();
    let state = running
        .until("said", |state| notice(state).contains("proxy-password-in-file"))
        .await;
    assert!(!notice(&state).contains("s3cret"));
    assert!(file(&harness).contains("s3cret"));
    running.stop().await;
}

#[tokio::test]
async fn a_password_in_the_file_moves_once_the_keyring_is_back() {
    let harness = with_file("[network]\nproxy = \"http://anna:s3cret@127.0.0.1:1\"\n");
    *harness.secrets.failure.lock().unwrap() = Some(SecretError::Locked);
    let running = harness.start();
    running
        .until("said", |state| notice(state).contains("proxy-password-in-file"))
        .await;
    *harness.secrets.failure.lock().unwrap() = None;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(11)).await;
    tokio::time::resume();
    running
        .until("no more said", |state| notice(state).is_empty())
        .await;
    assert!(harness.secrets.token(ENTRY).is_some());
    running
        .until("moved", |_| !file(&harness).contains("s3cret"))
        .await;
    running.stop().await;
}

#[tokio::test]
async fn a_password_that_is_typed_goes_to_the_keyring_alone_and_goes_with_its_proxy() {
    let harness = with_file("");
    let running = harness.start();
    running
        .core
        .preferences_save(through("http://anna:s3cret@127.0.0.1:1"))
        .await
        .unwrap();
    let state = running.core.attach().await.unwrap().snapshot;
    assert_eq!(state.preferences.proxy, "http://anna:***@127.0.0.1:1");
    assert!(file(&harness).contains("http://anna@127.0.0.1:1") && !file(&harness).contains("s3cret"));
    assert!(harness.secrets.token(ENTRY).is_some());

    // The form is unchanged, so nothing changes.
    let asked = harness.secrets.asked.all().len();
    running
        .core
        .preferences_save(through("http://anna:***@127.0.0.1:1"))
        .await
        .unwrap();
    assert_eq!(harness.secrets.asked.all().len(), asked);

    running.core.preferences_save(through("system")).await.unwrap();
    assert!(harness.secrets.token(ENTRY).is_none());
    running.stop().await;
}

#[tokio::test]
async fn the_start_at_login_is_switched_and_a_switch_that_does_not_move_says_why() {
    let (backend, _control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    assert_eq!(running.core.autostart().await.unwrap(), Some(false));
    running.core.autostart_set(true).await.unwrap();
    assert_eq!(running.core.autostart().await.unwrap(), Some(true));
    *harness.autostart.failure.lock().unwrap() = Some(std::io::ErrorKind::PermissionDenied);
    let refused = running.core.autostart_set(false).await.unwrap_err();
    assert_eq!(
        refused.message().words(),
        "the start at login is in a file that could not be changed: the system denies access to it"
    );
    assert_eq!(running.core.autostart().await.unwrap(), Some(true));
}
