//! What the inbox holds, as every part of the app speaks of it: items, their marks, and what became of their alerts.
//!
//! It knows nothing of how it is stored, decided about or shown. Times are milliseconds since the Unix epoch, UTC; all
//! integers stay below 2^53, for the UI reads these types too.

mod alert;

use serde::{Deserialize, Serialize};

#[cfg(test)]
use ts_rs::TS;

use crate::message::Message;

pub use alert::{AlertState, ItemAlert, Reason, SoundReason};

/// Milliseconds since the Unix epoch, UTC.
pub type EpochMillis = i64;

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

/// One thing in the inbox.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Unique in this inbox, stable over updates.
    pub key: String,
    /// What it is.
    pub kind: ItemKind,
    /// One line of plain text; empty where `words` says it.
    pub title: String,
    /// Plain text; line breaks are kept. Empty where `words` says it.
    pub body: String,
    /// What the app itself says in their place.
    pub words: Option<ItemWords>,
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

#[cfg(feature = "fakes")]
impl Item {
    /// An unread notification of usual priority, for tests, which say what is another in theirs.
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
            alert: None,
        }
    }
}

/// What the app says of an item that has no text of the server's: stored as codes, so that a row is shown in the user's
/// language, also after that was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
pub struct ItemWords {
    /// In place of the title.
    pub title: Message,
    /// In place of the text; without it the text is the server's.
    pub body: Option<Message>,
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
