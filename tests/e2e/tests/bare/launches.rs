//! A window that cannot be opened, and an agent that cannot be started: the user is shown the reason.

use std::fs;
use std::path::{Path, PathBuf};

use gloria_backend::TEST_TOKEN;
use gloria_desktop_session::{
    Process, SessionOptions, ShownNotification, copy_program, wait_until, write_program,
};

use crate::scene::{DEADLINE, Scene, program};
use crate::starts::{dialogs, text};

async fn set(notifications: bool) -> Scene {
    Scene::set(SessionOptions {
        notifications,
        sound: false,
        ..SessionOptions::default()
    })
    .await
}

/// Installs a program in another folder, where it looks for the other program.
fn install(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    // Not every file system allows a hard link to the other.
    if fs::hard_link(program(name), &path).is_err() {
        copy_program(program(name), &path).unwrap();
    }
    path
}

fn script(folder: &Path, name: &str, lines: &str) {
    let path = folder.join(name);
    // A new file, because a running program cannot be overwritten.
    let _ = fs::remove_file(&path);
    write_program(&path, format!("#!/bin/sh\n{lines}\n").as_bytes()).unwrap();
}

/// Starts the agent of this folder.
fn agent(scene: &Scene, folder: &Path) -> Process {
    let mut command = scene.session.command(folder.join("gloria"));
    scene.configure(&mut command);
    command.arg("agent").env("GLORIA_TOKEN", TEST_TOKEN);
    scene.session.spawn("agent", command).unwrap()
}

async fn says(scene: &Scene, words: &str) -> ShownNotification {
    let wanted = |shown: &ShownNotification| shown.body.contains(words);
    let shown = scene.session.wait_for_notification(DEADLINE, wanted).await;
    let shown = shown.unwrap();
    assert_eq!(shown.summary, "Gloria Notify needs you");
    wait_until("the status to say it", DEADLINE, async || {
        let notices = scene.status().1["notices"].to_string();
        Ok(notices.contains("\"window\"").then_some(()))
    })
    .await
    .unwrap();
    shown
}

#[tokio::test]
async fn a_click_without_a_display_is_answered_by_a_notification() {
    for (display, words) in [
        (None, "cannot open its window because there is no display"),
        (
            Some(":64999"),
            "because the display cannot be opened (DISPLAY=:64999)",
        ),
    ] {
        let scene = set(true).await;
        let mut command = scene.command("gloria");
        command.arg("agent").env("GLORIA_TOKEN", TEST_TOKEN);
        match display {
            None => command.env_remove("DISPLAY"),
            Some(display) => command.env("DISPLAY", display),
        };
        let mut app = scene.session.spawn("app", command).unwrap();
        scene.connected().await;
        scene.push("1");
        scene.stored_item("the item", |item| item["key"] == "n:1").await;
        scene.open();
        let first = says(&scene, words).await;
        assert_eq!(first.replaces, 0);
        // A click on the tray icon.
        let item = scene.session.tray_items().await.unwrap().remove(0);
        item.click(scene.session.bus().unwrap()).await.unwrap();
        let replaced = scene
            .session
            .wait_for_notification(DEADLINE, |shown| Some(shown.replaces) == first.id)
            .await;
        assert!(replaced.unwrap().body.contains(words));
        app.check_alive().unwrap();
        assert!(dialogs("start-window").is_empty(), "there is none to show it on");
        assert!(app.log().contains(words), "{}", app.log());
    }
}

#[tokio::test]
async fn a_window_that_does_not_come_is_reported_until_it_does() {
    let scene = set(true).await;
    let folder = scene.session.dir().join("programs");
    fs::create_dir(&folder).unwrap();
    install(&folder, "gloria");
    let mut app = agent(&scene, &folder);
    scene.connected().await;
    scene.open();
    says(&scene, "gloria-notify cannot be started").await;

    script(&folder, "gloria-notify", "exit 7");
    scene.open();
    says(&scene, "ended as soon as it was started (exit status: 7)").await;

    let pid = scene.session.dir().join("pid");
    let line = format!("echo $$ > {} && exec sleep 600", pid.display());
    script(&folder, "gloria-notify", &line);
    scene.open();
    says(&scene, "was started but does not appear").await;
    let pid = fs::read_to_string(pid).unwrap();
    let process = Path::new("/proc").join(pid.trim());
    wait_until("the program that hangs to be ended", DEADLINE, async || {
        Ok((!process.exists()).then_some(()))
    })
    .await
    .unwrap();
    scene.push("1");
    scene.stored_item("the item", |item| item["key"] == "n:1").await;

    fs::remove_file(folder.join("gloria-notify")).unwrap();
    install(&folder, "gloria-notify");
    scene.open();
    scene.expect_windows(1).await;
    wait_until("nothing to be said of it any more", DEADLINE, async || {
        let notices = scene.status().1["notices"].to_string();
        Ok((!notices.contains("\"window\"")).then_some(()))
    })
    .await
    .unwrap();
    app.check_alive().unwrap();
}

#[tokio::test]
async fn without_a_notification_service_a_dialog_says_that_there_is_no_window() {
    let scene = set(false).await;
    let folder = scene.session.dir().join("programs");
    fs::create_dir(&folder).unwrap();
    install(&folder, "gloria");
    let real = program("gloria-notify");
    let line = format!(
        "case $1 in --message=*) exec {} \"$@\";; *) exit 7;; esac",
        real.display()
    );
    script(&folder, "gloria-notify", &line);
    let mut app = agent(&scene, &folder);
    scene.connected().await;
    scene.open();
    scene.expect_windows(1).await;
    assert_eq!(dialogs("start-window-ended").len(), 1);
    app.check_alive().unwrap();
}

#[tokio::test]
async fn an_agent_that_does_not_start_says_why_by_the_program_that_people_start() {
    let scene = set(true).await;
    // Another process has the folder and no socket, as on another computer.
    let lock = fs::File::create(scene.home.join("running.lock")).unwrap();
    lock.lock().unwrap();
    let mut command = scene.command("gloria-notify");
    let output = command.env_remove("GLORIA_LOG").output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(
        said.contains("another Gloria Notify is using the folder"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    scene.expect_windows(1).await;
    assert_eq!(dialogs("is using the folder").len(), 1);
    drop(lock);

    let folder = scene.session.dir().join("programs");
    fs::create_dir(&folder).unwrap();
    let alone = install(&folder, "gloria-notify");
    let mut command = scene.session.command(&alone);
    scene.configure(&mut command);
    let output = command.env_remove("GLORIA_LOG").output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("could not start in the background"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");

    script(&folder, "gloria", "exit 9");
    let mut command = scene.session.command(&alone);
    scene.configure(&mut command);
    let output = command.env_remove("GLORIA_LOG").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("exit status: 9"), "{output:?}");
}

#[tokio::test]
async fn what_the_windows_program_logs_is_in_the_log_of_the_app() {
    let scene = set(true).await;
    let mut app = scene.app();
    scene.connected().await;
    scene.open();
    scene.expect_windows(1).await;
    wait_until("its lines", DEADLINE, async || {
        let log = fs::read_to_string(scene.home.join("logs/gloria-notify.log"))?;
        Ok((log.contains("the agent starts") && log.contains("the window's program starts")).then_some(()))
    })
    .await
    .unwrap();
    app.check_alive().unwrap();
}
