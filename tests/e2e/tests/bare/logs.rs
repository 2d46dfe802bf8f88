//! The app's logs: in files that only its user can read, and without contents of notifications.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use gloria_backend::TEST_TOKEN;
use gloria_desktop_session::{Process, SessionOptions, wait_until};
use serde_json::json;

use crate::credentials::gloria;
use crate::scene::{CREATED, DEADLINE, Scene, now};

/// Starts the app like a desktop, with its stderr not connected.
fn start(scene: &Scene, change: impl FnOnce(&mut Command)) -> Process {
    let mut command = scene.command("gloria");
    command
        .arg("agent")
        .env("GLORIA_TOKEN", TEST_TOKEN)
        .env_remove("GLORIA_LOG");
    change(&mut command);
    scene.session.spawn("app", command).unwrap()
}

/// Returns everything in the log files of this folder.
pub(crate) fn logged(folder: &Path) -> String {
    let files = fs::read_dir(folder).into_iter().flatten();
    files
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect()
}

async fn wait_for_line(folder: &Path, words: &str) {
    wait_until(words, DEADLINE, async || {
        Ok(logged(folder).contains(words).then_some(()))
    })
    .await
    .unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[tokio::test]
async fn what_is_logged_is_in_private_files_and_gloria_logs_prints_it() {
    let scene = Scene::set(SessionOptions::default()).await;
    let folder = scene.home.join("logs");
    let mut app = start(&scene, |_| {});
    scene.connected().await;
    wait_for_line(&folder, "the agent starts").await;
    assert_eq!(app.log(), "", "nobody reads stderr");
    let file = folder.join("gloria-notify.log");
    assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));

    // A second start leaves file and app unchanged.
    let mut second = start(&scene, |_| {});
    assert_eq!(second.ended(DEADLINE).await.unwrap().code(), Some(0));
    // If the files are deleted, later messages are logged nevertheless.
    fs::remove_dir_all(&folder).unwrap();
    gloria(&scene, &["quit"], "");
    assert!(app.ended(DEADLINE).await.unwrap().success());
    let printed = gloria(&scene, &["logs"], "");
    assert!(
        printed.contains("the app ends") && !printed.contains("the agent starts"),
        "{printed}"
    );
    assert_eq!(mode(&file), 0o600);
}

#[tokio::test]
async fn the_level_is_a_setting() {
    let scene = Scene::set(SessionOptions::default()).await;
    let folder = scene.home.join("logs");
    fs::write(scene.home.join("settings.toml"), "[log]\nlevel = \"debug\"\n").unwrap();
    let mut app = start(&scene, |_| {});
    wait_for_line(&folder, " DEBUG gloria").await;
    app.check_alive().unwrap();
}

#[tokio::test]
async fn without_a_home_of_its_own_the_log_is_in_the_state_folder() {
    let scene = Scene::set(SessionOptions::default()).await;
    let state = scene.session.dir().join("state");
    let mut app = start(&scene, |command| {
        command.env_remove("GLORIA_HOME").env("XDG_STATE_HOME", &state);
    });
    wait_for_line(&state.join("com.gloriasystem.notify/logs"), "the agent starts").await;
    app.check_alive().unwrap();
}

#[tokio::test]
async fn an_app_that_cannot_log_runs_as_any_other() {
    type Spoil = fn(&Path);
    let spoil: [(&str, Spoil); 3] = [
        ("a file in the folder's place", |folder| {
            fs::write(folder, "").unwrap()
        }),
        ("a full disk", |folder| {
            fs::create_dir(folder).unwrap();
            symlink("/dev/full", folder.join("gloria-notify.log")).unwrap();
        }),
        ("a folder in the file's place", |folder| {
            fs::create_dir_all(folder.join("gloria-notify.log/x")).unwrap();
        }),
    ];
    for (what, spoil) in spoil {
        let scene = Scene::set(SessionOptions::default()).await;
        spoil(&scene.home.join("logs"));
        let mut app = start(&scene, |_| {});
        scene.connected().await;
        scene.push("1");
        scene.stored_item(what, |item| item["key"] == "n:1").await;
        gloria(&scene, &["quit"], "");
        assert!(app.ended(DEADLINE).await.unwrap().success(), "{what}");
    }
}

#[tokio::test]
async fn no_log_at_any_level_holds_what_a_notification_says_or_a_secret() {
    const SECRETS: [&str; 6] = [
        "sentinel-title",
        "sentinel-body",
        "sentinel-token",
        "sentinel-query",
        "sentinel-value",
        "sentinel-password",
    ];
    for transport in ["header", "query"] {
        let scene = Scene::set(SessionOptions::default()).await;
        scene.backend.control().require_token("sentinel-token");
        let mut app = start(&scene, |command| {
            command
                .env("GLORIA_LOG", "trace,zbus=trace,hyper=trace,h2=trace")
                .env("GLORIA_TOKEN", "sentinel-token")
                .env("GLORIA_AUTH_TRANSPORT", transport)
                .env("GLORIA_NO_PROXY", "127.0.0.1")
                .env("GLORIA_PROXY", "http://someone:sentinel-password@127.0.0.1:9");
        });
        scene.connected().await;
        let control = scene.backend.control();
        let link = "https://gloria.example/x?q=sentinel-query";
        control.push(
            CREATED,
            json!({"id": "1", "title": "sentinel-title", "message": "sentinel-body", "link": link, "createdAt": now()}),
        );
        // Data that cannot be read, in part or as a whole.
        control.push(
            CREATED,
            json!({"id": "2", "title": "sentinel-title", "priority": "sentinel-value", "link": "x:sentinel-query",
                "expiresAt": "sentinel-value", "sentinelField": "sentinel-value", "createdAt": now()}),
        );
        control.push(CREATED, json!({"id": "3", "priority": ["sentinel-value"]}));
        control.push_text(CREATED, None, "sentinel-body, which is no JSON");
        control.push("sentinel.type", json!({"title": "sentinel-title"}));
        control.push(
            "error",
            json!({"code": "sentinel-value", "message": "sentinel-body"}),
        );
        control.push(CREATED, json!({"id": "4", "title": "last", "createdAt": now()}));
        scene
            .stored_item("the last item", |item| item["key"] == "n:4")
            .await;
        wait_until("the notification", DEADLINE, async || {
            Ok(scene
                .stored()?
                .iter()
                .any(|item| item["key"] == "n:1" && item["alert"]["state"] == "shown")
                .then_some(()))
        })
        .await
        .unwrap();
        let mut command = scene.command("gloria-notify");
        command.env("GLORIA_LOG", "trace,zbus=trace");
        let mut window = scene.session.spawn("window", command).unwrap();
        scene.expect_windows(1).await;
        control
            .answer(gloria_backend::Route::Stream, 1, gloria_backend::Answer::new(503))
            .unwrap();
        control.end_streams();
        scene.connected().await;
        gloria(&scene, &["quit"], "");
        assert!(app.ended(DEADLINE).await.unwrap().success());
        assert!(window.ended(DEADLINE).await.unwrap().success());
        let places: [(PathBuf, String); 3] = [
            (scene.home.join("logs"), logged(&scene.home.join("logs"))),
            ("stderr".into(), app.log()),
            ("the window's stderr".into(), window.log()),
        ];
        for (place, log) in places {
            assert!(
                log.contains(" TRACE ")
                    || log.contains(" DEBUG ")
                    || place == Path::new("the window's stderr"),
                "{}: {log}",
                place.display()
            );
            for secret in SECRETS {
                let line = log.lines().find(|line| line.contains(secret));
                assert_eq!(line, None, "{transport}: {secret} in {}", place.display());
            }
        }
    }
}
