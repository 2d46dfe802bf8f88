//! From the first start to a changed token.

use std::fs;
use std::path::Path;

use gloria_backend::TEST_TOKEN;
use gloria_desktop_session::wait_until;

use crate::stage::{Account, DEADLINE, Stage, Window};

async fn enter_address(window: &Window, address: &str) {
    window.fill("[data-testid=setup-address]", address).await;
    window.click("[data-testid=setup-continue]").await;
}

async fn enter_token(window: &Window, token: &str) {
    window.fill("[data-testid=setup-token]", token).await;
    window.click("[data-testid=setup-save]").await;
}

/// Returns the app's entries in the desktop's keyring, read with libsecret's own tool.
fn in_keyring(stage: &Stage) -> String {
    let mut search = stage.session.command("secret-tool");
    let found = search
        .args(["search", "--all", "service", "com.gloriasystem.notify"])
        .output()
        .unwrap();
    String::from_utf8(found.stdout).unwrap()
}

fn files_with(folder: &Path, word: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, word));
        } else if let Ok(content) = fs::read(&path)
            && content
                .windows(word.len())
                .any(|window| window == word.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test]
async fn a_first_start_leads_to_a_connection_that_the_next_start_finds_again() {
    let stage = Stage::set(Account::Unknown).await;
    let window = stage.start_with_window().await;
    stage.tray_says("Set-up needed").await;

    enter_address(&window, &stage.backend.api_url()).await;
    enter_token(&window, "not-the-token").await;
    window.find("[data-testid=setup-token][aria-invalid=true]").await;
    assert_eq!(in_keyring(&stage), "", "what is refused is not saved");

    enter_token(&window, TEST_TOKEN).await;
    window.find("[data-testid=ready][data-state=connected]").await;
    window.click("[data-testid=notification-test]").await;
    window
        .find("[data-testid=notification-report][data-succeeded=true]")
        .await;
    window.find("[data-testid=ready-tray][data-tray=true]").await;
    // Nothing is installed in this session, so it does not start at login.
    window.click("[data-testid=autostart]:not(:checked)").await;
    wait_until("the entry at login", DEADLINE, async || {
        Ok((files_with(stage.session.dir(), "gloria-notify\" --background").len() == 1).then_some(()))
    })
    .await
    .unwrap();
    window.click("[data-testid=setup-done]").await;
    window
        .find("[data-testid=connection][data-state=connected]")
        .await;
    window.find("[data-testid=inbox], [data-testid=empty]").await;
    stage.server_saw(|seen| seen.streams == 1).await;

    // The entered token is used at once; the keyring has it a moment later.
    wait_until("the token in the keyring", DEADLINE, async || {
        let kept = in_keyring(&stage);
        let has_it = kept.contains(TEST_TOKEN) && kept.contains(&stage.backend.api_url());
        Ok(has_it.then_some(()))
    })
    .await
    .unwrap();
    for folder in [
        stage.home(),
        stage.session.dir().join("logs"),
        stage.session.dir().join("cache"),
    ] {
        if folder.exists() {
            assert_eq!(
                files_with(&folder, TEST_TOKEN),
                Vec::<String>::new(),
                "the token is nowhere else"
            );
        }
    }

    window.end_app("TERM").await;
    stage.server_saw(|seen| seen.streams == 0).await;
    let _app = stage.start_in_tray();
    stage.server_saw(|seen| seen.streams == 1).await;
    stage.tray_says("Connected").await;
    assert_eq!(stage.windows(), 0, "who is signed in is left in peace");
}

#[tokio::test]
async fn a_token_that_is_refused_later_asks_for_another_and_loses_nothing() {
    let stage = Stage::set(Account::Unknown).await;
    let window = stage.start_with_window().await;
    enter_address(&window, &stage.backend.api_url()).await;
    enter_token(&window, TEST_TOKEN).await;
    window.find("[data-testid=ready][data-state=connected]").await;
    window.click("[data-testid=setup-done]").await;
    stage.push("1", serde_json::json!({}));
    window.find("[data-testid=item][data-key='n:1']").await;

    stage.backend.control().require_token("the-new-token");
    stage.backend.control().end_streams();
    window.find("[data-testid=connection][data-state=halted]").await;
    stage.push("2", serde_json::json!({}));

    window.click("[data-testid=remedy]").await;
    enter_token(&window, "the-new-token").await;
    window
        .find("[data-testid=connection][data-state=connected]")
        .await;
    window.find("[data-testid=item][data-key='n:2']").await;
    assert_eq!(stage.stored_keys("inbox"), ["n:1", "n:2"]);
    // It is moved to its account's entry once its user is known.
    wait_until("the old token is forgotten", DEADLINE, async || {
        Ok((!in_keyring(&stage).contains(TEST_TOKEN)).then_some(()))
    })
    .await
    .unwrap();
}
