//! For systems without modes, where a file inherits the rights of its folder.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use super::NotPrivate;

pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

pub(super) fn only_for_user(_options: &mut OpenOptions) {}

pub(super) fn refuse_foreign(_path: &Path) -> Result<(), NotPrivate> {
    Ok(())
}

pub(super) fn is_own(_found: &Metadata) -> bool {
    true
}

pub(super) fn let_others_read(_file: &File) -> io::Result<()> {
    Ok(())
}

pub(super) fn tighten(_path: &Path) -> io::Result<bool> {
    Ok(false)
}

pub(super) fn refuse_unless_administrators(_path: &Path, _file: &File) -> Result<(), NotPrivate> {
    Ok(())
}
