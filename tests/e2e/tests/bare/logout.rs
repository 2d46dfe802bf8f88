//! `gloria logout`: with the app, without it, and for a sign-in that no keyring keeps.

use gloria_backend::TEST_TOKEN;
use gloria_desktop_session::{Keyring, Process, SessionOptions, Signal, wait_until};
use serde_json::json;

use crate::accounts::{accounts, kept};
use crate::credentials::{app, gloria, gloria_fails, gloria_on_terminal, tray_says};
use crate::scene::{DEADLINE, Scene};
use crate::sign_in::{CLIENT, Provider, browser, come_back};

async fn with_an_item(scene: &Scene, id: &str) -> Process {
    let running = app(scene);
    scene.connected().await;
    scene.push(id);
    let key = format!("n:{id}");
    scene.stored_item("the item", |item| item["key"] == *key).await;
    running
}

async fn until_nobody_is_signed_in(scene: &Scene, running: &mut Process) {
    wait_until("nobody to be signed in", DEADLINE, async || {
        running.check_alive()?;
        let (_, said) = scene.status();
        Ok((said["counts"]["total"] == 0 && said["connection"]["connectedSince"].is_null()).then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_left_without_the_app_is_closed_at_its_next_start_and_there_again_for_its_user() {
    let scene = Scene::set(SessionOptions::default()).await;
    scene.backend.control().set_user(TEST_TOKEN, Some("anna"));
    assert!(gloria(&scene, &["login"], TEST_TOKEN).contains("loggedIn"));
    let running = with_an_item(&scene, "1").await;
    gloria(&scene, &["quit"], "");
    drop(running);

    assert!(gloria(&scene, &["logout"], "").contains("loggedOut"));
    kept(&scene, &[]).await;
    assert!(gloria(&scene, &["logout"], "").contains("notLoggedIn"));
    let mut running = app(&scene);
    until_nobody_is_signed_in(&scene, &mut running).await;
    assert_eq!(
        gloria(&scene, &["inbox", "list"], ""),
        "",
        "nothing of anna is shown"
    );
    assert_eq!(accounts(&scene)[0]["items"], 1, "and it is kept for her");

    assert!(gloria(&scene, &["login"], TEST_TOKEN).contains("loggedIn"));
    scene.connected().await;
    scene
        .stored_item("the item again", |item| item["key"] == "n:1")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_is_erased_only_when_that_is_confirmed() {
    let scene = Scene::set(SessionOptions::default()).await;
    scene.backend.control().set_user(TEST_TOKEN, Some("anna"));
    for with_app in [true, false] {
        assert!(gloria(&scene, &["login"], TEST_TOKEN).contains("loggedIn"));
        let running = with_an_item(&scene, "1").await;
        let running = if with_app {
            Some(running)
        } else {
            gloria(&scene, &["quit"], "");
            None
        };
        let (code, said) = gloria_fails(&scene, &["logout", "--erase"], "y\n");
        assert_eq!(code, Some(2), "only a terminal can confirm it: {said}");
        assert_eq!(accounts(&scene)[0]["items"], 1);
        if with_app {
            let said = gloria_on_terminal(&scene, "logout --erase", "y\n");
            assert!(said.contains("[y/N]") && said.contains("was removed"), "{said}");
        } else {
            assert!(gloria(&scene, &["logout", "--erase", "--yes"], "").contains("loggedOut"));
        }
        assert_eq!(accounts(&scene).len(), 0, "with_app: {with_app}");
        kept(&scene, &[]).await;
        drop(running);
    }
    // The same person begins anew: nothing is left to go on from.
    assert!(gloria(&scene, &["login"], TEST_TOKEN).contains("loggedIn"));
    let _running = app(&scene);
    scene.connected().await;
    assert_eq!(gloria(&scene, &["inbox", "list"], ""), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_that_an_app_which_hangs_does_not_erase_is_said_to_be_there() {
    let scene = Scene::set(SessionOptions::default()).await;
    scene.backend.control().set_user(TEST_TOKEN, Some("anna"));
    assert!(gloria(&scene, &["login"], TEST_TOKEN).contains("loggedIn"));
    let running = with_an_item(&scene, "1").await;
    running.signal(Signal::STOP);
    let (code, said) = gloria_fails(&scene, &["logout", "--erase", "--yes"], "");
    running.signal(Signal::CONT);
    assert!(
        code != Some(0) && said.contains("nothing was erased"),
        "{code:?} {said}"
    );
    assert_eq!(accounts(&scene)[0]["items"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_no_keyring_keeps_is_ended_and_revoked_as_well() {
    let options = SessionOptions {
        keyring: Keyring::None,
        ..SessionOptions::default()
    };
    let scene = Scene::set(options).await;
    let (provider, browser) = (Provider::start(), browser(&scene));
    let mut command = scene.command("gloria");
    let path = std::env::var("PATH").unwrap_or_default();
    command
        .arg("agent")
        .env("PATH", format!("{}:{path}", browser.display()))
        .env("GLORIA_AUTH_ISSUER", &provider.issuer)
        .env("GLORIA_AUTH_CLIENT_ID", CLIENT);
    let mut running = scene.session.spawn("app", command).unwrap();
    tray_says(&scene, "Set-up needed").await;
    let begin = json!({"address": scene.backend.api_url(), "way": "browser", "anotherAccount": false});
    let mut page = gloria_ipc::AppConnection::open(&scene.home).await.unwrap();
    page.call("sign_in_begin", begin).await.unwrap();
    let link = wait_until("the browser to be opened", DEADLINE, async || {
        running.check_alive()?;
        Ok(std::fs::read_to_string(browser.join("link")).ok())
    })
    .await
    .unwrap();
    come_back(link.trim(), &provider);
    // By now it has done more than ask the server whether it accepts the sign-in.
    tray_says(&scene, "Connected").await;

    // The app ends what it has in memory, and says that it could not look into a keyring.
    let (code, said) = gloria_fails(&scene, &["logout"], "");
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("could not be removed"), "{said}");
    assert_eq!(provider.requests(), ["code", "revoke refresh-1"]);
    let control = scene.backend.control();
    control
        .wait_for(|seen| seen.streams == 0, DEADLINE)
        .await
        .unwrap();
    until_nobody_is_signed_in(&scene, &mut running).await;
}
