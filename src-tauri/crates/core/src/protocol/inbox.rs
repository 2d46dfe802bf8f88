//! Pages of the inbox, and operations on its items.

use serde::{Deserialize, Serialize};

#[cfg(test)]
use ts_rs::TS;

use super::Revision;
use crate::item::{Counts, EpochMillis, InboxView, Item, ItemKind, Mark, Priority, Snooze};

/// Selects a page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InboxQuery {
    /// Which items.
    pub filter: InboxFilter,
    /// The `next` of the page before; absent for the first page.
    pub after: Option<String>,
    /// The maximum number of items; the core limits it.
    pub limit: u32,
}

/// Selects items: those that match all fields. An absent field selects all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(optional_fields))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InboxFilter {
    /// The view that contains them.
    pub view: InboxView,
    /// What the user typed to find them: words, phrases in quotes, and conditions: `from:` and `category:` with the
    /// beginning of a name, `is:` with `unread`, `read`, `flagged`, `snoozed`, `done`, `open`, `urgent`, `high`,
    /// `normal` or `low`, and `before:` and `after:` with a day, month or year such as `2026-11-28`. `after:` includes
    /// that day, and `is:done`, `is:open`, `is:flagged` or `is:snoozed` replaces the view. Everything else is words,
    /// which an item contains at the beginning of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Whether to look among archived and other items, instead of in the view.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<bool>"))]
    pub everywhere: bool,
    /// Only those that are not read, or only those that are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<bool>,
    /// Of exactly this category; empty for those without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Of exactly this sender; empty for those without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ItemKind>,
    /// Of this urgency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// From this time on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<EpochMillis>,
    /// Before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<EpochMillis>,
}

impl From<InboxView> for InboxFilter {
    fn from(view: InboxView) -> Self {
        Self {
            view,
            text: None,
            everywhere: false,
            unread: None,
            category: None,
            sender: None,
            kind: None,
            priority: None,
            since: None,
            until: None,
        }
    }
}

/// A page of the inbox.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct InboxPage {
    /// Sorted by [`Item::sort`], greatest first.
    pub items: Vec<Item>,
    /// The `after` of the query for the next page; absent on the last.
    pub next: Option<String>,
    /// Where the words of the query are in each of the items; empty if it has none.
    pub hits: Vec<ItemHits>,
    /// Whether all items were searched: after an upgrade, old ones are missing for some seconds or minutes.
    pub complete: bool,
}

/// Where the words of a query are in an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
pub struct ItemHits {
    /// The item's key.
    pub key: String,
    /// In its title.
    pub title: Vec<Hit>,
    /// In its body.
    pub body: Vec<Hit>,
    /// In the name of its sender.
    pub actor: Vec<Hit>,
    /// In its category.
    pub category: Vec<Hit>,
}

/// A part of a text, in UTF-16 units, as JavaScript counts them. It contains whole characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
pub struct Hit {
    /// Its first unit.
    pub start: u32,
    /// The unit after it.
    pub end: u32,
}

/// Sets a mark on items.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MarkRequest {
    /// The items' keys; unknown ones are ignored.
    pub keys: Vec<String>,
    /// The mark.
    pub mark: Mark,
}

/// Snoozes items.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SnoozeRequest {
    /// The items' keys; unknown ones are ignored.
    pub keys: Vec<String>,
    /// Until when.
    pub until: Snooze,
}

/// The result of setting marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Marked {
    /// The revision of the state that includes them; a reader with an earlier one still has the old items.
    pub revision: Revision,
    /// The counts after it.
    pub counts: Counts,
}

/// Selects a link of an item.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FollowRequest {
    /// The item's key.
    pub key: String,
    /// The index in [`Item::actions`]; absent for the item's own link.
    pub action: Option<u32>,
}
