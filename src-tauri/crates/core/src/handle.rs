//! The interface of a running core.
//!
//! Knows the requests and their answers, and not the actor that processes them.

mod dispatch;

use std::fmt;

use gloria_stream::Reachability;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::account::address::Address;
use crate::account::session::{Saving, ServerToken};
use crate::alerts::presence::WindowPresence;
use crate::inbox::InboxError;
use crate::item::{Counts, Item, SoundName};
use crate::listeners::{CloseListeners, EventListener, Listeners};
use crate::message::{self, Message};
use crate::metrics::EventTally;
use crate::metrics::status::StatusReport;
use crate::ports::{OpenError, send_reply};
use crate::protocol::{
    AccountChoice, AccountForm, DoctorReport, EventType, FollowRequest, InboxPage, InboxQuery, MarkRequest,
    Marked, MetricsView, PastedPage, PauseRequest, PersonAnswer, PreferencesForm, ReplayRequest, Replayed,
    Revised, SignInForm, SignInOffer, SignInQuery, SignOutForm, Snapshot, SnoozeRequest, SupportReport,
    TestReport, View, WindowView,
};

pub(crate) use dispatch::to_json;

/// Why the core refused a request.
#[derive(Debug, Error)]
#[error("{}", self.message())]
pub enum CoreError {
    /// The core has ended.
    Stopped,
    /// The core crashed and is about to start again.
    Restarting,
    /// A value that was entered is invalid.
    Invalid(Message),
    /// The inbox failed.
    Inbox(#[from] InboxError),
    /// The link could not be opened.
    Open(#[from] OpenError),
    /// The item does not exist, or has no such link.
    Gone,
    /// A newer search has begun.
    Superseded,
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
            Self::Superseded => message::error_superseded(),
        }
    }
}

/// An event of the operating system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// The network became reachable or unreachable.
    Network(Reachability),
    /// The computer woke from sleep.
    Woke,
    /// The desktop's tray appeared or disappeared.
    TrayHost {
        /// Whether there is one.
        present: bool,
    },
    /// The result of locking the data folder against another running app.
    FolderLock {
        /// Whether it is locked.
        locked: bool,
    },
    /// The window was asked for and could not be opened, for this reason.
    WindowFailed(Message),
}

/// A sign-out that another program asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignOutRequest {
    /// The server, by the name of its keyring entry.
    pub server: String,
    /// The account whose inbox is erased, by the name of its folder. It is what the user confirmed, and may not be the
    /// one in force any more.
    pub erase: Option<String>,
}

/// What came of such a sign-out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignOutAnswer {
    /// The app uses the server, so nothing is left to do. Otherwise the account is closed or erased, and what only
    /// memory had of it is ended.
    pub in_use: bool,
    /// There was a token or a sign-in.
    pub was_signed_in: bool,
    /// Why the provider may still accept the sign-in.
    pub unrevoked: Option<Message>,
}

/// Sends the answer to a request.
#[derive(Debug)]
pub(crate) struct Reply<T>(oneshot::Sender<Result<T, CoreError>>);

impl<T> Reply<T> {
    pub(crate) fn answer(self, answer: Result<T, CoreError>) {
        send_reply(self.0, answer);
    }
}

/// The state at one revision, and the updates that follow.
pub struct Attached {
    /// The state.
    pub snapshot: Snapshot,
    /// A receiver that lags behind has to attach again.
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

/// A handle to a running core. Clones belong to the same core.
#[derive(Debug, Clone)]
pub struct CoreHandle {
    requests: mpsc::Sender<Request>,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) listeners: Listeners,
    saving: Saving,
}

/// Requests that may wait for the actor. Users and the tray make a few at a time.
const REQUEST_CAPACITY: usize = 64;

/// The receiving end of a handle.
#[derive(Debug)]
pub(crate) struct Inlet {
    pub(crate) requests: mpsc::Receiver<Request>,
    /// Set when the core has to end. It is no request, because requests wait while the core waits for a disk or a
    /// keyring.
    pub(crate) stop: watch::Receiver<bool>,
    /// Closes the event listeners when it is dropped.
    pub(crate) listeners: CloseListeners,
    pub(crate) saving: Saving,
}

/// A handle and its receiving end.
pub(crate) fn inlet() -> (CoreHandle, Inlet) {
    let (requests, receiver) = mpsc::channel(REQUEST_CAPACITY);
    let (stop, stopping) = watch::channel(false);
    let listeners = Listeners::default();
    let saving = Saving::default();
    let inlet = Inlet {
        requests: receiver,
        stop: stopping,
        listeners: CloseListeners(listeners.clone()),
        saving: saving.clone(),
    };
    let handle = CoreHandle {
        requests,
        stop,
        listeners,
        saving,
    };
    (handle, inlet)
}

/// Waits until the core has to end.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        // All handles are dropped; the requests end as well.
        std::future::pending().await
    }
}

macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty)?) -> $answer:ty = $variant:ident;)*) => {
        /// The requests.
        #[derive(Debug)]
        pub(crate) enum Request {
            $($variant($($type,)? Reply<$answer>),)*
        }

        impl Request {
            /// Answers any request with an error.
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
                /// The error for the user; [`CoreError::Stopped`] once the core has ended.
                pub async fn $name(&self $(, $argument: $type)?) -> Result<$answer, CoreError> {
                    self.ask(|reply| Request::$variant($($argument,)? reply)).await
                }
            )*
        }
    };
}

requests! {
    /// The whole state, and a channel of updates.
    attach() -> Attached = Attach;
    /// Metrics of the connection.
    metrics() -> MetricsView = Metrics;
    /// The app's state, for scripts.
    status() -> StatusReport = Status;
    /// How many events were processed since the core started, by outcome.
    event_tally() -> EventTally = EventTally;
    /// A page of the inbox.
    inbox_page(query: InboxQuery) -> InboxPage = InboxPage;
    /// A page for a text that is still being typed. A newer call ends it with [`CoreError::Superseded`].
    inbox_search(query: InboxQuery) -> InboxPage = InboxSearch;
    /// The item of a key, if it exists.
    inbox_item(key: String) -> Option<Item> = InboxItem;
    /// The key that a text is, or else the first few that it abbreviates. No command of the window.
    inbox_named(text: String) -> Vec<String> = InboxNamed;
    /// Marks items.
    inbox_mark(request: MarkRequest) -> Marked = InboxMark;
    /// Snoozes items until a time that the user has chosen.
    inbox_snooze(request: SnoozeRequest) -> Marked = InboxSnooze;
    /// Marks all items as read.
    inbox_mark_all_read() -> Counts = InboxMarkAllRead;
    /// Marks all items as seen.
    inbox_mark_all_seen() -> Counts = InboxMarkAllSeen;
    /// Sends what the user did and the server does not have yet, also what waits so that it can be taken back. Answers
    /// once nothing more of it can be sent now. No command of the window.
    actions_send() -> () = ActionsSend;
    /// Opens a link of an item and marks the item as read.
    item_follow(request: FollowRequest) -> () = ItemFollow;
    /// Sends logged events to the listeners once more, without alerts. No command of the window.
    replay(request: ReplayRequest) -> Replayed = Replay;
    /// Asks the window to show an item, or only itself.
    item_show(key: Option<String>) -> () = ItemShow;
    /// Asks the window to show a view.
    view_show(view: View) -> () = ViewShow;
    /// The page has opened the requested view.
    view_shown() -> () = ViewShown;
    /// Connects at once, even if the user disconnected before.
    connection_retry() -> () = ConnectionRetry;
    /// Disconnects until the user asks for a connection or the app ends.
    connection_disconnect() -> () = ConnectionDisconnect;
    /// Tests an address and a token.
    connection_test(form: AccountForm) -> TestReport = ConnectionTest;
    /// Saves address and token and connects.
    account_save(form: AccountForm) -> () = AccountSave;
    /// Asks a server how its users sign in.
    sign_in_offer(query: SignInQuery) -> SignInOffer = SignInOffer;
    /// Begins a sign-in at a provider.
    sign_in_begin(form: SignInForm) -> () = SignInBegin;
    /// Opens the provider's page once more.
    sign_in_open() -> () = SignInOpen;
    /// Cancels the sign-in.
    sign_in_cancel() -> () = SignInCancel;
    /// Takes the address of the page that the browser could not open.
    sign_in_paste(page: PastedPage) -> () = SignInPaste;
    /// Disconnects, removes the token, and closes the account. Its inbox is kept or erased.
    account_sign_out(form: SignOutForm) -> () = AccountSignOut;
    /// Signs out at a server for another program, which removes the token from the keyring itself where the app does
    /// not use the server. No command of the window.
    sign_out_at(request: SignOutRequest) -> SignOutAnswer = SignOutAt;
    /// Makes another account of this computer the one in use.
    account_switch(choice: AccountChoice) -> () = AccountSwitch;
    /// Says whether another token belongs to the same user.
    account_confirm(answer: PersonAnswer) -> () = AccountConfirm;
    /// Signals that the keyring's entry of this API address has changed.
    credentials_changed(address: String) -> () = CredentialsChanged;
    /// An access token of the sign-in in force at this address, for another process of the user, which need not renew
    /// the sign-in as well. No command of the window.
    access_token(address: Address) -> ServerToken = AccessToken;
    /// Changes settings.
    preferences_save(form: PreferencesForm) -> () = PreferencesSave;
    /// Whether the app starts at login, if that can be changed.
    autostart() -> Option<bool> = Autostart;
    /// Has the app start at login, or not.
    autostart_set(on: bool) -> () = AutostartSet;
    /// Shows a notification with its sound, as a test.
    notification_test() -> TestReport = NotificationTest;
    /// Runs the checks of `gloria doctor`.
    doctor_check() -> DoctorReport = DoctorCheck;
    /// What a report for support would contain.
    support_report_preview() -> SupportReport = SupportReportPreview;
    /// Saves a report for support.
    support_report_save() -> SupportReport = SupportReportSave;
    /// Plays a sound.
    sound_preview(sound: SoundName) -> () = SoundPreview;
    /// Pauses sounds.
    sounds_pause(request: PauseRequest) -> () = SoundsPause;
    /// Turns the debug log on for an hour, or off.
    debug_log(on: bool) -> () = DebugLog;
    /// Opens the page about the newer version of the app.
    release_notes() -> () = ReleaseNotes;
    /// Reports what the page shows. It expires after [`crate::alerts::presence::PAGE_LEASE_TIMEOUT`].
    window_shows(view: WindowView) -> () = WindowShows;
    /// Reports the state of the window; `None` once there is none.
    window_presence(presence: Option<WindowPresence>) -> () = WindowPresence;
    /// Reports an event of the operating system.
    signal(signal: Signal) -> () = Signal;
}

impl CoreHandle {
    /// Listens to events of these types until the listener is dropped. An event is sent once its effect is stored;
    /// repetitions by the server are not sent.
    pub fn listen(&self, types: impl IntoIterator<Item = EventType>) -> EventListener {
        self.listeners.listen(types.into_iter().collect())
    }

    /// Disconnects, stores what is only in memory, and ends the core. Takes at most a quarter of a second, whatever the
    /// core waits for: what is not stored by then is requested again at the next start.
    ///
    /// # Errors
    ///
    /// [`CoreError::Stopped`] when it had already ended.
    pub async fn stop(&self) -> Result<(), CoreError> {
        if self.requests.is_closed() {
            return Err(CoreError::Stopped);
        }
        self.stop.send_replace(true);
        self.ended().await;
        Ok(())
    }

    /// Waits until no refresh token is on its way to the provider: it is used up, and ending the process would lose the
    /// answer with the next one. Waits for the network, so the caller has to limit it.
    pub async fn sign_in_saved(&self) {
        self.saving.until_over().await;
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
            // The actor crashed with the request, and another takes its place.
            Err(_) => Err(CoreError::Restarting),
        }
    }
}
