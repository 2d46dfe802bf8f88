//! Splits the single file of earlier versions, with the rows of all servers, into a file for each account.
//!
//! The other servers' rows are copied into files of their own first. The file itself is then renamed to its place, so
//! whatever ends the process before that leaves it whole, and the next start begins again: a file that is there already
//! is added to, and gets no row twice.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::{InboxError, copy_all, folder_error, journal, schema};
use crate::paths::{Disk, INBOX_FILE, account_folder};
use crate::private;

/// The file of an account, and what it may have to be made from.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) disk: Disk,
    pub(super) file: PathBuf,
    pub(super) server: String,
    /// The file with the rows of all servers.
    pub(super) legacy: Option<Legacy>,
}

/// Where earlier versions kept everything, and where the accounts' folders are.
#[derive(Debug, Clone)]
pub(super) struct Legacy {
    pub(super) file: PathBuf,
    pub(super) accounts: PathBuf,
}

impl Place {
    /// The file that has what there is now.
    pub(super) fn existing(&self) -> &Path {
        match &self.legacy {
            Some(legacy) if legacy.file.exists() => &legacy.file,
            Some(_) | None => &self.file,
        }
    }
}

impl Legacy {
    fn file_of(&self, server: &str) -> PathBuf {
        self.accounts.join(account_folder(server, "")).join(INBOX_FILE)
    }
}

/// Splits the file of earlier versions, if there still is one.
///
/// # Errors
/// The file cannot be used, or there is no room for the copies: it stays as it is.
pub(super) fn split(place: &Place, busy: Duration) -> Result<(), InboxError> {
    let Some(legacy) = place.legacy.as_ref().filter(|legacy| legacy.file.exists()) else {
        return Ok(());
    };
    private::ensure(&legacy.file).map_err(folder_error)?;
    let mut db = journal::connect(&legacy.file, OpenFlags::default())?;
    db.busy_timeout(busy)?;
    if db.is_readonly(rusqlite::MAIN_DB)? {
        return Err(InboxError::ReadOnly);
    }
    journal::make_readable(&db, place.disk)?;
    schema::refuse_newer(&db)?;
    let sound: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        return Err(InboxError::Damaged);
    }
    // What is in its log becomes part of the file, which then has nothing beside it.
    let mode: String = db.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
    if mode != "delete" {
        return Err(InboxError::Busy);
    }
    let servers = schema::servers(&db)?;
    let kept = servers
        .iter()
        .find(|server| **server == place.server)
        .or_else(|| servers.first());
    for server in servers.iter().filter(|server| Some(*server) != kept) {
        extract_account(&mut db, server, &legacy.file_of(server))?;
    }
    let Some(server) = kept else {
        drop(db);
        return remove(&legacy.file).map_err(InboxError::Folder);
    };
    let target = if *server == place.server {
        place.file.clone()
    } else {
        legacy.file_of(server)
    };
    if target.exists() {
        extract_account(&mut db, server, &target)?;
        drop(db);
        return remove(&legacy.file).map_err(InboxError::Folder);
    }
    drop(db);
    make_folder_of(&target)?;
    // A log that was left there is another file's, and would be taken for this one's.
    remove(&target).map_err(InboxError::Folder)?;
    fs::rename(&legacy.file, &target).map_err(InboxError::Folder)?;
    remove(&legacy.file).map_err(InboxError::Folder)?;
    tracing::info!(
        accounts = servers.len(),
        "the inbox became one file for each account"
    );
    Ok(())
}

fn make_folder_of(file: &Path) -> Result<(), InboxError> {
    file.parent()
        .map_or(Ok(()), |folder| private::folder(folder).map_err(folder_error))
}

/// Removes a database with what SQLite keeps beside it. What is not there is no error.
fn remove(file: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut path = file.as_os_str().to_owned();
        path.push(suffix);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Makes the file of an account from the rows of its server, or adds them to one that is there.
fn extract_account(all: &mut Connection, server: &str, target: &Path) -> Result<(), InboxError> {
    make_folder_of(target)?;
    let (draft, file) = private::draft(target).map_err(folder_error)?;
    drop(file);
    let made = copy_of(all, server, &draft).and_then(|()| {
        if target.exists() {
            return add(&draft, server, target);
        }
        remove(target).map_err(InboxError::Folder)?;
        let file = OpenOptions::new().write(true).open(&draft);
        file.and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&draft, target))
            .map_err(InboxError::Folder)
    });
    // Where it was renamed there is nothing to remove, and of two errors the first is the one to tell.
    let _ = remove(&draft);
    made
}

/// The rows of one server in a file that nobody knows yet: a crash costs nothing, so no journal is needed.
fn copy_of(all: &Connection, server: &str, draft: &Path) -> Result<(), InboxError> {
    let mut copy = Connection::open(draft)?;
    copy.query_row("PRAGMA journal_mode = MEMORY", [], |_| Ok(()))?;
    copy_all(all, &mut copy)?;
    schema::migrate(&mut copy, server)?;
    // What other servers' rows left behind.
    copy.execute_batch("VACUUM")?;
    Ok(())
}

/// Adds what is not there yet. The position stays: what came after it is asked for again, and known by its keys.
fn add(draft: &Path, server: &str, target: &Path) -> Result<(), InboxError> {
    let mut db = journal::connect(target, OpenFlags::default())?;
    schema::migrate(&mut db, server)?;
    schema::refuse_foreign(&db, server)?;
    let path = draft.to_string_lossy();
    db.execute("ATTACH ?1 AS added", [&path])?;
    let transaction = db.transaction()?;
    for table in ["item", "event", "early"] {
        let columns = schema::columns(&transaction, table)?.join(", ");
        transaction.execute(
            &format!(
                "INSERT OR IGNORE INTO main.{table} ({columns}) SELECT {columns} FROM added.{table} ORDER BY id"
            ),
            [],
        )?;
    }
    transaction.commit()?;
    Ok(())
}
