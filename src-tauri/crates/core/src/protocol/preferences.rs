//! What the user can set.

use std::fmt;

use serde::{Deserialize, Serialize};

#[cfg(test)]
use ts_rs::TS;

use crate::item::{EpochMillis, SoundName};

/// What the user can set.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Preferences {
    /// Sounds are on.
    pub sounds: bool,
    /// 0 to 100.
    pub volume: u8,
    /// The sound of an ordinary notification.
    pub sound: SoundName,
    /// Until when sounds are paused.
    pub sounds_paused_until: Option<EpochMillis>,
    /// The colours of the window.
    pub appearance: Appearance,
    /// "system", "none", or the proxy's address with its password as `***`.
    pub proxy: String,
    /// Whether an administrator or the environment sets the proxy.
    pub proxy_locked: bool,
}

/// Changes of [`Preferences`]; absent fields stay.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(optional_fields))]
#[serde(rename_all = "camelCase", default)]
pub struct PreferencesForm {
    /// Sounds are on.
    pub sounds: Option<bool>,
    /// 0 to 100; more is taken as 100.
    pub volume: Option<u8>,
    /// The sound of an ordinary notification.
    pub sound: Option<SoundName>,
    /// The colours of the window.
    pub appearance: Option<Appearance>,
    /// "system", "none", or the proxy's address.
    pub proxy: Option<String>,
}

// The proxy's address may hold its password.
impl fmt::Debug for PreferencesForm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PreferencesForm")
            .field("sounds", &self.sounds)
            .field("volume", &self.volume)
            .field("sound", &self.sound)
            .field("appearance", &self.appearance)
            .finish_non_exhaustive()
    }
}

/// The colours of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum Appearance {
    /// As the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// How long sounds stay silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct PauseRequest {
    /// Minutes from now; 0 ends the pause.
    pub minutes: u32,
}
