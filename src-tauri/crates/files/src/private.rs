//! Files and folders that no other user of the computer can read or write.
//!
//! On Unix this is enforced by modes and owners. On Windows everything in the user's profile is private already, and a
//! folder elsewhere inherits the rights of its parent.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use gloria_text::message::{self, Message};
use thiserror::Error;

use crate::paths::Paths;

#[cfg(unix)]
mod modes;
#[cfg(not(unix))]
#[path = "private/no_modes.rs"]
mod modes;
#[cfg(test)]
mod tests;

/// Names of drafts that are tried. They are random, so a second one is needed only if somebody guessed the first.
const MAX_DRAFTS: usize = 16;

/// The ending of drafts, by which those that a crash left behind are found and removed.
const DRAFT: &str = ".draft";

/// More than any file has in which the app remembers something.
const MAX_OWN_BYTES: u64 = 1 << 20;

/// Why a file or folder is not used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotPrivate {
    /// Another user owns it, and could read and change it.
    #[error("{} belongs to another user of this computer", .0.display())]
    Foreign(PathBuf),
    /// A user other than the administrator could change it, and so the administrator's settings.
    #[error("{} does not belong to the administrator", .0.display())]
    NotAdministrators(PathBuf),
    /// Other users can write to it, and that cannot be changed.
    #[error("other users of this computer can write {}", .0.display())]
    Writable(PathBuf),
}

impl NotPrivate {
    /// The error for the user.
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

/// The refusal within an error, if that is its cause.
pub fn refusal(error: &io::Error) -> Option<&NotPrivate> {
    error.get_ref()?.downcast_ref()
}

/// Creates a folder that only its user can access, with its parents if they are missing. An existing one is closed to
/// other users.
///
/// # Errors
/// When the folder cannot be created, or another user owns it or can write to it.
pub fn folder(path: &Path) -> io::Result<()> {
    modes::create_folder(path)?;
    modes::tighten(&fs::canonicalize(path)?).map(drop)
}

/// Creates a file that only its user can access.
///
/// # Errors
/// When something of this name exists, even a link, or the file cannot be created.
pub fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    modes::only_for_user(&mut options);
    options.open(path)
}

/// Creates an empty file if there is none, and closes an existing one to other users. SQLite creates the files next to
/// it with the same mode.
///
/// # Errors
/// As for [`create`], or when another user owns it or can write to it.
pub fn ensure(path: &Path) -> io::Result<()> {
    match create(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => modes::tighten(path).map(drop),
        Err(error) => Err(error),
    }
}

/// Refuses a file of another user. A link is followed, because only an owner of the folder can create one here.
///
/// # Errors
/// When the owner is another user, and not the administrator. A missing file is no error.
pub fn refuse_foreign(path: &Path) -> Result<(), NotPrivate> {
    modes::refuse_foreign(path)
}

/// Refuses an open file that the administrator does not own, or that other users can change or replace.
///
/// # Errors
/// When another user could have written it.
pub fn refuse_unless_administrators(path: &Path, file: &File) -> Result<(), NotPrivate> {
    modes::refuse_unless_administrators(path, file)
}

/// Reads a file in which the app remembers something. Reading a pipe would block, and a device has no end.
///
/// # Errors
/// When it cannot be read, is no file or is larger than the app writes any.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_OWN_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_OWN_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// The mode of a replaced file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The mode of the previous file; a new one is private.
    Kept,
    /// Only its user can access it.
    Private,
}

/// Writes the new file next to the old one and renames it, so that a crash leaves either of them complete.
///
/// # Errors
/// When the folder or the file cannot be written to.
pub fn replace(target: &Path, contents: &[u8], mode: Mode) -> io::Result<()> {
    // A name alone is in the current folder.
    let above = target.parent().filter(|above| !above.as_os_str().is_empty());
    if let Some(above) = above.filter(|above| !above.exists()) {
        folder(above)?;
    }
    let (draft, file) = draft(target)?;
    let written = write(file, target, contents, mode).and_then(|()| fs::rename(&draft, target));
    if written.is_err() {
        // The first error is the one to report.
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
    // Without this a power failure soon after the rename may leave an empty file.
    file.sync_all()
}

/// A new file next to the target. Its name is random, so nobody can prepare a link there.
///
/// # Errors
/// When the folder cannot be written to.
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

/// Whether a file's name is that of a draft of another one.
pub(crate) fn is_draft_of(target: &OsStr, name: &OsStr) -> bool {
    let (target, name) = (target.to_string_lossy(), name.to_string_lossy());
    let number = name.strip_prefix('.').and_then(|rest| {
        rest.strip_prefix(&*target)?
            .strip_prefix('.')?
            .strip_suffix(DRAFT)
    });
    number.is_some_and(|number| number.len() == 16 && number.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// Whether the user owns a file.
pub(crate) fn is_own(found: &Metadata) -> bool {
    modes::is_own(found)
}

/// Lets other users read a file that is in no folder of this app.
pub(crate) fn let_others_read(file: &File) -> io::Result<()> {
    modes::let_others_read(file)
}

/// Closes files of earlier versions to other users, and removes drafts after a crash. Only this app's files are
/// touched, because the folder may have others.
pub fn tighten_all(paths: &Paths) {
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

/// Removes a draft; returns whether the file was one.
fn remove_draft(path: &Path) -> bool {
    let is_draft = path
        .file_name()
        .is_some_and(|name| name.to_string_lossy().ends_with(DRAFT));
    if is_draft {
        // If that fails, the next start tries it again.
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

/// The names of this app's files and folders at the top level.
fn is_ours(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let name = name.trim_start_matches('.');
    [
        "settings.toml",
        "inbox.",
        "icon.png",
        "metrics-file.",
        "policy.last.",
        "releases.",
        "requested.json",
        "running.lock",
        "status.",
        "sounds-pause.",
    ]
    .iter()
    .any(|ours| name.starts_with(ours))
}
