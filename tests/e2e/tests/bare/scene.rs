//! A desktop, a server, and the app's configuration for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use gloria_backend::{Backend, BackendOptions, TEST_TOKEN};
use gloria_desktop_session::{Process, Session, SessionOptions, output, wait_until};
use serde_json::{Value, json};

/// Longer than anything here takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// A key press without effect for this long did not arrive.
const KEY_TIMEOUT: Duration = Duration::from_secs(3);

pub(crate) const CREATED: &str = "notification.created";

pub(crate) fn program(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join("debug").join(name)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The app on a desktop, with a separate server.
pub(crate) struct Scene {
    pub(crate) session: Session,
    pub(crate) backend: Backend,
    pub(crate) home: PathBuf,
}

impl Scene {
    pub(crate) async fn set(options: SessionOptions) -> Self {
        let session = Session::start(options).await.unwrap();
        let home = session.dir().join("gloria");
        fs::create_dir(&home).unwrap();
        let backend = Backend::start(BackendOptions::default()).await.unwrap();
        Self {
            session,
            backend,
            home,
        }
    }

    pub(crate) fn configure(&self, command: &mut Command) {
        command
            .env("GLORIA_HOME", &self.home)
            .env("GLORIA_API_URL", self.backend.api_url());
    }

    /// Starts the agent without a window.
    pub(crate) fn app(&self) -> Process {
        let mut command = self.command("gloria");
        command.arg("agent").env("GLORIA_TOKEN", TEST_TOKEN);
        self.session.spawn("app", command).unwrap()
    }

    /// Starts the window's program, with `name` for its output. It starts an agent if none runs, and ends unless it
    /// becomes the window.
    pub(crate) fn notify(&self, name: &str, arguments: &[&str]) -> Process {
        let mut command = self.command("gloria-notify");
        command.args(arguments).env("GLORIA_TOKEN", TEST_TOKEN);
        self.session.spawn(name, command).unwrap()
    }

    /// Makes the app open its window, which is then a child of the agent.
    pub(crate) fn open(&self) {
        let output = output(self.command("gloria").arg("open")).unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// Returns the command of one of the app's programs on this desktop.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = self.session.command(program(name));
        self.configure(&mut command);
        command
    }

    /// Compiles a library that replaces functions of others, by `LD_PRELOAD`.
    pub(crate) fn library(&self, name: &str, source: &str) -> PathBuf {
        let library = self.session.dir().join(name).with_extension("so");
        let file = library.with_extension("c");
        fs::write(&file, source).unwrap();
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .args([&library, &file])
            .status()
            .unwrap();
        assert!(built.success());
        library
    }

    pub(crate) async fn connected(&self) {
        self.backend
            .control()
            .wait_for(|seen| seen.streams == 1, DEADLINE)
            .await
            .unwrap();
    }

    /// Sends a notification that was just created.
    pub(crate) fn push(&self, id: &str) {
        let data = json!({"id": id, "title": format!("title {id}"), "message": "m <b>&", "createdAt": now()});
        self.backend.control().push(CREATED, data);
    }

    pub(crate) fn stored(&self) -> Result<Vec<Value>> {
        let output = output(self.command("gloria").args(["inbox", "list"]))?;
        let lines = String::from_utf8(output.stdout)?;
        lines
            .lines()
            .map(|line| Ok(serde_json::from_str(line)?))
            .collect()
    }

    /// Returns the exit code and the output of `gloria status`.
    pub(crate) fn status(&self) -> (i32, Value) {
        let output = output(self.command("gloria").args(["status", "--json"])).unwrap();
        let said = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        (output.status.code().unwrap(), said)
    }

    /// Returns how many windows of the app are on screen.
    pub(crate) fn windows(&self) -> usize {
        self.session.windows("Gloria Notify$").unwrap().len()
    }

    pub(crate) async fn expect_windows(&self, count: usize) {
        let counted = async || Ok((self.windows() == count).then_some(()));
        wait_until(&format!("{count} windows"), DEADLINE, counted)
            .await
            .unwrap();
    }

    /// Closes the one window as a person does: the window manager asks it to.
    pub(crate) async fn close_window(&self) {
        let window = self.session.windows("Gloria Notify$").unwrap().remove(0);
        let none = async || Ok((self.windows() == 0).then_some(()));
        wait_until("the window to close", DEADLINE, async || {
            let mut close = self.session.command("timeout");
            close.args([
                "5",
                "xdotool",
                "windowactivate",
                "--sync",
                &window,
                "key",
                "alt+F4",
            ]);
            close.status()?;
            // A window manager that has just started does not listen to its keys yet.
            Ok(wait_until("no window", KEY_TIMEOUT, none).await.ok())
        })
        .await
        .unwrap();
    }

    /// Waits until an item is stored for which `wanted` returns true.
    pub(crate) async fn stored_item(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        wait_until(what, DEADLINE, async || {
            Ok(self.stored()?.into_iter().find(&wanted))
        })
        .await
        .unwrap()
    }
}

/// Kills the app's programs that have a file in this folder open, until there are none.
pub(crate) fn end_programs_of(folder: &Path) {
    loop {
        let left = programs_of(folder);
        for process in &left {
            // It may just have ended.
            let _ = Command::new("kill")
                .args(["-s", "KILL", &process.to_string()])
                .output();
        }
        if left.is_empty() {
            return;
        }
    }
}

/// Returns the app's running programs that have a file in this folder open; each has its log.
pub(crate) fn programs_of(folder: &Path) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let is_ours = |process: &PathBuf| {
        let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
        let files = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        let mut paths = files.filter_map(|file| fs::read_link(file.path()).ok());
        ["gloria", "gloria-notify"].contains(&name.trim_end()) && paths.any(|path| path.starts_with(folder))
    };
    let ours = processes.map(|process| process.path()).filter(is_ours);
    ours.filter_map(|process| process.file_name()?.to_str()?.parse().ok())
        .collect()
}

pub(crate) fn now() -> String {
    let output = Command::new("date")
        .args(["-u", "+%Y-%m-%dT%H:%M:%S.%NZ"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub(crate) async fn logged(app: &mut Process, words: &str) {
    wait_until(words, DEADLINE, async || {
        app.check_alive()?;
        Ok(app.log().contains(words).then_some(()))
    })
    .await
    .unwrap();
}
