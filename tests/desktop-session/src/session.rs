//! Starts, queries and ends the desktop.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use tempfile::TempDir;
use zbus::Connection;

use crate::groups::Groups;
use crate::notifications::{NotificationEvent, NotificationLog, ShownNotification};
use crate::process::{self, Process};
use crate::sound::Recorder;
use crate::tray::TrayItem;
use crate::wait::wait_until;

/// How long a part of the desktop may take to start. On an idle machine each takes well under a second; a build server
/// with two busy cores takes longer.
pub(crate) const START_TIMEOUT: Duration = Duration::from_secs(30);

/// The variable that identifies the processes of a desktop, because every desktop has another folder.
const RUNTIME_DIR: &str = "XDG_RUNTIME_DIR";

/// The names of the processes that the parts depend on.
pub(crate) const SCREEN: &str = "screen";
pub(crate) const BUS: &str = "bus";
pub(crate) const WINDOW_MANAGER: &str = "window-manager";

/// The keyring's name on the bus.
pub(crate) const KEYRING_NAME: &str = "org.freedesktop.secrets";

/// A louder signal (root mean square of full scale) counts as a sound; a null device is exactly silent.
const AUDIBLE: f32 = 0.001;

/// Which desktop to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionOptions {
    /// The kind of screen.
    pub screen: Screen,
    /// Width and height of the screen, in pixels.
    pub size: (u32, u32),
    /// Whether the screen's pixels are stored in a file, [`Session::frame_buffer`].
    pub frame_buffer: bool,
    /// Whether there is a session bus. Without one there is no tray host, keyring or notification service either.
    pub bus: bool,
    /// Whether there is a panel with a tray.
    pub tray_host: bool,
    /// Whether there is a notification service.
    pub notifications: bool,
    /// Whether there is a sound device.
    pub sound: bool,
    /// The keyring.
    pub keyring: Keyring,
    /// The panel's appearance.
    pub panel: Panel,
}

impl Default for SessionOptions {
    /// A desktop with all parts.
    fn default() -> Self {
        Self {
            screen: Screen::X11,
            size: (1280, 800),
            frame_buffer: false,
            bus: true,
            tray_host: true,
            notifications: true,
            sound: true,
            keyring: Keyring::Unlocked,
            panel: Panel::Below,
        }
    }
}

/// The kind of screen, which determines panel and notification service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// Xvfb, with openbox, Xfce's panel and dunst.
    X11,
    /// sway, with its panel and mako. There is no X server.
    Sway,
}

/// The panel's appearance and position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panel {
    /// Dark, at the bottom.
    Below,
    /// Dark, at the top, with notifications under it.
    DarkAbove,
    /// Light, at the top, with notifications under it.
    LightAbove,
}

/// The state of the keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyring {
    /// Unlocked, as after a login with a password.
    Unlocked,
    /// Locked, as after an automatic login.
    Locked,
    /// Not installed.
    None,
}

/// A part of the desktop that can be started and stopped while applications run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The panel with the tray.
    TrayHost,
    /// The notification service.
    Notifications,
    /// The sound device.
    Sound,
    /// The keyring.
    Keyring,
}

impl Part {
    /// Returns its name on the session bus.
    pub(crate) fn bus_name(self) -> Option<&'static str> {
        match self {
            Self::TrayHost => Some("org.kde.StatusNotifierWatcher"),
            Self::Notifications => Some("org.freedesktop.Notifications"),
            Self::Keyring => Some(KEYRING_NAME),
            Self::Sound => None,
        }
    }
}

/// A running desktop. Dropping it ends everything that was started on it.
#[derive(Debug)]
pub struct Session {
    pub(crate) options: SessionOptions,
    pub(crate) display: String,
    pub(crate) bus: Option<Connection>,
    pub(crate) notifications: Option<NotificationLog>,
    pub(crate) recorder: Option<Recorder>,
    pub(crate) systemd: Option<(Process, Groups)>,
    // Ended first, because they depend on the others.
    pub(crate) parts: BTreeMap<Part, Vec<Process>>,
    pub(crate) base: Vec<Process>,
    pub(crate) dir: TempDir,
}

impl Session {
    /// Starts a desktop. Returns once all its parts are ready.
    ///
    /// # Errors
    /// When a program is missing or does not start; the error contains the end of its log.
    pub async fn start(options: SessionOptions) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("gloria-desktop-").tempdir()?;
        for name in ["home", "runtime", "config", "data", "cache", "logs", "services"] {
            fs::create_dir(dir.path().join(name))?;
        }
        // Programs refuse a runtime folder that others can read.
        fs::set_permissions(dir.path().join("runtime"), fs::Permissions::from_mode(0o700))?;
        fs::write(
            dir.path().join("home/.asoundrc"),
            include_str!("../assets/asoundrc"),
        )?;
        let mut session = Self {
            options,
            display: String::new(),
            bus: None,
            notifications: None,
            recorder: None,
            systemd: None,
            parts: BTreeMap::new(),
            base: Vec::new(),
            dir,
        };
        match options.screen {
            Screen::X11 => session.start_screen().await?,
            Screen::Sway => session.start_sway().await?,
        }
        if options.bus {
            session.start_bus().await?;
        }
        if options.screen == Screen::X11 {
            session.start_window_manager().await?;
        }
        session.start_parts().await?;
        Ok(session)
    }

    /// Returns the folder with all files, which is removed with the session.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Returns the complete environment of an application on this desktop. Of the caller's environment, it contains
    /// only the path to programs and the settings for backtraces and logs.
    pub fn env(&self) -> Vec<(OsString, OsString)> {
        let dir = self.dir.path();
        let mut env: Vec<(OsString, OsString)> = ["PATH", "RUST_BACKTRACE", "RUST_LOG", "TZ"]
            .into_iter()
            .filter_map(|key| Some((key.into(), std::env::var_os(key)?)))
            .collect();
        let mut set = |key: &str, value: OsString| env.push((key.into(), value));
        set("LANG", "C.UTF-8".into());
        // stderr is not a terminal, so otherwise the app would log only to its files.
        set("GLORIA_LOG", "info".into());
        set("USER", "gloria".into());
        set("HOME", dir.join("home").into());
        set(RUNTIME_DIR, self.runtime_dir().into());
        set("XDG_CONFIG_HOME", dir.join("config").into());
        set("XDG_DATA_HOME", dir.join("data").into());
        set("XDG_CACHE_HOME", dir.join("cache").into());
        for (key, value) in self.screen_env() {
            set(key, value);
        }
        // There is no accessibility bus, and GTK would complain about that at every start.
        set("NO_AT_BRIDGE", "1".into());
        set("GTK_A11Y", "none".into());
        // There is no graphics card here.
        set("LIBGL_ALWAYS_SOFTWARE", "1".into());
        set("WEBKIT_DISABLE_DMABUF_RENDERER", "1".into());
        // Without a device this leads nowhere, as intended: the caller's own device must not be used instead.
        set("PULSE_SERVER", self.pulse_server().into());
        if self.options.bus {
            set("DBUS_SESSION_BUS_ADDRESS", self.bus_address().into());
        }
        env
    }

    /// Returns a command with the environment of this desktop.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.env());
        command
    }

    /// Starts a program with its output in [`Process::log`]. `name` is the name of the log; two runs with one name
    /// share it.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn spawn(&self, name: &str, command: Command) -> Result<Process> {
        Process::start(name, command, &self.dir.path().join("logs"), |_| {})
    }

    /// Like [`Session::spawn`], with other streams instead of the log.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub(crate) fn spawn_with(
        &self,
        name: &str,
        command: Command,
        streams: impl FnOnce(&mut Command),
    ) -> Result<Process> {
        Process::start(name, command, &self.dir.path().join("logs"), streams)
    }

    /// Returns the desktop's bus.
    ///
    /// # Errors
    /// When this desktop has none.
    pub fn bus(&self) -> Result<&Connection> {
        self.bus.as_ref().context("this desktop has no session bus")
    }

    /// Returns the processes on this desktop with this name, of which the kernel keeps 15 bytes.
    pub fn processes(&self, name: &str) -> Vec<u32> {
        let kept = &name[..name.len().min(15)];
        let all = process::with_variable(RUNTIME_DIR, &self.runtime_dir());
        let named = all.into_iter().filter(|(_, of)| of == kept);
        named.map(|(id, _)| id).collect()
    }

    pub(crate) fn runtime_dir(&self) -> PathBuf {
        self.dir.path().join("runtime")
    }

    /// Returns every notification that was shown or withdrawn so far, in order, including those no longer on screen.
    pub fn notification_events(&self) -> Vec<NotificationEvent> {
        self.notifications
            .as_ref()
            .map(NotificationLog::events)
            .unwrap_or_default()
    }

    /// Returns every notification that was shown so far, in order.
    pub fn notifications(&self) -> Vec<ShownNotification> {
        let shown = |event| match event {
            NotificationEvent::Shown(notification) => Some(notification),
            NotificationEvent::Withdrawn(_) => None,
        };
        self.notification_events().into_iter().filter_map(shown).collect()
    }

    /// Waits for a notification for which `wanted` returns true; earlier ones count.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn wait_for_notification(
        &self,
        within: Duration,
        wanted: impl FnMut(&ShownNotification) -> bool,
    ) -> Result<ShownNotification> {
        self.notifications
            .as_ref()
            .context("this desktop has no session bus")?
            .wait_for(within, wanted)
            .await
    }

    /// Invokes an action of a notification that is on screen, through the notification service's menu. The key
    /// `default` is a click on the notification.
    ///
    /// # Errors
    /// When the service is gone.
    pub fn invoke_notification_action(&self, id: u32, key: &str) -> Result<()> {
        if self.options.screen == Screen::Sway {
            let mut invoke = self.command("makoctl");
            invoke.args(["invoke", "-n", &id.to_string(), key]);
            return run(&invoke);
        }
        fs::write(self.dir.path().join("chosen-action"), format!("[{id},{key}]"))?;
        let mut menu = self.command("dunstctl");
        menu.arg("context");
        run(&menu)
    }

    /// Returns the loudest twentieth of a second since then: root mean square, 0 is silence and 1 full scale. `None` if
    /// nothing was recorded.
    fn loudest_since(&self, since: Instant) -> Option<f32> {
        self.recorder.as_ref()?.loudest(since)
    }

    /// Waits for an audible sound after `since`, and returns its loudness.
    ///
    /// # Errors
    /// When there was only silence.
    pub async fn wait_for_sound(&self, since: Instant, within: Duration) -> Result<f32> {
        wait_until("a sound", within, async || {
            Ok(self.loudest_since(since).filter(|loud| *loud > AUDIBLE))
        })
        .await
    }

    /// Records until `length` has passed after `since`, and checks that it was silent.
    ///
    /// # Errors
    /// When there was a sound, or nothing is recorded.
    pub async fn expect_silence(&self, since: Instant, length: Duration) -> Result<()> {
        let recorder = self
            .recorder
            .as_ref()
            .context("this desktop has no sound device")?;
        let enough = async || Ok((recorder.recorded(since) >= length).then_some(()));
        wait_until("the recording", length + START_TIMEOUT, enough).await?;
        let loudest = recorder.loudest(since).unwrap_or_default();
        ensure!(loudest <= AUDIBLE, "there was a sound of {loudest}");
        Ok(())
    }

    /// Returns the icons in the tray.
    ///
    /// # Errors
    /// When there is no tray host, or an item does not answer.
    pub async fn tray_items(&self) -> Result<Vec<TrayItem>> {
        TrayItem::all(self.bus()?).await
    }

    /// Starts a part that was left out or stopped, and waits until it is ready.
    ///
    /// # Errors
    /// When it does not.
    pub async fn start_part(&mut self, part: Part) -> Result<()> {
        if self.parts.contains_key(&part) {
            return Ok(());
        }
        let processes = match part {
            Part::TrayHost => vec![self.start_tray_host()?],
            Part::Notifications => vec![self.start_notifications()?],
            Part::Keyring => vec![self.start_keyring().await?],
            Part::Sound => self.start_sound().await?,
        };
        self.parts.insert(part, processes);
        if let Some(bus_name) = part.bus_name() {
            self.wait_for_name(part, bus_name).await?;
        }
        Ok(())
    }

    /// Starts the parts that this desktop should have and that do not run.
    pub(crate) async fn start_parts(&mut self) -> Result<()> {
        let options = self.options;
        let wanted = [
            (options.bus && options.keyring != Keyring::None, Part::Keyring),
            (options.sound, Part::Sound),
            (options.bus && options.notifications, Part::Notifications),
            (options.bus && options.tray_host, Part::TrayHost),
        ];
        for (_, part) in wanted.into_iter().filter(|(wanted, _)| *wanted) {
            self.start_part(part).await?;
        }
        Ok(())
    }

    /// Stops a part; applications notice it as on a user's desktop.
    pub fn stop_part(&mut self, part: Part) {
        if part == Part::Sound {
            self.recorder = None;
        }
        self.end_restarts(part);
        self.parts.remove(&part);
    }

    /// Sends a signal to the X server, like [`Session::signal_part`] to the other parts.
    pub fn signal_screen(&self, signal: Signal) {
        for screen in self.base.iter().filter(|process| process.is_named(SCREEN)) {
            screen.signal(signal);
        }
    }

    /// Ends the bus, as in a crash, which its clients notice.
    pub fn stop_bus(&mut self) {
        self.bus = None;
        self.notifications = None;
        self.base.retain(|process| !process.is_named(BUS));
    }

    pub(crate) fn fill(&self, template: &str) -> String {
        template.replace("@DIR@", &self.dir.path().to_string_lossy())
    }

    /// Returns the address of the session bus, for programs and services of the test.
    pub fn bus_address(&self) -> String {
        format!("unix:path={}", self.dir.path().join("runtime/bus").display())
    }

    pub(crate) fn pulse_socket(&self) -> PathBuf {
        self.dir.path().join("runtime/pulse.socket")
    }

    fn pulse_server(&self) -> String {
        format!("unix:{}", self.pulse_socket().display())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let groups = self.systemd.take().map(|(systemd, groups)| {
            drop(systemd);
            groups
        });
        self.parts.clear();
        self.base.clear();
        // Applications may leave processes behind, and one of these may be starting another.
        loop {
            let left = process::with_variable(RUNTIME_DIR, &self.runtime_dir());
            if left.is_empty() {
                break;
            }
            left.into_iter().for_each(|(id, _)| process::kill_with_group(id));
        }
        // No process is in them any more.
        drop(groups);
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &Command) -> Result<()> {
    let output = process::output(command)?;
    if !output.status.success() {
        bail!(
            "{} ended with {}: {}",
            command.get_program().display(),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}
