//! The items of the inbox, with their marks and the states of their alerts, as all parts of the app use them.
//!
//! It knows nothing of storage, decisions or display. Times are milliseconds since the Unix epoch, UTC. All integers
//! stay below 2^53, because the UI reads these types in JavaScript.

mod alert;
mod snooze;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

#[cfg(test)]
use ts_rs::TS;

use crate::message::Message;

pub use alert::{AlertState, ItemAlert, Reason, SoundReason};
pub use snooze::Snooze;

/// Milliseconds since the Unix epoch, UTC.
pub type EpochMillis = i64;

/// The counts of the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Items not seen yet, for the badge.
    pub unseen: u32,
    /// Items not read yet.
    pub unread: u32,
    /// Items in the inbox without archived ones.
    pub total: u32,
}

/// An entry of the inbox.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Unique in this inbox, and kept when the item is updated.
    pub key: String,
    /// Its kind.
    pub kind: ItemKind,
    /// One line of plain text; empty if `words` has a title.
    pub title: String,
    /// Plain text with its line breaks; empty if `words` has a body.
    pub body: String,
    /// Text of the app instead of the server's.
    pub words: Option<ItemWords>,
    /// The server's category, if any.
    pub category: Option<String>,
    /// Its urgency.
    pub priority: Priority,
    /// The name of who or what caused it.
    pub actor: Option<String>,
    /// The target of its link: http or https only.
    pub link: Option<String>,
    /// Further links with labels.
    pub actions: Vec<ItemAction>,
    /// The progress of a workflow in percent.
    pub progress: Option<u8>,
    /// When the server created it, or else when it was received.
    pub created_at: EpochMillis,
    /// When this machine received it.
    pub received_at: EpochMillis,
    /// Its position in every list: the item with the greater string, compared by code units, comes first.
    pub sort: String,
    /// Urgent and unread, or to be acknowledged, so it comes before other items whatever its time.
    pub pinned: bool,
    /// The views that contain it.
    pub views: Vec<InboxView>,
    /// When it was first on screen.
    pub seen_at: Option<EpochMillis>,
    /// When it was read.
    pub read_at: Option<EpochMillis>,
    /// When it was archived.
    pub archived_at: Option<EpochMillis>,
    /// When it was flagged.
    pub flagged_at: Option<EpochMillis>,
    /// When it returns to the inbox; absent unless it is snoozed.
    pub snoozed_until: Option<EpochMillis>,
    /// The server wants it to be acknowledged: it stays on top until it is acknowledged or archived.
    pub ack_required: bool,
    /// When it was acknowledged.
    pub acknowledged_at: Option<EpochMillis>,
    /// When it expires.
    pub expires_at: Option<EpochMillis>,
    /// Items with the same value belong together.
    pub group_key: Option<String>,
    /// The server's version of it: of two statements about the item, the one with the higher version is in force.
    pub version: Option<i64>,
    /// The state of its newest alert.
    pub alert: Option<ItemAlert>,
    /// Whether the server does not have the user's last action yet.
    pub pending: bool,
    /// Why the server refused the user's last action, which was taken back.
    pub refused: Option<Message>,
}

impl Item {
    /// Its title in the words of `say`: the server's, or what the app says in its place.
    pub fn title_in(&self, say: impl Fn(&Message) -> String) -> String {
        match &self.words {
            Some(words) => say(&words.title),
            None => self.title.clone(),
        }
    }

    /// Its text, likewise.
    pub fn body_in(&self, say: impl Fn(&Message) -> String) -> String {
        match self.words.as_ref().and_then(|words| words.body.as_ref()) {
            Some(words) => say(words),
            None => self.body.clone(),
        }
    }
}

#[cfg(feature = "fakes")]
impl Item {
    /// An unread notification of normal priority for tests, which change what they need.
    pub fn sample() -> Self {
        Self {
            key: "n:1".into(),
            kind: ItemKind::Notification,
            title: "Sample".into(),
            body: String::new(),
            words: None,
            category: None,
            priority: Priority::Normal,
            actor: None,
            link: None,
            actions: Vec::new(),
            progress: None,
            created_at: 0,
            received_at: 0,
            sort: String::new(),
            pinned: false,
            views: Vec::new(),
            seen_at: None,
            read_at: None,
            archived_at: None,
            flagged_at: None,
            snoozed_until: None,
            ack_required: false,
            acknowledged_at: None,
            expires_at: None,
            group_key: None,
            version: None,
            alert: None,
            pending: false,
            refused: None,
        }
    }
}

/// Text of the app for an item without text of the server. It is stored as codes, so that it is shown in the user's
/// current language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
pub struct ItemWords {
    /// The title.
    pub title: Message,
    /// The body; without it the server's body is shown.
    pub body: Option<Message>,
}

/// The kind of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum ItemKind {
    /// A notification for this user.
    Notification,
    /// An announcement for all users.
    Announcement,
    /// Planned maintenance.
    Maintenance,
    /// A running workflow.
    WorkflowRunning,
    /// A workflow that succeeded.
    WorkflowCompleted,
    /// A workflow that failed.
    WorkflowFailed,
    /// Events that are missing here because the server no longer has them.
    Gap,
    /// An event that could not be read.
    Unreadable,
}

/// The urgency of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum Priority {
    /// Can wait: is not announced.
    Low,
    /// The default.
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
    /// The label of the button.
    pub label: String,
    /// The target: http or https only.
    pub link: String,
}

/// The views of the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum InboxView {
    /// Everything that is neither archived nor snoozed.
    Inbox,
    /// What of it is not read.
    Unread,
    /// Everything that is flagged, also if it is archived or snoozed.
    Flagged,
    /// Everything that is snoozed.
    Snoozed,
    /// Everything that is archived.
    Archived,
}

/// A mark on an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum Mark {
    /// It was on screen.
    Seen,
    /// It was read, and so also seen.
    Read,
    /// It is unread again.
    Unread,
    /// It is done: it left the inbox, and counts as read.
    Archived,
    /// It is in the inbox again.
    Unarchived,
    /// It is flagged.
    Flagged,
    /// It is not flagged any more.
    Unflagged,
    /// It left the inbox until this time, and counts as seen.
    Snoozed(SnoozedUntil),
    /// It is in the inbox again before its time.
    Unsnoozed,
    /// The user confirmed it, and so also read it.
    Acknowledged,
    /// It is to be confirmed again.
    Unacknowledged,
}

/// When a snoozed item returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SnoozedUntil {
    /// The time.
    pub at: EpochMillis,
    /// What the clock on the wall shows then, if the user chose that and no duration: `2026-11-30T08:00:00`. If the
    /// time zone changes, `at` changes with it.
    #[serde(default)]
    #[cfg_attr(test, ts(type = "string | null"))]
    pub wall: Option<DateTime>,
}

/// Gives a macro the list of bundled sounds: a variant and the name of its file. A sound is added here; the files in
/// the program, the settings and the window's list are made from it.
#[macro_export]
macro_rules! for_each_sound {
    ($consumer:ident) => {
        $consumer! {
            /// Two soft notes upwards: the default.
            Chime = "chime",
            /// One short, dry note.
            Knock = "knock",
            /// Three notes, for successes.
            Bloom = "bloom",
            /// Repeated and insistent, for urgent items.
            Alarm = "alarm",
        }
    };
}

macro_rules! sounds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A bundled sound.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(test, derive(TS))]
        pub enum SoundName {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl SoundName {
            /// All sounds.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in settings, and of the file without its extension.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

for_each_sound!(sounds);
