//! Keeps the tray icon there: a panel that starts late or anew gets it, and so does a session bus that takes the place
//! of another.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use gloria_core::tray::TrayView;
use gloria_desktop::session_bus;
use gloria_words::Words;
use ksni::{Handle, TrayMethods as _};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{sleep, timeout};
use zbus::connection::Builder;
use zbus::fdo::{DBusProxy, NameOwnerChangedStream};
use zbus::names::BusName;

use super::item::{Click, Item};
use crate::Controls;

/// Where panels announce themselves; every one on today's desktops is found under this name.
const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// How often a session bus that is not there is looked for: one process start after a login, and a few system calls.
const BUS_INTERVAL: Duration = Duration::from_secs(3);

/// How long after a panel refused the icon it is asked again: one that is starting may take it then.
const REFUSED_INTERVAL: Duration = Duration::from_secs(5);

/// How long an icon may take to leave a bus. It takes no time, unless the bus hangs.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(1);

/// Why there is no icon for now.
enum Gone {
    /// The bus is gone, or was never there.
    Bus,
    /// The panel does not take it.
    Refused,
    /// The agent ends.
    Agent,
}

/// Shows the newest view as long as there is a sender of views, and does what is clicked.
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
    /// As the core was last sent it.
    is_present: Option<bool>,
}

impl Tray {
    fn publish(&mut self, present: bool) {
        if self.is_present != Some(present) {
            self.is_present = Some(present);
            self.controls.on_tray_host(present);
        }
    }

    /// Until the bus or the agent is gone.
    async fn serve_session(&mut self) -> zbus::Result<Gone> {
        let connection = session_bus::connect(Builder::session()?).await?;
        let bus = DBusProxy::new(&connection).await?;
        // Listens first and asks then, so that a name that appears in between is not missed.
        let mut owners = bus.receive_name_owner_changed_with_args(&[(0, WATCHER)]).await?;
        loop {
            let is_present = bus.name_has_owner(BusName::from_static_str(WATCHER)?).await?;
            let refused = Arc::new(Notify::new());
            let Some(icon) = self.spawn_icon(&refused).await else {
                return Ok(Gone::Agent);
            };
            match icon {
                Ok(icon) => {
                    self.publish(is_present);
                    let gone = self.keep(&icon, &mut owners, &refused).await;
                    let _ = timeout(LEAVE_TIMEOUT, icon.shutdown()).await;
                    match gone {
                        Gone::Bus | Gone::Agent => return Ok(gone),
                        Gone::Refused => {}
                    }
                }
                Err(error) => tracing::info!(%error, "no tray icon for now"),
            }
            self.publish(false);
            // Another panel may take it, and so may the same one later.
            if let Ok(None) = timeout(REFUSED_INTERVAL, owners.next()).await {
                return Ok(Gone::Bus);
            }
        }
    }

    /// `None` once the agent ends.
    async fn spawn_icon(&mut self, refused: &Arc<Notify>) -> Option<Result<Handle<Item>, ksni::Error>> {
        let view = self.views.wait_for(Option::is_some).await.ok()?.clone()?;
        let item = Item {
            view,
            words: Arc::clone(&self.words),
            clicks: self.clicks.clone(),
            refused: Arc::clone(refused),
        };
        // It stays without a panel, and enters each that comes.
        Some(item.assume_sni_available(true).spawn().await)
    }

    /// Keeps an icon like the state.
    async fn keep(
        &mut self,
        icon: &Handle<Item>,
        owners: &mut NameOwnerChangedStream,
        refused: &Notify,
    ) -> Gone {
        loop {
            tokio::select! {
                changed = self.views.changed() => {
                    let view = self.views.borrow_and_update().clone();
                    let (Ok(()), Some(view)) = (changed, view) else { return Gone::Agent };
                    icon.update(|item| item.view = view).await;
                }
                change = owners.next() => match change.as_ref().map(|change| change.args()) {
                    Some(Ok(change)) => self.publish(change.new_owner().is_some()),
                    Some(Err(error)) => tracing::debug!(%error, "the bus sent what is no change of an owner"),
                    None => return Gone::Bus,
                },
                () = refused.notified() => return Gone::Refused,
            }
        }
    }
}
