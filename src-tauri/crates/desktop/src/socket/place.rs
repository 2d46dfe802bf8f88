//! The place of the window, which one at most has.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gloria_ipc::session::{self, Session};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::timeout;

/// How long a window may take to confirm that it is in front, as long as a page may take to respond. The user is
/// waiting for it; after that, another window is opened.
const RAISE_TIMEOUT: Duration = Duration::from_secs(2);

/// Requests to come to the front that may wait to be sent.
const RAISE_CAPACITY: usize = 4;

/// The place of the only window in a process of its own. Clones share the place.
#[derive(Debug, Clone, Default)]
pub struct WindowPlace(Arc<Place>);

#[derive(Debug, Default)]
struct Place {
    connected: Mutex<Option<Connected>>,
    arrived: Notify,
    /// Of the app.
    session: Session,
    /// Requests that are not answered yet, the window's and those of others.
    open_requests: watch::Sender<usize>,
    /// The next app takes the window over.
    stays: AtomicBool,
    /// No more requests are read.
    closed: watch::Sender<bool>,
}

/// A request that is not answered yet.
#[derive(Debug)]
pub(super) struct OpenCall(WindowPlace);

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.0.0.open_requests.send_modify(|open| *open -= 1);
    }
}

/// A connected window.
#[derive(Debug, Clone)]
struct Connected {
    wishes: mpsc::Sender<Wish>,
    /// Closes its connection.
    ending: Arc<Notify>,
    /// Its sender is dropped once the place is free again.
    left: watch::Receiver<()>,
}

/// A request to come to the front.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) activation_token: Option<String>,
    pub(super) done: oneshot::Sender<()>,
}

impl WindowPlace {
    /// Of an app in this session.
    pub fn in_session(session: Session) -> Self {
        Self(Arc::new(Place {
            session,
            ..Place::default()
        }))
    }

    /// The session that the app has to move to for a start in this one.
    pub(super) fn moved_to(&self, named: &Session) -> Option<Session> {
        session::moved(&self.0.session, named)
    }

    pub(super) fn begin_request(&self) -> OpenCall {
        self.0.open_requests.send_modify(|open| *open += 1);
        OpenCall(self.clone())
    }

    /// Waits until every request is answered.
    pub async fn idle(&self) {
        // The sender lives as long as this.
        let _ = self.0.open_requests.subscribe().wait_for(|open| *open == 0).await;
    }

    /// From now on only requests of the window are read. Other clients are hung up on without an answer, and ask the
    /// next app. What was read is answered, if this follows [`WindowPlace::idle`] at once.
    pub fn close(&self) {
        self.0.closed.send_replace(true);
    }

    /// Waits until no more requests are to be read.
    pub(super) async fn closed(&self) {
        // The sender lives as long as this.
        let _ = self.0.closed.subscribe().wait_for(|closed| *closed).await;
    }

    /// From now on the window stays when this app ends, because the next one takes it over.
    pub fn leave_window(&self) {
        self.0.stays.store(true, Ordering::Relaxed);
    }

    /// Whether the window outlives this app.
    pub(super) fn window_stays(&self) -> bool {
        self.0.stays.load(Ordering::Relaxed)
    }

    /// Brings the window to the front, with the activation token of the click, if any. `false` if there is no window,
    /// or it does not confirm within two seconds; its connection is then closed, so that another window can connect.
    pub async fn raise(&self, activation_token: Option<String>) -> bool {
        let Some(mut window) = self.connected().clone() else {
            return false;
        };
        let (done, raised) = oneshot::channel();
        let wish = Wish {
            activation_token,
            done,
        };
        let sent = window.wishes.try_send(wish).is_ok();
        if sent
            && timeout(RAISE_TIMEOUT, raised)
                .await
                .is_ok_and(|raised| raised.is_ok())
        {
            return true;
        }
        window.ending.notify_one();
        let left = async { while window.left.changed().await.is_ok() {} };
        if timeout(RAISE_TIMEOUT, left).await.is_err() {
            tracing::warn!("a window that hangs keeps its place");
        }
        false
    }

    /// Whether a window is connected.
    pub fn is_occupied(&self) -> bool {
        self.connected().is_some()
    }

    /// Waits until there is a window.
    pub async fn occupied(&self) {
        loop {
            let arrived = self.0.arrived.notified();
            tokio::pin!(arrived);
            // Before the check, so that a window that comes in between is not missed.
            arrived.as_mut().enable();
            if self.is_occupied() {
                return;
            }
            arrived.await;
        }
    }

    fn connected(&self) -> MutexGuard<'_, Option<Connected>> {
        self.0.connected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the place for a new window, unless one is connected.
    pub(super) fn occupy(&self) -> Option<Occupied> {
        let mut connected = self.connected();
        if connected.is_some() {
            return None;
        }
        let (wishes, receiver) = mpsc::channel(RAISE_CAPACITY);
        let (leaving, left) = watch::channel(());
        let ending = Arc::new(Notify::new());
        *connected = Some(Connected {
            wishes,
            ending: Arc::clone(&ending),
            left,
        });
        self.0.arrived.notify_waiters();
        Some(Occupied {
            place: self.clone(),
            wishes: receiver,
            ending,
            _leaving: leaving,
        })
    }
}

/// The place is taken until this is dropped.
#[derive(Debug)]
pub(super) struct Occupied {
    pub(super) place: WindowPlace,
    pub(super) wishes: mpsc::Receiver<Wish>,
    pub(super) ending: Arc<Notify>,
    _leaving: watch::Sender<()>,
}

impl Drop for Occupied {
    fn drop(&mut self) {
        *self.place.connected() = None;
    }
}
