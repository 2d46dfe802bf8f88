//! What others could still see on the screen of an account that is left.

use std::fs;

use anyhow::Result;
use gloria_backend::TEST_TOKEN;
use gloria_desktop_session::{NotificationEvent, Process, SessionOptions, copy_program, wait_until};
use serde_json::Value;

use crate::accounts::{accounts, kept};
use crate::credentials::{gloria, tray_says};
use crate::scene::{DEADLINE, Scene, program};

const OF_BERT: &str = "token-of-bert";

/// How an account is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    SignedOut,
    /// Another person signs in.
    SignedIn,
    Switched,
}

/// Starts the app without the program that shows its window: a click would open it, and nothing is shown to somebody
/// who looks at the list.
fn app_without_window(scene: &Scene) -> Process {
    let folder = scene.session.dir().join("without-window");
    fs::create_dir(&folder).unwrap();
    let gloria = folder.join("gloria");
    copy_program(program("gloria"), &gloria).unwrap();
    let mut command = scene.session.command(gloria);
    scene.configure(&mut command);
    command.arg("agent");
    scene.session.spawn("app", command).unwrap()
}

/// Whether this notification was shown, and not withdrawn since.
fn is_on_screen(scene: &Scene, number: u32) -> bool {
    let events = scene.session.notification_events().into_iter();
    events.fold(false, |is_shown, event| match event {
        NotificationEvent::Shown(notification) => is_shown || notification.id == Some(number),
        NotificationEvent::Withdrawn(id) => is_shown && id != number,
    })
}

/// Whether the tray's menu says how many items are unread. `None` without an icon.
async fn menu_counts(scene: &Scene) -> Result<Option<bool>> {
    let Some(item) = scene.session.tray_items().await?.into_iter().next() else {
        return Ok(None);
    };
    let menu = item.menu(scene.session.bus()?).await?;
    Ok(Some(menu.iter().any(|line| line.label.ends_with(" unread"))))
}

async fn until_in_use(scene: &Scene, running: &mut Process, user: &str) {
    let mut last = String::new();
    let what = format!("the account of {user}");
    let found = wait_until(&what, DEADLINE, async || {
        running.check_alive()?;
        let listed = accounts(scene);
        let is_in_use = |line: &Value| line["user"] == user && line["inUse"] == true;
        last = format!("{listed:?}");
        Ok(listed.iter().any(is_in_use).then_some(()))
    });
    found.await.unwrap_or_else(|error| panic!("{error}: {last}"));
}

async fn until_connected(scene: &Scene, running: &mut Process, user: &str) {
    until_in_use(scene, running, user).await;
    let mut last = Value::Null;
    let what = format!("the stream of {user}");
    let found = wait_until(&what, DEADLINE, async || {
        running.check_alive()?;
        let (code, said) = scene.status();
        last = said;
        Ok((code == 0).then_some(()))
    });
    found.await.unwrap_or_else(|error| panic!("{error}: {last}"));
}

fn switch(scene: &Scene, user: &str) {
    let account = accounts(scene).into_iter().find(|line| line["user"] == user);
    let name = account.unwrap()["name"].as_str().unwrap().to_owned();
    gloria(scene, &["account", "switch", &name], "");
}

/// Anna's notifications of two items. Returns their numbers.
async fn show(scene: &Scene, ids: [&str; 2]) -> Vec<u32> {
    let mut numbers = Vec::new();
    for id in ids {
        scene.push(id);
        let title = format!("title {id}");
        let shown = scene
            .session
            .wait_for_notification(DEADLINE, |notification| {
                notification.summary == title && notification.id.is_some()
            })
            .await
            .unwrap();
        numbers.extend(shown.id);
    }
    numbers
}

async fn nothing_of_anna_is_left(scene: &Scene, running: &mut Process, numbers: &[u32], way: Way) {
    // The service itself has closed the one that was clicked.
    wait_until(
        &format!("{way:?}: no notification of anna"),
        DEADLINE,
        async || {
            running.check_alive()?;
            Ok((!is_on_screen(scene, numbers[0])).then_some(()))
        },
    )
    .await
    .unwrap();
    wait_until(&format!("{way:?}: no counts of anna"), DEADLINE, async || {
        let (_, said) = scene.status();
        let counts = &said["counts"];
        let is_empty = ["total", "unread", "unseen"].iter().all(|name| counts[name] == 0);
        let counted = menu_counts(scene).await?;
        Ok((is_empty && counted == Some(false)).then_some(()))
    })
    .await
    .unwrap();
    assert_eq!(gloria(scene, &["inbox", "list"], ""), "", "{way:?}");
    // Two clicks that come too late: the service may still have them in its queue.
    for (number, key) in numbers.iter().zip(["default", "open"]) {
        scene.session.invoke_notification_action(*number, key).unwrap();
    }
    assert_eq!(gloria(scene, &["inbox", "list"], ""), "", "{way:?}");
    running.check_alive().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_on_screen_outlasts_the_account_that_is_left_and_its_user_finds_it_again() {
    let scene = Scene::set(SessionOptions::default()).await;
    let control = scene.backend.control();
    control.set_user(TEST_TOKEN, Some("anna"));
    control.set_user(OF_BERT, Some("bert"));
    assert!(gloria(&scene, &["login"], TEST_TOKEN).contains("loggedIn"));
    let [anna, bert] = ["anna", "bert"].map(|user| format!("{}#{user}", scene.backend.api_url()));
    let mut running = app_without_window(&scene);
    let mut expected = 0;
    for (way, ids) in [
        (Way::SignedIn, ["1", "2"]),
        (Way::Switched, ["3", "4"]),
        (Way::SignedOut, ["5", "6"]),
    ] {
        until_connected(&scene, &mut running, "anna").await;
        let numbers = show(&scene, ids).await;
        expected += 2;
        wait_until("the tray's menu to count", DEADLINE, async || {
            Ok((menu_counts(&scene).await? == Some(true)).then_some(()))
        })
        .await
        .unwrap();
        assert!(
            numbers.iter().all(|number| is_on_screen(&scene, *number)),
            "{way:?}"
        );
        // A click in the same moment.
        scene
            .session
            .invoke_notification_action(numbers[1], "default")
            .unwrap();
        match way {
            Way::SignedIn => {
                control.require_token(OF_BERT);
                assert!(gloria(&scene, &["login"], OF_BERT).contains("loggedIn"));
            }
            // The server does not know bert at present: a stream of his would get the same events.
            Way::Switched => switch(&scene, "bert"),
            Way::SignedOut => {
                gloria(&scene, &["logout"], "");
            }
        }
        nothing_of_anna_is_left(&scene, &mut running, &numbers, way).await;
        match way {
            Way::SignedIn => {
                until_connected(&scene, &mut running, "bert").await;
                // Until a new token is in the entry of its person, it is the server's.
                kept(&scene, &[&anna, &bert]).await;
                control.require_token(TEST_TOKEN);
                switch(&scene, "anna");
            }
            Way::Switched => {
                until_in_use(&scene, &mut running, "bert").await;
                switch(&scene, "anna");
            }
            Way::SignedOut => {
                tray_says(&scene, "Set-up needed").await;
                assert!(gloria(&scene, &["login"], TEST_TOKEN).contains("loggedIn"));
            }
        }
        until_connected(&scene, &mut running, "anna").await;
        let listed = gloria(&scene, &["inbox", "list"], "");
        assert_eq!(listed.lines().count(), expected, "{way:?}: {listed}");
    }
}
