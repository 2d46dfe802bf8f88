//! From the first start to the first notification, as staff come there who have only the server's address: through the
//! pages of a real provider in a real browser, which the app opens and which comes back to it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use gloria_desktop_session::{Process, wait_until};
use gloria_sign_in_tests::{Browser, Clerk, Provider};
use serde_json::json;

use crate::stage::{Account, DEADLINE, Stage, Window, built, signal};
use crate::watch::{Shown, Watch, files};

/// The parts of the sign-in page's address that others must not learn without need. It is in the arguments of the
/// browser, and of the launcher that starts it: no system passes it otherwise. They are worth nothing without the
/// verifier, which stays in the app.
const IN_THE_LINK: [&str; 3] = ["state", "nonce", "code_challenge"];

/// Has the app's launcher start Chromium with this profile.
fn install_browser(stage: &Stage, profile: &Path) {
    let line = Browser::command_line(profile);
    let quoted: Vec<_> = line.iter().map(|word| format!("'{word}'")).collect();
    // The app starts it as no child of its own, so it would outlive a test that is killed. It ends with its launcher,
    // which the session ends: without a screen, Chromium would go on and use a whole processor.
    let script = format!(
        "#!/bin/sh\nexec timeout -s KILL 300 setpriv --pdeathsig KILL {} \"$1\"\n",
        quoted.join(" ")
    );
    // It replaces the one that only writes down what it is to open.
    fs::write(stage.session.dir().join("bin/xdg-open"), script).unwrap();
}

/// Starts the app at its most talkative. It could leave a core file if it wanted to.
fn start(stage: &Stage) -> Process {
    let mut agent = stage.session.command("sh");
    stage.configure(&mut agent);
    let line = "ulimit -S -c unlimited; cd \"$1\"; exec \"$0\" agent";
    agent
        .args(["-c", line])
        .arg(built("gloria"))
        .arg(stage.session.dir())
        .env("GLORIA_LOG", "trace");
    stage.session.spawn("agent", agent).unwrap()
}

/// Waits until the app's window is the one that gets the keyboard.
async fn in_front(stage: &Stage) {
    let mut last = String::new();
    let found = wait_until("the app's window in front", DEADLINE, async || {
        let mut active = stage.session.command("xdotool");
        let active = active.args(["getactivewindow", "getwindowname"]).output()?;
        last = String::from_utf8(active.stdout)?;
        Ok((last.trim_end() == "Gloria Notify").then_some(()))
    });
    found.await.unwrap_or_else(|error| panic!("{error}: {last}"));
}

/// From the address to the list, as a new user goes.
async fn set_up(stage: &Stage, window: &Window, clerk: &Clerk, profile: &Path) {
    window.fill("[data-testid=setup-address]", clerk.server()).await;
    window.click("[data-testid=setup-continue]").await;
    window.click("[data-testid=sign-in-begin]").await;
    let mut browser = Browser::join(profile).await;
    browser.walk("anna").await;
    browser
        .wait_for("document.body.innerText.includes('You are signed in')")
        .await;
    assert_eq!(
        browser.evaluate("location.pathname + location.search").await,
        "/done"
    );

    window.find("[data-testid=ready][data-state=connected]").await;
    let page = window.find("[data-testid=ready]").await.text().await.unwrap();
    assert!(page.contains("Person anna"), "{page}");
    // The browser was.
    in_front(stage).await;
    window.click("[data-testid=notification-test]").await;
    window
        .find("[data-testid=notification-report][data-succeeded=true]")
        .await;
    assert_eq!(
        stage.session.notifications().len(),
        1,
        "{:?}",
        stage.session.notifications()
    );
    window.click("[data-testid=setup-done]").await;
    window.find("[data-testid=inbox], [data-testid=empty]").await;
}

/// The named values of the sign-in page's address, as the browser got it.
fn in_the_link(seen: &BTreeSet<Shown>) -> Vec<String> {
    let arguments = seen.iter().flat_map(|shown| shown.arguments.split('\0'));
    let mut links = arguments.filter(|argument| argument.starts_with("http") && argument.contains("/auth?"));
    let (_, query) = links.next().unwrap().split_once('?').unwrap();
    let fields = query.split('&').filter_map(|field| field.split_once('='));
    let named = fields.filter(|(name, _)| IN_THE_LINK.contains(name));
    named.map(|(_, value)| value.to_owned()).collect()
}

#[tokio::test]
async fn a_new_user_signs_in_in_the_browser_and_no_secret_of_that_can_be_found_anywhere() {
    // Short enough for a renewal while the test runs.
    let provider = Provider::start(json!({"access": 20})).await;
    let clerk = Clerk::start(&provider, json!({})).await;
    let stage = Stage::set(Account::Unknown).await;
    // What a browser remembers is its own, so it is not among the files that are searched.
    let profile = tempfile::tempdir().unwrap();
    install_browser(&stage, profile.path());
    let watch = Watch::start(stage.session.dir());
    let mut agent = start(&stage);
    let window = stage.drive().await;
    set_up(&stage, &window, &clerk, profile.path()).await;

    stage.close_window().await;
    let data = json!({"id": "1", "title": "Task 1", "message": "Assigned to you"});
    let push = json!({"do": "push", "event": "notification.created", "data": data});
    clerk.order(push).await;
    stage
        .session
        .wait_for_notification(DEADLINE, |notification| notification.summary == "Task 1")
        .await
        .unwrap();
    assert_eq!(stage.stored_keys("inbox"), ["n:1"]);
    wait_until("a renewal", DEADLINE, async || {
        Ok((provider.count("POST /token").await >= 2).then_some(()))
    })
    .await
    .unwrap();

    // As it dies, it could leave a core file with the tokens.
    signal(agent.id(), "ABRT");
    let ended = agent.ended(DEADLINE).await.unwrap();
    assert_eq!(ended.signal(), Some(6));
    assert!(!ended.core_dumped());

    let seen = watch.end();
    let mut secrets = provider.secrets().await;
    // Code and verifier, and each time three new tokens.
    assert!(secrets.len() >= 8, "{}", secrets.len());
    let in_the_link = in_the_link(&seen);
    assert_eq!(in_the_link.len(), IN_THE_LINK.len());
    for shown in &seen {
        let whose = format!("process {} ({})", shown.process, shown.name);
        let in_environment = |secret: &String| shown.environment.contains(secret);
        let in_arguments = |secret: &String| shown.arguments.contains(secret);
        let mut all = secrets.iter().chain(&in_the_link);
        assert!(
            !all.any(in_environment),
            "{whose} has a secret in its environment"
        );
        assert!(
            !secrets.iter().any(in_arguments),
            "{whose} has a secret in its arguments"
        );
        let may_have_the_link = ["xdg-open", "timeout", "setpriv", "chromium"].contains(&&*shown.name);
        assert!(
            may_have_the_link || !in_the_link.iter().any(in_arguments),
            "{whose} has the link"
        );
    }
    secrets.extend(in_the_link);
    let written = files(stage.session.dir());
    assert!(agent.log().contains("DEBUG"), "nothing was logged in full");
    for (path, contents) in &written {
        for secret in &secrets {
            let found = contents
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "{} has a secret", path.display());
        }
    }
}
