//! Where the app's files are.

use std::path::{Path, PathBuf};

/// The folders of one installation. What is inside them is the core's business alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// What the user set.
    pub config: PathBuf,
    /// The inbox.
    pub data: PathBuf,
}

impl Paths {
    /// Everything in one folder, as with `GLORIA_HOME`.
    pub fn within(home: &Path) -> Self {
        Self {
            config: home.to_owned(),
            data: home.to_owned(),
        }
    }

    /// The settings that the user changed.
    pub fn settings(&self) -> PathBuf {
        self.config.join("settings.toml")
    }

    /// The inbox database.
    pub fn inbox(&self) -> PathBuf {
        self.data.join("inbox.sqlite")
    }
}
