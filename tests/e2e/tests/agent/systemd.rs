//! The agent and its window under a real systemd of the user, with the unit and the autostart entry of the packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gloria_backend::{Backend, BackendOptions, TEST_TOKEN};
use gloria_desktop_session::{Session, SessionOptions, wait_until};
use serde_json::json;

use crate::scene::{DEADLINE, program};

const UNIT: &str = "gloria-notify.service";
const ENTRY: &str = "com.gloriasystem.notify.desktop";

/// What systemd makes of the entry. `\x2e`-like escapes are not needed in this name.
const AUTOSTART: &str = "app-com.gloriasystem.notify@autostart.service";

fn packaged(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src-tauri/packaging/linux");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// The entry, for programs that are not installed.
fn entry() -> String {
    let program = format!("Exec={}", program("gloria-notify").display());
    packaged("autostart.desktop").replace("Exec=gloria-notify", &program)
}

/// A desktop with a systemd, and a server that both know by the environment, as an administrator sets it.
struct Stage {
    session: Session,
    backend: Backend,
}

impl Stage {
    async fn set(has_unit: bool) -> Self {
        let unit = packaged(UNIT).replace("/usr/bin/gloria", &program("gloria").display().to_string());
        Self::with(has_unit.then_some(unit)).await
    }

    async fn with(unit: Option<String>) -> Self {
        let options = SessionOptions {
            sound: false,
            ..SessionOptions::default()
        };
        let mut session = Session::start(options).await.unwrap();
        let backend = Backend::start(BackendOptions::default()).await.unwrap();
        for folder in ["xdg/autostart", "config/autostart"] {
            fs::create_dir_all(session.dir().join(folder)).unwrap();
        }
        fs::write(session.dir().join("xdg/autostart").join(ENTRY), entry()).unwrap();
        let unit = unit.map(|unit| (UNIT, unit));
        let variables = [
            ("GLORIA_API_URL", &*backend.api_url()),
            ("GLORIA_TOKEN", TEST_TOKEN),
        ];
        session
            .start_systemd(&unit.into_iter().collect::<Vec<_>>(), &variables)
            .await
            .unwrap();
        Self { session, backend }
    }

    /// One of the app's programs, started by a person.
    fn command(&self, name: &str) -> Command {
        self.session.command(program(name))
    }

    fn gloria(&self, arguments: &[&str]) -> i32 {
        let output = self.command("gloria").args(arguments).output().unwrap();
        output.status.code().unwrap()
    }

    async fn connections(&self, count: u64) {
        self.backend
            .control()
            .wait_for(|seen| seen.streams == 1 && seen.streams_total == count, DEADLINE)
            .await
            .unwrap();
    }

    fn property(&self, unit: &str, property: &str) -> String {
        self.session.unit_property(unit, property).unwrap()
    }

    /// The process of the only agent, which systemd runs as the unit.
    async fn agent(&self) -> u32 {
        wait_until("the unit's agent", DEADLINE, async || {
            let process: u32 = self.property(UNIT, "MainPID").parse()?;
            let is_only = self.session.processes("gloria") == [process];
            Ok((self.property(UNIT, "SubState") == "running" && is_only).then_some(process))
        })
        .await
        .unwrap_or_else(|error| panic!("{error}: {:?}", self.session.processes("gloria")))
    }

    async fn expect_agents(&self, count: usize) {
        wait_until(&format!("{count} agents"), DEADLINE, async || {
            Ok((self.session.processes("gloria").len() == count).then_some(()))
        })
        .await
        .unwrap();
    }

    async fn window(&self) -> u32 {
        wait_until("the window", DEADLINE, async || {
            let windows = self.session.windows("Gloria Notify$")?.len();
            let mut processes = self.session.processes("gloria-notify");
            Ok((windows == 1 && processes.len() == 1).then(|| processes.remove(0)))
        })
        .await
        .unwrap()
    }

    async fn arrives(&self, id: &str) {
        let data = json!({"id": id, "title": format!("title {id}"), "message": "m"});
        self.backend.control().push("notification.created", data);
        let wanted = format!("title {id}");
        self.session
            .wait_for_notification(DEADLINE, |shown| shown.summary.contains(&wanted))
            .await
            .unwrap();
    }
}

fn kill(process: u32) {
    let killed = Command::new("kill")
        .args(["-s", "KILL", &process.to_string()])
        .status();
    assert!(killed.unwrap().success());
}

fn group(process: u32) -> String {
    fs::read_to_string(format!("/proc/{process}/cgroup")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desktop_starts_one_agent_which_comes_back_after_a_crash_and_not_after_quit() {
    let stage = Stage::set(true).await;
    stage.session.systemctl(&["start", "desktop.target"]).unwrap();
    stage.connections(1).await;
    let first = stage.agent().await;
    wait_until("the entry's program to end", DEADLINE, async || {
        Ok((stage.property(AUTOSTART, "SubState") == "dead").then_some(()))
    })
    .await
    .unwrap();
    assert_eq!(stage.property(AUTOSTART, "Result"), "success");
    stage.arrives("a").await;

    // A person who starts it once more gets the window of the same one.
    let status = stage
        .command("gloria-notify")
        .arg("--background")
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    assert_eq!(stage.agent().await, first);

    kill(first);
    stage.connections(2).await;
    let second = stage.agent().await;
    assert_ne!(second, first);
    stage.arrives("b").await;

    assert_eq!(stage.gloria(&["quit"]), 0);
    stage.expect_agents(0).await;
    let state = || ["ActiveState", "SubState", "Result"].map(|name| stage.property(UNIT, name));
    assert_eq!(state(), ["inactive", "dead", "success"]);

    // It ends with the desktop.
    let status = stage.command("gloria-notify").status().unwrap();
    assert!(status.success(), "{status}");
    stage.connections(3).await;
    stage.agent().await;
    stage.session.systemctl(&["stop", "desktop.target"]).unwrap();
    stage.expect_agents(0).await;
    assert_eq!(state(), ["inactive", "dead", "success"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_switches_the_entry_off_has_no_agent_at_login() {
    let stage = Stage::set(true).await;
    let own: PathBuf = stage.session.dir().join("config/autostart").join(ENTRY);
    // As the desktops' own settings write it.
    let hidden = entry() + "Hidden=true\n";
    fs::write(&own, hidden).unwrap();
    stage.session.systemctl(&["daemon-reload"]).unwrap();
    stage.session.systemctl(&["start", "desktop.target"]).unwrap();
    assert_eq!(
        stage.property("graphical-session.target", "ActiveState"),
        "active"
    );
    assert_eq!(stage.property(AUTOSTART, "LoadState"), "not-found");
    assert_eq!(stage.property(UNIT, "ActiveState"), "inactive");

    stage.session.systemctl(&["stop", "desktop.target"]).unwrap();
    fs::remove_file(&own).unwrap();
    stage.session.systemctl(&["daemon-reload"]).unwrap();
    stage.session.systemctl(&["start", "desktop.target"]).unwrap();
    stage.connections(1).await;
    stage.agent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_is_a_unit_in_the_session_as_it_is_now_and_has_systemd_start_the_agent_again() {
    let stage = Stage::set(true).await;
    let status = stage.command("gloria-notify").status().unwrap();
    assert!(status.success(), "{status}");
    stage.connections(1).await;
    let agent = stage.agent().await;
    stage
        .session
        .systemctl(&["set-environment", "XDG_CURRENT_DESKTOP=newest"])
        .unwrap();
    assert_eq!(stage.gloria(&["open"]), 0);
    let window = stage.window().await;
    assert!(
        group(window).contains("/app.slice/gloria-notify-window-"),
        "{}",
        group(window)
    );
    assert!(
        group(agent).contains(&format!("/app.slice/{UNIT}")),
        "{}",
        group(agent)
    );
    let environment = fs::read(format!("/proc/{window}/environ")).unwrap();
    let environment = String::from_utf8_lossy(&environment);
    assert!(
        environment.contains("XDG_CURRENT_DESKTOP=newest"),
        "{environment}"
    );
    assert!(!environment.contains(TEST_TOKEN), "{environment}");

    kill(agent);
    stage.connections(2).await;
    let next = stage.agent().await;
    assert_ne!(next, agent);
    assert_eq!(stage.window().await, window);
    kill(window);
    wait_until("the window's end", DEADLINE, async || {
        Ok(stage.session.processes("gloria-notify").is_empty().then_some(()))
    })
    .await
    .unwrap();
    stage.arrives("a").await;
    assert_eq!(stage.agent().await, next);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_unit_an_agent_that_a_window_started_outlives_the_window() {
    let stage = Stage::set(false).await;
    // The settings of the environment are systemd's.
    let mut start = stage.command("gloria-notify");
    start.env("GLORIA_API_URL", stage.backend.api_url());
    start.env("GLORIA_TOKEN", TEST_TOKEN);
    let status = start.status().unwrap();
    assert!(status.success(), "{status}");
    stage.connections(1).await;
    assert_eq!(stage.gloria(&["open"]), 0);
    let window = stage.window().await;
    assert!(
        group(window).contains("/gloria-notify-window-"),
        "{}",
        group(window)
    );
    let [agent] = stage.session.processes("gloria")[..] else {
        panic!("{:?}", stage.session.processes("gloria"));
    };
    kill(agent);
    stage.connections(2).await;
    stage.expect_agents(1).await;
    let [next] = stage.session.processes("gloria")[..] else {
        panic!("{:?}", stage.session.processes("gloria"));
    };
    let name = group(window);
    let name = name
        .lines()
        .find_map(|line| line.rsplit_once("/gloria-notify-window-"));
    let unit = format!("gloria-notify-window-{}", name.unwrap().1);
    stage.session.systemctl(&["stop", &unit]).unwrap();
    assert!(stage.session.processes("gloria-notify").is_empty());
    stage.arrives("a").await;
    assert_eq!(stage.session.processes("gloria"), [next]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_the_agent_started_stays_when_the_agent_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("browser");
    // As a browser that a link was opened in, it is in the unit's control group.
    let start = format!(
        "ExecStart=/bin/sh -c 'sleep 600 & echo $$! > {}; exec {} agent'",
        file.display(),
        program("gloria").display()
    );
    let stage = Stage::with(Some(
        packaged(UNIT).replace("ExecStart=/usr/bin/gloria agent", &start),
    ))
    .await;
    let status = stage.command("gloria-notify").status().unwrap();
    assert!(status.success(), "{status}");
    stage.connections(1).await;
    let agent = stage.agent().await;
    let browser: u32 = fs::read_to_string(file).unwrap().trim().parse().unwrap();
    assert_eq!(group(browser), group(agent));
    assert_eq!(stage.gloria(&["quit"]), 0);
    wait_until("the unit's end", DEADLINE, async || {
        Ok((stage.property(UNIT, "SubState") == "dead").then_some(()))
    })
    .await
    .unwrap();
    let name = fs::read_to_string(format!("/proc/{browser}/comm"));
    assert_eq!(name.unwrap_or_default(), "sleep\n", "it runs");
    kill(browser);
}
