//! Files and folders that no other user of the computer can read or write.
//!
//! On Unix that is a matter of modes and owners. On Windows everything below the user's profile is private already, and
//! a folder elsewhere has the rights of the one that it is in.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::message::{self, Message};
use crate::paths::Paths;

#[cfg(unix)]
mod modes;
#[cfg(not(unix))]
#[path = "private/no_modes.rs"]
mod modes;
#[cfg(test)]
mod tests;

/// Names of drafts that are tried. They are random, so a second one is needed only where somebody guessed the first.
const MAX_DRAFTS: usize = 16;

/// What drafts end in; one that a crash left behind is removed by its end.
const DRAFT: &str = ".draft";

/// Why a file or folder is not used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotPrivate {
    /// Its owner can read and change it.
    #[error("{} belongs to another user of this computer", .0.display())]
    Foreign(PathBuf),
    /// Its owner could write settings in the administrator's name.
    #[error("{} does not belong to the administrator", .0.display())]
    NotAdministrators(PathBuf),
    /// Others can write it, and that cannot be changed.
    #[error("other users of this computer can write {}", .0.display())]
    Writable(PathBuf),
}

impl NotPrivate {
    /// The message for the user.
    pub fn message(&self) -> Message {
        match self {
            Self::Foreign(path) => message::private_foreign(path.display().to_string()),
            Self::Writable(path) => message::private_writable(path.display().to_string()),
            Self::NotAdministrators(path) => message::private_not_administrators(path.display().to_string()),
        }
    }
}

impl From<NotPrivate> for io::Error {
    fn from(refused: NotPrivate) -> Self {
        Self::new(io::ErrorKind::PermissionDenied, refused)
    }
}

/// The refusal within an error, if that is what it is.
pub fn refusal(error: &io::Error) -> Option<&NotPrivate> {
    error.get_ref()?.downcast_ref()
}

/// Makes a folder for its user alone, with those it is in where they are missing, and takes an existing one from
/// others.
///
/// # Errors
/// The folder cannot be made, or another user owns it or can write it.
pub fn folder(path: &Path) -> io::Result<()> {
    modes::create_folder(path)?;
    modes::tighten(&fs::canonicalize(path)?).map(drop)
}

/// Makes a file for its user alone.
///
/// # Errors
/// There is something of this name, if only a link, or the file cannot be made.
pub fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    modes::only_for_user(&mut options);
    options.open(path)
}

/// Makes an empty file where there is none, and takes an existing one from others. What its program makes beside it,
/// as SQLite does, gets the mode of the file.
///
/// # Errors
/// As [`create`], or another user owns it or can write it.
pub fn ensure(path: &Path) -> io::Result<()> {
    match create(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => modes::tighten(path).map(drop),
        Err(error) => Err(error),
    }
}

/// Refuses what another user owns. A link is followed, because only an owner of the folder can create one here.
///
/// # Errors
/// The owner is another user, and not the administrator. What is not there is nobody's.
pub(crate) fn refuse_foreign(path: &Path) -> Result<(), NotPrivate> {
    modes::refuse_foreign(path)
}

/// Refuses an open file that the administrator does not own, or that others can write, by its folder too.
///
/// # Errors
/// It could be somebody else's word.
pub(crate) fn refuse_unless_administrators(path: &Path, file: &File) -> Result<(), NotPrivate> {
    modes::refuse_unless_administrators(path, file)
}

/// Which mode a replaced file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// That of the file before it; a new one is its user's alone.
    Kept,
    /// Its user's alone.
    Private,
}

/// Writes the new file beside the old one and puts it in its place, so that a crash leaves the one or the other.
///
/// # Errors
/// The folder or the file cannot be written.
pub fn replace(target: &Path, contents: &[u8], mode: Mode) -> io::Result<()> {
    if let Some(above) = target.parent().filter(|above| !above.exists()) {
        folder(above)?;
    }
    let (draft, file) = draft(target)?;
    let written = write(file, target, contents, mode).and_then(|()| fs::rename(&draft, target));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&draft);
    }
    written
}

fn write(mut file: File, target: &Path, contents: &[u8], mode: Mode) -> io::Result<()> {
    if mode == Mode::Kept
        && let Ok(old) = fs::metadata(target)
    {
        file.set_permissions(old.permissions())?;
    }
    file.write_all(contents)?;
    // Without this a power cut soon after the rename may leave an empty file.
    file.sync_all()
}

/// A new file beside the target. Its name cannot be guessed, so nobody can prepare a link there.
///
/// # Errors
/// The folder cannot be written.
pub fn draft(target: &Path) -> io::Result<(PathBuf, File)> {
    let mut tried = 0;
    loop {
        let draft = draft_of(target, fastrand::u64(..));
        match create(&draft) {
            Ok(file) => return Ok((draft, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tried < MAX_DRAFTS => tried += 1,
            Err(error) => return Err(error),
        }
    }
}

fn draft_of(target: &Path, number: u64) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{number:016x}{DRAFT}"));
    target.with_file_name(name)
}

/// Takes from other users what earlier versions left open to them, and removes drafts that a crash left. Only what
/// this app made is touched: the folder may have other things in it.
pub(crate) fn tighten_all(paths: &Paths) {
    let mut tightened = 0;
    let mut tighten = |path: &Path| match modes::tighten(path) {
        Ok(true) => tightened += 1,
        Ok(false) => {}
        // It is refused where it is used.
        Err(error) => tracing::warn!(path = %path.display(), %error, "not private"),
    };
    let mut folders = vec![&paths.config];
    if paths.data != paths.config {
        folders.push(&paths.data);
    }
    for folder in folders {
        let Ok(folder) = fs::canonicalize(folder) else {
            continue;
        };
        tighten(&folder);
        for path in entries(&folder).filter(|path| path.file_name().is_some_and(is_ours)) {
            if !remove_draft(&path) {
                tighten(&path);
            }
        }
    }
    let mut accounts = vec![paths.accounts()];
    while let Some(path) = accounts.pop() {
        if path.is_dir() && !path.is_symlink() {
            accounts.extend(entries(&path));
        }
        if path.exists() && !remove_draft(&path) {
            tighten(&path);
        }
    }
    if tightened > 0 {
        tracing::warn!(
            tightened,
            "other users of this computer could read files or folders of this app; they no longer can"
        );
    }
}

/// Removes it if it is a draft.
fn remove_draft(path: &Path) -> bool {
    let is_draft = path
        .file_name()
        .is_some_and(|name| name.to_string_lossy().ends_with(DRAFT));
    if is_draft {
        // One that cannot be removed is tried again at the next start.
        let _ = fs::remove_file(path);
    }
    is_draft
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
}

/// The names that this app gives at the top of its folders.
fn is_ours(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let name = name.trim_start_matches('.');
    [
        "settings.toml",
        "inbox.",
        "icon.png",
        "running.lock",
        "status.",
        "sounds-pause.",
    ]
    .iter()
    .any(|ours| name.starts_with(ours))
}
