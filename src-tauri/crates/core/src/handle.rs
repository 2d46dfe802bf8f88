//! The one way to a running core.
//!
//! Knows what can be asked and answered, and nothing of who does it: the actor is above.

mod dispatch;

use std::fmt;

use gloria_stream::Reachability;
use thiserror::Error;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::alerts::presence::WindowPresence;
use crate::inbox::InboxError;
use crate::item::{Counts, Item, SoundName};
use crate::listeners::{EndsListeners, EventListener, Listeners};
use crate::message::{self, Message};
use crate::metrics::EventTally;
use crate::metrics::status::StatusReport;
use crate::ports::{OpenError, send_reply};
use crate::protocol::{
    AccountForm, EventType, FollowRequest, InboxPage, InboxQuery, MarkRequest, Marked, MetricsView,
    PauseRequest, PersonAnswer, PreferencesForm, Revised, Snapshot, TestReport, WindowView,
};

pub(crate) use dispatch::to_json;

/// Why the core did not do what was asked, for the user.
#[derive(Debug, Error)]
#[error("{}", self.message())]
pub enum CoreError {
    /// The core has ended.
    Stopped,
    /// The core broke and is about to start again.
    Restarting,
    /// What was typed cannot be used.
    Invalid(Message),
    /// The inbox refused.
    Inbox(#[from] InboxError),
    /// The link was not opened.
    Open(#[from] OpenError),
    /// There is no such item, or it has no such link.
    Gone,
}

impl CoreError {
    /// The message for the user.
    pub fn message(&self) -> Message {
        match self {
            Self::Stopped => message::error_stopped(),
            Self::Restarting => message::error_restarting(),
            Self::Invalid(message) => message.clone(),
            Self::Inbox(error) => error.message(),
            Self::Open(error) => error.message(),
            Self::Gone => message::error_gone(),
        }
    }
}

/// What the machine tells the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// The network came or went.
    Network(Reachability),
    /// The machine woke from sleep.
    Woke,
    /// The desktop's tray came or went.
    TrayHost {
        /// There is one.
        present: bool,
    },
    /// The data folder could be locked against another app, or not.
    FolderLock {
        /// It is locked.
        locked: bool,
    },
}

/// Where an answer goes.
#[derive(Debug)]
pub(crate) struct Reply<T>(oneshot::Sender<Result<T, CoreError>>);

impl<T> Reply<T> {
    pub(crate) fn answer(self, answer: Result<T, CoreError>) {
        send_reply(self.0, answer);
    }
}

/// What can be asked of the core.
#[derive(Debug)]
pub(crate) enum Request {
    Attach(Reply<Attached>),
    Metrics(Reply<MetricsView>),
    Status(Reply<StatusReport>),
    EventTally(Reply<EventTally>),
    InboxPage(InboxQuery, Reply<InboxPage>),
    InboxItem(String, Reply<Option<Item>>),
    InboxMark(MarkRequest, Reply<Marked>),
    InboxMarkAllRead(Reply<Counts>),
    InboxMarkAllSeen(Reply<Counts>),
    ItemFollow(FollowRequest, Reply<()>),
    ItemShow(Option<String>, Reply<()>),
    ConnectionRetry(Reply<()>),
    ConnectionDisconnect(Reply<()>),
    ConnectionTest(AccountForm, Reply<TestReport>),
    AccountSave(AccountForm, Reply<()>),
    AccountSignOut(Reply<()>),
    AccountConfirm(PersonAnswer, Reply<()>),
    CredentialsChanged(String, Reply<()>),
    PreferencesSave(PreferencesForm, Reply<()>),
    SoundPreview(SoundName, Reply<()>),
    SoundsPause(PauseRequest, Reply<()>),
    DebugLog(bool, Reply<()>),
    WindowShows(WindowView, Reply<()>),
    WindowPresence(Option<WindowPresence>, Reply<()>),
    Signal(Signal, Reply<()>),
}

/// The state at one revision, and everything after it.
pub struct Attached {
    /// The state.
    pub snapshot: Snapshot,
    /// What follows. A receiver that lags attaches again.
    pub updates: broadcast::Receiver<Revised>,
}

impl fmt::Debug for Attached {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Attached")
            .field("revision", &self.snapshot.revision)
            .finish_non_exhaustive()
    }
}

/// The one way to a running core. Clones lead to the same core.
#[derive(Debug, Clone)]
pub struct CoreHandle {
    requests: mpsc::Sender<Request>,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) listeners: Listeners,
}

/// Requests that may wait for the actor. They come from people and from a tray: a few at a time.
const REQUEST_CAPACITY: usize = 64;

/// Where a core hears what it is asked.
#[derive(Debug)]
pub(crate) struct Inlet {
    pub(crate) requests: mpsc::Receiver<Request>,
    /// It is to end. Not a request among others: they wait while the core waits for a disk or a keyring.
    pub(crate) stop: watch::Receiver<bool>,
    /// Who gets the events; they end with this.
    pub(crate) listeners: EndsListeners,
}

/// A handle and what it leads to.
pub(crate) fn inlet() -> (CoreHandle, Inlet) {
    let (requests, receiver) = mpsc::channel(REQUEST_CAPACITY);
    let (stop, stopping) = watch::channel(false);
    let listeners = Listeners::default();
    let inlet = Inlet {
        requests: receiver,
        stop: stopping,
        listeners: EndsListeners(listeners.clone()),
    };
    let handle = CoreHandle {
        requests,
        stop,
        listeners,
    };
    (handle, inlet)
}

/// Waits until the core is to end.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        // Nobody is left to ask; the requests end as well.
        std::future::pending().await
    }
}

macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty)?) -> $answer:ty = $variant:ident;)*) => {
        impl Request {
            /// Answers with an error, whatever was asked.
            pub(crate) fn refuse(self, error: CoreError) {
                match self {
                    $(Self::$variant($($argument,)? reply) => {
                        $(let _ = $argument;)?
                        reply.answer(Err(error));
                    })*
                }
            }
        }

        impl CoreHandle {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                ///
                /// In words for the user; [`CoreError::Stopped`] once the core has ended.
                pub async fn $name(&self $(, $argument: $type)?) -> Result<$answer, CoreError> {
                    self.ask(|reply| Request::$variant($($argument,)? reply)).await
                }
            )*
        }
    };
}

requests! {
    /// The whole state, and a channel of what follows.
    attach() -> Attached = Attach;
    /// The connection in numbers.
    metrics() -> MetricsView = Metrics;
    /// How the app is doing, for scripts.
    status() -> StatusReport = Status;
    /// What came of the events since the core started.
    event_tally() -> EventTally = EventTally;
    /// A page of the inbox.
    inbox_page(query: InboxQuery) -> InboxPage = InboxPage;
    /// The item of a key.
    inbox_item(key: String) -> Option<Item> = InboxItem;
    /// Marks items.
    inbox_mark(request: MarkRequest) -> Marked = InboxMark;
    /// Marks everything read.
    inbox_mark_all_read() -> Counts = InboxMarkAllRead;
    /// Marks everything seen.
    inbox_mark_all_seen() -> Counts = InboxMarkAllSeen;
    /// Opens a link of an item and marks the item read.
    item_follow(request: FollowRequest) -> () = ItemFollow;
    /// Asks the window to show an item, or just itself.
    item_show(key: Option<String>) -> () = ItemShow;
    /// Dials at once, also after a disconnection.
    connection_retry() -> () = ConnectionRetry;
    /// Hangs up, until somebody asks for a connection or the app ends.
    connection_disconnect() -> () = ConnectionDisconnect;
    /// Tries an address and a token.
    connection_test(form: AccountForm) -> TestReport = ConnectionTest;
    /// Saves address and token and connects.
    account_save(form: AccountForm) -> () = AccountSave;
    /// Disconnects and forgets the token.
    account_sign_out() -> () = AccountSignOut;
    /// Answers whether another token is the same person's.
    account_confirm(answer: PersonAnswer) -> () = AccountConfirm;
    /// Tells that the keyring's entry for this API address is another one now.
    credentials_changed(address: String) -> () = CredentialsChanged;
    /// Changes settings.
    preferences_save(form: PreferencesForm) -> () = PreferencesSave;
    /// Plays a sound.
    sound_preview(sound: SoundName) -> () = SoundPreview;
    /// Pauses sounds.
    sounds_pause(request: PauseRequest) -> () = SoundsPause;
    /// Logs more for an hour, or no longer.
    debug_log(on: bool) -> () = DebugLog;
    /// Tells what the page shows. It holds for [`crate::alerts::presence::PAGE_LEASE_TIMEOUT`].
    window_shows(view: WindowView) -> () = WindowShows;
    /// Tells what the window system says of the window; `None` once there is none.
    window_presence(presence: Option<WindowPresence>) -> () = WindowPresence;
    /// Tells what the machine said.
    signal(signal: Signal) -> () = Signal;
}

impl CoreHandle {
    /// Listens to events of these types, from now on and until it is dropped. An event comes once its effect is stored;
    /// what a server repeats does not come again.
    pub fn listen(&self, types: impl IntoIterator<Item = EventType>) -> EventListener {
        self.listeners.listen(types.into_iter().collect())
    }

    /// Hangs up, stores what only memory has, and ends the core. It takes a quarter of a second at most, whatever the
    /// core waits for: what is not stored by then comes again.
    ///
    /// # Errors
    ///
    /// [`CoreError::Stopped`] when it had ended before.
    pub async fn stop(&self) -> Result<(), CoreError> {
        if self.requests.is_closed() {
            return Err(CoreError::Stopped);
        }
        self.stop.send_replace(true);
        self.ended().await;
        Ok(())
    }

    /// Waits until the core has ended.
    pub async fn ended(&self) {
        self.requests.closed().await;
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, CoreError> {
        let (reply, answer) = oneshot::channel();
        self.requests
            .send(request(Reply(reply)))
            .await
            .map_err(|_| CoreError::Stopped)?;
        match answer.await {
            Ok(answer) => answer,
            Err(_) if *self.stop.borrow() || self.requests.is_closed() => Err(CoreError::Stopped),
            // The reply went with an actor that broke, and another takes its place.
            Err(_) => Err(CoreError::Restarting),
        }
    }
}
