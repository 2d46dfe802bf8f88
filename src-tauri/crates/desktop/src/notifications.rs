//! Notifications of a D-Bus session (Desktop Notifications Specification 1.3), over one connection that stays open:
//! GNOME takes away what a sender showed that has left the bus.
//!
//! [`service`] decides, without a socket or a clock of its own; [`bus`] connects it; [`request`] puts a request into
//! the service's terms.

mod bus;
mod identity;
mod request;
mod service;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_core::ports::{
    Answer, NotificationError, NotificationEvent, NotificationHandle, NotificationRequest, Notifications,
    PanicReports, ServiceState,
};
use gloria_words::Words;
use tokio::sync::{mpsc, oneshot};

pub use identity::Identity;

/// Events that may wait for a core that is busy; those after them wait here.
const EVENT_CAPACITY: usize = 64;

type Outcome = Result<Answer, NotificationError>;

/// What the connection's task is asked to do.
#[derive(Debug)]
enum Order {
    Show(NotificationRequest, oneshot::Sender<Outcome>),
    Withdraw(NotificationHandle),
}

/// Who is sent what the service says.
#[derive(Debug, Default)]
struct Watch {
    state: Option<ServiceState>,
    watcher: Option<mpsc::UnboundedSender<NotificationEvent>>,
}

impl Watch {
    fn publish(&mut self, event: NotificationEvent) {
        if let NotificationEvent::Service(state) = event {
            self.state = Some(state);
        }
        if let Some(watcher) = &self.watcher {
            // A watcher that was dropped needs no more events.
            let _ = watcher.send(event);
        }
    }
}

/// The session's notification service. It lives as long as this does.
#[derive(Debug)]
pub struct SessionNotifications {
    orders: mpsc::UnboundedSender<Order>,
    words: Arc<Words>,
    watch: Arc<Mutex<Watch>>,
}

impl SessionNotifications {
    /// Of the session that this program runs in. On a tokio runtime.
    pub fn new(identity: Identity, words: Arc<Words>, panics: &PanicReports) -> Self {
        Self::start(None, identity, words, panics)
    }

    /// Of the session whose bus is at this address.
    pub fn on_bus(
        address: impl Into<String>,
        identity: Identity,
        words: Arc<Words>,
        panics: &PanicReports,
    ) -> Self {
        Self::start(Some(address.into()), identity, words, panics)
    }

    fn start(address: Option<String>, identity: Identity, words: Arc<Words>, panics: &PanicReports) -> Self {
        let (orders, receiver) = mpsc::unbounded_channel();
        let watch = Arc::new(Mutex::new(Watch::default()));
        let guard = panics.guard("notifications");
        let (identity, shared) = (Arc::new(identity), watch.clone());
        tokio::spawn(async move {
            let _guard = guard;
            bus::run(address, identity, receiver, |event| lock(&shared).publish(event)).await;
        });
        Self { orders, words, watch }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Notifications for SessionNotifications {
    fn show(&self, request: NotificationRequest) -> BoxFuture<'static, Outcome> {
        let (sender, answer) = oneshot::channel();
        let sent = self.orders.send(Order::Show(self.words.spoken(request), sender));
        async move {
            // Without its task there is no connection, and nothing was asked.
            sent.map_err(|_| NotificationError::Lost)?;
            answer.await.map_err(|_| NotificationError::Lost)?
        }
        .boxed()
    }

    fn withdraw(&self, handle: NotificationHandle) {
        // Without its task there is no connection either.
        let _ = self.orders.send(Order::Withdraw(handle));
    }

    fn watch(&self) -> mpsc::Receiver<NotificationEvent> {
        let (events, receiver) = mpsc::channel(EVENT_CAPACITY);
        let (watcher, mut coming) = mpsc::unbounded_channel();
        let mut watch = lock(&self.watch);
        if let Some(state) = watch.state {
            // The receiver is right here.
            let _ = watcher.send(NotificationEvent::Service(state));
        }
        watch.watcher = Some(watcher);
        tokio::spawn(async move {
            while let Some(event) = coming.recv().await {
                if events.send(event).await.is_err() {
                    return;
                }
            }
        });
        receiver
    }
}
