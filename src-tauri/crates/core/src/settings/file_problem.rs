//! Why a file of settings, or another place of them, cannot be used or written.

use std::io;

use thiserror::Error;

use crate::message::{self, Phrase};
use crate::private::{self, NotPrivate};

/// Why a place cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", self.phrase())]
pub enum FileProblem {
    /// A folder, a pipe or a device stands there.
    NotFile,
    /// It has more than these bytes.
    TooLarge {
        /// As many as are read.
        limit: u64,
    },
    /// Its bytes are no text.
    NotText,
    /// It is a link to a file that is not there.
    DanglingLink,
    /// It is a link that leads to links without end.
    LinkLoop,
    /// Somebody else could have written it.
    NotPrivate(NotPrivate),
    /// It has more syntax errors than a file of settings has.
    SyntaxErrors {
        /// As many as are read past.
        limit: usize,
    },
    /// The system lets this user not read or write it.
    Denied,
    /// No space is left on the disk.
    DiskFull,
    /// The disk cannot be written.
    ReadOnly,
    /// Something else that the system says, in its own words.
    System(String),
}

impl FileProblem {
    /// What is wrong, as a part of a sentence.
    pub fn phrase(&self) -> Phrase {
        match self {
            Self::NotFile => message::file_not_file(),
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
