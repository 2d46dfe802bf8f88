//! Reports of the page about itself, and what it is asked to show.

use serde::{Deserialize, Serialize};

#[cfg(test)]
use ts_rs::TS;

/// What the window shows: an item that the user can see needs no notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WindowView {
    /// The inbox list is on screen, scrolled to its newest end.
    pub inbox_visible: bool,
    /// The Connection view is on screen, and needs metrics.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, as = "Option<bool>"))]
    pub connection_visible: bool,
}

/// A view of the window that the user asked for elsewhere, such as in the tray's menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum View {
    /// The inbox, above which are the notices and the question whose token it is.
    Inbox,
    /// The Connection view.
    Connection,
    /// The preferences.
    Preferences,
    /// The proxy in the preferences.
    Proxy,
    /// Address and token.
    Setup,
}
