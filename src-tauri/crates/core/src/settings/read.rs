//! Reads a settings file, whatever is at its path.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use super::file_problem::FileProblem;
use super::layer::Layer;
use super::problem::Place;
use crate::private;

/// More than anyone writes, and small enough to read every few seconds.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Who has to own the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The user or the administrator.
    User,
    /// The administrator, and nobody else may have write permission.
    Administrator,
    /// Anybody: the file is only checked.
    Anybody,
}

/// The contents of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FileContents {
    /// It does not exist.
    Missing,
    /// Its text.
    Text(String),
    /// It exists but is not used, for this reason.
    Refused(FileProblem),
}

impl FileContents {
    pub(super) fn layer(&self, place: Place) -> Layer {
        match self {
            Self::Missing => Layer::empty(place),
            Self::Text(text) => Layer::parse(place, text),
            Self::Refused(problem) => Layer::unusable(place, problem.clone()),
        }
    }
}

/// Reads a file, following links.
pub(super) fn read(path: &Path, owner: Owner) -> FileContents {
    match text(path, owner) {
        Ok(Some(text)) => FileContents::Text(text),
        Ok(None) => FileContents::Missing,
        Err(problem) => FileContents::Refused(problem),
    }
}

/// Returns the text of a file; `None` if it does not exist.
fn text(path: &Path, owner: Owner) -> Result<Option<String>, FileProblem> {
    let file = match open(path) {
        Ok(file) => file,
        // The link's author expects a file behind it, which may be on a disk that is not mounted.
        Err(Unopened::Missing) if path.is_symlink() => return Err(FileProblem::DanglingLink),
        Err(Unopened::Missing) => return Ok(None),
        Err(Unopened::Problem(problem)) => return Err(problem),
    };
    // Checks the open file, because the one at the path may have been replaced.
    match owner {
        Owner::Anybody => {}
        Owner::User => private::refuse_foreign(path)?,
        Owner::Administrator => private::refuse_unless_administrators(path, &file)?,
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let limit = MAX_FILE_BYTES;
        return Err(FileProblem::TooLarge { limit });
    }
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| FileProblem::NotText)
}

enum Unopened {
    Missing,
    Problem(FileProblem),
}

impl From<io::Error> for Unopened {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound {
            Self::Missing
        } else {
            Self::Problem(error.into())
        }
    }
}

fn open(path: &Path) -> Result<File, Unopened> {
    // Reading a pipe would block, and a device has no end.
    if !fs::metadata(path)?.is_file() {
        return Err(Unopened::Problem(FileProblem::NotFile));
    }
    Ok(File::open(path)?)
}
