//! An agent that was upgraded and speaks another protocol than the window that is open.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use gloria_backend::TEST_TOKEN;
use gloria_desktop_session::{Process, SessionOptions, copy_program, wait_until, write_program};
use serde_json::{Value, json};

use crate::scene::{DEADLINE, Scene, program};
use crate::starts::dialogs;

/// A next agent that does nothing, for the test answers in its place.
const NEXT_AGENT: &str = "case $1 in --version) echo gloria 9.9.9 ;; agent) exec sleep 600 ;; esac";

/// Both programs, an agent that has opened its window, and what the window leaves behind when it begins again.
struct Installed {
    scene: Scene,
    folder: PathBuf,
    agent: Process,
}

impl Installed {
    async fn with_window() -> Self {
        let scene = Scene::set(SessionOptions {
            sound: false,
            ..SessionOptions::default()
        })
        .await;
        let folder = scene.session.dir().join("installed");
        fs::create_dir(&folder).unwrap();
        for name in ["gloria", "gloria-notify"] {
            copy_program(program(name), folder.join(name)).unwrap();
        }
        let mut command = scene.session.command(folder.join("gloria"));
        scene.configure(&mut command);
        command.args(["agent", "--open"]).env("GLORIA_TOKEN", TEST_TOKEN);
        let agent = scene.session.spawn("agent", command).unwrap();
        scene.expect_windows(1).await;
        scene.connected().await;
        Self { scene, folder, agent }
    }

    fn marker(&self) -> PathBuf {
        self.folder.join("marker")
    }

    /// Puts a script in the place of a program.
    fn replace(&self, name: &str, script: &str) {
        let new = self.folder.join("new");
        write_program(&new, format!("#!/bin/sh\n{script}\n").as_bytes()).unwrap();
        fs::rename(new, self.folder.join(name)).unwrap();
    }

    /// Upgrades the window's program to one that leaves its arguments behind.
    fn upgrade_window(&self) {
        self.replace(
            "gloria-notify",
            &format!("echo \"$*\" > {}", self.marker().display()),
        );
    }

    /// Upgrades the agent, and answers in its place.
    async fn upgrade_agent(&mut self) {
        self.replace("gloria", NEXT_AGENT);
        let socket = self.scene.home.join("status.sock");
        let listener = wait_until("the agent's socket to be free", DEADLINE, async || {
            self.agent.check_alive()?;
            Ok(UnixListener::bind(&socket).ok())
        });
        let listener = listener.await.unwrap();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // It may be gone.
                let _ = answer(client);
            }
        });
    }

    fn window_runs(&self) -> bool {
        let running = self.scene.session.processes("gloria-notify");
        !running.is_empty()
    }
}

/// As a version does that has another protocol.
fn answer(mut client: UnixStream) -> std::io::Result<()> {
    let mut line = String::new();
    BufReader::new(client.try_clone()?).read_line(&mut line)?;
    let hello: Value = serde_json::from_str(&line).unwrap_or_default();
    let answer = if hello["role"] == "status" {
        json!({"health": "connected"})
    } else {
        let refused = json!({"code": "otherVersion", "words": "another", "protocol": 99, "version": "9.9.9"});
        json!({"refused": refused})
    };
    client.write_all(format!("{answer}\n").as_bytes())
}

async fn written(path: &Path) -> String {
    wait_until("the next program to begin", DEADLINE, async || {
        let text = fs::read_to_string(path).unwrap_or_default();
        Ok(text.ends_with('\n').then_some(text))
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn an_open_window_begins_again_as_the_installed_program() {
    let mut installed = Installed::with_window().await;
    installed.upgrade_window();
    installed.upgrade_agent().await;
    assert_eq!(written(&installed.marker()).await, "--open\n");
    installed.scene.expect_windows(0).await;
}

#[tokio::test]
async fn a_window_whose_program_was_not_upgraded_says_so() {
    let mut installed = Installed::with_window().await;
    installed.upgrade_agent().await;
    wait_until("a dialog", DEADLINE, async || {
        let folder = installed.folder.display().to_string();
        let shown = dialogs("app-other-version");
        Ok(shown.iter().any(|line| line.contains(&folder)).then_some(()))
    })
    .await
    .unwrap();
    // The dialog alone.
    installed.scene.expect_windows(1).await;
}

#[tokio::test]
async fn a_window_that_was_closed_does_not_come_back() {
    let mut installed = Installed::with_window().await;
    installed.scene.close_window().await;
    assert!(installed.window_runs(), "it is hidden");
    installed.upgrade_window();
    installed.upgrade_agent().await;
    wait_until("the window's program to end", DEADLINE, async || {
        Ok((!installed.window_runs()).then_some(()))
    })
    .await
    .unwrap();
    assert!(!installed.marker().exists());
}
