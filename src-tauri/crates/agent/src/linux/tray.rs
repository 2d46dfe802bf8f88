//! Keeps the tray icon registered: with a panel that starts late or restarts, and on a session bus that replaces
//! another.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use gloria_core::tray::TrayView;
use gloria_desktop::session_bus;
use gloria_words::Words;
use ksni::{Handle, TrayMethods as _};
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use zbus::connection::Builder;
use zbus::fdo::{DBusProxy, NameOwnerChangedStream};
use zbus::names::BusName;

use super::item::{Click, Item, Panel};
use crate::Controls;

/// The D-Bus name of the service that connects icons and panels. All current desktops use this one.
const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// How often to try to connect to a missing session bus. It costs a few system calls, and a bus appears about as fast
/// as a process starts after login.
const BUS_INTERVAL: Duration = Duration::from_secs(3);

/// How long a panel may take to accept the icon, which usually takes milliseconds. One that hangs shows no icon.
const REGISTER_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to wait after a panel refused the icon; one that is still starting may accept it then.
const REFUSED_INTERVAL: Duration = Duration::from_secs(5);

/// How long removing an icon may take. It is immediate, unless the bus hangs.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(1);

/// Why an icon is gone.
enum Gone {
    /// The bus is gone.
    Bus,
    /// The panel refused it, or does not answer.
    Refused,
    /// The agent ends.
    Agent,
}

/// Why a panel has no icon.
#[derive(Debug, Error)]
enum IconError {
    #[error(transparent)]
    Refused(#[from] ksni::Error),
    #[error("the panel does not answer")]
    Hanging,
}

/// Shows the newest view and handles clicks, until the sender of views is dropped.
pub(super) async fn run(views: watch::Receiver<Option<TrayView>>, words: Arc<Words>, controls: Controls) {
    let (clicks, mut clicked) = mpsc::unbounded_channel();
    let clicking = controls.clone();
    tokio::spawn(async move {
        while let Some(Click {
            action,
            activation_token,
        }) = clicked.recv().await
        {
            clicking.perform(action, activation_token);
        }
    });
    let mut tray = Tray {
        views,
        words,
        clicks,
        controls,
        is_present: None,
    };
    loop {
        match tray.serve_session().await {
            Ok(Gone::Agent) => return,
            Ok(Gone::Bus | Gone::Refused) => tracing::info!("the tray icon is gone with the session bus"),
            Err(error) => tracing::debug!(%error, "no session bus for the tray"),
        }
        tray.publish(false);
        sleep(BUS_INTERVAL).await;
    }
}

struct Tray {
    views: watch::Receiver<Option<TrayView>>,
    words: Arc<Words>,
    clicks: mpsc::UnboundedSender<Click>,
    controls: Controls,
    /// What the core was sent last.
    is_present: Option<bool>,
}

impl Tray {
    fn publish(&mut self, present: bool) {
        if self.is_present != Some(present) {
            self.is_present = Some(present);
            self.controls.on_tray_host(present);
        }
    }

    /// Serves one session bus until it or the agent is gone.
    async fn serve_session(&mut self) -> zbus::Result<Gone> {
        let connection = session_bus::connect(Builder::session()?).await?;
        let bus = DBusProxy::new(&connection).await?;
        // Subscribed before the query, so that a name that appears in between is not missed.
        let mut owners = bus.receive_name_owner_changed_with_args(&[(0, WATCHER)]).await?;
        loop {
            let is_present = bus.name_has_owner(BusName::from_static_str(WATCHER)?).await?;
            let panel = Arc::new(Panel::default());
            let Some(icon) = self.spawn_icon(&panel).await else {
                return Ok(Gone::Agent);
            };
            match icon {
                Ok(icon) => {
                    self.publish(is_present);
                    let gone = self.keep(&icon, &mut owners, &panel).await;
                    let _ = timeout(LEAVE_TIMEOUT, icon.shutdown()).await;
                    match gone {
                        Gone::Bus | Gone::Agent => return Ok(gone),
                        Gone::Refused => {}
                    }
                }
                Err(error) => tracing::info!(%error, "no tray icon for now"),
            }
            self.publish(false);
            // Another panel may accept it, or the same one later.
            if let Ok(None) = timeout(REFUSED_INTERVAL, owners.next()).await {
                return Ok(Gone::Bus);
            }
        }
    }

    /// `None` once the agent ends.
    async fn spawn_icon(&mut self, panel: &Arc<Panel>) -> Option<Result<Handle<Item>, IconError>> {
        let view = self.views.wait_for(Option::is_some).await.ok()?.clone()?;
        let item = Item {
            view,
            words: Arc::clone(&self.words),
            clicks: self.clicks.clone(),
            panel: Arc::clone(panel),
        };
        // It also exists while there is no panel, and registers with each one that appears.
        let spawned = timeout(REGISTER_TIMEOUT, item.assume_sni_available(true).spawn()).await;
        Some(spawned.map_or(Err(IconError::Hanging), |spawned| Ok(spawned?)))
    }

    /// Updates an icon until it is gone.
    async fn keep(
        &mut self,
        icon: &Handle<Item>,
        owners: &mut NameOwnerChangedStream,
        panel: &Panel,
    ) -> Gone {
        loop {
            tokio::select! {
                changed = self.views.changed() => {
                    let view = self.views.borrow_and_update().clone();
                    let (Ok(()), Some(view)) = (changed, view) else { return Gone::Agent };
                    if !update(icon, |item| item.view = view).await {
                        return Gone::Refused;
                    }
                }
                change = owners.next() => match change.as_ref().map(|change| change.args()) {
                    Some(Ok(change)) => {
                        let is_present = change.new_owner().is_some();
                        if is_present && !update(icon, |_| ()).await {
                            return Gone::Refused;
                        }
                        self.publish(is_present);
                    }
                    Some(Err(error)) => tracing::debug!(%error, "the bus sent what is no change of an owner"),
                    None => return Gone::Bus,
                },
                () = panel.arrived.notified() => if !update(icon, |_| ()).await {
                    return Gone::Refused;
                },
                () = panel.refused.notified() => return Gone::Refused,
            }
        }
    }
}

/// Changes an icon. `false` if it cannot be changed, because it waits for the answer of a panel that hangs.
async fn update(icon: &Handle<Item>, change: impl FnOnce(&mut Item) + Send + 'static) -> bool {
    let is_updated = timeout(REGISTER_TIMEOUT, icon.update(change)).await.is_ok();
    if !is_updated {
        tracing::info!("the panel does not answer the tray icon");
    }
    is_updated
}
