//! Sleep and network of the computer, and the presence of its user, as the system signals them.

mod network;
mod power;
mod session;

use std::thread;

use gloria_core::ports::{Observation, Signals};
use tokio::sync::mpsc;

/// Observations that may wait for the core. If it is slower than the changes, intermediate states are skipped.
const OBSERVATION_CAPACITY: usize = 16;

/// The system's signals of sleep and network: logind and netlink; `PowerRegisterSuspendResumeNotification` and
/// `NotifyUnicastIpAddressChange`; IOKit and the routing socket. On request also of the user's presence: logind,
/// screensavers and idle monitors on Linux, nothing on other systems yet.
///
/// Nothing here fails: what the system does not support is logged once and not reported. Sleep is never delayed.
#[derive(Debug, Clone, Default)]
pub struct SystemSignals {
    system_bus: Option<String>,
    session_bus: Option<String>,
    with_session: bool,
}

impl SystemSignals {
    /// Uses logind on the bus at this D-Bus address instead of the system's bus. Only for Linux.
    pub fn on_bus(address: impl Into<String>) -> Self {
        Self {
            system_bus: Some(address.into()),
            ..Self::default()
        }
    }

    /// Observes the session too, for a program that shows a window in it.
    #[must_use]
    pub fn with_session(mut self) -> Self {
        self.with_session = true;
        self
    }

    /// Uses screensavers and idle monitors on the bus at this D-Bus address instead of the session's bus.
    #[must_use]
    pub fn with_session_on(mut self, address: impl Into<String>) -> Self {
        self.session_bus = Some(address.into());
        self.with_session()
    }
}

impl Signals for SystemSignals {
    fn watch(&self) -> mpsc::Receiver<Observation> {
        let (observations, receiver) = mpsc::channel(OBSERVATION_CAPACITY);
        let (bus, sleep) = (self.system_bus.clone(), observations.clone());
        if self.with_session {
            let (system, session, observations) = (
                self.system_bus.clone(),
                self.session_bus.clone(),
                observations.clone(),
            );
            on_own_thread("session", move || session::watch(system, session, &observations));
        }
        on_own_thread("network", move || network::watch(&observations));
        on_own_thread("power", move || power::watch(bus.as_deref(), &sleep));
        receiver
    }
}

/// Whether there is one.
fn on_own_thread(name: &str, work: impl FnOnce() + Send + 'static) -> bool {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
    if let Err(error) = &thread {
        tracing::warn!(%error, name, "no thread to watch the computer with");
    }
    thread.is_ok()
}
