//! Starts the window's program: through the user's systemd where there is one, else directly.
//!
//! systemd starts it in the session as it is now, while the agent's own environment is that of the session it began
//! with; and what WebKit does to the memory of its control group then happens to the window alone.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use gloria_core::message::{self, Message};
use gloria_desktop::session_bus;
use gloria_ipc::session::{DISPLAYS, VARIABLES};
use gloria_program::process;
use thiserror::Error;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use zbus::connection::Builder;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;
use zbus::zvariant::{OwnedObjectPath, Value};

const SYSTEMD: &str = "org.freedesktop.systemd1";

/// systemd starts a unit within milliseconds. One that has not answered by then hangs, and the user waits.
const SYSTEMD_TIMEOUT: Duration = Duration::from_secs(2);

/// Numbers the units of this process.
static UNITS: AtomicU32 = AtomicU32::new(1);

/// What to start.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<&'static str>,
    /// The program's own variables.
    pub(super) variables: Vec<(&'static str, OsString)>,
    /// What the agent's own environment says of the session.
    pub(super) session: HashMap<&'static str, OsString>,
}

/// Why there is no window.
#[derive(Debug, Error)]
pub(super) enum LaunchError {
    /// Neither the agent nor the user's systemd knows a display.
    #[error("there is no display")]
    NoDisplay,
    /// The program cannot be started.
    #[error("{} cannot be started: {source}", program.display())]
    Program { program: PathBuf, source: io::Error },
    /// Its display cannot be opened.
    #[error("the display cannot be opened ({displays})")]
    DisplayClosed { displays: String },
    /// It ended before there was a window.
    #[error("the window's program ended: {status}")]
    Ended { status: String },
    /// There is no window after [`super::window::START_TIMEOUT`].
    #[error("the window was started and is not there")]
    Late,
}

impl LaunchError {
    /// The message for the user.
    pub(super) fn message(&self) -> Message {
        match self {
            Self::NoDisplay => message::start_window_no_display(),
            Self::Program { .. } => message::start_window_failed(self.to_string()),
            Self::DisplayClosed { displays } => message::start_window_display_closed(displays),
            Self::Ended { status } => message::start_window_ended(status),
            Self::Late => message::start_window_late(),
        }
    }
}

/// What the window's program ends with where it cannot open its display, as docs/admin.md lists it.
const NO_DISPLAY: i32 = 3;

/// A window's program that was started.
#[derive(Debug)]
pub(super) enum Started {
    /// By systemd, as this unit.
    Unit {
        name: String,
        removed: Box<UnitRemovedStream>,
    },
    /// As a child of this process.
    Child { child: Child, displays: String },
}

impl Started {
    /// Waits until it ends. `Ok` if it did what it was asked.
    pub(super) async fn ended(&mut self) -> Result<(), LaunchError> {
        match self {
            Self::Unit { name, removed } => {
                while let Some(signal) = removed.next().await {
                    if signal.args().is_ok_and(|removed| removed.id == name) {
                        let status = name.clone();
                        return Err(LaunchError::Ended { status });
                    }
                }
                // Without the bus nobody knows.
                std::future::pending().await
            }
            Self::Child { child, displays } => match child.wait().await {
                Ok(status) if status.success() => Ok(()),
                Ok(status) if status.code() == Some(NO_DISPLAY) => Err(LaunchError::DisplayClosed {
                    displays: displays.clone(),
                }),
                Ok(status) => Err(LaunchError::Ended {
                    status: status.to_string(),
                }),
                Err(error) => Err(LaunchError::Ended {
                    status: error.to_string(),
                }),
            },
        }
    }

    /// There is its window. How it ends is logged.
    pub(super) fn release(mut self) {
        tokio::spawn(async move {
            if let Err(error) = self.ended().await {
                tracing::info!(%error, "the window's program ended");
            }
        });
    }

    /// Ends one that hangs, so that the next click does not start another beside it. systemd's are left to it.
    pub(super) fn give_up(self) {
        if let Self::Child { mut child, .. } = self
            && let Err(error) = child.start_kill()
        {
            tracing::debug!(%error, "the window's program could not be killed");
        }
    }
}

/// What of the session is in an environment.
pub(super) fn session(variable: impl Fn(&str) -> Option<OsString>) -> HashMap<&'static str, OsString> {
    let set = |name: &'static str| Some((name, variable(name).filter(|value| !value.is_empty())?));
    VARIABLES.into_iter().filter_map(set).collect()
}

/// Whether a session can show anything.
pub(super) fn has_display(session: &HashMap<&'static str, OsString>) -> bool {
    DISPLAYS.iter().any(|name| session.contains_key(name))
}

impl Launch {
    /// Starts it. That it runs does not say that it shows anything; a window that does attaches.
    pub(super) async fn start(&self) -> Result<Started, LaunchError> {
        match timeout(SYSTEMD_TIMEOUT, self.start_by_systemd()).await {
            Ok(Ok(Some(started))) => return Ok(started),
            Ok(Ok(None)) => {}
            Ok(Err(error)) => tracing::info!(%error, "the user's systemd did not start the window"),
            Err(_) => tracing::info!("the user's systemd does not answer"),
        }
        if !has_display(&self.session) {
            return Err(LaunchError::NoDisplay);
        }
        self.start_directly().map_err(|source| LaunchError::Program {
            program: self.program.clone(),
            source,
        })
    }

    fn start_directly(&self) -> io::Result<Started> {
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .envs(&self.session)
            // The window may have to start the agent again.
            .envs(process::own_variables())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A terminal's Ctrl+C is for the agent, which ends the window itself.
            .process_group(0)
            .spawn()?;
        let displays = DISPLAYS.iter().filter_map(|name| {
            let value = self.session.get(name)?.display();
            Some(format!("{name}={value}"))
        });
        Ok(Started::Child {
            child,
            displays: displays.collect::<Vec<_>>().join(", "),
        })
    }

    /// `None` where there is no systemd for this user, or it knows no display.
    async fn start_by_systemd(&self) -> zbus::Result<Option<Started>> {
        let connection = session_bus::connect(Builder::session()?).await?;
        // A message to the name would have the bus start what is not there.
        let bus = DBusProxy::new(&connection).await?;
        if !bus.name_has_owner(BusName::from_static_str(SYSTEMD)?).await? {
            return Ok(None);
        }
        let manager = ManagerProxy::new(&connection).await?;
        let knows_display = manager
            .environment()
            .await?
            .iter()
            .any(|variable| DISPLAYS.iter().any(|name| is_set(variable, name)));
        // Where the desktop has not passed its variables to systemd, the agent's own session is the best that is known.
        let session = if knows_display { None } else { Some(&self.session) };
        if !knows_display && !has_display(&self.session) {
            return Ok(None);
        }
        let Some(unit) = self.unit(session) else {
            return Ok(None);
        };
        manager.subscribe().await?;
        let mut finished = manager.receive_job_removed().await?;
        let unloaded = manager.receive_unit_removed().await?;
        let name = format!(
            "gloria-notify-window-{}-{}.service",
            std::process::id(),
            UNITS.fetch_add(1, Ordering::Relaxed)
        );
        let job = manager.start_transient_unit(&name, "fail", &unit, &[]).await?;
        while let Some(signal) = finished.next().await {
            let removed = signal.args()?;
            if removed.job == *job {
                return match removed.result {
                    "done" => Ok(Some(Started::Unit {
                        name,
                        removed: Box::new(unloaded),
                    })),
                    result => Err(zbus::Error::Failure(format!("its job ended with {result}"))),
                };
            }
        }
        Err(zbus::Error::Failure("the session bus went away".to_owned()))
    }

    /// The unit's properties (org.freedesktop.systemd1(5)). `None` if a path or value is no text, which D-Bus needs.
    fn unit(
        &self,
        session: Option<&HashMap<&'static str, OsString>>,
    ) -> Option<Vec<(&'static str, Value<'_>)>> {
        let program = self.program.to_str()?;
        let own = self.variables.iter().map(|(name, value)| (*name, value));
        let of_session = session.into_iter().flatten().map(|(name, value)| (*name, value));
        let environment: Option<Vec<String>> = own
            .chain(of_session)
            .map(|(name, value)| Some(format!("{name}={}", value.to_str()?)))
            .collect();
        let words: Vec<&str> = [program]
            .into_iter()
            .chain(self.arguments.iter().copied())
            .collect();
        let command = vec![(program, words, false)];
        Some(vec![
            ("Description", Value::from("Gloria Notify: window")),
            // Its start has failed if its program cannot be executed.
            ("Type", Value::from("exec")),
            ("ExecStart", Value::from(command)),
            ("Environment", Value::from(environment?)),
            // Nothing of it stays, whatever it ended with.
            ("CollectMode", Value::from("inactive-or-failed")),
            ("PartOf", Value::from(vec!["graphical-session.target"])),
            ("Slice", Value::from("app.slice")),
        ])
    }
}

fn is_set(variable: &str, name: &str) -> bool {
    variable
        .strip_prefix(name)
        .and_then(|rest| rest.strip_prefix('='))
        .is_some_and(|value| !value.is_empty())
}

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1",
    gen_blocking = false
)]
pub(super) trait Manager {
    fn subscribe(&self) -> zbus::Result<()>;

    fn start_transient_unit(
        &self,
        name: &str,
        mode: &str,
        properties: &[(&str, Value<'_>)],
        auxiliary: &[(&str, &[(&str, Value<'_>)])],
    ) -> zbus::Result<OwnedObjectPath>;

    #[zbus(property)]
    fn environment(&self) -> zbus::Result<Vec<String>>;

    #[zbus(signal)]
    fn unit_removed(&self, id: &str, unit: zbus::zvariant::ObjectPath<'_>) -> zbus::Result<()>;

    #[zbus(signal)]
    fn job_removed(
        &self,
        id: u32,
        job: zbus::zvariant::ObjectPath<'_>,
        unit: &str,
        result: &str,
    ) -> zbus::Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(of: &[(&str, &str)]) -> HashMap<&'static str, OsString> {
        session(|name| {
            let found = of.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn a_session_is_what_is_set_of_it() {
        let found = environment(&[("DISPLAY", ":1"), ("WAYLAND_DISPLAY", ""), ("HOME", "/home/x")]);
        assert_eq!(found, HashMap::from([("DISPLAY", OsString::from(":1"))]));
    }

    #[test]
    fn a_variable_of_systemd_is_set_if_it_has_a_value() {
        assert!(is_set("DISPLAY=:0", "DISPLAY"));
        assert!(!is_set("DISPLAY=", "DISPLAY"));
        assert!(!is_set("DISPLAYS=:0", "DISPLAY"));
        assert!(!is_set("WAYLAND_DISPLAY=wayland-0", "DISPLAY"));
    }

    #[tokio::test]
    async fn without_a_display_nothing_is_started() {
        let launch = Launch {
            program: "/nowhere/gloria-notify".into(),
            arguments: Vec::new(),
            variables: Vec::new(),
            session: environment(&[("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")]),
        };
        assert!(matches!(launch.start().await, Err(LaunchError::NoDisplay)));
    }
}
