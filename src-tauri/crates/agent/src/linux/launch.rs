//! Starts the window's program: through the user's systemd where there is one, else directly.
//!
//! systemd starts it with the session's present environment, while the agent's own environment is that of the session
//! it began in. The window also gets a control group of its own, so that its memory limit does not affect the agent.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use gloria_core::message::{self, Message};
use gloria_ipc::session::{BUS, DISPLAYS, VARIABLES};
use gloria_program::process;
use thiserror::Error;
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout_at};
use zbus::zvariant::Value;

use super::systemd::{self, ManagerProxy, UnitRemovedStream};

/// systemd starts a unit within milliseconds. If it has not answered by then, it hangs, and the user is waiting.
const SYSTEMD_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a window that is stopped may take before it is killed, in microseconds.
const STOP_TIMEOUT: u64 = 2_000_000;

/// The number of the next unit of this process.
static UNITS: AtomicU32 = AtomicU32::new(1);

/// What to start.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<&'static str>,
    /// The program's own variables.
    pub(super) variables: Vec<(&'static str, OsString)>,
    /// The session's variables in the agent's own environment.
    pub(super) session: HashMap<&'static str, OsString>,
    /// The agent's settings that are only in its environment. A program that is started directly gets them too.
    pub(super) settings: Vec<(String, OsString)>,
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

/// The exit code of a window's program that cannot open its display, as listed in docs/admin.md.
const NO_DISPLAY: i32 = 3;

/// A running window program.
#[derive(Debug)]
pub(super) enum Started {
    /// Started by systemd, as this unit.
    Unit {
        name: String,
        manager: ManagerProxy<'static>,
        removed: Box<UnitRemovedStream>,
    },
    /// Started as a child of this process.
    Child { child: Child, displays: String },
}

impl Started {
    /// Waits until it ends. Returns `Ok` if it succeeded.
    pub(super) async fn ended(&mut self) -> Result<(), LaunchError> {
        match self {
            Self::Unit { name, removed, .. } => {
                while let Some(signal) = removed.next().await {
                    if signal.args().is_ok_and(|removed| removed.id == name) {
                        let status = name.clone();
                        return Err(LaunchError::Ended { status });
                    }
                }
                // The bus is gone, so its end cannot be learned.
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

    /// Stops waiting for its window, which has attached. How the program ends is logged.
    pub(super) fn release(mut self) {
        tokio::spawn(async move {
            if let Err(error) = self.ended().await {
                tracing::info!(%error, "the window's program ended");
            }
        });
    }

    /// Ends one that hangs, so that the next click does not start another beside it.
    pub(super) fn give_up(self) {
        match self {
            Self::Unit { name, manager, .. } => stop(manager, name),
            Self::Child { mut child, .. } => {
                if let Err(error) = child.start_kill() {
                    tracing::debug!(%error, "the window's program could not be killed");
                }
            }
        }
    }
}

/// Has systemd stop a unit, or not start it if it has not yet. systemd may hang, so this does not wait for it.
fn stop(manager: ManagerProxy<'static>, unit: String) {
    tokio::spawn(async move {
        if let Err(error) = manager.stop_unit(&unit, "replace").await {
            tracing::debug!(%error, "the window's unit could not be stopped");
        }
    });
}

/// Returns the session's variables in an environment.
pub(super) fn session(variable: impl Fn(&str) -> Option<OsString>) -> HashMap<&'static str, OsString> {
    let set = |name: &'static str| Some((name, variable(name).filter(|value| !value.is_empty())?));
    VARIABLES.into_iter().filter_map(set).collect()
}

/// Whether a session has a display.
pub(super) fn has_display(session: &HashMap<&'static str, OsString>) -> bool {
    DISPLAYS.iter().any(|name| session.contains_key(name))
}

impl Launch {
    /// Starts the program. A program that runs need not show anything; a window that does attaches.
    pub(super) async fn start(&self) -> Result<Started, LaunchError> {
        if let Some(started) = self.start_by_systemd().await {
            return Ok(started);
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
        process::close_files_at_exec();
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .envs(&self.session)
            // The window may have to start the agent again.
            .envs(process::own_variables())
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
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

    /// Returns `None` if this user has no systemd, or it does not start the program.
    async fn start_by_systemd(&self) -> Option<Started> {
        let deadline = Instant::now() + SYSTEMD_TIMEOUT;
        let bus = self.session.get(BUS).map(OsString::as_os_str);
        let (manager, unit) = match timeout_at(deadline, self.prepare(bus)).await {
            Ok(Ok(prepared)) => prepared?,
            Ok(Err(error)) => {
                tracing::info!(%error, "the user's systemd cannot be asked for the window");
                return None;
            }
            Err(_) => {
                tracing::info!("the user's systemd does not answer");
                return None;
            }
        };
        let name = format!(
            "gloria-notify-window-{}-{}.service",
            std::process::id(),
            UNITS.fetch_add(1, Ordering::Relaxed)
        );
        match timeout_at(deadline, start_unit(&manager, &name, &unit)).await {
            Ok(Ok(removed)) => {
                let removed = Box::new(removed);
                return Some(Started::Unit {
                    name,
                    manager,
                    removed,
                });
            }
            Ok(Err(error)) => tracing::info!(%error, "the user's systemd did not start the window"),
            Err(_) => tracing::info!("the user's systemd does not start the window"),
        }
        // It may still start it later, which would open a second window.
        stop(manager, name);
        None
    }

    /// Returns the user's systemd and the unit to start. Returns `None` if there is no systemd, or its environment does
    /// not fit.
    async fn prepare(
        &self,
        bus: Option<&OsStr>,
    ) -> zbus::Result<Option<(ManagerProxy<'static>, Properties<'_>)>> {
        let Some(manager) = systemd::find(bus).await? else {
            return Ok(None);
        };
        let environment = manager.environment().await?;
        let mut settings = self.settings.iter();
        if !settings.all(|(name, value)| systemd::knows(&environment, name, value)) {
            // A window may have to start the agent again, and must have them for it.
            tracing::debug!(
                "the agent has settings from its environment that the user's systemd does not have"
            );
            return Ok(None);
        }
        let knows_display = DISPLAYS
            .iter()
            .any(|name| systemd::value_of(&environment, name).is_some());
        // If the desktop has not passed its variables to systemd, the agent's own session is the best guess.
        let session = if knows_display { None } else { Some(&self.session) };
        if !knows_display && !has_display(&self.session) {
            return Ok(None);
        }
        Ok(self.unit(session).map(|unit| (manager, unit)))
    }

    /// The unit's properties (org.freedesktop.systemd1(5)). `None` if a path or value is no text, which D-Bus needs.
    fn unit(&self, session: Option<&HashMap<&'static str, OsString>>) -> Option<Properties<'_>> {
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
            // The start fails if the program cannot be executed.
            ("Type", Value::from("exec")),
            ("ExecStart", Value::from(command)),
            ("Environment", Value::from(environment?)),
            // systemd forgets the unit, whatever its exit code.
            ("CollectMode", Value::from("inactive-or-failed")),
            // An agent that the window started is its child, and must survive the window's end.
            ("KillMode", Value::from("process")),
            ("TimeoutStopUSec", Value::from(STOP_TIMEOUT)),
            ("PartOf", Value::from(vec!["graphical-session.target"])),
            ("Slice", Value::from("app.slice")),
        ])
    }
}

/// The properties of a unit, by name.
type Properties<'a> = Vec<(&'static str, Value<'a>)>;

/// Has systemd run a unit, and subscribes to the removal of units.
async fn start_unit(
    manager: &ManagerProxy<'static>,
    name: &str,
    unit: &Properties<'_>,
) -> zbus::Result<UnitRemovedStream> {
    manager.subscribe().await?;
    let mut finished = manager.receive_job_removed().await?;
    let removed = manager.receive_unit_removed().await?;
    let job = manager.start_transient_unit(name, "fail", unit, &[]).await?;
    systemd::finished(&mut finished, &job).await?;
    Ok(removed)
}

#[cfg(test)]
mod tests;
