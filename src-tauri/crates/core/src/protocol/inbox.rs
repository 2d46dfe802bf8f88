//! Pages of the inbox, and what is done with its items.

use serde::{Deserialize, Serialize};

#[cfg(test)]
use ts_rs::TS;

use super::Revision;
use crate::item::{Counts, InboxView, Item, Mark};

/// Which part of which list to read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InboxFilter {
    /// The view that they are in.
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
    /// By [`Item::sort`], the greatest first.
    pub items: Vec<Item>,
    /// Ask with this for the next page; absent on the last.
    pub next: Option<String>,
}

/// Marks to set on items.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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

/// Which link of an item to follow.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FollowRequest {
    /// The item's key.
    pub key: String,
    /// The place of the action in [`Item::actions`]; absent for the item's own link.
    pub action: Option<u32>,
}
