//! The app on desktops that lack something, and on a disk that cannot be written: it says so and goes on.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;
use gloria_backend::{Backend, BackendOptions, TEST_TOKEN};
use gloria_desktop_session::{Keyring, Part, Process, Session, SessionOptions, wait_until};
use serde_json::{Value, json};

/// Longer than anything here takes on a busy machine.
const SOON: Duration = Duration::from_secs(40);

const CREATED: &str = "notification.created";

fn program(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join("debug").join(name)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The app on a desktop, with a server of its own.
struct Scene {
    session: Session,
    backend: Backend,
    home: PathBuf,
}

impl Scene {
    async fn set(options: SessionOptions) -> Self {
        let session = Session::start(options).await.unwrap();
        let home = session.dir().join("gloria");
        std::fs::create_dir(&home).unwrap();
        let backend = Backend::start(BackendOptions::default()).await.unwrap();
        Self {
            session,
            backend,
            home,
        }
    }

    fn configure(&self, command: &mut Command) {
        command
            .env("GLORIA_HOME", &self.home)
            .env("GLORIA_API_URL", self.backend.api_url());
    }

    fn app(&self) -> Process {
        let mut command = self.session.command(program("gloria-notify"));
        self.configure(&mut command);
        command.env("GLORIA_TOKEN", TEST_TOKEN);
        self.session.spawn("app", command).unwrap()
    }

    async fn connected(&self) {
        self.backend
            .control()
            .wait_for(|seen| seen.streams == 1, SOON)
            .await
            .unwrap();
    }

    /// Sends a notification as a server does that has just made it.
    fn push(&self, id: &str) {
        let data = json!({"id": id, "title": format!("title {id}"), "message": "m <b>&", "createdAt": now()});
        self.backend.control().push(CREATED, data);
    }

    fn stored(&self) -> Result<Vec<Value>> {
        let mut command = self.session.command(program("gloria"));
        self.configure(&mut command);
        let output = command.args(["inbox", "list"]).output()?;
        let lines = String::from_utf8(output.stdout)?;
        lines
            .lines()
            .map(|line| Ok(serde_json::from_str(line)?))
            .collect()
    }

    /// Waits until an item is stored of which this is true.
    async fn stored_item(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        wait_until(what, SOON, async || Ok(self.stored()?.into_iter().find(&wanted)))
            .await
            .unwrap()
    }
}

fn now() -> String {
    let output = Command::new("date")
        .args(["-u", "+%Y-%m-%dT%H:%M:%S.%NZ"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn logged(app: &mut Process, words: &str) {
    wait_until(words, SOON, async || {
        app.check_alive()?;
        Ok(app.log().contains(words).then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn without_a_session_bus_events_are_stored_and_the_missing_toast_is_told() {
    let scene = Scene::set(SessionOptions {
        bus: false,
        sound: false,
        ..SessionOptions::default()
    })
    .await;
    let mut app = scene.app();
    scene.connected().await;
    scene.push("1");
    let told = |item: &Value| {
        item["alert"]
            .as_str()
            .is_some_and(|alert| alert.contains("no notification service"))
    };
    scene
        .stored_item("an item that says why it did not pop up", told)
        .await;
    app.check_alive().unwrap();
}

#[tokio::test]
async fn a_tray_host_that_comes_late_gets_the_icon() {
    let mut scene = Scene::set(SessionOptions {
        tray_host: false,
        ..SessionOptions::default()
    })
    .await;
    let mut app = scene.app();
    scene.connected().await;
    logged(&mut app, "no tray icon for now").await;
    scene.session.start_part(Part::TrayHost).await.unwrap();
    let tooltip = wait_until("the icon", SOON, async || {
        Ok(scene
            .session
            .tray_items()
            .await?
            .into_iter()
            .find(|item| item.tooltip.contains("Connected")))
    });
    tooltip.await.unwrap();
    app.check_alive().unwrap();
}

#[tokio::test]
async fn without_a_sound_device_the_toast_still_comes() {
    let scene = Scene::set(SessionOptions {
        sound: false,
        ..SessionOptions::default()
    })
    .await;
    let mut app = scene.app();
    scene.connected().await;
    scene.push("1");
    let toast = scene
        .session
        .wait_for_toast(SOON, |toast| toast.summary == "title 1")
        .await
        .unwrap();
    assert_eq!(
        toast.body, "m &lt;b&gt;&amp;",
        "what looks like markup is shown as it is"
    );
    logged(&mut app, "a sound was not played").await;
}

#[tokio::test]
async fn a_notification_service_that_comes_late_shows_what_comes_then() {
    let mut scene = Scene::set(SessionOptions {
        notifications: false,
        ..SessionOptions::default()
    })
    .await;
    let mut app = scene.app();
    scene.connected().await;
    let before = Instant::now();
    scene.push("1");
    logged(&mut app, "a toast was not shown").await;
    scene.session.wait_for_sound(before, SOON).await.unwrap();
    scene.session.start_part(Part::Notifications).await.unwrap();
    scene.push("2");
    scene
        .session
        .wait_for_toast(SOON, |toast| toast.summary == "title 2")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_keyring_that_is_empty_and_locked_or_not_there_asks_for_set_up() {
    for keyring in [Keyring::Locked, Keyring::None] {
        let scene = Scene::set(SessionOptions {
            keyring,
            ..SessionOptions::default()
        })
        .await;
        let mut command = scene.session.command(program("gloria-notify"));
        scene.configure(&mut command);
        let mut app = scene.session.spawn("app", command).unwrap();
        let tooltip = wait_until("the tray says that the user is needed", SOON, async || {
            app.check_alive()?;
            let items = scene.session.tray_items().await?;
            Ok(items
                .into_iter()
                .find(|item| item.tooltip.contains("Set-up needed")))
        });
        tooltip.await.unwrap();
        assert_eq!(
            scene.backend.control().observed().stream_requests().count(),
            0,
            "nothing is sent without a token"
        );
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_costs_the_keeping_and_nothing_else() {
    let scene = Scene::set(SessionOptions::default()).await;
    let mut first = scene.app();
    scene.connected().await;
    scene.push("before");
    scene
        .stored_item("the first item", |item| item["key"] == "n:before")
        .await;
    first.end();
    scene
        .backend
        .control()
        .wait_for(|seen| seen.streams == 0, SOON)
        .await
        .unwrap();

    // The administrator may write anywhere, so the folder is mounted read-only in a namespace of the app's own.
    let mut command = scene.session.command("unshare");
    let mount = "mount --bind \"$GLORIA_HOME\" \"$GLORIA_HOME\" && mount -o remount,bind,ro \"$GLORIA_HOME\" && exec \"$0\"";
    // Whoever is not the administrator becomes one in a namespace of users first.
    let as_administrator = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let users: &[&str] = if as_administrator {
        &[]
    } else {
        &["--map-root-user"]
    };
    command
        .arg("--mount")
        .args(users)
        .args(["sh", "-c", mount])
        .arg(program("gloria-notify"));
    scene.configure(&mut command);
    command.env("GLORIA_TOKEN", TEST_TOKEN);
    let mut app = scene.session.spawn("read-only", command).unwrap();
    logged(&mut app, "writable, then start Gloria Notify again").await;
    scene.connected().await;
    let resumed = scene.backend.control().observed();
    assert!(
        resumed
            .stream_requests()
            .next_back()
            .unwrap()
            .last_event_id()
            .is_some(),
        "what is stored is read, and the stream resumed after it"
    );
    scene.push("after");
    scene
        .session
        .wait_for_toast(SOON, |toast| toast.summary == "title after")
        .await
        .unwrap();
    let keys: Vec<_> = scene
        .stored()
        .unwrap()
        .into_iter()
        .map(|item| item["key"].clone())
        .collect();
    assert_eq!(keys, [json!("n:before")], "the file is as it was");
    app.check_alive().unwrap();
}
