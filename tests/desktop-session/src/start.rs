//! Starts each part of the desktop, and detects when it is ready.

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::process::{Process, output};
use crate::session::{BUS, Panel, Part, SCREEN, START_TIMEOUT, Session, WINDOW_MANAGER};
use crate::sound::{RATE, Recorder};
use crate::wait::wait_until;

/// The line of the panel's settings that makes it dark.
const DARK: &str = r#"name="dark-mode" type="bool" value="true""#;

/// Returns a display number far above those that an X server chooses itself, so that a killed one finds its number free
/// when it starts again.
fn unused_display() -> String {
    format!(":{}", 1000 + RandomState::new().hash_one(0) % 50_000)
}

impl Session {
    pub(crate) async fn wait_for_name(&mut self, part: Part, name: &'static str) -> Result<()> {
        let bus = zbus::fdo::DBusProxy::new(self.bus()?).await?;
        let processes = self.parts.get_mut(&part).context("the part is not running")?;
        let owned = async || {
            processes.iter_mut().try_for_each(Process::check_alive)?;
            Ok(bus.name_has_owner(name.try_into()?).await?.then_some(()))
        };
        wait_until(name, START_TIMEOUT, owned).await
    }

    /// Starts the screen with the number that it had, or with one that no other screen has.
    pub(crate) async fn start_screen(&mut self) -> Result<()> {
        if !self.display.is_empty() {
            return self.start_display().await;
        }
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            self.display = unused_display();
            match self.start_display().await {
                Ok(()) => return Ok(()),
                Err(error) if Instant::now() >= deadline => return Err(error),
                // Another desktop took the number first.
                Err(_) => {}
            }
        }
    }

    async fn start_display(&mut self) -> Result<()> {
        let (width, height) = self.options.size;
        let mut xvfb = self.command("Xvfb");
        // The server writes its number to stdout once it is ready.
        xvfb.args([&self.display, "-displayfd", "1", "-nolisten", "tcp", "-noreset"]);
        // Disables key repeat, because on a busy machine a key could repeat before it is released.
        xvfb.arg("-r");
        xvfb.args(["-screen", "0"]).arg(format!("{width}x{height}x24"));
        if self.options.frame_buffer {
            xvfb.arg("-fbdir").arg(self.dir.path());
        }
        let number = self.dir.path().join("logs/display");
        let output = fs::File::create(&number)?;
        let mut screen = self.spawn_with(SCREEN, xvfb, |command| {
            command.stdout(output);
        })?;
        wait_until("the screen", START_TIMEOUT, async || {
            screen.check_alive()?;
            Ok(fs::read_to_string(&number)?.ends_with('\n').then_some(()))
        })
        .await?;
        self.base.push(screen);
        Ok(())
    }

    pub(crate) async fn start_bus(&mut self) -> Result<()> {
        let conf = self.fill(include_str!("../assets/bus.conf"));
        let path = self.dir.path().join("bus.conf");
        fs::write(&path, conf)?;
        // The panel stores its settings in this service, and asks the bus to start it.
        self.allow_activation("org.xfce.Xfconf")?;
        // A killed bus leaves its socket.
        match fs::remove_file(self.dir.path().join("runtime/bus")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
        let mut daemon = self.command("dbus-daemon");
        daemon
            .args(["--nofork", "--nopidfile"])
            .arg(format!("--config-file={}", path.display()));
        let mut daemon = self.spawn(BUS, daemon)?;
        let address = self.bus_address();
        let connection = wait_until("the session bus", START_TIMEOUT, async || {
            daemon.check_alive()?;
            let builder = zbus::connection::Builder::address(address.as_str())?;
            Ok(builder.build().await.ok())
        });
        self.bus = Some(connection.await?);
        let log = self.notifications.get_or_insert_default().clone();
        log.listen(&address).await?;
        // Before the screen, because the services that the bus started end with the bus.
        self.base.insert(0, daemon);
        Ok(())
    }

    pub(crate) async fn start_window_manager(&mut self) -> Result<()> {
        let (width, height) = self.options.size;
        let mut background = self.command("display");
        background.args([
            "-window",
            "root",
            "-size",
            &format!("{width}x{height}"),
            "gradient:#3b5673-#1d2733",
        ]);
        // Its exit status is not reliable: it is 1 after a success, too.
        output(&background)?;
        let ready = self.dir.path().join("logs/window-manager-ready");
        // Left by an earlier one.
        let _ = fs::remove_file(&ready);
        let mut openbox = self.command("openbox");
        openbox.arg("--startup").arg(format!("touch {}", ready.display()));
        let mut openbox = self.spawn(WINDOW_MANAGER, openbox)?;
        wait_until("the window manager", START_TIMEOUT, async || {
            openbox.check_alive()?;
            Ok(ready.exists().then_some(()))
        })
        .await?;
        self.base.insert(0, openbox);
        Ok(())
    }

    pub(crate) fn start_panel(&self) -> Result<Process> {
        let folder = self.dir.path().join("config/xfce4/xfconf/xfce-perchannel-xml");
        fs::create_dir_all(&folder)?;
        let mut settings = include_str!("../assets/xfce4-panel.xml").to_owned();
        if self.options.panel != Panel::Below {
            settings = settings.replace("p=8;", "p=6;");
        }
        if self.options.panel == Panel::LightAbove {
            settings = settings.replace(DARK, &DARK.replace("true", "false"));
        }
        fs::write(folder.join("xfce4-panel.xml"), settings)?;
        let mut panel = self.command("xfce4-panel");
        panel.arg("--disable-wm-check");
        self.spawn("panel", panel)
    }

    /// Lets the bus start the notification service when it is called.
    ///
    /// # Errors
    /// When the bus is gone.
    pub async fn let_bus_start_notifications(&self) -> Result<()> {
        let config = self.write_dunst_config()?;
        let name = "org.freedesktop.Notifications";
        let service = format!(
            "[D-BUS Service]\nName={name}\nExec=/usr/bin/env DISPLAY={} dunst -config {}\n",
            self.display,
            config.display()
        );
        fs::write(self.dir.path().join(format!("services/{name}.service")), service)?;
        zbus::fdo::DBusProxy::new(self.bus()?)
            .await?
            .reload_config()
            .await?;
        Ok(())
    }

    pub(crate) fn start_dunst(&self) -> Result<Process> {
        let config = self.write_dunst_config()?;
        let mut dunst = self.command("dunst");
        dunst.arg("-config").arg(config);
        self.spawn("notifications", dunst)
    }

    fn write_dunst_config(&self) -> Result<PathBuf> {
        let menu = self.dir.path().join("choose-action");
        fs::write(&menu, include_str!("../assets/choose-action.sh"))?;
        fs::set_permissions(&menu, fs::Permissions::from_mode(0o755))?;
        let config = self.dir.path().join("dunstrc");
        let mut settings = self.fill(include_str!("../assets/dunstrc"));
        if self.options.panel != Panel::Below {
            settings = settings.replace("offset = 24x24", "offset = 16x44");
        }
        fs::write(&config, settings)?;
        Ok(config)
    }

    pub(crate) async fn start_sound(&mut self) -> Result<Vec<Process>> {
        let socket = self.pulse_socket();
        let mut pulse = self.command("pulseaudio");
        pulse.args([
            "-n",
            "--daemonize=no",
            "--use-pid-file=no",
            "--exit-idle-time=-1",
            "--disable-shm=yes",
        ]);
        pulse.args(["--load", "module-null-sink sink_name=speakers", "--load"]);
        pulse.arg(format!(
            "module-native-protocol-unix auth-anonymous=1 socket={}",
            socket.display()
        ));
        let mut pulse = self.spawn("sound", pulse)?;
        wait_until("the sound device", START_TIMEOUT, async || {
            pulse.check_alive()?;
            // The socket is there before it takes connections.
            Ok(UnixStream::connect(&socket).ok().map(drop))
        })
        .await?;
        let mut parec = self.command("parec");
        parec.args([
            "--device=speakers.monitor",
            "--raw",
            "--format=s16le",
            "--channels=1",
            "--latency-msec=20",
        ]);
        parec.arg(format!("--rate={RATE}"));
        let mut parec = self.spawn_with("recording", parec, |command| {
            command.stdout(Stdio::piped());
        })?;
        let recorder = Recorder::start(
            parec
                .child()
                .stdout
                .take()
                .context("the recording has no output")?,
        );
        let since = Instant::now();
        wait_until("the recording", START_TIMEOUT, async || {
            parec.check_alive()?;
            Ok(recorder.loudest(since))
        })
        .await?;
        self.recorder = Some(recorder);
        Ok(vec![parec, pulse])
    }

    /// Lets the bus start the machine's installed service of this name.
    pub(crate) fn allow_activation(&self, name: &str) -> Result<()> {
        let file = format!("{name}.service");
        let installed = Path::new("/usr/share/dbus-1/services").join(&file);
        let link = self.dir.path().join("services").join(&file);
        if installed.exists() && !link.exists() {
            std::os::unix::fs::symlink(installed, link)?;
        }
        Ok(())
    }
}
