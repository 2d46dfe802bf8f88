//! `gloria login` and `gloria logout` while the app runs.

use std::io::Write as _;
use std::process::Stdio;

use gloria_backend::TEST_TOKEN;
use gloria_desktop_session::{Process, SessionOptions, wait_until};

use crate::scene::{DEADLINE, Scene, program};

/// Runs `gloria` with this input, and returns its first line.
pub(crate) fn gloria(scene: &Scene, arguments: &[&str], input: &str) -> String {
    let mut child = scene
        .command("gloria")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs `gloria` with this input. Returns its exit code, and what it says on stderr.
pub(crate) fn gloria_fails(scene: &Scene, arguments: &[&str], input: &str) -> (Option<i32>, String) {
    let mut child = scene
        .command("gloria")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// Starts the app with the keyring's token.
pub(crate) fn app(scene: &Scene) -> Process {
    let mut command = scene.command("gloria");
    command.arg("agent");
    scene.session.spawn("app", command).unwrap()
}

pub(crate) async fn tray_says(scene: &Scene, words: &str) {
    wait_until(&format!("the tray to say {words:?}"), DEADLINE, async || {
        let items = scene.session.tray_items().await?;
        Ok(items.into_iter().find(|item| item.tooltip.contains(words)))
    })
    .await
    .unwrap();
}

/// Runs `gloria` on a terminal, and types this. Returns its output, which includes the typed text.
pub(crate) fn gloria_on_terminal(scene: &Scene, arguments: &str, input: &str) -> String {
    let mut command = scene.session.command("script");
    scene.configure(&mut command);
    let line = format!("{} {arguments}", program("gloria").display());
    let mut child = command
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_gets_words_and_a_pipe_gets_json() {
    let scene = Scene::set(SessionOptions::default()).await;
    let address = scene.backend.api_url();
    let said = gloria_on_terminal(&scene, "login", &format!("{TEST_TOKEN}\n\x04"));
    assert!(
        said.contains(&format!("The token for {address} is in the keyring.")),
        "{said}"
    );
    assert!(!said.contains("loggedIn"), "{said}");
    let mut running = app(&scene);
    scene.connected().await;
    scene.push("1");
    let item = scene.stored_item("the item", |item| item["key"] == "n:1").await;
    assert_eq!(item["title"], "title 1");
    let said = gloria_on_terminal(&scene, "inbox list", "");
    let line = said.lines().find(|line| line.contains("title 1")).unwrap();
    assert!(line.contains("unread") && !line.contains('{'), "{said}");
    let said = gloria_on_terminal(&scene, "inbox list --json", "");
    assert!(said.contains(r#""title":"title 1""#), "{said}");
    let said = gloria_on_terminal(&scene, "logout", "");
    assert!(said.contains("was removed from the keyring"), "{said}");
    running.check_alive().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_and_out_by_the_command_line_reaches_the_running_app() {
    let scene = Scene::set(SessionOptions::default()).await;
    let address = scene.backend.api_url();
    assert!(gloria(&scene, &["login"], TEST_TOKEN).contains("loggedIn"));
    // What the server refuses replaces nothing.
    let (code, said) = gloria_fails(&scene, &["login"], "a-token-that-the-server-refuses");
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("the server does not accept it"), "{said}");
    scene.backend.control().require_token("another-token");
    let mut running = app(&scene);
    wait_until("the app to be refused", DEADLINE, async || {
        running.check_alive()?;
        let (code, said) = scene.status();
        Ok((code == 4 && said["connection"]["state"] == "halted").then_some(()))
    })
    .await
    .unwrap();

    let login = ["login", "--address", &address];
    assert!(gloria(&scene, &login, "another-token").contains("loggedIn"));
    scene.connected().await;
    tray_says(&scene, "Connected").await;

    assert!(gloria(&scene, &["logout"], "").contains("loggedOut"));
    scene
        .backend
        .control()
        .wait_for(|seen| seen.streams == 0, DEADLINE)
        .await
        .unwrap();
    tray_says(&scene, "Set-up needed").await;
    assert!(gloria(&scene, &["logout"], "").contains("notLoggedIn"));

    assert!(gloria(&scene, &["login"], "another-token").contains("loggedIn"));
    scene.connected().await;
    running.check_alive().unwrap();
}
