//! The locations of the app's files.

use std::fmt;
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
        /// Reads the values, or returns why they cannot be read. The stronger of two with the same name comes first.
        read: ReadSystem,
    },
}

/// Reads a system's values. It is given all names of settings, for systems that cannot list their values.
pub type ReadSystem = fn(&[String]) -> Result<Vec<SystemValue>, String>;

/// A value as the system stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemValue {
    /// Where it is, in the words of administrators.
    pub place: &'static str,
    /// Its name there.
    pub name: String,
    /// The value.
    pub data: SystemData,
}

/// What a system's value contains. It may be a password, so it is not printed.
#[derive(Clone, PartialEq, Eq)]
pub enum SystemData {
    /// A text.
    Text(String),
    /// A whole number. Windows has no other way to write true and false.
    Number(i64),
    /// True or false.
    Boolean(bool),
    /// A list.
    List(Vec<SystemData>),
    /// A type that no setting has.
    Unsupported,
}

impl fmt::Debug for SystemData {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Text(_) => "Text",
            Self::Number(_) => "Number",
            Self::Boolean(_) => "Boolean",
            Self::List(_) => "List",
            Self::Unsupported => "Unsupported",
        })
    }
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

    /// The last policy that could be read, for a start at which the policy itself cannot.
    pub fn last_policy(&self) -> PathBuf {
        self.data.join("policy.last.toml")
    }

    /// The file with the pause of sounds.
    pub fn sounds_pause(&self) -> PathBuf {
        self.data.join("sounds-pause.json")
    }

    /// What the user asked to see in the moment in which the app was replaced by the next run of its program.
    pub fn requested(&self) -> PathBuf {
        self.data.join("requested.json")
    }

    /// What was seen of newer versions of the app.
    pub fn releases(&self) -> PathBuf {
        self.data.join("releases.json")
    }

    /// Which file of metrics was written and has to be removed.
    pub fn metrics_file(&self) -> PathBuf {
        self.data.join("metrics-file.json")
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
