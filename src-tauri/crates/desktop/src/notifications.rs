//! Notifications of a D-Bus session (Desktop Notifications Specification 1.3), over a connection that stays open: GNOME
//! removes the notifications of a sender that leaves the bus.
//!
//! [`service`] decides, without a socket or clock of its own; [`bus`] connects it; [`request`] converts requests to the
//! service's format.

mod bus;
mod identity;
mod kept;
mod request;
mod service;
mod survey;

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
pub use kept::KeptConnection;
pub(crate) use survey::survey;

/// Events that may wait for a busy core; the connection's task waits with further ones.
const EVENT_CAPACITY: usize = 64;

type Outcome = Result<Answer, NotificationError>;

/// A command to the connection's task.
#[derive(Debug)]
enum Command {
    Show(NotificationRequest, oneshot::Sender<Outcome>),
    Withdraw(NotificationHandle),
}

/// The receiver of the service's events.
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
            // A receiver that was dropped needs no more events.
            let _ = watcher.send(event);
        }
    }
}

/// The session's notification service. It is used until this is dropped.
#[derive(Debug)]
pub struct SessionNotifications {
    commands: mpsc::UnboundedSender<Command>,
    words: Arc<Words>,
    watch: Arc<Mutex<Watch>>,
}

impl SessionNotifications {
    /// Connects to the bus of this program's session. Must be called on a tokio runtime.
    pub fn new(identity: Identity, words: Arc<Words>, panics: &PanicReports) -> Self {
        Self::start(None, identity, words, panics, KeptConnection::default())
    }

    /// Like [`SessionNotifications::new`], and goes on with a connection that was kept. Keeps its own in its place when
    /// this is dropped, unless the service still has to answer something.
    pub fn keeping(
        identity: Identity,
        words: Arc<Words>,
        panics: &PanicReports,
        kept: KeptConnection,
    ) -> Self {
        Self::start(None, identity, words, panics, kept)
    }

    /// Connects to the bus at this address.
    pub fn on_bus(
        address: impl Into<String>,
        identity: Identity,
        words: Arc<Words>,
        panics: &PanicReports,
    ) -> Self {
        let kept = KeptConnection::default();
        Self::start(Some(address.into()), identity, words, panics, kept)
    }

    fn start(
        address: Option<String>,
        identity: Identity,
        words: Arc<Words>,
        panics: &PanicReports,
        kept: KeptConnection,
    ) -> Self {
        let (commands, receiver) = mpsc::unbounded_channel();
        let watch = Arc::new(Mutex::new(Watch::default()));
        let guard = panics.guard("notifications");
        let (identity, shared) = (Arc::new(identity.speaking(&words)), watch.clone());
        tokio::spawn(async move {
            let _guard = guard;
            bus::run(address, kept, identity, receiver, |event| {
                lock(&shared).publish(event)
            })
            .await;
        });
        Self {
            commands,
            words,
            watch,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Notifications for SessionNotifications {
    fn show(&self, request: NotificationRequest) -> BoxFuture<'static, Outcome> {
        let (sender, answer) = oneshot::channel();
        let sent = self.commands.send(Command::Show(
            request.in_words(|phrase| self.words.phrase(phrase)),
            sender,
        ));
        async move {
            // Without the task there is no connection, and nothing was requested.
            sent.map_err(|_| NotificationError::Lost)?;
            answer.await.map_err(|_| NotificationError::Lost)?
        }
        .boxed()
    }

    fn withdraw(&self, handle: NotificationHandle) {
        // Without the task there is no connection either.
        let _ = self.commands.send(Command::Withdraw(handle));
    }

    fn watch(&self) -> mpsc::Receiver<NotificationEvent> {
        let (events, receiver) = mpsc::channel(EVENT_CAPACITY);
        let (watcher, mut coming) = mpsc::unbounded_channel();
        let mut watch = lock(&self.watch);
        if let Some(state) = watch.state {
            // Its receiver is still in scope.
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
