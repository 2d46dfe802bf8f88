//! `gloria` as a process, and its server.

use std::process::{Output, Stdio};
use std::time::Duration;

use gloria_backend::{Backend, BackendOptions, Control, TEST_TOKEN};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// Longer than anything here takes on a slow machine; a test that reaches it has failed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

pub(crate) const CREATED: &str = "notification.created";

/// Returns a `gloria` with only the test's environment, without a user's home and a session bus.
pub(crate) fn gloria(home: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gloria"));
    command
        .args(arguments)
        .env_clear()
        .env("GLORIA_HOME", home.path())
        .env("GLORIA_SSE_RECONNECT_INTERVAL", "100ms")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

pub(crate) struct Tail {
    pub(crate) child: Child,
    pub(crate) lines: Lines<BufReader<ChildStdout>>,
    _home: TempDir,
}

impl Tail {
    pub(crate) fn start(backend: &Backend, arguments: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut all = vec!["tail"];
        all.extend(arguments);
        let mut command = gloria(&home, &all);
        command
            .env("GLORIA_API_URL", backend.api_url())
            .env("GLORIA_TOKEN", TEST_TOKEN);
        Self::spawn(command, home)
    }

    pub(crate) fn spawn(mut command: Command, home: TempDir) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            lines,
            _home: home,
        }
    }

    pub(crate) async fn text(&mut self) -> Option<String> {
        timeout(DEADLINE, self.lines.next_line())
            .await
            .expect("a line in time")
            .unwrap()
    }

    pub(crate) async fn line(&mut self) -> Option<Value> {
        let line = self.text().await;
        line.map(|line| serde_json::from_str(&line).expect("a JSON object a line"))
    }

    pub(crate) async fn until(&mut self, kind: &str, state: Option<&str>) -> Value {
        loop {
            let line = self.line().await.expect("the output goes on");
            if line["kind"] == kind && state.is_none_or(|state| line["state"] == state) {
                return line;
            }
        }
    }

    pub(crate) async fn exit_code(&mut self) -> Option<i32> {
        timeout(DEADLINE, self.child.wait())
            .await
            .expect("it ends in time")
            .unwrap()
            .code()
    }
}

pub(crate) async fn backend() -> (Backend, Control) {
    let backend = Backend::start(BackendOptions::default()).await.unwrap();
    let control = backend.control();
    (backend, control)
}

pub(crate) fn note(id: &str) -> Value {
    json!({"id": id, "title": "t", "message": "m", "unknown": {"kept": true}})
}

pub(crate) async fn output(mut command: Command) -> Output {
    timeout(DEADLINE, command.output())
        .await
        .expect("it ends in time")
        .unwrap()
}
