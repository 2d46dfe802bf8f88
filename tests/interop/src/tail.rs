//! `gloria tail` as scripts use it.

use std::ops::RangeInclusive;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::DEADLINE;

/// A running `gloria tail`.
#[derive(Debug)]
pub struct Tail {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    _home: TempDir,
}

impl Tail {
    /// Starts it with only these environment variables.
    ///
    /// # Panics
    ///
    /// When the program was not built.
    pub fn start(environment: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        // In the parent of the folder that contains the tests.
        let built = std::env::current_exe().unwrap();
        let mut child = Command::new(built.ancestors().nth(2).unwrap().join("gloria"))
            .arg("tail")
            .env_clear()
            .env("GLORIA_HOME", home.path())
            .env("GLORIA_SSE_RECONNECT_INTERVAL", "100ms")
            // Servers take time to start, and these tests are not about when a client gives up.
            .env("GLORIA_SSE_MAX_RECONNECT_ATTEMPTS", "1000")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the gloria program is built: run `cargo xtask test interop`");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            lines,
            _home: home,
        }
    }

    /// Returns the next line.
    ///
    /// # Errors
    ///
    /// When there is none in time, or it has ended.
    pub async fn line(&mut self) -> Result<Value, String> {
        match timeout(DEADLINE, self.lines.next_line()).await {
            Ok(Ok(Some(line))) => Ok(serde_json::from_str(&line).unwrap()),
            Ok(_) => Err("the client ended".to_owned()),
            Err(_) => Err("the client says nothing more".to_owned()),
        }
    }

    /// Waits until it is connected.
    ///
    /// # Errors
    ///
    /// The reason, if the attempt fails.
    pub async fn connects(&mut self) -> Result<(), String> {
        loop {
            let line = self.line().await?;
            match (line["state"].as_str(), line["reason"].as_str()) {
                (Some("connected"), _) => return Ok(()),
                (_, Some(reason)) => return Err(reason.to_owned()),
                _ => {}
            }
        }
    }

    /// Waits for the server's greeting, over any number of connections.
    ///
    /// # Errors
    ///
    /// When there is none in time.
    pub async fn is_greeted(&mut self) -> Result<(), String> {
        while self.line().await?["event"] != "connection_established" {}
        Ok(())
    }

    /// Waits until it reports that the connection was lost, and returns why.
    ///
    /// # Errors
    ///
    /// When it does not report that.
    pub async fn waits(&mut self) -> Result<String, String> {
        loop {
            let line = self.line().await?;
            if line["kind"] == "event" {
                return Err(format!("an event that was not to come: {}", line["id"]));
            }
            if let Some(reason) = line["reason"].as_str() {
                return Ok(reason.to_owned());
            }
        }
    }

    /// Checks that exactly these notifications come next, without an interruption.
    ///
    /// # Errors
    ///
    /// What came instead of them.
    pub async fn receives(&mut self, numbers: RangeInclusive<u32>) -> Result<(), String> {
        self.next(numbers, false).await
    }

    /// Like [`Tail::receives`], over any number of connections.
    ///
    /// # Errors
    ///
    /// What came instead of them.
    pub async fn comes_back_for(&mut self, numbers: RangeInclusive<u32>) -> Result<(), String> {
        self.next(numbers, true).await
    }

    async fn next(&mut self, numbers: RangeInclusive<u32>, over_connections: bool) -> Result<(), String> {
        for number in numbers {
            loop {
                let line = self.line().await?;
                let is_state = line["kind"] == "state" && line["state"] != "circuit_open";
                if line["event"] == "connection_established" || (is_state && over_connections) {
                    continue;
                }
                if line["event"] == "notification.created"
                    && line["data"]["id"].as_str() == Some(&number.to_string())
                {
                    break;
                }
                return Err(match line["reason"].as_str() {
                    Some(reason) => reason.to_owned(),
                    None => format!("in place of notification {number}: {line}"),
                });
            }
        }
        Ok(())
    }

    /// Returns its exit code.
    ///
    /// # Errors
    ///
    /// When it does not end in time.
    pub async fn exit_code(&mut self) -> Result<Option<i32>, String> {
        let ended = async {
            while self.line().await.is_ok() {}
            self.child.wait().await.unwrap().code()
        };
        timeout(DEADLINE, ended)
            .await
            .map_err(|_| "the client does not end".to_owned())
    }
}
