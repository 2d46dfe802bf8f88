//! The provider, as a program of its own.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// Far beyond what the provider's program takes for a line; reached only when something is wrong.
const LINE_TIMEOUT: Duration = Duration::from_secs(60);

/// The client whose address may have any port of this machine, as RFC 8252 says.
pub const ANY_PORT: &str = "any-port";

/// The client whose ports are compared, as some providers do it.
pub const LISTED_PORTS: &str = "listed-ports";

/// A program that takes and gives one line of JSON at a time. It ends when dropped.
#[derive(Debug)]
pub struct Script {
    talk: Mutex<(ChildStdin, Lines<BufReader<ChildStdout>>)>,
    _child: Child,
}

impl Script {
    /// Starts one of the folder `provider` with these options, and waits for its first line.
    pub async fn start(name: &str, options: Value) -> (Self, Value) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("provider");
        let mut child = Command::new("node")
            .arg(name)
            .arg(options.to_string())
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("node");
        let commands = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = timeout(LINE_TIMEOUT, lines.next_line()).await;
        let first = first
            .unwrap_or_else(|_| panic!("{name} hangs at its start"))
            .unwrap();
        let first = first.unwrap_or_else(|| panic!("{name} does not start; run `cargo xtask test sign-in`"));
        let script = Self {
            talk: Mutex::new((commands, lines)),
            _child: child,
        };
        (script, serde_json::from_str(&first).unwrap())
    }

    /// Gives it a command, and returns its answer.
    pub async fn order(&self, command: Value) -> Value {
        let mut talk = self.talk.lock().await;
        let (commands, lines) = &mut *talk;
        commands
            .write_all(format!("{command}\n").as_bytes())
            .await
            .unwrap();
        let answer = timeout(LINE_TIMEOUT, lines.next_line()).await;
        let answer = answer.unwrap_or_else(|_| panic!("no answer to {command}"));
        let answer = answer.unwrap().expect("the program ended");
        serde_json::from_str(&answer).unwrap()
    }
}

/// A running provider. It ends when dropped.
#[derive(Debug)]
pub struct Provider {
    /// Its address, as in its metadata.
    pub issuer: String,
    script: Script,
}

impl Provider {
    /// Starts one with these options, which are described in the program, and waits until it listens.
    pub async fn start(options: Value) -> Self {
        let (script, first) = Script::start("provider.mjs", options).await;
        let issuer = first["issuer"].as_str().unwrap().to_owned();
        Self { issuer, script }
    }

    /// One that is set up as usual.
    pub async fn usual() -> Self {
        Self::start(json!({})).await
    }

    /// Gives it a command, which the program describes, and returns its answer.
    pub async fn order(&self, command: Value) -> Value {
        self.script.order(command).await
    }

    /// The next request of this path fails in this way.
    pub async fn fault(&self, route: &str, kind: &str) {
        self.order(json!({"do": "fault", "route": route, "kind": kind}))
            .await;
    }

    /// Its metadata has other values, from now on.
    pub async fn change_metadata(&self, changes: Value) {
        let route = "/.well-known/openid-configuration";
        let fault =
            json!({"do": "fault", "route": route, "kind": "metadata", "times": 9, "changes": changes});
        self.order(fault).await;
    }

    /// What it was asked, methods and paths.
    pub async fn log(&self) -> Vec<String> {
        let log = self.order(json!({"do": "log"})).await;
        let entries = log.as_array().unwrap().iter();
        entries.map(|entry| entry.as_str().unwrap().to_owned()).collect()
    }

    /// What nobody may log: the codes, verifiers and tokens of all exchanges.
    pub async fn secrets(&self) -> Vec<String> {
        let secrets = self.order(json!({"do": "secrets"})).await;
        let secrets = secrets.as_array().unwrap().iter();
        secrets
            .map(|secret| secret.as_str().unwrap().to_owned())
            .collect()
    }

    /// How each exchange of tokens went: its kind, and the error if there was one.
    pub async fn exchanges(&self) -> Vec<String> {
        let exchanges = self.order(json!({"do": "exchanges"})).await;
        let entries = exchanges.as_array().unwrap().iter();
        entries.map(|entry| entry.as_str().unwrap().to_owned()).collect()
    }

    /// How often it was asked this.
    pub async fn count(&self, asked: &str) -> usize {
        self.log().await.iter().filter(|entry| *entry == asked).count()
    }
}
