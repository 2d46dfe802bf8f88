//! The state at one revision, and the updates that lead to the next.

#[cfg(feature = "fakes")]
use std::collections::BTreeMap;

use serde::Serialize;

#[cfg(test)]
use ts_rs::TS;

use super::{AccountView, ConnectionView, MetricsView, Notice, Preferences, ReleaseView, SignInView, View};
#[cfg(feature = "fakes")]
use super::{Appearance, ConnectionState, NetworkState, OwnUser, Remedy, TokenState, Transport};
#[cfg(feature = "fakes")]
use crate::item::SoundName;
use crate::item::{Counts, Item};
#[cfg(feature = "fakes")]
use crate::logging::LogLevel;

/// Counts the changes of the core's state; a reader that notices a gap has to attach again.
pub type Revision = u64;

/// The whole state at one revision, which is followed by [`Update`]s with later revisions.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// [`super::PROTOCOL_VERSION`]: a reader for another version must not use the rest.
    pub protocol: u32,
    /// The revision this snapshot shows.
    pub revision: Revision,
    /// The app's version.
    pub version: String,
    /// The connection.
    pub connection: ConnectionView,
    /// The inbox's counts.
    pub counts: Counts,
    /// Address and token.
    pub account: AccountView,
    /// The sign-in that is under way.
    pub sign_in: SignInView,
    /// Settings that the user can change.
    pub preferences: Preferences,
    /// What the user should know about this computer, such as a full disk or a missing keyring.
    pub notices: Vec<Notice>,
    /// A newer version of the app, if one is known.
    pub release: Option<ReleaseView>,
    /// The item of a clicked notification, until the window has shown it.
    pub requested_item: Option<String>,
    /// The view that the user asked for outside the window, until the window has shown it.
    pub requested_view: Option<View>,
    /// The user sees the newest part of the inbox.
    pub in_view: bool,
}

#[cfg(feature = "fakes")]
impl Snapshot {
    /// Connected, with a token, default preferences and an empty inbox, for tests, which change what they need.
    pub fn sample() -> Self {
        Self {
            protocol: super::PROTOCOL_VERSION,
            revision: 0,
            version: String::new(),
            connection: ConnectionView {
                state: ConnectionState::Connected,
                reason: None,
                remedy: Remedy::None,
                needs_user: false,
                long_outage: false,
                attempt: 0,
                next_attempt_at: None,
                connected_since: None,
                last_heard_at: None,
                network: NetworkState::Unknown,
                transport: Transport::Sse,
                insecure: false,
                proxy: None,
                storage: None,
                history_since: None,
                filling: None,
            },
            counts: Counts::default(),
            account: AccountView {
                address: None,
                address_lock: None,
                token: TokenState::Present,
                token_locked: false,
                by_command: false,
                token_problem: None,
                needs_setup: false,
                question: None,
                user: OwnUser::default(),
                provider: None,
                signed_in: None,
                accounts: Vec::new(),
            },
            sign_in: SignInView::None,
            preferences: Preferences {
                sounds: true,
                volume: 70,
                sound: SoundName::Chime,
                sounds_paused_until: None,
                appearance: Appearance::System,
                proxy: "system".into(),
                auto_connect: true,
                log_level: LogLevel::Info,
                debug_log_until: None,
                locks: BTreeMap::new(),
            },
            notices: Vec::new(),
            release: None,
            requested_item: None,
            requested_view: None,
            in_view: false,
        }
    }
}

impl Snapshot {
    /// Applies an update, as every reader of the state does.
    pub fn apply(&mut self, revised: Revised) {
        self.revision = revised.revision;
        match revised.update {
            Update::Connection(view) => self.connection = view,
            Update::Counts(counts) => self.counts = counts,
            Update::Account(view) => self.account = view,
            Update::SignIn(view) => self.sign_in = view,
            Update::Preferences(preferences) => self.preferences = preferences,
            Update::Notices(notices) => self.notices = notices,
            Update::Release(release) => self.release = release,
            Update::ItemRequested(key) => self.requested_item = key,
            Update::ViewRequested(view) => self.requested_view = view,
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
    /// Items were added or changed; each replaces the previous one with its key.
    ItemsStored(Vec<Item>),
    /// Items were removed.
    ItemsRemoved(Vec<String>),
    /// Many items changed at once: the pages have to be loaded again.
    InboxChanged,
    /// Updates were dropped because the reader was too slow: it has to attach again. This has no revision of its own.
    Missed,
    /// The address or the state of the token changed.
    Account(AccountView),
    /// The sign-in that is under way changed.
    SignIn(SignInView),
    /// Settings changed.
    Preferences(Preferences),
    /// The list of notices changed.
    Notices(Vec<Notice>),
    /// There is a newer version of the app, or none any more.
    Release(Option<ReleaseView>),
    /// A notification was clicked: show this item. Absent once it was shown.
    ItemRequested(Option<String>),
    /// The user asked for this view outside the window. Absent once it was shown.
    ViewRequested(Option<View>),
    /// The user sees the newest part of the inbox now, or no longer.
    InView(bool),
    /// Metrics of the connection; sent only while a window shows them, and no part of the snapshot.
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
