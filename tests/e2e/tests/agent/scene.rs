//! A desktop, a server, and an agent.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use gloria_backend::{Backend, BackendOptions, TEST_TOKEN};
use gloria_desktop_session::{Process, Session, SessionOptions, output, wait_until};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

const CREATED: &str = "notification.created";

pub(crate) fn program(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("debug").join(name)
}

pub(crate) struct Scene {
    pub(crate) session: Session,
    pub(crate) backend: Backend,
    pub(crate) home: PathBuf,
    _folder: TempDir,
}

impl Scene {
    pub(crate) async fn set(options: SessionOptions) -> Self {
        let session = Session::start(options).await.unwrap();
        // Outlives the session.
        let folder = tempfile::tempdir().unwrap();
        let backend = Backend::start(BackendOptions::default()).await.unwrap();
        Self {
            session,
            backend,
            home: folder.path().to_owned(),
            _folder: folder,
        }
    }

    /// Returns the command of a program on a desktop, with this server.
    pub(crate) fn command(&self, session: &Session, program: &Path) -> Command {
        let mut command = session.command(program);
        command
            .env("GLORIA_HOME", &self.home)
            .env("GLORIA_API_URL", self.backend.api_url())
            .env("GLORIA_TOKEN", TEST_TOKEN);
        command
    }

    pub(crate) fn agent(&self) -> Process {
        let mut command = self.command(&self.session, &program("gloria"));
        command.arg("agent");
        self.session.spawn("agent", command).unwrap()
    }

    pub(crate) async fn connected(&self) {
        self.backend
            .control()
            .wait_for(|seen| seen.streams == 1, DEADLINE)
            .await
            .unwrap();
    }

    pub(crate) fn push(&self, id: &str) {
        let data = json!({"id": id, "title": format!("title {id}"), "message": "m"});
        self.backend.control().push(CREATED, data);
    }

    pub(crate) async fn expect_tray(&self) {
        expect_tray(&self.session).await;
    }

    /// Returns the output of `gloria status`.
    pub(crate) fn status(&self) -> Value {
        let mut command = self.command(&self.session, &program("gloria"));
        let output = output(command.args(["status", "--json"])).unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    /// Returns what is stored, read while the app runs: newest first.
    pub(crate) fn stored(&self) -> Vec<Value> {
        let mut command = self.command(&self.session, &program("gloria"));
        command.args(["inbox", "list", "--limit", "1000"]);
        let output = output(&command).unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Waits until it is recorded how an item alerted: from then on, no end of the app makes it alert again.
    pub(crate) async fn recorded(&self, key: &str) {
        wait_until(&format!("the record of {key}"), DEADLINE, async || {
            let items = self.stored();
            let is_recorded = |item: &Value| item["key"] == key && item["alert"]["state"] != "pending";
            Ok(items.iter().any(is_recorded).then_some(()))
        })
        .await
        .unwrap();
    }
}

/// Waits for the app's icon.
pub(crate) async fn expect_tray(session: &Session) {
    wait_until("the tray icon", DEADLINE, async || {
        Ok((session.tray_items().await?.len() == 1).then_some(()))
    })
    .await
    .unwrap();
}

/// Waits until the app has no icon.
pub(crate) async fn expect_no_tray(session: &Session) {
    wait_until("no tray icon", DEADLINE, async || {
        Ok(session.tray_items().await?.is_empty().then_some(()))
    })
    .await
    .unwrap();
}

/// Returns the titles of all notifications that were shown, in order.
pub(crate) fn titles(session: &Session) -> Vec<String> {
    let shown = session.notifications();
    shown
        .into_iter()
        .map(|notification| notification.summary)
        .collect()
}
