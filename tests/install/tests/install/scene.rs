//! A desktop on a machine with the deb, and a server.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use gloria_backend::{Backend, BackendOptions, TEST_TOKEN};
use gloria_desktop_session::{Session, SessionOptions, wait_until};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::commands::expect;
use crate::machine::Machine;
use crate::packages::PACKAGES;

/// Longer than anything here takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// The entry that starts the app at login.
pub(crate) const AUTOSTART: &str = "/etc/xdg/autostart/com.gloriasystem.notify.desktop";

pub(crate) struct Scene {
    pub(crate) machine: Machine,
    pub(crate) session: Session,
    pub(crate) backend: Backend,
    pub(crate) home: PathBuf,
    /// What the user's environment has besides.
    pub(crate) variables: Vec<(&'static str, String)>,
    _folder: TempDir,
}

impl Scene {
    pub(crate) async fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            machine: Machine::new(),
            session: Session::start(SessionOptions::default()).await.unwrap(),
            backend: Backend::start(BackendOptions::default()).await.unwrap(),
            home: folder.path().to_owned(),
            variables: Vec::new(),
            _folder: folder,
        }
    }

    pub(crate) fn dpkg(&self, arguments: &[&str]) -> String {
        expect(self.machine.command("dpkg").args(arguments))
    }

    pub(crate) fn install(&self, version: &str) {
        self.dpkg(&["--install", PACKAGES.deb(version).to_str().unwrap()]);
    }

    /// A command of the user on this desktop.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut words = line.split_whitespace();
        let mut command = self.session.command(words.next().unwrap());
        command
            .args(words)
            .env("PATH", "/usr/bin:/bin")
            .env("GLORIA_HOME", &self.home)
            .env("GLORIA_API_URL", self.backend.api_url())
            .env("GLORIA_TOKEN", TEST_TOKEN)
            .envs(self.variables.iter().cloned());
        command
    }

    pub(crate) fn run(&self, line: &str) -> String {
        // Not what it prints for people.
        let output = self.machine.enter(&self.command(line)).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts the app as the desktop does it at login.
    pub(crate) async fn log_in(&self) {
        let entry = expect(self.machine.command("cat").arg(AUTOSTART));
        let line = entry.lines().find_map(|line| line.strip_prefix("Exec=")).unwrap();
        let login = self.machine.enter(&self.command(line));
        let mut login = self.session.spawn("login", login).unwrap();
        let ended = login.ended(DEADLINE).await.unwrap();
        assert!(ended.success(), "{ended}: {}", login.log());
    }

    pub(crate) fn status(&self) -> Value {
        serde_json::from_str(&self.run("gloria status --json")).unwrap_or(Value::Null)
    }

    /// Waits until the app of this version runs and is connected.
    pub(crate) async fn answers(&self, version: &str, within: Duration) {
        wait_until(&format!("the answer of {version}"), within, async || {
            let status = self.status();
            Ok((status["version"] == version && status["connection"]["state"] == "connected").then_some(()))
        })
        .await
        .unwrap_or_else(|error| panic!("{error:#}: {}", self.status()));
    }

    pub(crate) fn push(&self, number: usize) {
        let data = json!({"id": number.to_string(), "title": format!("title {number}"), "message": "m"});
        self.backend.control().push("notification.created", data);
    }

    pub(crate) fn stored(&self) -> Vec<Value> {
        let lines = self.run("gloria inbox list --limit 1000");
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Waits until it is recorded of so many items how they alerted.
    pub(crate) async fn recorded(&self, count: usize) {
        wait_until(&format!("the records of {count}"), DEADLINE, async || {
            let stored = self.stored();
            let recorded = stored.iter().filter(|item| item["alert"]["state"] != "pending");
            Ok((recorded.count() >= count).then_some(()))
        })
        .await
        .unwrap();
    }
}
