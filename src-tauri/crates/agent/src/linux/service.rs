//! The agent as a unit of the user's systemd, which starts it again after a crash and ends it with the desktop.
//!
//! The unit is started by the programs that people and desktops start, so that there is nothing to enable.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Duration;

use gloria_ipc::session::DISPLAYS;
use tokio::time::{sleep, timeout};

use super::systemd::{self, ManagerProxy, UnitProxy};

/// The unit's name in the packages.
const UNIT: &str = "gloria-notify.service";

/// The unit sets it to its own name, so that a window of its agent knows it.
pub(super) const VARIABLE: &str = "GLORIA_UNIT";

/// The variables that decide where an agent's files are.
const FOLDERS: [&str; 5] = [
    "HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_RUNTIME_DIR",
];

/// How long the unit may take to start; it waits for a desktop that is just starting. The program that starts the app
/// waits longer, so that there is time for an agent that is started directly afterwards.
const START_TIMEOUT: Duration = Duration::from_secs(8);

/// How long systemd and the bus may take to answer, which usually takes milliseconds. If they hang, the agent starts
/// without them.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// How often to check whether the agent answers. A check is a few system calls.
const START_INTERVAL: Duration = Duration::from_millis(20);

/// What an agent is started with.
#[derive(Debug)]
pub(super) struct Caller {
    /// The app's own variables (`GLORIA_*`).
    own: BTreeMap<String, OsString>,
    /// The variables of [`DISPLAYS`] that are set.
    displays: BTreeMap<&'static str, OsString>,
    /// The values of [`FOLDERS`], empty if unset.
    folders: [OsString; 5],
}

impl Caller {
    pub(super) fn new<'a>(
        own: impl Iterator<Item = (&'a String, &'a OsString)>,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Self {
        let set = |name: &&'static str| Some((*name, variable(name).filter(|value| !value.is_empty())?));
        Self {
            own: own.map(|(name, value)| (name.clone(), value.clone())).collect(),
            displays: DISPLAYS.iter().filter_map(set).collect(),
            folders: FOLDERS.map(|name| variable(name).unwrap_or_default()),
        }
    }

    /// Returns the unit that runs the agent for this caller, if systemd's environment leads to the same files, display
    /// and settings. A caller that the unit's own agent started always means that unit.
    fn unit<'a>(&'a self, environment: &[String]) -> Option<&'a str> {
        if let Some(unit) = self.own.get(VARIABLE) {
            return unit.to_str();
        }
        let own = self.own.iter().map(|(name, value)| (name.as_str(), value));
        let displays = self.displays.iter().map(|(name, value)| (*name, value));
        let mut settings = own.chain(displays);
        let mut folders = FOLDERS.iter().zip(&self.folders);
        let is_same = settings.all(|(name, value)| systemd::knows(environment, name, value))
            && folders.all(|(name, value)| systemd::value_of(environment, name).unwrap_or_default() == value);
        is_same.then_some(UNIT)
    }
}

/// Has systemd run the agent, and waits until that agent answers. Returns `false` if systemd cannot; then the caller
/// becomes the agent.
pub(super) async fn start(data: &Path, caller: &Caller, bus: Option<&OsStr>) -> bool {
    match timeout(START_TIMEOUT, start_unit(data, caller, bus)).await {
        Ok(Ok(runs)) => runs,
        Ok(Err(error)) => {
            tracing::info!(%error, "the user's systemd does not run the agent");
            false
        }
        Err(_) => {
            tracing::info!("the agent that the user's systemd runs does not answer");
            false
        }
    }
}

async fn start_unit(data: &Path, caller: &Caller, bus: Option<&OsStr>) -> zbus::Result<bool> {
    let Ok(found) = timeout(ANSWER_TIMEOUT, find_unit(caller, bus)).await else {
        tracing::info!("the user's systemd does not answer");
        return Ok(false);
    };
    let Some((manager, unit)) = found? else {
        return Ok(false);
    };
    manager.subscribe().await?;
    let mut finished = manager.receive_job_removed().await?;
    let job = manager.start_unit(unit, "replace").await?;
    systemd::finished(&mut finished, &job).await?;
    answers(data, &manager, unit).await
}

/// Finds the unit for this caller, and the systemd that has it.
async fn find_unit<'a>(
    caller: &'a Caller,
    bus: Option<&OsStr>,
) -> zbus::Result<Option<(ManagerProxy<'static>, &'a str)>> {
    let Some(manager) = systemd::find(bus).await? else {
        return Ok(None);
    };
    let unit = caller.unit(&manager.environment().await?);
    if unit.is_none() {
        tracing::debug!("the user's systemd has another display, folder or setting");
    }
    Ok(unit.map(|unit| (manager, unit)))
}

/// Waits until the agent answers. Returns `false` as soon as the unit's program has ended.
async fn answers(data: &Path, manager: &ManagerProxy<'_>, unit: &str) -> zbus::Result<bool> {
    let path = manager.get_unit(unit).await?;
    let unit = UnitProxy::builder(manager.inner().connection())
        .path(path)?
        .build()
        .await?;
    while !gloria_ipc::answers(data).await {
        if unit.sub_state().await? != "running" {
            return Ok(false);
        }
        sleep(START_INTERVAL).await;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENVIRONMENT: [&str; 4] = ["HOME=/home/x", "DISPLAY=:0", "GLORIA_LOG=debug", "LANG=C"];

    fn unit(own: &[(&str, &str)], session: &[(&str, &str)], environment: &[&str]) -> Option<String> {
        let own: BTreeMap<_, _> = own
            .iter()
            .map(|(name, value)| ((*name).into(), value.into()))
            .collect();
        let caller = Caller::new(own.iter(), |name| {
            let found = session.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| value.into())
        });
        let environment: Vec<_> = environment.iter().map(|line| (*line).to_owned()).collect();
        caller.unit(&environment).map(str::to_owned)
    }

    #[test]
    fn the_unit_runs_the_agent_where_systemd_has_the_same_environment() {
        let home = ("HOME", "/home/x");
        let same = Some(UNIT.to_owned());
        assert_eq!(
            unit(&[], &[home, ("DISPLAY", ":0"), ("LANG", "de")], &ENVIRONMENT),
            same
        );
        // A login in a terminal has no display; what systemd knows is used.
        assert_eq!(unit(&[], &[home, ("WAYLAND_DISPLAY", "")], &ENVIRONMENT), same);
        assert_eq!(unit(&[("GLORIA_LOG", "debug")], &[home], &ENVIRONMENT), same);
        for (own, session) in [
            (&[][..], [home, ("DISPLAY", ":1")]),
            (&[], [home, ("WAYLAND_DISPLAY", "wayland-0")]),
            (&[], [home, ("XDG_DATA_HOME", "/data")]),
            (&[], [("HOME", "/home/other"), ("DISPLAY", ":0")]),
            (&[], [("DISPLAY", ":0"), ("DISPLAY", ":0")]),
            (&[("GLORIA_LOG", "trace")], [home, ("DISPLAY", ":0")]),
            (&[("GLORIA_HOME", "/second")], [home, ("DISPLAY", ":0")]),
            (
                &[("GLORIA_API_URL", "https://gloria.example")],
                [home, ("DISPLAY", ":0")],
            ),
        ] {
            assert_eq!(unit(own, &session, &ENVIRONMENT), None, "{own:?} {session:?}");
        }
    }

    #[test]
    fn a_window_of_the_units_agent_means_the_unit_whatever_else_is_set() {
        let own = [("GLORIA_UNIT", "other.service"), ("GLORIA_LOG", "trace")];
        assert_eq!(
            unit(&own, &[("DISPLAY", ":1")], &ENVIRONMENT).as_deref(),
            Some("other.service")
        );
    }

    #[tokio::test]
    async fn without_a_bus_the_caller_is_the_agent() {
        let caller = Caller::new(std::iter::empty(), |_| None);
        let bus = OsStr::new("unix:path=/nowhere/bus");
        assert!(!start(Path::new("/nowhere"), &caller, Some(bus)).await);
    }

    #[tokio::test]
    async fn a_bus_that_hangs_delays_the_agent_by_two_seconds_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bus");
        // It accepts and says nothing.
        let _bus = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let bus = format!("unix:path={}", path.display());
        let caller = Caller::new(std::iter::empty(), |_| None);
        let began = std::time::Instant::now();
        assert!(!start(folder.path(), &caller, Some(OsStr::new(&bus))).await);
        assert!(began.elapsed() < START_TIMEOUT, "{:?}", began.elapsed());
        assert!(began.elapsed() >= ANSWER_TIMEOUT, "{:?}", began.elapsed());
    }
}
