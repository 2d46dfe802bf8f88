//! The user's systemd: a real one, on the desktop's bus.
//!
//! It runs in control groups of its own and sees an empty `/run`, in which it finds that the machine was started by
//! systemd; the machine's own units are not its. For both it takes root and a kernel that allows it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::groups::Groups;
use crate::process::output;
use crate::session::{START_TIMEOUT, Session, run};
use crate::wait::wait_until;

const SYSTEMD: &str = "/usr/lib/systemd/systemd";

/// The machine's units that a user's systemd is started with, and those of a desktop.
const MACHINE_UNITS: &str = "/usr/lib/systemd/user";
const UNITS: [&str; 10] = [
    "app.slice",
    "basic.target",
    "exit.target",
    "graphical-session.target",
    "paths.target",
    "shutdown.target",
    "sockets.target",
    "systemd-exit.service",
    "timers.target",
    "xdg-desktop-autostart.target",
];

/// Units of this desktop. systemd looks for a bus once it has started one itself: this one stands for the desktop's,
/// which runs already.
const OWN_UNITS: [(&str, &str); 4] = [
    ("dbus.socket", "[Socket]\nListenStream=%t/no-bus\n"),
    (
        "dbus.service",
        "[Unit]\nRequires=dbus.socket\n[Service]\nType=exec\nExecStart=/bin/sleep infinity\n",
    ),
    (
        "default.target",
        "[Unit]\nRequires=basic.target dbus.service\nAfter=basic.target dbus.service\n",
    ),
    // What a desktop starts at login.
    (
        "desktop.target",
        "[Unit]\nWants=graphical-session.target xdg-desktop-autostart.target\n",
    ),
];

/// The script that moves into groups of its own, hides `/run`, and becomes systemd.
const START: &str = "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system || exit 1
for group in $GROUPS_OF_ITS_OWN; do mkdir -p $group && echo $$ > $group/cgroup.procs || exit 1; done
unset GROUPS_OF_ITS_OWN
exec \"$@\"";

impl Session {
    /// Why no systemd of a user can be started here, if so.
    pub fn no_systemd() -> Option<String> {
        if !Path::new(SYSTEMD).exists() {
            return Some("systemd is not installed".to_owned());
        }
        let groups = Groups::new(&format!("gloria-try-{}", std::process::id()));
        match start(&groups).arg("true").stdin(Stdio::null()).output() {
            Ok(output) if output.status.success() => None,
            Ok(output) => Some(format!(
                "no control groups and mounts for this user: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            )),
            Err(error) => Some(format!("unshare cannot be run: {error}")),
        }
    }

    /// Starts the user's systemd with these units besides its own, and this in its environment. The desktop's folder
    /// `xdg` stands for `/etc/xdg`.
    ///
    /// # Errors
    /// When it does not come to the bus.
    pub async fn start_systemd(
        &mut self,
        units: &[(&str, String)],
        variables: &[(&str, &str)],
    ) -> Result<()> {
        let folder = self.dir.path().join("units");
        fs::create_dir(&folder)?;
        for name in UNITS {
            fs::copy(Path::new(MACHINE_UNITS).join(name), folder.join(name)).context(name)?;
        }
        for (name, text) in OWN_UNITS {
            fs::write(folder.join(name), text)?;
        }
        for (name, text) in units {
            fs::write(folder.join(name), text)?;
        }
        let name = self.dir.path().file_name().context("the folder's name")?;
        let groups = Groups::new(&name.to_string_lossy());
        let mut systemd = start(&groups);
        systemd.arg(SYSTEMD).arg("--user");
        systemd.env_clear().envs(self.env());
        let generated = self.runtime_dir().join("systemd/generator.late");
        systemd
            .env(
                "SYSTEMD_UNIT_PATH",
                format!("{}:{}", folder.display(), generated.display()),
            )
            .env("XDG_CONFIG_DIRS", self.dir.path().join("xdg"))
            .env("SYSTEMD_LOG_TARGET", "console")
            .env("GROUPS_OF_ITS_OWN", groups.list())
            .envs(variables.iter().copied());
        let systemd = self.spawn("systemd", systemd)?;
        self.systemd = Some((systemd, groups));
        let bus = zbus::fdo::DBusProxy::new(self.bus()?).await?;
        wait_until("the user's systemd", START_TIMEOUT, async || {
            Ok(bus
                .name_has_owner("org.freedesktop.systemd1".try_into()?)
                .await?
                .then_some(()))
        })
        .await
        .with_context(|| {
            self.systemd
                .as_ref()
                .map(|(systemd, _)| systemd.log())
                .unwrap_or_default()
        })
    }

    /// Asks systemd, by `systemctl`.
    ///
    /// # Errors
    /// When it refuses; the error has its words.
    pub fn systemctl(&self, arguments: &[&str]) -> Result<()> {
        let mut systemctl = self.command("systemctl");
        systemctl.arg("--user").args(arguments);
        run(&systemctl)
    }

    /// A property of a unit, as text.
    ///
    /// # Errors
    /// When systemd cannot be asked.
    pub fn unit_property(&self, unit: &str, property: &str) -> Result<String> {
        let mut systemctl = self.command("systemctl");
        systemctl.args(["--user", "show", "--value", "--property", property, unit]);
        let output = output(&systemctl)?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// A command that is run by the arguments which follow.
fn start(groups: &Groups) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-c", START, "sh"]);
    command.env("GROUPS_OF_ITS_OWN", groups.list());
    command
}
