//! The one kind of file that other users may read: what a collector of another user reads, in a folder that is not
//! this app's.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use gloria_text::message::{self, Message};
use thiserror::Error;

use crate::private;

#[cfg(test)]
mod tests;

/// Why a file is neither replaced nor removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotOurs {
    /// It is a link, a folder, a pipe or a device.
    #[error("there is a link or a folder of this name")]
    NotFile,
    /// It belongs to another user.
    #[error("it belongs to another user of this computer")]
    Foreign,
    /// It has other contents.
    #[error("another program wrote this file")]
    Unmarked,
}

impl NotOurs {
    /// The error for the user.
    pub fn message(self) -> Message {
        match self {
            Self::NotFile => message::shared_not_file(),
            Self::Foreign => message::shared_foreign(),
            Self::Unmarked => message::shared_unmarked(),
        }
    }
}

impl From<NotOurs> for io::Error {
    fn from(refused: NotOurs) -> Self {
        Self::new(io::ErrorKind::AlreadyExists, refused)
    }
}

/// The refusal within an error, if that is its cause.
pub fn refusal(error: &io::Error) -> Option<NotOurs> {
    error.get_ref()?.downcast_ref().copied()
}

/// Writes a file that everybody may read, next to the old one, and renames it: a reader finds either of them complete.
/// The contents begin with `mark`, by which the next call knows the file for one of this app.
///
/// The folder is not created, because somebody else decides who may read it. Nothing waits for the disk: after a power
/// failure the contents are worth nothing anyway.
///
/// # Errors
/// When there is something of this name that this app did not write, or the folder cannot be written to.
pub fn replace(target: &Path, mark: &str, contents: &str) -> io::Result<()> {
    refuse_foreign(target, mark)?;
    let (draft, file) = private::draft(target)?;
    let written = write(file, mark, contents).and_then(|()| fs::rename(&draft, target));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&draft);
    }
    written
}

fn write(mut file: File, mark: &str, contents: &str) -> io::Result<()> {
    private::let_others_read(&file)?;
    file.write_all(mark.as_bytes())?;
    file.write_all(contents.as_bytes())
}

/// Removes the file if this app wrote it. A missing one is no error.
///
/// # Errors
/// When it is of somebody else, or cannot be removed.
pub fn remove(target: &Path, mark: &str) -> io::Result<()> {
    // A disk that can only be read refuses to remove even what is not there.
    if fs::symlink_metadata(target).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(());
    }
    refuse_foreign(target, mark)?;
    match fs::remove_file(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Removes what a kill between writing and renaming left behind.
pub fn remove_drafts(target: &Path) {
    let (Some(folder), Some(name)) = (target.parent(), target.file_name()) else {
        return;
    };
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let is_ours = || entry.metadata().is_ok_and(|found| private::is_own(&found));
        if private::is_draft_of(name, &entry.file_name()) && is_ours() {
            // If that fails, the next start tries it again.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Refuses what this app did not write. Renaming would not follow a link, but replace it, and somebody made it on
/// purpose.
fn refuse_foreign(target: &Path, mark: &str) -> io::Result<()> {
    let found = match fs::symlink_metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if !found.is_file() {
        return Err(NotOurs::NotFile.into());
    }
    if !private::is_own(&found) {
        return Err(NotOurs::Foreign.into());
    }
    let mut beginning = Vec::new();
    let read = File::open(target)?;
    read.take(mark.len() as u64).read_to_end(&mut beginning)?;
    // An empty file has nothing to lose.
    if beginning.is_empty() || beginning == mark.as_bytes() {
        Ok(())
    } else {
        Err(NotOurs::Unmarked.into())
    }
}

/// Whether a collector takes a file of this name for metrics.
pub fn is_collected(name: &OsStr) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "prom")
}
