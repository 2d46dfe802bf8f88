//! The notice of a newer version, with the real agent and a publisher on a web server of this machine.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::HashMap;
use std::fs;
use std::io::Cursor;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gloria_backend::{Backend, BackendOptions, TEST_TOKEN};
use minisign::KeyPair;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longer than anything here takes on a slow machine; a test that reaches it has failed.
const DEADLINE: Duration = Duration::from_secs(40);

const NOTES: &str = "https://gloria.example/notes/9.1.0";

/// A publisher's web server.
struct Publisher {
    keys: KeyPair,
    folder: String,
    files: Arc<Mutex<HashMap<String, String>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Publisher {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let folder = format!("http://{}/updates/", listener.local_addr().unwrap());
        let (files, asked) = (
            Arc::<Mutex<HashMap<String, String>>>::default(),
            Arc::<Mutex<Vec<String>>>::default(),
        );
        let (served, kept) = (files.clone(), asked.clone());
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(socket.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let path = head.split(' ').nth(1).unwrap().to_owned();
                let file = served.lock().unwrap().get(&path).cloned();
                kept.lock().unwrap().push(head);
                let answer = file.map_or(
                    "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n".to_owned(),
                    |file| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{file}", file.len()),
                );
                socket.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self {
            keys: KeyPair::generate_unencrypted_keypair().unwrap(),
            folder,
            files,
            asked,
        }
    }

    fn publish(&self, version: &str) {
        let manifest = json!({
            "product": "com.gloriasystem.notify",
            "channel": "stable",
            "version": version,
            "date": "2026-11-28T12:00:00Z",
            "notes": NOTES,
        })
        .to_string();
        let signature = minisign::sign(None, &self.keys.sk, Cursor::new(&manifest), None, None).unwrap();
        let mut files = self.files.lock().unwrap();
        files.insert("/updates/stable.json".to_owned(), manifest);
        files.insert("/updates/stable.json.minisig".to_owned(), signature.into_string());
    }

    fn alter(&self) {
        let mut files = self.files.lock().unwrap();
        let file = files.get_mut("/updates/stable.json").unwrap();
        *file = file.replace("9.1.0", "9.9.9");
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

struct Scene {
    home: TempDir,
    backend: Backend,
    publisher: Publisher,
}

impl Scene {
    async fn set() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            backend: Backend::start(BackendOptions::default()).await.unwrap(),
            publisher: Publisher::start().await,
        }
    }

    fn settings(&self) -> PathBuf {
        self.home.path().join("settings.toml")
    }

    fn want(&self) {
        let (folder, key) = (&self.publisher.folder, self.publisher.keys.pk.to_base64());
        let text = format!("[updates]\nurl = '{folder}'\nkey = '{key}'\n");
        fs::write(self.settings(), text).unwrap();
    }

    /// Has the next start ask at once, by the plan of an earlier one, which is a day ahead otherwise.
    fn plan_for_now(&self) {
        let path = self.home.path().join("releases.json");
        let mut record = fs::read(&path).map_or_else(
            |_| json!({}),
            |text| serde_json::from_slice::<Value>(&text).unwrap(),
        );
        let soon = SystemTime::now() + Duration::from_secs(2);
        let soon = soon.duration_since(UNIX_EPOCH).unwrap().as_millis();
        record["nextAt"] = json!(u64::try_from(soon).unwrap());
        record["asked"] = json!({
            "url": self.publisher.folder,
            "key": self.publisher.keys.pk.to_base64(),
            "channel": "stable",
        });
        fs::write(&path, record.to_string()).unwrap();
    }

    fn gloria(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gloria"));
        command
            .args(arguments)
            .env_clear()
            .env("GLORIA_HOME", self.home.path())
            .env("GLORIA_API_URL", self.backend.api_url())
            .env("GLORIA_TOKEN", TEST_TOKEN)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    fn agent(&self) -> Child {
        let mut command = self.gloria(&["agent"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    async fn quit(&self, mut agent: Child) {
        let output = self.gloria(&["quit"]).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        agent.wait().await.unwrap();
    }

    async fn status(&self) -> Value {
        let output = self.gloria(&["status", "--json"]).output().await.unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// Waits until this holds of what the status says about newer versions, and returns it.
    async fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let waited = async {
            loop {
                let mut status = self.status().await;
                let updates = status["updates"].take();
                // Without an agent there is no version.
                if status["version"].is_string() && holds(&updates) {
                    return updates;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let outcome = timeout(DEADLINE, waited).await;
        outcome.unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}"))
    }

    /// Starts an agent that asks, and returns what came of it.
    async fn refused(&self, id: &str) -> Value {
        self.plan_for_now();
        let agent = self.agent();
        let updates = self.until(id, |updates| updates["problem"]["id"] == id).await;
        self.quit(agent).await;
        updates
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_learn_of_a_newer_version_and_of_no_older_or_altered_one() {
    let scene = Scene::set().await;
    scene.publisher.publish("9.1.0");
    scene.want();
    scene.plan_for_now();
    let agent = scene.agent();
    let newer = json!({"version": "9.1.0", "notes": NOTES});
    let updates = scene
        .until("a newer version", |updates| updates["release"] == newer)
        .await;
    assert_eq!(updates["problem"], Value::Null);
    for head in scene.publisher.asked() {
        let head = head.to_lowercase();
        assert!(
            !head.contains("authorization") && !head.contains(TEST_TOKEN),
            "{head}"
        );
    }
    let output = scene
        .gloria(&["status"])
        .env("LC_ALL", "C")
        .output()
        .await
        .unwrap();
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = format!("Version 9.1.0 is available: {NOTES}");
    assert!(words.contains(&line), "{words}");
    scene.quit(agent).await;

    scene.publisher.publish("9.0.0");
    let updates = scene.refused("release-older").await;
    assert_eq!(updates["release"], newer);
    scene.publisher.publish("9.1.0");
    scene.publisher.alter();
    let updates = scene.refused("release-altered").await;
    assert_eq!(updates["release"], newer);

    // What came of it is still said by a start that does not ask.
    let asked = scene.publisher.asked().len();
    let agent = scene.agent();
    let said = |updates: &Value| updates["problem"]["id"] == "release-altered" && updates["release"] == newer;
    scene.until("the same", said).await;
    scene.quit(agent).await;
    assert_eq!(scene.publisher.asked().len(), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_until_address_and_key_are_set() {
    let scene = Scene::set().await;
    scene.publisher.publish("9.1.0");
    scene.plan_for_now();
    let agent = scene.agent();
    scene
        .until("an agent without a source", |updates| updates.is_null())
        .await;
    // Settings are read again at the ticks at which it is decided whether to ask.
    let file = scene.home.path().join("gloria.prom");
    let text = format!("[metrics]\ntextfile = '{}'\n", file.display());
    fs::write(scene.settings(), text).unwrap();
    let applied = async {
        while !file.exists() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(DEADLINE, applied).await.unwrap();
    assert_eq!(scene.status().await["updates"], Value::Null);
    scene.quit(agent).await;
    assert_eq!(scene.publisher.asked().len(), 0);

    scene.want();
    scene.plan_for_now();
    let agent = scene.agent();
    scene
        .until("a newer version", |updates| {
            updates["release"]["version"] == "9.1.0"
        })
        .await;
    scene.quit(agent).await;
}
