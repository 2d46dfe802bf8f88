//! Every type that crosses to the UI, and nothing else.
//!
//! The TypeScript in `ui/src/host/protocol.ts` is generated from this file by a test, committed, and refused when
//! stale. Times are milliseconds since the Unix epoch, UTC; all integers stay below 2^53.

mod alert;

use std::fmt;

use serde::{Deserialize, Serialize};

#[cfg(test)]
use ts_rs::TS;

pub use alert::{AlertState, ItemAlert, Reason, SoundReason};

/// Milliseconds since the Unix epoch, UTC.
pub type EpochMillis = i64;

/// Counts every change of the core's state; a reader that sees a gap attaches again.
pub type Revision = u64;

/// A command's name with what it takes and what it answers. The shell registers exactly these; the generated
/// TypeScript gives the UI `call(name, request)` with the same types.
macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident: $request:ty => $response:ty,)*) => {
        /// The list of commands as types, from which the TypeScript is generated.
        #[cfg(test)]
        #[derive(Debug, TS)]
        pub struct Commands {
            $($(#[$doc])* pub $name: ($request, $response),)*
        }

        /// The names of all commands, for the shell's own check that none is forgotten.
        pub const COMMANDS: &[&str] = &[$(stringify!($name)),*];
    };
}

commands! {
    /// A page of the inbox: what is urgent and unread first, then newest first.
    inbox_page: InboxQuery => InboxPage,
    /// The item of a key, wherever it is; absent when it is gone.
    inbox_item: String => Option<Item>,
    /// Marks items. Answers once that is stored.
    inbox_mark: MarkRequest => Marked,
    /// Marks every item of the inbox read.
    inbox_mark_all_read: () => Counts,
    /// The list is on screen: everything in it is seen. Clears the badge, leaves unread items unread.
    inbox_mark_all_seen: () => Counts,
    /// Opens the item's link, or one of its actions, in the browser, and marks it read.
    item_follow: FollowRequest => (),
    /// Dials at once.
    connection_retry: () => (),
    /// Tries an address and a token without saving them.
    connection_test: AccountForm => TestReport,
    /// Saves address and token and connects.
    account_save: AccountForm => (),
    /// Disconnects and forgets the token.
    account_sign_out: () => (),
    /// Says whether another token is the same person's.
    account_confirm: PersonAnswer => (),
    /// Changes settings; fields that are absent stay.
    preferences_save: PreferencesForm => (),
    /// Plays a bundled sound at the current volume.
    sound_preview: SoundName => (),
    /// Pauses sounds until a time, or ends the pause.
    sounds_pause: PauseRequest => (),
    /// Tells the core which view the page shows. It holds for 15 s, so the page repeats it every 5 s.
    window_shows: WindowView => (),
}

/// The whole state at one revision. What follows arrives as [`Update`]s with the revisions after it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The revision this snapshot shows.
    pub revision: Revision,
    /// The app's version.
    pub version: String,
    /// The connection, as it is.
    pub connection: ConnectionView,
    /// The inbox's counts.
    pub counts: Counts,
    /// Address and token.
    pub account: AccountView,
    /// What the user can set.
    pub preferences: Preferences,
    /// What the user should know about this machine, such as a full disk or a missing keyring.
    pub notices: Vec<Notice>,
    /// The item that a notification asked to show, until the window has shown it.
    pub requested_item: Option<String>,
    /// Somebody has the newest part of the inbox before their eyes.
    pub in_view: bool,
}

impl Snapshot {
    /// Takes an update in, as every reader of the state does.
    pub fn apply(&mut self, revised: Revised) {
        self.revision = revised.revision;
        match revised.update {
            Update::Connection(view) => self.connection = view,
            Update::Counts(counts) => self.counts = counts,
            Update::Account(view) => self.account = view,
            Update::Preferences(preferences) => self.preferences = preferences,
            Update::Notices(notices) => self.notices = notices,
            Update::ItemRequested(key) => self.requested_item = key,
            Update::InView(in_view) => self.in_view = in_view,
            Update::ItemsStored(_)
            | Update::ItemsRemoved(_)
            | Update::InboxChanged
            | Update::Missed
            | Update::Metrics(_) => {}
        }
    }
}

/// One change, sent with its revision.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(tag = "kind", content = "value", rename_all = "camelCase")]
pub enum Update {
    /// The connection changed.
    Connection(ConnectionView),
    /// The inbox's counts changed.
    Counts(Counts),
    /// Items were added or changed; each replaces the one with its key.
    ItemsStored(Vec<Item>),
    /// Items are gone.
    ItemsRemoved(Vec<String>),
    /// Many items changed at once: read the pages again.
    InboxChanged,
    /// Updates were left out because the reader was too slow for them: attach again. Whoever gets it gets it beside the
    /// numbered updates.
    Missed,
    /// Address or token state changed.
    Account(AccountView),
    /// Settings changed.
    Preferences(Preferences),
    /// The list of notices changed.
    Notices(Vec<Notice>),
    /// A notification was clicked: show this item. Absent once it has been shown.
    ItemRequested(Option<String>),
    /// Somebody looks at the newest part of the inbox now, or nobody does any more.
    InView(bool),
    /// The connection in numbers; sent only while a window shows them, and no part of the snapshot.
    Metrics(MetricsView),
}

/// An [`Update`] and the revision that it leads to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Revised {
    /// The revision after the update.
    pub revision: Revision,
    /// The update.
    pub update: Update,
}

/// The connection as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct ConnectionView {
    /// Where the connection stands.
    pub state: ConnectionState,
    /// Why, in one sentence without a full stop; empty while all is well.
    pub reason: String,
    /// What the user can do about it, if anything.
    pub remedy: Remedy,
    /// Somebody has to do something: waiting alone leads nowhere.
    pub needs_user: bool,
    /// The connection has been away for longer than passes unnoticed.
    pub long_outage: bool,
    /// Failed attempts in a row.
    pub attempt: u32,
    /// When the next attempt starts.
    pub next_attempt_at: Option<EpochMillis>,
    /// When the present connection was made.
    pub connected_since: Option<EpochMillis>,
    /// When the last byte came.
    pub last_heard_at: Option<EpochMillis>,
    /// What the system says about the network.
    pub network: NetworkState,
    /// How the stream is carried.
    pub transport: Transport,
    /// The address is plain http to another machine: token and notifications can be read on the way.
    pub insecure: bool,
    /// Host and port of the proxy in use, without credentials.
    pub proxy: Option<String>,
    /// Why new notifications cannot be kept and what to do, in one sentence without a full stop; absent while they can.
    pub storage: Option<String>,
    /// When the newest connection was made, while the server has given no position to resume after: what it sent before
    /// cannot be asked for. Absent where there is one.
    pub history_since: Option<EpochMillis>,
}

/// What the system says about the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum NetworkState {
    /// It has not said anything.
    #[default]
    Unknown,
    /// There is a way out.
    Online,
    /// There is none.
    Offline,
}

/// How the stream is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum Transport {
    /// Server-sent events over HTTP.
    #[default]
    Sse,
    /// A WebSocket.
    WebSocket,
}

/// Where the connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum ConnectionState {
    /// Not asked to connect.
    Idle,
    /// An attempt is under way.
    Connecting,
    /// The stream is open.
    Connected,
    /// Between two attempts.
    Waiting,
    /// Many attempts failed; rare probes go on.
    CircuitOpen,
    /// Only the user leads on.
    Halted,
}

/// What the user can do about the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum Remedy {
    /// Nothing is needed, or waiting is enough.
    None,
    /// Retrying by hand may help.
    Retry,
    /// A new token is needed.
    SignIn,
    /// The address is missing or wrong.
    CheckAddress,
    /// The keyring is locked.
    UnlockKeyring,
    /// Something in the network stands in the way.
    CheckNetwork,
    /// The proxy asks for a user name and a password.
    ProxySignIn,
    /// The server's certificate is not trusted here, or the file with the roots is not as it should be.
    CheckCertificate,
    /// The server asks for a certificate of this computer, or does not accept the one that it was shown.
    ClientCertificate,
    /// The network wants a sign-in of its own, in a browser.
    NetworkSignIn,
    /// The user has to say whether the new token is the same person's: see [`AccountView::question`].
    ConfirmPerson,
}

/// The connection in numbers, since the core started.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct MetricsView {
    /// When the core started.
    pub since: EpochMillis,
    /// Attempts to connect, the one under way included.
    pub attempts: u64,
    /// Attempts that opened the stream.
    pub connections: u64,
    /// Attempts that were not the first.
    pub reconnect_attempts: u64,
    /// The part of finished attempts that opened the stream, 0 to 1; absent before the first has finished.
    pub success_rate: Option<f64>,
    /// Time connected in all, the present connection included.
    pub connected_ms: u64,
    /// The longest connection, the present one included.
    pub longest_connection_ms: u64,
    /// The median of the latest connections that have ended.
    pub median_connection_ms: Option<u64>,
    /// Bytes received.
    pub bytes: u64,
    /// Events taken, heartbeats included.
    pub events: u64,
    /// Events over the last minute.
    pub events_per_minute: f64,
    /// Events passed over because of a mistake in them, or because they were over the limits.
    pub failed_events: u64,
    /// Events of a type that this version does not know.
    pub unknown_events: u64,
    /// How long events took from the socket to the disk; absent before the first.
    pub processing: Option<Processing>,
    /// Why attempts failed and connections ended, most frequent first.
    pub errors: Vec<ErrorCount>,
    /// What of the server's events could not be read, by name, most frequent first.
    pub unread: Vec<UnreadCount>,
    /// Attempts that the server refused for their token (401, 403).
    pub authentication_failures: u64,
    /// Attempts and connections that ended for want of an answer.
    pub timeouts: u64,
    /// The last 60 minutes, oldest first; fewer in the first hour.
    pub minutes: Vec<Minute>,
}

/// An event type or a field that could not be read. It holds names; never a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct UnreadCount {
    /// The event's type.
    pub event: String,
    /// The field, unless it is all of the event.
    pub field: Option<String>,
    /// What is wrong.
    pub reason: UnreadReason,
    /// What was expected, in words.
    pub expected: Option<String>,
    /// How often, since the core started.
    pub count: u64,
    /// When last.
    pub last_at: EpochMillis,
}

/// Why something could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum UnreadReason {
    /// The event as a whole: it is no JSON, or lacks what it needs.
    Unreadable,
    /// A field that has no plain reading; the event was taken without it.
    LeftOut,
    /// A type that this version does not know.
    UnknownType,
    /// A field that this version does not know.
    UnknownField,
}

impl UnreadReason {
    /// The label, the same in every version.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::LeftOut => "left_out",
            Self::UnknownType => "unknown_type",
            Self::UnknownField => "unknown_field",
        }
    }
}

/// How long events took from the bytes being read to their row being stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Processing {
    /// Half of the events took at most this, in microseconds.
    pub p50_micros: u64,
    /// 99 of 100 events took at most this, in microseconds.
    pub p99_micros: u64,
    /// How many events were measured.
    pub count: u64,
}

/// How often something went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct ErrorCount {
    /// What went wrong, in words.
    pub cause: String,
    /// Its label, the same in every version.
    pub kind: String,
    /// How often.
    pub count: u64,
}

/// One minute of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Minute {
    /// When it began.
    pub at: EpochMillis,
    /// Events taken, heartbeats included.
    pub events: u32,
    /// Attempts to connect.
    pub attempts: u32,
    /// Attempts that failed and connections that ended.
    pub failures: u32,
    /// How long the stream was open, 0 to 60 000.
    pub connected_ms: u32,
    /// 99 of 100 events took at most this from the socket to the disk, in microseconds; absent without events.
    pub p99_micros: Option<u64>,
}

/// The inbox in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Items not yet seen: the badge.
    pub unseen: u32,
    /// Items not yet read.
    pub unread: u32,
    /// Items in the inbox, archived ones left out.
    pub total: u32,
}

/// Address and token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct AccountView {
    /// The API address in use, without credentials.
    pub address: Option<String>,
    /// Whether an administrator or the environment sets the address.
    pub address_locked: bool,
    /// What is known of the token.
    pub token: TokenState,
    /// Whether the environment sets the token, for the server of this address alone.
    pub token_locked: bool,
    /// Why the token cannot be had, in words; empty when it can.
    pub token_problem: String,
    /// The first-run page is due.
    pub needs_setup: bool,
    /// There is another token, and nobody but the user knows whether it is the same person's.
    pub question: Option<PersonQuestion>,
}

/// Whether another token is the same person's. Until it is answered there is no connection, and nothing is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct PersonQuestion {
    /// Who the server says the token's person is, where it says that.
    pub user: Option<String>,
}

/// The answer to [`AccountView::question`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct PersonAnswer {
    /// It is the same person, who goes on with this inbox. Another one gets an inbox of their own.
    pub same: bool,
}

/// What is known of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum TokenState {
    /// The keyring has not answered yet.
    Unknown,
    /// A token is there.
    Present,
    /// None was saved.
    Missing,
    /// The keyring is locked.
    KeyringLocked,
    /// This machine has no keyring, or it does not answer. A token that is entered is kept in memory only.
    KeyringUnavailable,
}

/// Address and token, as typed.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct AccountForm {
    /// The API address.
    pub address: String,
    /// The token; absent to use the saved one.
    #[cfg_attr(test, ts(type = "string | null"))]
    pub token: Option<crate::token::Token>,
}

/// What a connection test found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct TestReport {
    /// The stream opened and an event came.
    pub succeeded: bool,
    /// The steps, in order; the first that failed is the last.
    pub steps: Vec<TestStep>,
}

/// One step of a connection test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct TestStep {
    /// What was tried.
    pub title: String,
    /// Whether it worked.
    pub passed: bool,
    /// What happened and what to do, in words.
    pub detail: String,
}

/// One thing in the inbox.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Unique in this inbox, stable over updates.
    pub key: String,
    /// What it is.
    pub kind: ItemKind,
    /// One line of plain text.
    pub title: String,
    /// Plain text; line breaks are kept.
    pub body: String,
    /// The server's category, if any.
    pub category: Option<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// Whose doing it is, by name.
    pub actor: Option<String>,
    /// Where its link goes: http or https only.
    pub link: Option<String>,
    /// Further links, each with a label.
    pub actions: Vec<ItemAction>,
    /// A workflow's progress, 0 to 100.
    pub progress: Option<u8>,
    /// When the server made it, or else when it was received.
    pub created_at: EpochMillis,
    /// When this machine received it.
    pub received_at: EpochMillis,
    /// Its place in every list: of two items the one with the greater text, by its code units, stands above the other.
    pub sort: String,
    /// It is urgent and unread, and so above what is not, whatever its time.
    pub pinned: bool,
    /// The views that have it, from what is stored.
    pub views: Vec<InboxView>,
    /// When it was first on screen.
    pub seen_at: Option<EpochMillis>,
    /// When it was read.
    pub read_at: Option<EpochMillis>,
    /// When it was archived.
    pub archived_at: Option<EpochMillis>,
    /// What became of its newest alert.
    pub alert: Option<ItemAlert>,
}

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum ItemKind {
    /// A notification for this person.
    Notification,
    /// An announcement to all.
    Announcement,
    /// Planned maintenance.
    Maintenance,
    /// A workflow that runs.
    WorkflowRunning,
    /// A workflow that ended well.
    WorkflowCompleted,
    /// A workflow that failed.
    WorkflowFailed,
    /// Notifications that are missing here, because the server no longer has them.
    Gap,
    /// Something that came and could not be read.
    Unreadable,
}

/// How urgent an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum Priority {
    /// Can wait: no notification.
    Low,
    /// The usual.
    #[default]
    Normal,
    /// Should be read soon.
    High,
    /// Should be read now.
    Urgent,
}

/// A labelled link of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
pub struct ItemAction {
    /// What the button says.
    pub label: String,
    /// Where it goes: http or https only.
    pub link: String,
}

/// Which part of which list to read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct InboxQuery {
    /// Which items.
    pub filter: InboxFilter,
    /// The `next` of the page before; absent for the first page.
    pub after: Option<String>,
    /// How many items at most; the core caps it.
    pub limit: u32,
}

/// Which items a list has: those for which all of it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct InboxFilter {
    /// The view that they are in.
    pub view: InboxView,
}

impl From<InboxView> for InboxFilter {
    fn from(view: InboxView) -> Self {
        Self { view }
    }
}

/// What an item can be in by its marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum InboxView {
    /// All that is not archived.
    Inbox,
    /// What is neither read nor archived.
    Unread,
    /// What was archived.
    Archived,
}

/// A page of the inbox.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct InboxPage {
    /// By [`Item::sort`], the greatest first.
    pub items: Vec<Item>,
    /// Ask with this for the next page; absent on the last.
    pub next: Option<String>,
}

/// Marks to set on items.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct MarkRequest {
    /// The items' keys; unknown ones are passed over.
    pub keys: Vec<String>,
    /// What to set.
    pub mark: Mark,
}

/// That marks were stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Marked {
    /// The state's revision that shows them; until a reader has it, its items are as they were before.
    pub revision: Revision,
    /// The counts after it.
    pub counts: Counts,
}

/// A mark on an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum Mark {
    /// It was on screen.
    Seen,
    /// It was read; also seen.
    Read,
    /// It is to be read again.
    Unread,
    /// Out of the inbox; also read.
    Archived,
    /// Back into the inbox.
    Unarchived,
}

/// Which link of an item to follow.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct FollowRequest {
    /// The item's key.
    pub key: String,
    /// The place of the action in [`Item::actions`]; absent for the item's own link.
    pub action: Option<u32>,
}

/// What the user can set.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Preferences {
    /// Sounds are on.
    pub sounds: bool,
    /// 0 to 100.
    pub volume: u8,
    /// The sound of an ordinary notification.
    pub sound: SoundName,
    /// Until when sounds are paused.
    pub sounds_paused_until: Option<EpochMillis>,
    /// The colours of the window.
    pub appearance: Appearance,
    /// "system", "none", or the proxy's address with its password as `***`.
    pub proxy: String,
    /// Whether an administrator or the environment sets the proxy.
    pub proxy_locked: bool,
}

/// Changes of [`Preferences`]; absent fields stay.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(optional_fields))]
#[serde(rename_all = "camelCase", default)]
pub struct PreferencesForm {
    /// Sounds are on.
    pub sounds: Option<bool>,
    /// 0 to 100; more is taken as 100.
    pub volume: Option<u8>,
    /// The sound of an ordinary notification.
    pub sound: Option<SoundName>,
    /// The colours of the window.
    pub appearance: Option<Appearance>,
    /// "system", "none", or the proxy's address.
    pub proxy: Option<String>,
}

// The proxy's address may hold its password.
impl fmt::Debug for PreferencesForm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PreferencesForm")
            .field("sounds", &self.sounds)
            .field("volume", &self.volume)
            .field("sound", &self.sound)
            .field("appearance", &self.appearance)
            .finish_non_exhaustive()
    }
}

/// A bundled sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum SoundName {
    /// Two soft notes upwards: the usual.
    #[default]
    Chime,
    /// One short, dry note.
    Knock,
    /// Three notes, for what went well.
    Bloom,
    /// Repeated and insistent, for what is urgent.
    Alarm,
}

/// The colours of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum Appearance {
    /// As the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// How long sounds stay silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct PauseRequest {
    /// Minutes from now; 0 ends the pause.
    pub minutes: u32,
}

/// Something about this machine that the user should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// What it is about; at most one notice of each kind stands at a time.
    pub kind: NoticeKind,
    /// What happened and what to do.
    pub message: String,
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum NoticeKind {
    /// The inbox cannot be written or read.
    Storage,
    /// The token cannot be kept.
    Keyring,
    /// No sound device.
    Sound,
    /// No notification service.
    Notifications,
    /// The desktop has no tray.
    Tray,
    /// A settings file with mistakes in it.
    Settings,
    /// The core broke and started again, or is about to.
    Internal,
    /// The data folder cannot be locked.
    Lock,
}

/// What the window shows, for the rule that the eye needs no notification for what it sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct WindowView {
    /// The inbox list is on screen at its newest end.
    pub inbox_visible: bool,
    /// The Connection view is on screen: its numbers are wanted.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, as = "Option<bool>"))]
    pub connection_visible: bool,
}

#[cfg(test)]
mod typescript;
