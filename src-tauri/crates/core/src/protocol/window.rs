//! What the page says of itself.

use serde::Deserialize;

#[cfg(test)]
use ts_rs::TS;

/// What the window shows, for the rule that the eye needs no notification for what it sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WindowView {
    /// The inbox list is on screen at its newest end.
    pub inbox_visible: bool,
    /// The Connection view is on screen: its numbers are wanted.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, as = "Option<bool>"))]
    pub connection_visible: bool,
}
