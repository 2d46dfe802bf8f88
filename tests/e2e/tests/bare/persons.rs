//! Two people who sign in on one computer, with the programs as users run them.

use std::collections::BTreeSet;

use gloria_backend::TEST_TOKEN;
use gloria_desktop_session::{SessionOptions, wait_until};
use serde_json::Value;

use crate::accounts::{accounts, entries};
use crate::credentials::{app, gloria, gloria_fails};
use crate::scene::{DEADLINE, Scene};
use crate::sign_in::{CLIENT, Provider, log_in, login_with, sign_in};

const OF_BERT: &str = "token-of-bert";

/// The keys of the items that the app shows.
fn shown(scene: &Scene) -> Vec<String> {
    let listed = gloria(scene, &["inbox", "list"], "");
    let keys = listed.lines().map(|line| {
        serde_json::from_str::<Value>(line).unwrap()["key"]
            .as_str()
            .unwrap()
            .to_owned()
    });
    let mut keys: Vec<_> = keys.collect();
    keys.sort();
    keys
}

async fn until_shown(scene: &Scene, keys: &[&str]) {
    wait_until(&format!("the items {keys:?}"), DEADLINE, async || {
        Ok((shown(scene) == keys).then_some(()))
    })
    .await
    .unwrap();
}

/// Waits until this person is listened for. Returns the position that was requested.
async fn until_listening(scene: &Scene, user: &str) -> Option<String> {
    wait_until(&format!("the stream of {user}"), DEADLINE, async || {
        let listed = accounts(scene);
        let is_in_use = listed
            .iter()
            .any(|line| line["user"] == user && line["inUse"] == true);
        // Leaving the other person has closed their stream before.
        let is_connected = scene.status().0 == 0;
        let observed = scene.backend.control().observed();
        let newest = observed.stream_requests().next_back();
        let position = newest.map(|request| request.last_event_id().map(str::to_owned));
        Ok(position.filter(|_| is_in_use && is_connected))
    })
    .await
    .unwrap()
}

/// Waits until the keyring has this many sign-ins, each in the entry of its person.
async fn kept(scene: &Scene, count: usize) -> BTreeSet<String> {
    wait_until("each sign-in in its own entry", DEADLINE, async || {
        let names = entries(scene).await?;
        let are_own = names.iter().all(|name| name.contains(' '));
        Ok((are_own && names.len() == count).then_some(names))
    })
    .await
    .unwrap()
}

fn name_of(scene: &Scene, user: &str) -> String {
    let listed = accounts(scene);
    let line = listed.iter().find(|line| line["user"] == user);
    line.unwrap_or_else(|| panic!("{listed:?}"))["name"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Signs bert in as another person.
fn log_in_bert(scene: &Scene, provider: &Provider) {
    provider.admit("bert", OF_BERT);
    let mut login = login_with(scene, "--other");
    login
        .env("GLORIA_AUTH_ISSUER", &provider.issuer)
        .env("GLORIA_AUTH_CLIENT_ID", CLIENT);
    let said = sign_in(login, provider);
    assert!(said.contains("prompt=login"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_erases_nobody_elses_inbox_and_leads_to_none() {
    /// The exit code of `gloria status` where the user is needed.
    const NEEDS_USER: i32 = 4;
    let scene = Scene::set(SessionOptions::default()).await;
    let (provider, control) = (Provider::start(), scene.backend.control());
    control.set_user(TEST_TOKEN, Some("anna"));
    control.set_user(OF_BERT, Some("bert"));
    provider.admit("anna", TEST_TOKEN);
    log_in(&scene, &provider);
    let running = app(&scene);
    until_listening(&scene, "anna").await;
    scene.push("1");
    until_shown(&scene, &["n:1"]).await;
    kept(&scene, 1).await;
    gloria(&scene, &["quit"], "");
    drop(running);

    // The account that was used last is still anna's.
    log_in_bert(&scene, &provider);
    let (_, said) = gloria_fails(&scene, &["logout", "--erase", "--yes"], "");
    assert!(said.contains("somebody else has signed in since"), "{said}");
    assert_eq!(accounts(&scene)[0]["items"], 1);

    let running = app(&scene);
    until_listening(&scene, "bert").await;
    kept(&scene, 2).await;
    assert!(gloria(&scene, &["logout", "--erase", "--yes"], "").contains("loggedOut"));
    gloria(&scene, &["quit"], "");
    drop(running);
    let _running = app(&scene);
    wait_until("nobody to be signed in", DEADLINE, async || {
        Ok((scene.status().0 == NEEDS_USER).then_some(()))
    })
    .await
    .unwrap();
    assert_eq!(shown(&scene), [""; 0], "nobody chose anna");
    let left = accounts(&scene);
    assert_eq!(
        (left.len(), &left[0]["items"]),
        (1, &Value::from(1)),
        "and hers is kept"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_finds_their_inbox_their_position_and_their_sign_in() {
    let scene = Scene::set(SessionOptions::default()).await;
    let (provider, control) = (Provider::start(), scene.backend.control());
    control.set_user(TEST_TOKEN, Some("anna"));
    control.set_user(OF_BERT, Some("bert"));

    provider.admit("anna", TEST_TOKEN);
    log_in(&scene, &provider);
    let mut running = app(&scene);
    until_listening(&scene, "anna").await;
    scene.push("1");
    until_shown(&scene, &["n:1"]).await;
    let first = control.observed().last_id;
    let of_anna = kept(&scene, 1).await;

    // Somebody else, whose browser must not go on as anna.
    log_in_bert(&scene, &provider);
    until_listening(&scene, "bert").await;
    assert_eq!(shown(&scene), [""; 0], "nothing of anna's");
    scene.push("2");
    until_shown(&scene, &["n:2"]).await;
    let second = control.observed().last_id;
    let of_both = kept(&scene, 2).await;
    assert!(of_both.is_superset(&of_anna), "{of_both:?}");

    // Anna's position is from before the second one, which she has not seen.
    let (anna, bert) = (name_of(&scene, "anna"), name_of(&scene, "bert"));
    gloria(&scene, &["account", "switch", &anna], "");
    assert_eq!(until_listening(&scene, "anna").await, Some(first));
    until_shown(&scene, &["n:1", "n:2"]).await;
    gloria(&scene, &["account", "switch", &bert], "");
    assert_eq!(until_listening(&scene, "bert").await, Some(second));
    until_shown(&scene, &["n:2"]).await;
    assert_eq!(kept(&scene, 2).await, of_both);
    let requests = provider.requests();
    let revoked = requests.iter().any(|request| request.starts_with("revoke"));
    assert!(!revoked, "nobody signed out: {requests:?}");
    running.check_alive().unwrap();
}
