//! Where the app's files are.

use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::inbox;
use crate::settings::Managed;

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

    /// Everything that is kept for an account.
    pub fn account(&self, account: &Account) -> PathBuf {
        self.accounts().join(account.folder())
    }

    /// The folder with those of the accounts.
    pub fn accounts(&self) -> PathBuf {
        self.data.join("accounts")
    }

    /// The inbox database of an account.
    pub fn inbox(&self, account: &Account) -> PathBuf {
        self.account(account).join(inbox::FILE)
    }

    /// The inbox database of versions before there were accounts.
    pub fn legacy_inbox(&self) -> PathBuf {
        self.data.join(inbox::FILE)
    }
}
