//! Several users on one server, with the desktop's own keyring: each has an entry, and erasing one keeps the others.

use std::collections::{BTreeSet, HashMap};
use std::process::Stdio;

use anyhow::Result;
use gloria_backend::TEST_TOKEN;
use gloria_desktop_session::{Part, SessionOptions, Signal, wait_until};
use serde_json::Value as Json;
use zbus::zvariant::{OwnedObjectPath, Value};

use crate::credentials::{app, gloria};
use crate::scene::{DEADLINE, Scene, program};

const KEYRING: &str = "org.freedesktop.secrets";

/// Returns the names of the app's entries in the keyring.
pub(crate) async fn entries(scene: &Scene) -> Result<BTreeSet<String>> {
    let bus = zbus::connection::Builder::address(scene.session.bus_address().as_str())?
        .build()
        .await?;
    let wanted = HashMap::from([("service", "com.gloriasystem.notify")]);
    let interface = Some("org.freedesktop.Secret.Service");
    let found = bus
        .call_method(
            Some(KEYRING),
            "/org/freedesktop/secrets",
            interface,
            "SearchItems",
            &(wanted,),
        )
        .await?;
    let (open, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) = found.body().deserialize()?;
    let mut names = BTreeSet::new();
    for item in open.iter().chain(&locked) {
        let property = ("org.freedesktop.Secret.Item", "Attributes");
        let interface = Some("org.freedesktop.DBus.Properties");
        let Ok(reply) = bus
            .call_method(Some(KEYRING), item, interface, "Get", &property)
            .await
        else {
            // It was removed meanwhile.
            continue;
        };
        let body = reply.body();
        let attributes = HashMap::<String, String>::try_from(body.deserialize::<Value<'_>>()?)?;
        names.extend(attributes.get("username").cloned());
    }
    Ok(names)
}

pub(crate) async fn kept(scene: &Scene, names: &[&str]) {
    let wanted: BTreeSet<_> = names.iter().map(|name| (*name).to_owned()).collect();
    // gnome-keyring answers at times that it has no such method, and knows it again at once.
    let kept = async || {
        Ok(entries(scene)
            .await
            .is_ok_and(|found| found == wanted)
            .then_some(()))
    };
    if let Err(error) = wait_until(&format!("the entries {wanted:?}"), DEADLINE, kept).await {
        panic!("{error:#}; there are {:?}", entries(scene).await);
    }
}

pub(crate) fn accounts(scene: &Scene) -> Vec<Json> {
    let lines = gloria(scene, &["account", "list"], "");
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Runs `gloria account erase` without a terminal. Returns its exit code and output.
fn erase(scene: &Scene, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = scene.session.command(program("gloria"));
    scene.configure(&mut command);
    let command = command
        .args(["account", "erase"])
        .args(arguments)
        .stdin(Stdio::null());
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_persons_token_is_their_accounts_and_goes_with_it() {
    let scene = Scene::set(SessionOptions::default()).await;
    let (address, control) = (scene.backend.api_url(), scene.backend.control());
    let (anna, bert) = (format!("{address}#anna"), format!("{address}#bert"));
    control.set_user(TEST_TOKEN, Some("anna"));
    control.set_user("token-of-bert", Some("bert"));
    assert!(gloria(&scene, &["login"], TEST_TOKEN).contains("loggedIn"));
    assert_eq!(entries(&scene).await.unwrap(), BTreeSet::from([address.clone()]));
    let mut running = app(&scene);
    scene.connected().await;
    kept(&scene, &[&anna]).await;
    scene.push("1");
    scene
        .stored_item("an item of anna's", |item| item["key"] == "n:1")
        .await;

    // Another user of the same server.
    control.require_token("token-of-bert");
    assert!(gloria(&scene, &["login"], "token-of-bert").contains("loggedIn"));
    kept(&scene, &[&anna, &bert]).await;
    scene.connected().await;
    running.check_alive().unwrap();
    let listed = accounts(&scene);
    let line = |user: &str| {
        let line = listed.iter().find(|line| line["user"] == user);
        line.unwrap_or_else(|| panic!("{listed:?}")).clone()
    };
    assert_eq!(
        (line("anna")["inUse"].clone(), line("anna")["items"].clone()),
        (false.into(), 1.into())
    );
    assert_eq!(
        (line("bert")["inUse"].clone(), line("bert")["items"].clone()),
        (true.into(), 0.into())
    );

    // Not while the app runs, not without confirmation, and not with another name.
    let name = line("anna")["name"].as_str().unwrap().to_owned();
    let (code, words) = erase(&scene, &[&name, "--yes"]);
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("is running"), "{words}");
    gloria(&scene, &["quit"], "");
    drop(running);
    let (code, words) = erase(&scene, &[&name]);
    assert_eq!(code, Some(2), "{words}");
    assert_eq!(erase(&scene, &["another", "--yes"]).0, Some(2));
    assert_eq!(accounts(&scene).len(), 2, "nothing was erased");
    kept(&scene, &[&anna, &bert]).await;

    assert_eq!(erase(&scene, &[&name, "--yes"]), (Some(0), String::new()));
    kept(&scene, &[&bert]).await;
    let left = accounts(&scene);
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["user"], "bert");
    assert!(!scene.home.join("accounts").join(&name).exists());

    // The other user's app continues, and signing out removes their token.
    let mut running = app(&scene);
    scene.connected().await;
    assert!(gloria(&scene, &["logout"], "").contains("loggedOut"));
    kept(&scene, &[]).await;
    running.check_alive().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_keyring_that_hangs_keeps_of_an_erased_account_goes_when_it_is_back() {
    let scene = Scene::set(SessionOptions::default()).await;
    let (address, control) = (scene.backend.api_url(), scene.backend.control());
    let anna = format!("{address}#anna");
    control.set_user(TEST_TOKEN, Some("anna"));
    for finisher in ["the command", "a start"] {
        assert!(gloria(&scene, &["login"], TEST_TOKEN).contains("loggedIn"));
        let running = app(&scene);
        kept(&scene, &[&anna]).await;
        gloria(&scene, &["quit"], "");
        drop(running);
        let name = accounts(&scene)[0]["name"].as_str().unwrap().to_owned();

        scene.session.signal_part(Part::Keyring, Signal::STOP);
        let (code, words) = erase(&scene, &[&name, "--yes"]);
        assert_eq!(code, Some(5), "{words}");
        assert!(words.contains("the token may still be in the keyring"), "{words}");
        assert_eq!(accounts(&scene).len(), 0, "the inbox is erased");
        scene.session.signal_part(Part::Keyring, Signal::CONT);
        if finisher == "the command" {
            let (code, words) = erase(&scene, &[&name, "--yes"]);
            assert_eq!(code, Some(0), "{words}");
            assert!(words.contains("is removed now"), "{words}");
            kept(&scene, &[]).await;
        } else {
            let _running = app(&scene);
            kept(&scene, &[]).await;
            wait_until("nobody is signed in", DEADLINE, async || {
                Ok((scene.status().1["health"] == "needsUser").then_some(()))
            })
            .await
            .unwrap();
        }
    }
}
