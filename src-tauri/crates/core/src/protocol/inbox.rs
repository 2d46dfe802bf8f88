//! Pages of the inbox, and operations on its items.

use serde::{Deserialize, Serialize};

#[cfg(test)]
use ts_rs::TS;

use super::Revision;
use crate::item::{Counts, InboxView, Item, Mark, Snooze};

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

/// Selects items: those that match all fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InboxFilter {
    /// The view that contains them.
    pub view: InboxView,
}

impl From<InboxView> for InboxFilter {
    fn from(view: InboxView) -> Self {
        Self { view }
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
