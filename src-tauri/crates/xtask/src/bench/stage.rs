//! The app on a desktop of its own, as the benches start it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use gloria_desktop_session::{Process, Session, TrayItem, wait_until};
use serde_json::Value;

use super::process;
use crate::commands::built;
use crate::demo::TestBackend;

/// Longer than any one thing here takes.
pub(super) const DEADLINE: Duration = Duration::from_secs(60);

/// The title of the app's window.
const TITLE: &str = "Gloria Notify$";

pub(super) struct Stage {
    pub(super) session: Session,
    pub(super) backend: TestBackend,
    /// The folder of the app's files.
    pub(super) home: PathBuf,
}

impl Stage {
    pub(super) fn new(session: Session, backend: TestBackend) -> Self {
        let home = session.dir().join("gloria");
        Self {
            session,
            backend,
            home,
        }
    }

    pub(super) fn command(&self, program: PathBuf) -> Command {
        let mut command = self.session.command(program);
        command
            .env("GLORIA_HOME", &self.home)
            .env("GLORIA_API_URL", &self.backend.api)
            .env("GLORIA_TOKEN", &self.backend.token);
        command
    }

    /// The agent as a child of this process, unlike one that people start, so that it ends with it however it ends.
    pub(super) fn start_agent(&self) -> Result<Process> {
        let mut agent = self.command(built("release", "gloria"));
        agent.arg("agent");
        self.session.spawn("agent", agent)
    }

    /// Waits until the tray says that the app is connected.
    pub(super) async fn connected(&self, app: &mut Process) -> Result<()> {
        wait_until("the app to connect", DEADLINE, async || {
            app.check_alive()?;
            let connected = self.tray_icon().await?;
            Ok(connected
                .filter(|item| item.tooltip.contains("Connected"))
                .map(drop))
        })
        .await
    }

    async fn tray_icon(&self) -> Result<Option<TrayItem>> {
        let items = self.session.tray_items().await?;
        Ok(items.into_iter().find(|item| item.tooltip.contains("Gloria")))
    }

    /// As a person opens the window. The desktop's answer is waited for, not the window.
    pub(super) async fn click_tray(&self) -> Result<()> {
        let icon = self.tray_icon().await?.context("there is no tray icon")?;
        icon.click(self.session.bus()?).await
    }

    /// Waits until the app's window is on screen: its number.
    pub(super) async fn window(&self) -> Result<String> {
        wait_until("the window", DEADLINE, async || {
            Ok(self.session.windows(TITLE)?.into_iter().next())
        })
        .await
    }

    /// As a person closes it: the window manager asks the program to. Returns when it is not on screen any more.
    pub(super) async fn close_window(&self) -> Result<()> {
        let window = self.window().await?;
        let mut close = self.session.command("xdotool");
        close.args(["windowactivate", "--sync", &window, "key", "alt+F4"]);
        ensure!(close.status()?.success(), "the window cannot be asked to close");
        wait_until("the window to go", DEADLINE, async || {
            Ok(self.session.windows(TITLE)?.is_empty().then_some(()))
        })
        .await
    }

    /// What `gloria status` says.
    pub(super) fn status(&self) -> Result<Value> {
        let mut status = self.command(built("release", "gloria"));
        let output = status.args(["status", "--json"]).output()?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

/// The window's program, which the agent has started, if it runs.
pub(super) fn window_program(agent: &Process) -> Result<Option<u32>> {
    let tree = process::tree(agent.id())?;
    Ok(tree
        .into_iter()
        .find(|process| process::name(*process) == "gloria-notify"))
}

/// Waits until the window's program has ended.
pub(super) async fn window_program_ended(agent: &Process, within: Duration) -> Result<()> {
    wait_until("the window's program to end", within, async || {
        Ok(window_program(agent)?.is_none().then_some(()))
    })
    .await
}
