//! The keyring: its start, and what happens to it while applications use it.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::Signal;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};

use crate::process::{self, Process, output};
use crate::session::{KEYRING_NAME, Keyring, Part, START_TIMEOUT, Session};
use crate::wait::wait_until;

const KEYRING_PROGRAM: &str = "gnome-keyring-daemon";

const KEYRING_ARGUMENTS: [&str; 2] = ["--foreground", "--components=secrets"];

const PLACE: &str = "/org/freedesktop/secrets";

/// How long a prompt may take to appear and to go. On an idle machine it takes a second.
const PROMPT_TIMEOUT: Duration = Duration::from_secs(30);

/// What opens the keyring of every desktop.
const PASSWORD: &str = "a password that guards nothing";

impl Session {
    /// Locks the keyring, as its user or a timeout does.
    ///
    /// # Errors
    /// When there is none.
    pub async fn lock_keyring(&self) -> Result<()> {
        let keyring = self.default_keyring().await?;
        let all = vec![ObjectPath::from(keyring)];
        self.ask_keyring("org.freedesktop.Secret.Service", "Lock", &(all,))
            .await?;
        Ok(())
    }

    /// Unlocks the keyring without a prompt, as logging in does.
    ///
    /// # Errors
    /// When there is none.
    pub async fn unlock_keyring(&self) -> Result<()> {
        let keyring = self.default_keyring().await?;
        let nothing = Value::from("");
        let opened = self
            .ask_keyring(
                "org.freedesktop.Secret.Service",
                "OpenSession",
                &("plain", nothing),
            )
            .await?;
        let (_, session): (OwnedValue, OwnedObjectPath) = opened.body().deserialize()?;
        let password = (session, Vec::<u8>::new(), PASSWORD.as_bytes(), "text/plain");
        let inside = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface";
        self.ask_keyring(inside, "UnlockWithMasterPassword", &(keyring, password))
            .await?;
        Ok(())
    }

    /// Types the password into the prompt that the keyring shows.
    ///
    /// # Errors
    /// When there is none.
    pub async fn answer_keyring(&self) -> Result<()> {
        self.press_at_prompt(&["type", "--delay", "20", PASSWORD]).await
    }

    /// Cancels the prompt that the keyring shows.
    ///
    /// # Errors
    /// When there is none.
    pub async fn cancel_keyring(&self) -> Result<()> {
        self.press_at_prompt(&["key", "Escape"]).await
    }

    /// Waits until the prompt has the focus, and then until it is gone.
    async fn press_at_prompt(&self, keys: &[&str]) -> Result<()> {
        let prompt = wait_until("the keyring's prompt", PROMPT_TIMEOUT, async || {
            let focused = output(self.command("xdotool").arg("getwindowfocus"));
            let shown = self.windows(".")?;
            let focused = focused.map(|focused| String::from_utf8_lossy(&focused.stdout).trim().to_owned());
            Ok(focused.ok().filter(|focused| shown.contains(focused)))
        })
        .await?;
        output(self.command("xdotool").args(keys))?;
        if keys[0] == "type" {
            output(self.command("xdotool").args(["key", "Return"]))?;
        }
        wait_until("the end of the keyring's prompt", PROMPT_TIMEOUT, async || {
            Ok((!self.windows(".")?.contains(&prompt)).then_some(()))
        })
        .await
    }

    pub(crate) async fn start_keyring(&mut self) -> Result<Process> {
        // The dialog that asks for the password of a locked keyring.
        self.allow_activation("org.gnome.keyring.SystemPrompter")?;
        if self.options.keyring == Keyring::Locked
            && !self.dir.path().join("data/keyrings/login.keyring").exists()
        {
            // A keyring must exist before it can be locked.
            let opened = self.start_keyring_daemon(true)?;
            self.parts.insert(Part::Keyring, vec![opened]);
            self.wait_for_name(Part::Keyring, KEYRING_NAME).await?;
            let file = self.dir.path().join("data/keyrings/login.keyring");
            wait_until("the keyring's file", START_TIMEOUT, async || {
                Ok(file.exists().then_some(()))
            })
            .await?;
            self.stop_part(Part::Keyring);
        }
        let unlock = self.options.keyring != Keyring::Locked;
        let daemon = self.start_keyring_daemon(unlock)?;
        if unlock {
            self.let_bus_restart_keyring()?;
        }
        Ok(daemon)
    }

    /// Lets the bus start the keyring again when it is called after a crash, as on a user's desktop: GNOME Keyring
    /// aborts at times when programs store, remove and search at once. [`Session::stop_part`] ends this as well.
    fn let_bus_restart_keyring(&self) -> Result<()> {
        let dir = self.dir.path();
        let password = dir.join("keyring-password");
        fs::write(&password, PASSWORD)?;
        let start = dir.join("start-keyring");
        let script = format!(
            "#!/bin/sh\nexec {KEYRING_PROGRAM} {} --unlock < {} >> {} 2>&1\n",
            KEYRING_ARGUMENTS.join(" "),
            password.display(),
            dir.join("logs/keyring.log").display()
        );
        fs::write(&start, script)?;
        fs::set_permissions(&start, fs::Permissions::from_mode(0o755))?;
        let service = format!("[D-BUS Service]\nName={KEYRING_NAME}\nExec={}\n", start.display());
        fs::write(self.keyring_service(), service)?;
        Ok(())
    }

    fn keyring_service(&self) -> PathBuf {
        self.dir.path().join(format!("services/{KEYRING_NAME}.service"))
    }

    fn start_keyring_daemon(&self, unlock: bool) -> Result<Process> {
        let mut daemon = self.command(KEYRING_PROGRAM);
        daemon.args(KEYRING_ARGUMENTS);
        if unlock {
            daemon.arg("--unlock");
        }
        let mut daemon = self.spawn_with("keyring", daemon, |command| {
            command.stdin(Stdio::piped());
        })?;
        // The password ends with the stream, not with a line.
        let mut stdin = daemon
            .child()
            .stdin
            .take()
            .context("the keyring has no standard input")?;
        if unlock {
            stdin.write_all(PASSWORD.as_bytes())?;
        }
        Ok(daemon)
    }

    /// Keeps the bus from starting a part again, and ends what it has started.
    pub(crate) fn end_restarts(&self, part: Part) {
        if part == Part::Keyring {
            // An error means that there is no such file, as intended. The bus looks for it before it starts something.
            let _ = fs::remove_file(self.keyring_service());
            self.signal_restarted(part, Signal::KILL);
        }
    }

    /// Sends a signal to what the bus has started after a crash.
    fn signal_restarted(&self, part: Part, signal: Signal) {
        if part != Part::Keyring {
            return;
        }
        let started: Vec<_> = self
            .parts
            .get(&part)
            .into_iter()
            .flatten()
            .map(Process::id)
            .collect();
        for id in self.processes(KEYRING_PROGRAM) {
            if !started.contains(&id) {
                process::signal(id, signal);
            }
        }
    }

    /// Sends a signal to the processes of a part: SIGSTOP makes a service hang, SIGCONT makes it continue.
    pub fn signal_part(&self, part: Part, signal: Signal) {
        for process in self.parts.get(&part).into_iter().flatten() {
            process.signal(signal);
        }
        self.signal_restarted(part, signal);
    }

    async fn default_keyring(&self) -> Result<OwnedObjectPath> {
        let alias = self
            .ask_keyring("org.freedesktop.Secret.Service", "ReadAlias", &("default",))
            .await?;
        Ok(alias.body().deserialize()?)
    }

    async fn ask_keyring<B>(&self, interface: &str, method: &str, body: &B) -> Result<zbus::Message>
    where
        B: zbus::export::serde::Serialize + zbus::zvariant::DynamicType,
    {
        let asked = self
            .bus()?
            .call_method(Some(KEYRING_NAME), PLACE, Some(interface), method, body)
            .await;
        asked.with_context(|| format!("the keyring does not {method}"))
    }
}
