//! Modes and owners on Unix.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::NotPrivate;

/// What group and others may do.
const OTHERS: u32 = 0o077;

/// That part of it by which they could put something there.
const OTHERS_WRITE: u32 = 0o022;

/// A folder that many users share, as `/tmp` is, has this bit.
const SHARED: u32 = 0o1000;

/// The administrator can do anything in any case.
const ROOT: u32 = 0;

pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

pub(super) fn only_for_user(options: &mut OpenOptions) {
    options.mode(0o600);
}

pub(super) fn refuse_foreign(path: &Path) -> Result<(), NotPrivate> {
    match fs::metadata(path) {
        Ok(found) if is_foreign(&found) => Err(NotPrivate::Foreign(path.to_owned())),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn is_foreign(found: &Metadata) -> bool {
    let owner = found.uid();
    // Where the user is not known, nobody but the administrator is trusted.
    owner != ROOT && !current_user().is_ok_and(|user| owner == user)
}

/// Refuses a file that anybody but the administrator can change, or put another one in the place of.
pub(super) fn refuse_unless_administrators(path: &Path, file: &File) -> Result<(), NotPrivate> {
    let refusal = |found: io::Result<Metadata>, place: &Path| match found {
        Ok(found) if found.uid() == ROOT && found.mode() & OTHERS_WRITE == 0 => None,
        Ok(found) if found.uid() == ROOT => Some(NotPrivate::Writable(place.to_owned())),
        Ok(_) | Err(_) => Some(NotPrivate::NotAdministrators(place.to_owned())),
    };
    // Of the file that is open, for another one may have come to its path.
    let refused = refusal(file.metadata(), path);
    // A user who may write in the folder of the link, or in that of the file, may replace or remove the file.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folders = [path, &target].map(|file| file.parent().unwrap_or(file));
    let mut refused = refused.or_else(|| {
        folders
            .iter()
            .find_map(|folder| refusal(fs::metadata(folder), folder))
    });
    // In a folder above these that many users share, such as `/tmp`, nobody can move what is another's.
    for above in folders[1].ancestors().skip(1) {
        let found = fs::metadata(above);
        let is_shared = found
            .as_ref()
            .is_ok_and(|found| found.uid() == ROOT && found.mode() & SHARED != 0);
        if !is_shared {
            refused = refused.or_else(|| refusal(found, above));
        }
    }
    refused.map_or(Ok(()), Err)
}

/// The user that this process acts as: the owner of a pipe that it makes. The standard library has no other way to ask
/// that needs no file.
fn current_user() -> io::Result<u32> {
    let (reader, _writer) = io::pipe()?;
    Ok(File::from(OwnedFd::from(reader)).metadata()?.uid())
}

/// Takes from others what they may do. Answers whether there was anything. What a link leads to is left as it is: the
/// user put it there.
pub(super) fn tighten(path: &Path) -> io::Result<bool> {
    let found = fs::symlink_metadata(path)?;
    if found.is_symlink() {
        refuse_foreign(path)?;
        return Ok(false);
    }
    if is_foreign(&found) {
        return Err(NotPrivate::Foreign(path.to_owned()).into());
    }
    let mode = found.mode();
    if mode & OTHERS == 0 {
        return Ok(false);
    }
    if mode & SHARED != 0 {
        return Err(NotPrivate::Writable(path.to_owned()).into());
    }
    match fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS & 0o7777)) {
        Ok(()) => Ok(true),
        // A file system without modes, such as one of Windows, or a folder of the administrator.
        Err(_) if mode & OTHERS_WRITE == 0 => Ok(false),
        Err(_) => Err(NotPrivate::Writable(path.to_owned()).into()),
    }
}
