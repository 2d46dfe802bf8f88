//! What the server has sent, and the required result: a simple model of the app.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How a version of an item may alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alerts {
    /// It is shown or in a digest, once, unless it was read, archived, deleted or replaced before.
    Once,
    /// It is never shown: low priority, progress, expired, or read before it arrived.
    Never,
    /// It may be shown once: it was quiet at some time and is unread again.
    AtMostOnce,
}

/// An item as one event created it.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    /// The beginning of every title that it has.
    pub(crate) mark: String,
    pub(crate) alerts: Alerts,
    /// The number of the event after which it must not be shown any more: it was read, archived, deleted or replaced.
    pub(crate) quiet_since: Option<u64>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Item {
    pub(crate) title: String,
    pub(crate) is_read: bool,
    pub(crate) is_archived: bool,
    pub(crate) is_deleted: bool,
    pub(crate) versions: Vec<Version>,
    /// What happened to it, for a message.
    pub(crate) history: Vec<String>,
}

impl Item {
    /// Whether its last version must have alerted.
    pub(crate) fn must_have_alerted(&self) -> bool {
        let last = self.versions.last();
        last.is_some_and(|version| version.quiet_since.is_none() && version.alerts == Alerts::Once)
    }

    /// Whether this is a title of its last version.
    pub(crate) fn is_last_title(&self, title: &str) -> bool {
        let last = self.versions.last();
        let rest = last.and_then(|version| title.strip_prefix(&*version.mark));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    }

    /// Whether it has a row.
    pub(crate) fn is_kept(&self) -> bool {
        !self.is_deleted && !self.versions.is_empty()
    }
}

/// All items by their keys.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    pub(crate) items: BTreeMap<String, Item>,
    /// The number of the last event.
    pub(crate) last: u64,
}

impl Truth {
    /// Returns the key and the index of the version that a notification's title is about; `None` for a digest.
    pub(crate) fn shown_by(&self, title: &str) -> Option<(&str, usize)> {
        let mut words = title.strip_prefix("item ")?.split(' ');
        let (key, version) = (words.next()?, words.next()?);
        let (key, item) = self.items.get_key_value(key)?;
        let version: usize = version.strip_prefix('v')?.parse().ok()?;
        (version >= 1 && version <= item.versions.len()).then(|| (key.as_str(), version - 1))
    }

    pub(crate) fn history(&self, key: &str) -> String {
        let mut text = String::new();
        for line in self.items.get(key).iter().flat_map(|item| &item.history) {
            let _ = write!(text, "\n      {line}");
        }
        text
    }
}

/// Returns the mark of an item's version, see [`Version::mark`].
pub(crate) fn mark(key: &str, version: usize) -> String {
    format!("item {key} v{version}")
}
