//! Where the app's files are.

use std::path::{Path, PathBuf};

use url::Url;

use crate::fingerprint::fingerprint;

/// What the inbox is called in the folder of its account.
pub(crate) const INBOX_FILE: &str = "inbox.sqlite";

/// The longest readable part of a folder's name: enough to tell servers apart, and short enough for any file system.
const MAX_SLUG_CHARS: usize = 40;

/// The folders of one installation. What is inside them is the core's business alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// What the user set.
    pub config: PathBuf,
    /// The inbox.
    pub data: PathBuf,
    /// What the app logs.
    pub logs: PathBuf,
    /// Where the folder of the inbox is.
    pub disk: Disk,
    /// What this computer's administrator set.
    pub managed: Managed,
}

/// The administrator's two places. Neither the environment nor the user can move them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Managed {
    /// What everybody begins with; the user can change it.
    pub defaults: Source,
    /// What is fixed.
    pub policy: Source,
}

/// Where a system keeps settings of the administrator.
#[derive(Debug, Clone, Default)]
pub enum Source {
    /// Nowhere.
    #[default]
    None,
    /// In a file, as on Linux.
    File(PathBuf),
    /// Not in a file, as on Windows and macOS. The reader may block; it has a thread of its own.
    System {
        /// What administrators call it.
        name: &'static str,
        /// Reads it: the settings there, written as TOML, or why they cannot be read.
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

/// Where a folder is, as far as it matters to a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Disk {
    /// On a disk of this computer.
    #[default]
    Local,
    /// On another computer, or shared with one.
    Network,
}

impl Paths {
    /// Everything in one folder, as with `GLORIA_HOME`.
    pub fn within(home: &Path) -> Self {
        Self {
            config: home.to_owned(),
            data: home.to_owned(),
            logs: home.join("logs"),
            disk: Disk::Local,
            managed: Managed::default(),
        }
    }

    /// The settings that the user changed.
    pub fn settings(&self) -> PathBuf {
        self.config.join("settings.toml")
    }

    /// Until when sounds are paused.
    pub fn sounds_pause(&self) -> PathBuf {
        self.data.join("sounds-pause.json")
    }

    /// The folder with those of the accounts.
    pub fn accounts(&self) -> PathBuf {
        self.data.join("accounts")
    }

    /// The inbox database of versions before there were accounts.
    pub fn legacy_inbox(&self) -> PathBuf {
        self.data.join(INBOX_FILE)
    }
}

/// The name that the folder of an account gets: the server's host for people who look, and a number that tells accounts
/// apart.
pub(crate) fn account_folder(server: &str, person: &str) -> PathBuf {
    let number = fingerprint(server, person).cast_unsigned();
    PathBuf::from(format!("{}-{number:016x}", slug(server)))
}

fn slug(server: &str) -> String {
    let host = Url::parse(server)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default();
    let name: String = host
        .trim_matches('.')
        .chars()
        .take(MAX_SLUG_CHARS)
        .map(|sign| {
            if sign.is_ascii_alphanumeric() || sign == '.' {
                sign
            } else {
                '-'
            }
        })
        .collect();
    if name.is_empty() {
        "server".to_owned()
    } else {
        name
    }
}
