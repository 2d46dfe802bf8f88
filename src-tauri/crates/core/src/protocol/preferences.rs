//! Settings that the user can change.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

#[cfg(test)]
use ts_rs::TS;

use crate::item::{EpochMillis, SoundName};
use crate::logging::{Fixed, LogLevel};

/// The name of the setting for the log level.
const LOG_LEVEL: &str = "log.level";

/// Settings that the user can change.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Preferences {
    /// Sounds are turned on.
    pub sounds: bool,
    /// 0 to 100.
    pub volume: u8,
    /// The sound of an ordinary notification.
    pub sound: SoundName,
    /// Until when sounds are paused.
    pub sounds_paused_until: Option<EpochMillis>,
    /// The colour scheme of the window.
    pub appearance: Appearance,
    /// "system", "none", or the proxy's address with its password as `***`.
    pub proxy: String,
    /// The app connects when it starts.
    pub auto_connect: bool,
    /// How much is logged.
    pub log_level: LogLevel,
    /// When the debug log ends, if it is on.
    pub debug_log_until: Option<EpochMillis>,
    /// The settings that the user cannot change, by their names in the settings file.
    #[cfg_attr(test, ts(type = "Partial<Record<SettingName, LockedBy>>"))]
    pub locks: BTreeMap<String, LockedBy>,
}

impl Preferences {
    /// The level to log at, including the debug log, which never logs less than the setting.
    pub fn effective_log_level(&self) -> LogLevel {
        match (self.debug_log_until, self.log_level_fixed()) {
            (Some(_), Fixed::No) => self.log_level.max(LogLevel::Debug),
            (None, Fixed::No) | (_, Fixed::ByAdministrator) => self.log_level,
        }
    }

    /// The settings that a policy sets, by their names in files.
    pub fn set_by_policy(&self) -> Vec<String> {
        let locks = self.locks.iter();
        let set = locks.filter(|(_, lock)| **lock == LockedBy::Administrator);
        set.map(|(name, _)| name.clone()).collect()
    }

    /// Whether the administrator fixed the level, so that the debug log has no effect.
    pub fn log_level_fixed(&self) -> Fixed {
        match self.locks.get(LOG_LEVEL) {
            Some(LockedBy::Administrator) => Fixed::ByAdministrator,
            Some(LockedBy::Environment) | None => Fixed::No,
        }
    }
}

/// Changes of [`Preferences`]; absent fields stay.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(optional_fields))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PreferencesForm {
    /// Sounds are turned on.
    pub sounds: Option<bool>,
    /// 0 to 100; a greater value means 100.
    pub volume: Option<u8>,
    /// The sound of an ordinary notification.
    pub sound: Option<SoundName>,
    /// The colour scheme of the window.
    pub appearance: Option<Appearance>,
    /// "system", "none", or the proxy's address.
    pub proxy: Option<String>,
    /// The app connects when it starts.
    pub auto_connect: Option<bool>,
    /// How much is logged.
    pub log_level: Option<LogLevel>,
}

// The proxy's address may contain its password, so it is not printed.
impl fmt::Debug for PreferencesForm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PreferencesForm")
            .field("sounds", &self.sounds)
            .field("volume", &self.volume)
            .field("sound", &self.sound)
            .field("appearance", &self.appearance)
            .field("auto_connect", &self.auto_connect)
            .field("log_level", &self.log_level)
            .finish_non_exhaustive()
    }
}

/// The colour scheme of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum Appearance {
    /// The system's.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Why the user cannot change a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum LockedBy {
    /// A policy of this computer's administrator.
    Administrator,
    /// An environment variable.
    Environment,
}

/// How long to pause sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PauseRequest {
    /// Minutes from now; 0 ends the pause.
    pub minutes: u32,
}
