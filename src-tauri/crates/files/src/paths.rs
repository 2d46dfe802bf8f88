//! The locations of the app's files.

use std::path::{Path, PathBuf};

/// The name of the inbox in the folder of its account.
pub const INBOX_FILE: &str = "inbox.sqlite";

/// The folders of one installation. Their content is only used by the core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The user's settings.
    pub config: PathBuf,
    /// The inbox.
    pub data: PathBuf,
    /// What the app logs.
    pub logs: PathBuf,
    /// The kind of disk that the inbox is on.
    pub disk: Disk,
    /// The administrator's settings.
    pub managed: Managed,
}

/// The administrator's two sources of settings. Neither the environment nor the user can move them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Managed {
    /// Default values, which the user can change.
    pub defaults: Source,
    /// Fixed values.
    pub policy: Source,
}

/// Where the system stores an administrator's settings.
#[derive(Debug, Clone, Default)]
pub enum Source {
    /// Nowhere.
    #[default]
    None,
    /// In a file, as on Linux.
    File(PathBuf),
    /// Not in a file, as on Windows and macOS. Reading may block, and runs on a thread of its own.
    System {
        /// The name that administrators know it by.
        name: &'static str,
        /// Reads the settings as TOML, or returns why they cannot be read.
        read: fn(&'static str) -> Result<String, String>,
    },
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::File(path), Self::File(other)) => path == other,
            (Self::System { name, .. }, Self::System { name: other, .. }) => name == other,
            (Self::None | Self::File(_) | Self::System { .. }, _) => false,
        }
    }
}

impl Eq for Source {}

/// The kind of disk, as far as it matters to a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Disk {
    /// On a disk of this computer.
    #[default]
    Local,
    /// On another computer, or shared with one.
    Network,
}

impl Paths {
    /// All folders within one, as for `GLORIA_HOME`.
    pub fn within(home: &Path) -> Self {
        Self {
            config: home.to_owned(),
            data: home.to_owned(),
            logs: home.join("logs"),
            disk: Disk::Local,
            managed: Managed::default(),
        }
    }

    /// The file with the user's settings.
    pub fn settings(&self) -> PathBuf {
        self.config.join("settings.toml")
    }

    /// The file with the pause of sounds.
    pub fn sounds_pause(&self) -> PathBuf {
        self.data.join("sounds-pause.json")
    }

    /// The folder that contains those of the accounts.
    pub fn accounts(&self) -> PathBuf {
        self.data.join("accounts")
    }

    /// The inbox database of versions that had no accounts.
    pub fn legacy_inbox(&self) -> PathBuf {
        self.data.join(INBOX_FILE)
    }
}
