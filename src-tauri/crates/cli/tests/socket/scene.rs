//! A folder with an app, or without one yet; a server; and `gloria`.

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use gloria_backend::{Backend, BackendOptions};
use gloria_core::ports::fakes::Recorded;
use gloria_core::protocol::{InboxQuery, Snapshot};
use gloria_core::{CoreHandle, testing};
use gloria_desktop::socket::{AppRequest, WindowPlace};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::app;

/// Longer than anything here takes on a slow machine; a test that reaches it has failed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

pub(crate) struct Scene {
    pub(crate) home: TempDir,
    pub(crate) backend: Backend,
    /// Where a window in a separate process attaches.
    pub(crate) windows: WindowPlace,
    /// The requests to the app itself.
    pub(crate) asked: Arc<Recorded<AppRequest>>,
}

/// A running app.
pub(crate) struct Running {
    pub(crate) core: CoreHandle,
    pub(crate) served: JoinHandle<()>,
}

impl Running {
    /// Ends it like Quit.
    pub(crate) async fn end(self) {
        self.core.stop().await.unwrap();
        timeout(DEADLINE, self.served).await.unwrap().unwrap();
    }

    pub(crate) async fn until(&self, wanted: impl Fn(&Snapshot) -> bool) {
        timeout(DEADLINE, testing::follow(&self.core, wanted))
            .await
            .unwrap();
    }

    /// Returns the keys of unread items, newest first.
    pub(crate) async fn unread_keys(&self) -> Vec<String> {
        let query: InboxQuery =
            serde_json::from_value(json!({"filter": {"view": "unread"}, "after": null, "limit": 50}))
                .unwrap();
        let page = self.core.inbox_page(query).await.unwrap();
        page.items.into_iter().map(|item| item.key).collect()
    }
}

impl Scene {
    pub(crate) async fn set() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            backend: Backend::start(BackendOptions::default()).await.unwrap(),
            windows: WindowPlace::default(),
            asked: Arc::default(),
        }
    }

    /// Starts the app. Returns once it is connected.
    pub(crate) async fn start(&self) -> Running {
        let core = app::core(self.home.path(), Some(&self.backend));
        let asked = Arc::clone(&self.asked);
        let of_app = core.clone();
        let served = app::serve(
            self.home.path(),
            &core,
            Some(self.windows.clone()),
            move |request| {
                if request == AppRequest::Quit {
                    let core = of_app.clone();
                    tokio::spawn(async move { core.stop().await });
                }
                asked.push(request);
            },
        );
        let running = Running { core, served };
        running
            .until(|state| state.connection.connected_since.is_some())
            .await;
        running
    }

    pub(crate) fn delete(&self, id: &str) {
        self.backend
            .control()
            .push("notification.deleted", json!({"id": id}));
    }

    pub(crate) fn push(&self, id: &str) {
        let data = json!({"id": id, "title": format!("title {id}"), "message": "text"});
        self.backend.control().push("notification.created", data);
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gloria"));
        command
            .args(arguments)
            .env_clear()
            .env("GLORIA_HOME", self.home.path())
            .env("GLORIA_API_URL", self.backend.api_url())
            // The app in this process may have its socket there.
            .envs(std::env::var_os("XDG_RUNTIME_DIR").map(|folder| ("XDG_RUNTIME_DIR", folder)))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    pub(crate) async fn gloria(&self, arguments: &[&str]) -> Output {
        timeout(DEADLINE, self.command(arguments).output())
            .await
            .unwrap()
            .unwrap()
    }

    /// Returns exit code, stdout and stderr.
    pub(crate) async fn outcome(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = self.gloria(arguments).await;
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code().unwrap(),
            text(output.stdout),
            text(output.stderr),
        )
    }

    pub(crate) fn follow(&self, arguments: &[&str]) -> Follower {
        let mut child = self
            .command(&[&["events"], arguments].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Follower { child, lines }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.home.path().join("status.sock")
    }

    /// Returns a client whose lines the test writes.
    pub(crate) async fn client(&self) -> Client {
        Client(BufReader::new(UnixStream::connect(self.socket()).await.unwrap()))
    }

    /// Returns an accepted listener to all types.
    pub(crate) async fn listener(&self) -> Client {
        let mut client = self.client().await;
        client.say("{\"role\":\"listener\",\"protocol\":1}\n").await;
        assert!(client.line().await.contains("accepted"));
        client
    }
}

/// `gloria events`.
pub(crate) struct Follower {
    pub(crate) child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Follower {
    /// Returns the next line; `None` at its end.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let line = timeout(DEADLINE, self.lines.next_line()).await.unwrap().unwrap();
        line.map(|line| serde_json::from_str(&line).unwrap())
    }

    /// Waits for this state. The server's greeting may arrive before or after it listens.
    pub(crate) async fn expect_state(&mut self, state: &str) {
        let mut line = self.next().await.unwrap();
        if line["type"] == "connection_established" {
            line = self.next().await.unwrap();
        }
        assert_eq!(line, json!({"kind": "state", "state": state}));
    }

    /// Waits for the next event except the server's greeting, which may arrive before or after it listens.
    pub(crate) async fn expect_event(&mut self, id: &str) {
        let mut event = self.next().await.unwrap();
        if event["type"] == "connection_established" {
            event = self.next().await.unwrap();
        }
        assert_eq!(event["kind"], "event", "{event}");
        assert_eq!(event["data"]["id"], id, "{event}");
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-s", name, &id])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Returns its exit code and stderr.
    pub(crate) async fn ended(self) -> (i32, String) {
        drop(self.lines);
        let output = timeout(DEADLINE, self.child.wait_with_output())
            .await
            .unwrap()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap_or(-1), said)
    }
}

/// A program that is connected to the socket.
pub(crate) struct Client(pub(crate) BufReader<UnixStream>);

impl Client {
    pub(crate) async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Returns the next line, or what there is at the end.
    pub(crate) async fn line(&mut self) -> String {
        let mut line = String::new();
        timeout(DEADLINE, self.0.read_line(&mut line))
            .await
            .unwrap()
            .unwrap();
        line
    }

    pub(crate) async fn json(&mut self) -> Value {
        let line = self.line().await;
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"))
    }

    /// Waits until the app closes the connection, in whatever way the system reports that.
    pub(crate) async fn expect_end(&mut self) {
        let mut rest = Vec::new();
        let _ = timeout(DEADLINE, self.0.read_to_end(&mut rest)).await.unwrap();
    }
}
