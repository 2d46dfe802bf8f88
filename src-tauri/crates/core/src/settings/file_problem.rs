//! Why a settings file, or another source of settings, cannot be used or written.

use std::io;

use thiserror::Error;

use crate::message::{self, Phrase};
use crate::private::{self, NotPrivate};

/// Why a source of settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", self.phrase())]
pub enum FileProblem {
    /// It does not exist.
    Missing,
    /// It is a folder, a pipe or a device.
    NotFile,
    /// It is empty.
    Empty,
    /// It is larger than this.
    TooLarge {
        /// The maximum size in bytes.
        limit: u64,
    },
    /// It is not UTF-8.
    NotText,
    /// It is a link to a missing file.
    DanglingLink,
    /// It is a link into a loop of links.
    LinkLoop,
    /// Another user could have written it.
    NotPrivate(NotPrivate),
    /// It has more syntax errors than a settings file could have.
    SyntaxErrors {
        /// The maximum number.
        limit: usize,
    },
    /// The user has no permission to read or write it.
    Denied,
    /// No space is left on the disk.
    DiskFull,
    /// The disk is read-only.
    ReadOnly,
    /// Another error, as the system's text.
    System(String),
}

impl FileProblem {
    /// Returns what is wrong, as a part of a sentence.
    pub fn phrase(&self) -> Phrase {
        match self {
            Self::Missing => message::file_missing(),
            Self::NotFile => message::file_not_file(),
            Self::Empty => message::file_empty(),
            Self::TooLarge { limit } => message::file_too_large(limit >> 20),
            Self::NotText => message::file_not_text(),
            Self::DanglingLink => message::file_dangling_link(),
            Self::LinkLoop => message::file_link_loop(),
            Self::NotPrivate(refused) => refused.message(),
            Self::SyntaxErrors { limit } => message::file_syntax_errors(*limit),
            Self::Denied => message::file_denied(),
            Self::DiskFull => message::file_disk_full(),
            Self::ReadOnly => message::file_read_only(),
            Self::System(words) => return Phrase::Text(words.clone()),
        }
        .into()
    }
}

impl From<io::Error> for FileProblem {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the system has many more kinds")]
    fn from(error: io::Error) -> Self {
        if let Some(refused) = private::refusal(&error) {
            return Self::NotPrivate(refused.clone());
        }
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::Denied,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            _ => Self::System(error.to_string()),
        }
    }
}

impl From<NotPrivate> for FileProblem {
    fn from(refused: NotPrivate) -> Self {
        Self::NotPrivate(refused)
    }
}
