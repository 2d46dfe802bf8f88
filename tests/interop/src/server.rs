//! A server of another make, as a separate program.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::{TOKEN, folder, listening, target};

/// How a server is started.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// The program and its arguments; `{port}` is replaced by the port, `python` by the interpreter with the suite's
    /// packages.
    pub command: &'static [&'static str],
    /// The folder to run it in, relative to the suite's folder.
    pub folder: &'static str,
    /// Environment variables besides the common ones, which are described in `servers/common.mjs`.
    pub environment: &'static [(&'static str, &'static str)],
}

impl Program {
    /// A script for Node.js.
    pub const fn node(command: &'static [&'static str]) -> Self {
        Self {
            command,
            folder: "servers",
            environment: &[],
        }
    }

    /// A program that was built in a folder.
    pub const fn built(command: &'static [&'static str], folder: &'static str) -> Self {
        Self {
            command,
            folder,
            environment: &[],
        }
    }

    /// Adds environment variables.
    #[must_use]
    pub const fn with(self, environment: &'static [(&'static str, &'static str)]) -> Self {
        Self { environment, ..self }
    }
}

/// A running server. Its notifications are stored in a file and survive a restart.
#[derive(Debug)]
pub struct Server {
    program: Program,
    port: u16,
    heartbeat: Duration,
    home: TempDir,
    child: Child,
    commands: ChildStdin,
}

impl Server {
    /// Starts a server and waits until it listens.
    ///
    /// # Panics
    ///
    /// When it does not start; with its output.
    pub async fn start(program: Program, port: u16, heartbeat: Duration) -> Self {
        let home = tempfile::tempdir().unwrap();
        let (child, commands) = spawn(program, port, heartbeat, home.path(), None);
        let mut server = Self {
            program,
            port,
            heartbeat,
            home,
            child,
            commands,
        };
        server.listening().await;
        server
    }

    async fn listening(&mut self) {
        tokio::select! {
            heard = listening(self.port) => {
                if let Err(words) = heard {
                    panic!("{words}; it printed:\n{}", self.printed());
                }
            }
            ended = self.child.wait() => panic!("it ended with {}; it printed:\n{}", ended.unwrap(), self.printed()),
        }
    }

    /// Returns its output so far.
    pub fn printed(&self) -> String {
        std::fs::read_to_string(log(self.home.path())).unwrap_or_default()
    }

    /// Sends it a command.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub async fn send(&mut self, command: &Value) {
        send(&mut self.commands, command).await;
    }

    /// Creates notifications.
    pub async fn push(&mut self, numbers: std::ops::RangeInclusive<u32>) {
        self.send(&notifications(numbers)).await;
    }

    /// Asks it to stop, like a service manager, and waits until it has.
    ///
    /// # Panics
    ///
    /// When it does not stop.
    #[cfg(unix)]
    pub async fn stop(&mut self) -> std::process::ExitStatus {
        use rustix::process::{Pid, Signal, kill_process};
        let pid = self
            .child
            .id()
            .and_then(|id| Pid::from_raw(id.try_into().unwrap()));
        kill_process(pid.unwrap(), Signal::TERM).unwrap();
        tokio::time::timeout(crate::DEADLINE, self.child.wait())
            .await
            .unwrap_or_else(|_| panic!("it does not stop; it printed:\n{}", self.printed()))
            .unwrap()
    }

    /// Starts it again, with the same notifications.
    pub async fn spawn_again(&mut self) {
        (self.child, self.commands) = spawn(self.program, self.port, self.heartbeat, self.home.path(), None);
        self.listening().await;
    }
}

/// Returns the command that creates notifications.
pub fn notifications(numbers: std::ops::RangeInclusive<u32>) -> Value {
    let notifications: Vec<_> = numbers
        .map(|n| json!({"id": n.to_string(), "title": format!("Task {n}"), "message": "Line one\nline two"}))
        .collect();
    json!({ "push": notifications })
}

/// Writes a command to a server's standard input.
///
/// # Panics
///
/// When it does not run.
pub async fn send(commands: &mut ChildStdin, command: &Value) {
    commands
        .write_all(format!("{command}\n").as_bytes())
        .await
        .unwrap();
}

/// Starts a server whose stdout the caller reads.
///
/// # Panics
///
/// When it cannot be started.
pub fn spawn_talking(program: Program, heartbeat: Duration, home: &Path) -> (Child, ChildStdin, ChildStdout) {
    let (mut child, commands) = spawn(program, 0, heartbeat, home, Some(Stdio::piped()));
    let facts = child.stdout.take().unwrap();
    (child, commands, facts)
}

fn spawn(
    program: Program,
    port: u16,
    heartbeat: Duration,
    home: &Path,
    output: Option<Stdio>,
) -> (Child, ChildStdin) {
    let printed = File::options().create(true).append(true).open(log(home)).unwrap();
    let port = port.to_string();
    let (name, arguments) = program.command.split_first().unwrap();
    let path = match *name {
        "python" => target().join("interop-python/bin/python"),
        name => PathBuf::from(name),
    };
    let mut child = Command::new(path)
        .args(arguments.iter().map(|argument| argument.replace("{port}", &port)))
        .current_dir(folder().join(program.folder))
        .env("PORT", &port)
        .env("TOKEN", TOKEN)
        .env("HEARTBEAT", heartbeat.as_millis().to_string())
        .env("HISTORY", home.join("history"))
        // So that no files are created next to the sources.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .envs(program.environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(output.unwrap_or_else(|| printed.try_clone().unwrap().into()))
        .stderr(printed)
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{name}: {error}; run `cargo xtask test interop`"));
    let commands = child.stdin.take().unwrap();
    (child, commands)
}

fn log(home: &Path) -> PathBuf {
    home.join("printed")
}
