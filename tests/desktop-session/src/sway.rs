//! A Wayland screen: sway without a graphics card, with its own panel, and mako for notifications.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::process::{Process, output};
use crate::session::{Part, START_TIMEOUT, Session};
use crate::wait::wait_until;

/// The name of the compositor's process.
const SWAY: &str = "sway";

/// A window, as the compositor reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaylandWindow {
    /// The compositor's id of it.
    pub id: i64,
    /// The id by which the desktop finds the application's name and icon.
    pub app_id: String,
    /// Its title.
    pub title: String,
    /// Whether it has the keyboard focus.
    pub focused: bool,
}

impl Session {
    pub(crate) async fn start_sway(&mut self) -> Result<()> {
        let (width, height) = self.options.size;
        let settings = self
            .fill(include_str!("../assets/sway.conf"))
            .replace("@WIDTH@", &width.to_string())
            .replace("@HEIGHT@", &height.to_string());
        let config = self.dir.path().join("sway.conf");
        fs::write(&config, settings)?;
        let ready = self.dir.path().join("logs/display");
        // Left by a killed one. If its socket still exists, a new compositor creates another one.
        for left in [&ready, &self.sway_socket()] {
            if left.exists() {
                fs::remove_file(left)?;
            }
        }
        let mut sway = self.as_user(SWAY);
        sway.arg("--config").arg(config);
        sway.env("WLR_BACKENDS", "headless")
            .env("WLR_RENDERER", "pixman")
            .env("WLR_LIBINPUT_NO_DEVICES", "1");
        let mut sway = self.spawn(SWAY, sway)?;
        let display = wait_until("the compositor", START_TIMEOUT, async || {
            sway.check_alive()?;
            let written = fs::read_to_string(&ready).unwrap_or_default();
            Ok(written.strip_suffix('\n').map(str::to_owned))
        });
        self.display = display.await?;
        self.base.push(sway);
        Ok(())
    }

    /// Kills the compositor, which also ends panel, notification service, and applications with a window.
    pub fn kill_sway(&mut self) {
        for process in self.base.iter_mut().filter(|process| process.is_named(SWAY)) {
            process.kill();
        }
        self.base.retain(|process| !process.is_named(SWAY));
        for part in [Part::TrayHost, Part::Notifications] {
            self.stop_part(part);
        }
    }

    /// Starts another compositor after [`Session::kill_sway`], with panel and notification service.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn restart_sway(&mut self) -> Result<()> {
        self.start_sway().await?;
        self.start_parts().await
    }

    /// sway refuses to run as root, but starts in a user namespace that maps root to another user.
    fn as_user(&self, program: &str) -> Command {
        if !rustix::process::getuid().is_root() {
            return self.command(program);
        }
        let mut command = self.command("unshare");
        command.args(["--user", "--map-user=1000", "--map-group=1000", "--", program]);
        command
    }

    pub(crate) fn start_swaybar(&self) -> Result<Process> {
        let mut bar = self.command("swaybar");
        bar.args(["--bar_id", "bar-0", "--socket"])
            .arg(self.sway_socket());
        self.spawn("panel", bar)
    }

    pub(crate) fn start_mako(&self) -> Result<Process> {
        let config = self.dir.path().join("mako.conf");
        fs::write(&config, include_str!("../assets/mako.conf"))?;
        let mut mako = self.command("mako");
        mako.arg("--config").arg(config);
        self.spawn("notifications", mako)
    }

    /// Returns the compositor's windows.
    ///
    /// # Errors
    /// When the compositor is gone.
    pub fn wayland_windows(&self) -> Result<Vec<WaylandWindow>> {
        let tree = self.swaymsg(&["--type", "get_tree"])?;
        let mut windows = Vec::new();
        collect_windows(&tree, &mut windows);
        Ok(windows)
    }

    /// Asks a window to close, like its close button.
    ///
    /// # Errors
    /// When the compositor or the window is gone.
    pub fn close_wayland_window(&self, window: &WaylandWindow) -> Result<()> {
        self.swaymsg(&[&format!("[con_id={}] kill", window.id)])?;
        Ok(())
    }

    /// Returns the titles of the notifications that mako shows, newest first.
    ///
    /// # Errors
    /// When mako is gone.
    pub fn notifications_on_screen(&self) -> Result<Vec<String>> {
        let list = json(self.command("makoctl").arg("list"))?;
        let listed = list["data"][0].as_array().context("no list")?;
        let titles = listed
            .iter()
            .filter_map(|one| one["summary"]["data"].as_str())
            .map(str::to_owned);
        Ok(titles.collect())
    }

    /// Keeps the display number of the current compositor locked, as if another user session had it, so that no
    /// compositor can use it until the returned file is dropped.
    ///
    /// # Errors
    /// When the compositor still runs.
    pub fn occupy_wayland_display(&self) -> Result<fs::File> {
        let lock = self.runtime_dir().join(format!("{}.lock", self.display));
        let lock = fs::File::options().write(true).open(lock)?;
        lock.try_lock()?;
        Ok(lock)
    }

    pub(crate) fn sway_socket(&self) -> PathBuf {
        self.runtime_dir().join("sway.sock")
    }

    fn swaymsg(&self, arguments: &[&str]) -> Result<Value> {
        json(self.command("swaymsg").arg("--raw").args(arguments))
    }
}

fn json(command: &Command) -> Result<Value> {
    let output = output(command)?;
    ensure!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn collect_windows(node: &Value, windows: &mut Vec<WaylandWindow>) {
    if let (Some(id), Some(app_id)) = (node["id"].as_i64(), node["app_id"].as_str()) {
        windows.push(WaylandWindow {
            id,
            app_id: app_id.to_owned(),
            title: node["name"].as_str().unwrap_or_default().to_owned(),
            focused: node["focused"] == true,
        });
    }
    for children in ["nodes", "floating_nodes"] {
        for child in node[children].as_array().into_iter().flatten() {
            collect_windows(child, windows);
        }
    }
}
