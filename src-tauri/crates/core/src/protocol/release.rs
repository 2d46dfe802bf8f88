//! A newer version of the app.

use serde::Serialize;

#[cfg(test)]
use ts_rs::TS;

/// A newer version than the one that runs. The app does not install it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct ReleaseView {
    /// The version.
    pub version: String,
    /// The address of the page about it, which `release_notes` opens.
    pub notes: Option<String>,
}
