//! The alert rules for Prometheus with what the real agent writes, judged by Prometheus' own program.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use gloria_backend::{Backend, BackendOptions, TEST_TOKEN};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longer than anything here takes on a slow machine, which reads changed settings twice, in ten seconds; a test that
/// reaches it has failed.
const DEADLINE: Duration = Duration::from_secs(40);

const RULES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../packaging/monitoring/gloria-notify.rules.yml"
);

/// The values of a file of metrics, by their series.
type Series = BTreeMap<String, String>;

struct Scene {
    home: TempDir,
    backend: Backend,
    token: &'static str,
}

impl Scene {
    async fn set(token: &'static str) -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            backend: Backend::start(BackendOptions::default()).await.unwrap(),
            token,
        }
    }

    /// Has the file written to another place, which happens at once.
    fn want(&self, name: &str) -> PathBuf {
        let file = self.home.path().join(name);
        let text = format!("[metrics]\ntextfile = '{}'\n", file.display());
        fs::write(self.home.path().join("settings.toml"), text).unwrap();
        file
    }

    async fn series(&self, name: &str) -> Series {
        let file = self.want(name);
        until("the file", async || file.exists()).await;
        let text = fs::read_to_string(file).unwrap();
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        samples
            .map(|sample| sample.rsplit_once(' ').unwrap())
            .map(|(series, value)| (series.to_owned(), value.to_owned()))
            .collect()
    }

    fn gloria(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gloria"));
        command
            .args(arguments)
            .env_clear()
            .env("GLORIA_HOME", self.home.path())
            .env("GLORIA_API_URL", self.backend.api_url())
            .env("GLORIA_TOKEN", self.token)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    fn agent(&self) -> Child {
        let mut command = self.gloria(&["agent"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    async fn status(&self) -> Value {
        let output = self.gloria(&["status", "--json"]).output().await.unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    async fn quit(&self, mut agent: Child) {
        let output = self.gloria(&["quit"]).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        agent.wait().await.unwrap();
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

/// Has a computer be in the first state for an hour and in the second for two more, and expects these alerts then, and
/// no others.
async fn expect_alerts(first: &Series, second: &Series, alerts: &[&str]) {
    let mut series_of_computer =
        vec![json!({"series": "up{instance=\"a\",job=\"node\"}", "values": "1x180"})];
    for (own, value) in second {
        let is_time = own == "gloria_textfile_written_timestamp_seconds";
        let values = match first.get(own) {
            _ if is_time => "0+60x180".to_owned(),
            Some(before) => format!("{before}x60 {value}x120"),
            None => format!("_x60 {value}x120"),
        };
        // As a collector names it.
        let (name, labels) = own.split_once('{').unwrap_or((own, "}"));
        let comma = if labels == "}" { "" } else { "," };
        let series = format!("{name}{{instance=\"a\",job=\"node\"{comma}{labels}");
        series_of_computer.push(json!({"series": series, "values": values}));
    }
    let firing: Vec<_> = alerts
        .iter()
        .map(|alert| json!({"labels": format!("{{alertname=\"{alert}\"}}"), "value": 1}))
        .collect();
    // JSON is YAML.
    let tests = json!({
        "rule_files": [RULES],
        "evaluation_interval": "1m",
        "tests": [{
            "interval": "1m",
            "input_series": series_of_computer,
            "promql_expr_test": [{
                "expr": "count by (alertname) (ALERTS{alertstate=\"firing\"})",
                "eval_time": "110m",
                "exp_samples": firing,
            }],
        }],
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.yml");
    fs::write(&file, tests.to_string()).unwrap();
    let output = promtool().args(["test", "rules"]).arg(&file).output().await;
    let output = output.unwrap_or_else(|error| panic!("promtool: {error}; `cargo xtask test unit` gets it"));
    assert!(output.status.success(), "{output:?}\n{tests:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wrong_with_an_app_that_is_connected_until_it_cannot_read_an_event() {
    let scene = Scene::set(TEST_TOKEN).await;
    scene.want("start.prom");
    let agent = scene.agent();
    until("connected", async || {
        scene.status().await["health"] == "connected"
    })
    .await;
    let healthy = scene.series("healthy.prom").await;
    let control = scene.backend.control();
    control
        .wait_for(|seen| seen.streams == 1, DEADLINE)
        .await
        .unwrap();
    control.push_text("notification.created", None, "{not json");
    until("the event", async || {
        scene.status().await["metrics"]["failedEvents"] == 1
    })
    .await;
    let unreadable = scene.series("unreadable.prom").await;
    scene.quit(agent).await;

    // Without a desktop there are no notifications.
    expect_alerts(&healthy, &healthy, &["GloriaNotifyNotShown"]).await;
    expect_alerts(
        &healthy,
        &unreadable,
        &["GloriaNotifyNotShown", "GloriaNotifyUnreadable"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_server_refuses_is_the_alert_of_a_sign_in() {
    let scene = Scene::set("another-token").await;
    scene.want("start.prom");
    let agent = scene.agent();
    until("refused", async || scene.status().await["health"] == "needsUser").await;
    let refused = scene.series("refused.prom").await;
    scene.quit(agent).await;
    expect_alerts(
        &refused,
        &refused,
        &["GloriaNotifyNotShown", "GloriaNotifySignInNeeded"],
    )
    .await;
}
