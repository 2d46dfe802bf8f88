//! Four sources on two buses, each followed separately, because any of them may be missing, hang, restart or start
//! late: logind's hints of our session, screensavers, Mutter's idle monitor, and KDE's idle time.

mod idle;
mod logind;
mod screensaver;

use std::time::Duration;

use futures_util::StreamExt as _;
use gloria_core::ports::{Observation, SessionState};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use zbus::Connection;
use zbus::connection;
use zbus::fdo::DBusProxy;
use zbus::names::{OwnedUniqueName, WellKnownName};

use crate::session_bus;

/// A service that does not answer within this time hangs; following it is tried again together with its bus.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to wait for a missing bus, or a service that failed: after a login both start within seconds.
const MIN_RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// A computer that never had a bus will not get one soon, and each retry wakes three threads.
const MAX_RETRY_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// The last value of each source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sources {
    locked_hint: bool,
    idle_hint: bool,
    /// One bit for each active screensaver.
    active_savers: u8,
    /// Mutter's idle monitor, if there is one.
    monitor: Option<bool>,
    /// KDE's idle time, if there is one.
    idle_time: Option<bool>,
}

impl Sources {
    /// Screen lockers set logind's hint or are screensavers; some are only one of them. logind's idle hint is used only
    /// when it is set, because many desktops never set it.
    fn state(self) -> SessionState {
        let idle = match (self.monitor.or(self.idle_time), self.idle_hint) {
            (_, true) => Some(true),
            (known, false) => known,
        };
        SessionState {
            locked: self.locked_hint || self.active_savers != 0,
            idle,
        }
    }
}

type Reports = watch::Sender<Sources>;

pub(super) fn watch(
    system_bus: Option<String>,
    session_bus: Option<String>,
    observations: &mpsc::Sender<Observation>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return tracing::warn!(%error, "a locked screen is not noticed"),
    };
    let reports = Reports::default();
    runtime.block_on(async {
        tokio::select! {
            () = logind::watch(system_bus.as_deref(), &reports) => {}
            () = screensaver::watch(session_bus.as_deref(), &reports) => {}
            () = idle::watch(session_bus.as_deref(), &reports) => {}
            () = publish(reports.subscribe(), observations) => {}
        }
    });
}

/// Sends each change until the receiver is dropped.
async fn publish(mut sources: watch::Receiver<Sources>, observations: &mpsc::Sender<Observation>) {
    let mut last = SessionState::default();
    loop {
        let state = sources.borrow_and_update().state();
        if state != last {
            last = state;
            if observations.send(Observation::Session(state)).await.is_err() {
                return;
            }
        }
        tokio::select! {
            changed = sources.changed() => if changed.is_err() { return },
            () = observations.closed() => return,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Bus {
    System,
    Session,
}

/// Connects and runs the work until the bus disappears or the work fails; then waits and starts over, for ever.
async fn with_bus(
    bus: Bus,
    address: Option<&str>,
    mut work: impl AsyncFnMut(&Connection) -> zbus::Result<()>,
) {
    let mut retry = MIN_RETRY_INTERVAL;
    loop {
        match connect(bus, address).await {
            Ok(connection) => {
                retry = MIN_RETRY_INTERVAL;
                if let Err(error) = work(&connection).await {
                    tracing::debug!(?bus, %error, "the session is not heard any more");
                }
            }
            Err(error) => tracing::debug!(?bus, %error, "no word of the session"),
        }
        sleep(retry).await;
        retry = (retry * 2).min(MAX_RETRY_INTERVAL);
    }
}

async fn connect(bus: Bus, address: Option<&str>) -> zbus::Result<Connection> {
    let builder = match (address, bus) {
        (Some(address), _) => connection::Builder::address(address)?,
        (None, Bus::System) => connection::Builder::system()?,
        (None, Bus::Session) => connection::Builder::session()?,
    };
    session_bus::connect(builder.method_timeout(ANSWER_TIMEOUT)).await
}

/// Runs the work with the owner of a bus name, and again with each new owner. Work that fails is retried, because a
/// service may be slow to start; `gone` is called whenever the work ends.
async fn with_owner(
    connection: &Connection,
    name: &'static str,
    mut work: impl AsyncFnMut(OwnedUniqueName) -> zbus::Result<()>,
    gone: impl Fn(),
) -> zbus::Result<()> {
    let name = WellKnownName::from_static_str(name)?;
    let bus = DBusProxy::new(connection).await?;
    // Subscribes before it asks, so that a name that appears in between is not missed.
    let mut changes = bus
        .receive_name_owner_changed_with_args(&[(0, name.as_str())])
        .await?;
    let mut owner = bus.get_name_owner(name.clone().into()).await.ok();
    loop {
        let working = async {
            let Some(owner) = &owner else {
                return std::future::pending().await;
            };
            let mut retry = MIN_RETRY_INTERVAL;
            loop {
                match work(owner.clone()).await {
                    Ok(()) => tracing::debug!(%name, "it says nothing more"),
                    Err(error) => tracing::debug!(%name, %error, "it does not say how the session is"),
                }
                gone();
                sleep(retry).await;
                retry = (retry * 2).min(MAX_RETRY_INTERVAL);
            }
        };
        let change = tokio::select! {
            change = changes.next() => change,
            () = working => None,
        };
        gone();
        let Some(change) = change else {
            return Err(zbus::Error::Failure("the bus went away".into()));
        };
        owner = change
            .args()?
            .new_owner()
            .as_ref()
            .map(|owner| owner.to_owned().into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_kind_of_locker_locks() {
        let nothing = Sources::default();
        assert_eq!(nothing.state(), SessionState::default());
        let hint = Sources {
            locked_hint: true,
            ..nothing
        };
        let saver = Sources {
            active_savers: 0b100,
            ..nothing
        };
        assert!(hint.state().locked && saver.state().locked);
    }

    #[test]
    fn an_idle_hint_is_believed_when_it_is_set() {
        let idle = |monitor, idle_time, idle_hint| {
            let sources = Sources {
                monitor,
                idle_time,
                idle_hint,
                ..Sources::default()
            };
            sources.state().idle
        };
        assert_eq!(
            idle(None, None, false),
            None,
            "nobody ever sets it on many desktops"
        );
        assert_eq!(idle(None, None, true), Some(true));
        assert_eq!(idle(Some(false), None, false), Some(false));
        assert_eq!(
            idle(Some(false), Some(true), false),
            Some(false),
            "the monitor is exact"
        );
        assert_eq!(idle(None, Some(true), false), Some(true));
        assert_eq!(idle(Some(false), None, true), Some(true));
    }
}
