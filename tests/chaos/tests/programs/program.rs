//! A program, observed through its output.

use std::path::{Path, PathBuf};
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

/// The user agent of `gloria tail`.
pub(crate) const TAIL: &str = concat!("gloria/", env!("CARGO_PKG_VERSION"));

/// The core in a separate process.
pub(crate) const CORE: &str = env!("CARGO_BIN_EXE_gloria-chaos-core");

/// The program `gloria`.
pub(crate) fn gloria() -> PathBuf {
    let gloria = Path::new(CORE).with_file_name(format!("gloria{}", std::env::consts::EXE_SUFFIX));
    assert!(
        gloria.exists(),
        "the gloria program is not built: run `cargo xtask test chaos`"
    );
    gloria
}

/// Starts `gloria tail` with only these environment variables.
pub(crate) fn tail(environment: &[(&str, &str)]) -> Program {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(gloria());
    command
        .arg("tail")
        .env_clear()
        .env("GLORIA_HOME", home.path())
        .env("GLORIA_TOKEN", TOKEN)
        .env("GLORIA_SSE_RECONNECT_INTERVAL", "100ms")
        .envs(environment.iter().copied());
    Program::start(command, Some(home))
}

/// Asserts that the request at this server is this one of `gloria tail`, byte by byte.
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

    /// Returns the next line; `None` after the last.
    pub(crate) async fn line(&mut self) -> Option<Value> {
        let line = timeout(DEADLINE, self.lines.next_line())
            .await
            .expect("a line in time")
            .unwrap()?;
        Some(serde_json::from_str(&line).unwrap())
    }

    /// Returns the next state and its reason.
    pub(crate) async fn state(&mut self) -> (String, String) {
        loop {
            let line = self.line().await.expect("it goes on");
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            if line["kind"] == "state" {
                return (text("state"), text("reason"));
            }
        }
    }

    /// Waits for these states.
    pub(crate) async fn states(&mut self, wanted: &[(&str, &str)]) {
        for (state, reason) in wanted {
            let seen = self.state().await;
            assert_eq!((seen.0.as_str(), seen.1.as_str()), (*state, *reason));
        }
    }

    /// Opens a stream for its first request, and checks that it reports the connection without an earlier problem.
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

    /// Kills it without a warning.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }
}
