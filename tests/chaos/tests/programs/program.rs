//! A program seen by its lines.

use std::path::Path;
use std::process::Stdio;

use gloria_chaos::DEADLINE;
use gloria_chaos::ask::{Ask, assert_head};
use gloria_chaos::server::{Exchange, Server};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

pub(crate) const TOKEN: &str = "chaos-t0ken";

/// What `gloria tail` calls itself.
pub(crate) const TAIL: &str = concat!("gloria/", env!("CARGO_PKG_VERSION"));

/// The core in a process of its own.
pub(crate) const CORE: &str = env!("CARGO_BIN_EXE_gloria-chaos-core");

/// `gloria tail` with nothing in its environment but this.
pub(crate) fn tail(environment: &[(&str, &str)]) -> Program {
    let gloria = Path::new(CORE).with_file_name(format!("gloria{}", std::env::consts::EXE_SUFFIX));
    assert!(
        gloria.exists(),
        "the gloria program is not built: run `cargo xtask test chaos`"
    );
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(gloria);
    command
        .arg("tail")
        .env_clear()
        .env("GLORIA_HOME", home.path())
        .env("GLORIA_TOKEN", TOKEN)
        .env("GLORIA_SSE_RECONNECT_INTERVAL", "100ms")
        .envs(environment.iter().copied());
    Program::start(command, Some(home))
}

/// The request at this server is this one of `gloria tail`, to the byte.
pub(crate) fn assert_asks(exchange: &Exchange, ask: &Ask, server: &Server) {
    assert_head(&exchange.head(), ask, &server.address().to_string(), TAIL);
}

pub(crate) struct Program {
    pub(crate) child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    _home: Option<TempDir>,
}

impl Program {
    pub(crate) fn start(mut command: Command, home: Option<TempDir>) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            lines,
            _home: home,
        }
    }

    /// The next line; `None` after the last.
    pub(crate) async fn line(&mut self) -> Option<Value> {
        let line = timeout(DEADLINE, self.lines.next_line())
            .await
            .expect("a line in time")
            .unwrap()?;
        Some(serde_json::from_str(&line).unwrap())
    }

    /// The next state, and its reason.
    pub(crate) async fn state(&mut self) -> (String, String) {
        loop {
            let line = self.line().await.expect("it goes on");
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            if line["kind"] == "state" {
                return (text("state"), text("reason"));
            }
        }
    }

    /// The next states, which must be these.
    pub(crate) async fn states(&mut self, wanted: &[(&str, &str)]) {
        for (state, reason) in wanted {
            let seen = self.state().await;
            assert_eq!((seen.0.as_str(), seen.1.as_str()), (*state, *reason));
        }
    }

    /// Answers its first request by a stream, which it reports as connected without any trouble before.
    pub(crate) async fn opened(&mut self, exchange: &mut Exchange) {
        exchange.open().await;
        self.states(&[("connecting", ""), ("connected", "")]).await;
    }

    /// Waits for the next event.
    pub(crate) async fn event(&mut self) -> Value {
        loop {
            let line = self.line().await.expect("it goes on");
            if line["kind"] == "event" {
                return line;
            }
        }
    }

    /// Ends it as the system does when it must: without a word.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }
}
