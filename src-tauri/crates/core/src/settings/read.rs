//! Reads a file with settings, whatever is in its place.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use super::file_problem::FileProblem;
use super::layer::Layer;
use super::problem::Place;
use crate::private;

/// More than anybody writes, and little enough to read every few seconds.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Whose file it has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The user's or the administrator's.
    User,
    /// The administrator's, and nobody else may write it.
    Administrator,
}

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FileContents {
    /// It is not there.
    Missing,
    /// Its text.
    Text(String),
    /// It is there and is not used, for this reason.
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

/// Reads a file. A link is followed.
pub(super) fn read(path: &Path, owner: Owner) -> FileContents {
    match text(path, owner) {
        Ok(Some(text)) => FileContents::Text(text),
        Ok(None) => FileContents::Missing,
        Err(problem) => FileContents::Refused(problem),
    }
}

/// The text of a file; none where there is no file.
fn text(path: &Path, owner: Owner) -> Result<Option<String>, FileProblem> {
    let file = match open(path) {
        Ok(file) => file,
        // Somebody made a link and expects settings behind it, on a disk that is not there, for example.
        Err(Unopened::Missing) if path.is_symlink() => return Err(FileProblem::DanglingLink),
        Err(Unopened::Missing) => return Ok(None),
        Err(Unopened::Problem(problem)) => return Err(problem),
    };
    // Of the file that is open: another one may have come in its place meanwhile.
    match owner {
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
    // A pipe would be waited for, and a device has no end.
    if !fs::metadata(path)?.is_file() {
        return Err(Unopened::Problem(FileProblem::NotFile));
    }
    Ok(File::open(path)?)
}
