//! Modes and owners of files on Unix.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::NotPrivate;

/// All permissions of group and others.
const OTHERS: u32 = 0o077;

/// Their permission to write.
const OTHERS_WRITE: u32 = 0o022;

/// The sticky bit of a folder that many users share, such as `/tmp`.
const SHARED: u32 = 0o1000;

/// The administrator can access everything anyway.
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
    // If the user is not known, only the administrator is trusted.
    owner != ROOT && !current_user().is_ok_and(|user| owner == user)
}

pub(super) fn is_own(found: &Metadata) -> bool {
    current_user().is_ok_and(|user| found.uid() == user)
}

pub(super) fn let_others_read(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(0o644))
}

/// Refuses a file that anybody but the administrator can change or replace.
pub(super) fn refuse_unless_administrators(path: &Path, file: &File) -> Result<(), NotPrivate> {
    let refusal = |found: io::Result<Metadata>, place: &Path| match found {
        Ok(found) if found.uid() == ROOT && found.mode() & OTHERS_WRITE == 0 => None,
        Ok(found) if found.uid() == ROOT => Some(NotPrivate::Writable(place.to_owned())),
        Ok(_) | Err(_) => Some(NotPrivate::NotAdministrators(place.to_owned())),
    };
    // Checks the open file, because the path may lead to another one by now.
    let refused = refusal(file.metadata(), path);
    // A user who may write to the folder of the link, or to that of the file, could replace or remove the file.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folders = [path, &target].map(|file| file.parent().unwrap_or(file));
    let mut refused = refused.or_else(|| {
        folders
            .iter()
            .find_map(|folder| refusal(fs::metadata(folder), folder))
    });
    // In a shared folder above them, such as `/tmp`, nobody can move other users' folders.
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

/// The effective user of this process, from the owner of a pipe: the standard library has no direct way to ask.
fn current_user() -> io::Result<u32> {
    let (reader, _writer) = io::pipe()?;
    Ok(File::from(OwnedFd::from(reader)).metadata()?.uid())
}

/// Removes the permissions of other users; returns whether there were any. The target of a link is not touched, because
/// the user created the link.
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
        // The file system has no modes, such as one of Windows, or the folder is the administrator's.
        Err(_) if mode & OTHERS_WRITE == 0 => Ok(false),
        Err(_) => Err(NotPrivate::Writable(path.to_owned()).into()),
    }
}
