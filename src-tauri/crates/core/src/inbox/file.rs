//! The database file: copied to memory, read where it cannot be written to, and renamed when it is damaged.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::{InboxError, schema};

/// Refuses what is no file in the place of the database or of one that SQLite keeps next to it: opening a pipe would
/// wait for somebody to write into it, and a device has no end.
pub(super) fn refuse_other_than_files(path: &Path) -> Result<(), InboxError> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut file = OsString::from(path);
        file.push(suffix);
        if fs::metadata(&file).is_ok_and(|found| !found.is_file()) {
            return Err(InboxError::NotAFile(file.into()));
        }
    }
    Ok(())
}

/// Opens a file to read it as it is.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, InboxError> {
    refuse_other_than_files(path)?;
    Ok(Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY,
    )?)
}

pub(super) fn copy(file: Result<Connection, InboxError>) -> Result<Connection, InboxError> {
    let file = file?;
    // The time to wait for another process's lock was already spent.
    file.busy_timeout(Duration::ZERO)?;
    schema::refuse_newer(&file)?;
    let mut memory = Connection::open_in_memory()?;
    copy_all(&file, &mut memory)?;
    Ok(memory)
}

pub(super) fn copy_all(from: &Connection, to: &mut Connection) -> Result<(), InboxError> {
    let backup = rusqlite::backup::Backup::new(from, to)?;
    Ok(backup.run_to_completion(1024, Duration::ZERO, None)?)
}

/// Opens a file in a folder that is not writable. Reading a closed WAL database normally creates files next to it; as
/// no process can write there, the database can be opened as immutable.
pub(super) fn open_immutable(path: &Path) -> Result<Connection, InboxError> {
    refuse_other_than_files(path)?;
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let Ok(mut address) = url::Url::from_file_path(absolute) else {
        return Err(rusqlite::Error::InvalidPath(path.to_owned()).into());
    };
    address.set_query(Some("immutable=1"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    Ok(Connection::open_with_flags(address.as_str(), flags)?)
}

/// Renames the file, and the files that SQLite keeps next to it, to the first free name.
pub(super) fn quarantine(path: &Path) -> io::Result<PathBuf> {
    let mut number = 1;
    let fallback = loop {
        let candidate = path.with_extension(format!("damaged-{number}.sqlite"));
        if !candidate.exists() {
            break candidate;
        }
        number += 1;
    };
    fs::rename(path, &fallback)?;
    for suffix in ["-wal", "-shm"] {
        let mut companion = path.as_os_str().to_owned();
        companion.push(suffix);
        match fs::remove_file(&companion) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(fallback)
}

/// Returns the server whose inbox the file is, if the file can be read.
pub(crate) fn server_of(path: &Path) -> Option<String> {
    let db = open_to_read(path).or_else(|_| open_immutable(path)).ok()?;
    schema::servers(&db).ok()?.into_iter().next()
}
