//! `metrics.textfile` with the real agent, and Prometheus' own program as the judge of what is written.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::future::Future;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use gloria_backend::{Backend, BackendOptions, TEST_TOKEN};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longer than anything here takes on a slow machine, which reads changed settings twice, in ten seconds; a test that
/// reaches it has failed.
const DEADLINE: Duration = Duration::from_secs(90);

struct Scene {
    home: TempDir,
    /// The collector's folder.
    folder: TempDir,
    backend: Backend,
}

impl Scene {
    async fn set() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            folder: tempfile::tempdir().unwrap(),
            backend: Backend::start(BackendOptions::default()).await.unwrap(),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn want(&self, file: &Path) {
        let text = format!("[metrics]\ntextfile = '{}'\n", file.display());
        fs::write(self.home.path().join("settings.toml"), text).unwrap();
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

    /// Returns what the app says about its settings. It has more to say here, without a desktop.
    async fn settings_notice(&self) -> Option<String> {
        let output = self.gloria(&["status", "--json"]).output().await.unwrap();
        let status: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let notices = status["notices"].as_array()?;
        let notice = notices.iter().find(|notice| notice["kind"] == "settings")?;
        Some(notice.to_string())
    }
}

async fn until<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let waited = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let outcome = timeout(DEADLINE, waited).await;
    assert!(outcome.is_ok(), "not within {DEADLINE:?}: {what}");
}

/// Prometheus' program, where it is installed or where `cargo xtask test unit` has put it.
fn promtool() -> Command {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target/unpacked/promtool");
    Command::new(if unpacked.exists() {
        unpacked
    } else {
        "promtool".into()
    })
}

async fn checked(text: &str) -> Output {
    let mut check = promtool();
    check.args(["check", "metrics"]);
    check
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let spawned = check.spawn();
    let mut check =
        spawned.unwrap_or_else(|error| panic!("promtool: {error}; `cargo xtask test unit` gets it"));
    let mut input = check.stdin.take().unwrap();
    input.write_all(text.as_bytes()).await.unwrap();
    drop(input);
    check.wait_with_output().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_reads_the_file_which_moves_with_its_setting_and_goes_with_the_app() {
    let scene = Scene::set().await;
    let [first, second] = ["a.prom", "b.prom"].map(|name| scene.file(name));
    scene.want(&first);
    let agent = scene.agent();
    until("the file", async || first.exists()).await;
    let mode = fs::metadata(&first).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644, "the exporter is another user");
    let control = scene.backend.control();
    // What is sent before that reaches nobody.
    control
        .wait_for(|seen| seen.streams == 1, DEADLINE)
        .await
        .unwrap();
    control.push("notification.exploded", json!({"id": "1"}));
    control.push_text("notification.created", None, "{not json");
    until("the events", async || {
        let output = scene.gloria(&["status", "--json"]).output().await.unwrap();
        let status: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        status["metrics"]["failedEvents"] == 1
    })
    .await;

    scene.want(&second);
    until("the other file", async || second.exists() && !first.exists()).await;
    let text = fs::read_to_string(&second).unwrap();
    for line in [
        "gloria_connected 1",
        "gloria_health{state=\"connected\"} 1",
        "gloria_events_total{outcome=\"failed\"} 1",
        "# TYPE gloria_events_total counter",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
    let output = checked(&text).await;
    assert!(output.status.success(), "{output:?}\n{text}");
    assert!(output.stderr.is_empty(), "{output:?}\n{text}");

    scene.quit(agent).await;
    assert_eq!(
        fs::read_dir(scene.folder.path()).unwrap().count(),
        0,
        "nothing is left"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_the_next_start_goes_on_with_the_file_and_removes_what_was_half_written() {
    let scene = Scene::set().await;
    let file = scene.file("gloria.prom");
    scene.want(&file);
    let mut agent = scene.agent();
    until("the file", async || file.exists()).await;
    agent.kill().await.unwrap();
    let left = fs::metadata(&file).unwrap().ino();
    fs::write(scene.file(".gloria.prom.0123456789abcdef.draft"), "half").unwrap();

    let agent = scene.agent();
    until("the next file", async || {
        fs::metadata(&file).is_ok_and(|found| found.ino() != left)
    })
    .await;
    assert_eq!(fs::read_dir(scene.folder.path()).unwrap().count(), 1);
    assert_eq!(scene.settings_notice().await, None);
    scene.quit(agent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_app_left_goes_at_the_next_start_also_if_the_setting_has_gone() {
    let scene = Scene::set().await;
    let file = scene.file("gloria.prom");
    scene.want(&file);
    let mut agent = scene.agent();
    until("the file", async || file.exists()).await;
    agent.kill().await.unwrap();
    assert!(file.exists(), "nobody could remove it");

    fs::remove_file(scene.home.path().join("settings.toml")).unwrap();
    let agent = scene.agent();
    until("no file", async || !file.exists()).await;
    scene.quit(agent).await;
    assert!(!scene.home.path().join("metrics-file.json").exists());
}

/// Nobody who works here.
const SOMEBODY: u32 = 65_534;

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stderr, reason = "a reader of the test's output should know")]
async fn a_file_of_another_user_stays_and_is_named_once_and_not_again_at_the_end() {
    let scene = Scene::set().await;
    let file = scene.file("gloria.prom");
    fs::write(&file, "# Gloria Notify writes this file every minute.\n").unwrap();
    if chown(&file, Some(SOMEBODY), None).is_err() {
        eprintln!("skipped: only root can give a file to another user");
        return;
    }
    scene.want(&file);
    let agent = scene.agent();
    until("the words", async || {
        let notice = scene.settings_notice().await;
        notice.is_some_and(|notice| notice.contains("it belongs to another user of this computer"))
    })
    .await;
    let notice = scene.settings_notice().await.unwrap_or_default();
    let words = serde_json::from_str::<Value>(&notice).unwrap()["message"]["words"].to_string();
    assert_eq!(words.matches("gloria.prom").count(), 1, "{words}");
    scene.quit(agent).await;
    assert!(file.exists());
    let log = scene.gloria(&["logs"]).output().await.unwrap();
    let log = String::from_utf8_lossy(&log.stdout).into_owned();
    assert_eq!(log.matches("metrics are not written").count(), 1, "{log}");
    assert!(!log.contains("is not removed"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_is_in_the_status_and_in_the_log_until_it_can() {
    let scene = Scene::set().await;
    let file = scene.file("gloria.prom");
    fs::write(&file, "# of another program\n").unwrap();
    scene.want(&file);
    let agent = scene.agent();
    until("the words", async || {
        let notice = scene.settings_notice().await;
        notice.is_some_and(|notice| notice.contains("another program wrote this file"))
    })
    .await;
    let log = scene.gloria(&["logs"]).output().await.unwrap();
    let log = String::from_utf8_lossy(&log.stdout).into_owned();
    assert!(log.contains("metrics are not written"), "{log}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "# of another program\n");

    let other = scene.file("other.prom");
    scene.want(&other);
    until("no words", async || {
        other.exists() && scene.settings_notice().await.is_none()
    })
    .await;
    scene.quit(agent).await;
    assert_eq!(fs::read_to_string(&file).unwrap(), "# of another program\n");
}
