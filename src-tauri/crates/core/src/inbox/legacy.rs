//! Splits the single file of earlier versions, which contains the rows of all servers, into one file per account.
//!
//! The rows of other servers are first copied into separate files, and then the file itself is renamed. If the process
//! dies before that, the file is still complete and the next start repeats the split: an existing copy is completed,
//! without duplicate rows.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::file::refuse_other_than_files;
use super::{InboxError, copy_all, folder_error, journal, schema};
use crate::paths::{Disk, INBOX_FILE, account_folder};
use crate::private;

/// Where the file of an account is, and what it may have to be created from.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) disk: Disk,
    pub(super) file: PathBuf,
    pub(super) server: String,
    /// The file with the rows of all servers.
    pub(super) legacy: Option<Legacy>,
}

/// The file and the accounts' folders of earlier versions.
#[derive(Debug, Clone)]
pub(super) struct Legacy {
    pub(super) file: PathBuf,
    pub(super) accounts: PathBuf,
}

impl Place {
    /// The file that has this account's rows at the moment.
    pub(super) fn existing(&self) -> &Path {
        match &self.legacy {
            Some(legacy) if legacy.file.exists() => &legacy.file,
            Some(_) | None => &self.file,
        }
    }

    /// Whether a new file is begun after this error, and what has its name is set aside.
    pub(super) fn needs_new_file(&self, error: &InboxError) -> bool {
        match error {
            InboxError::Damaged => true,
            InboxError::NotAFile(found) => found == self.existing(),
            InboxError::Newer { .. }
            | InboxError::Full
            | InboxError::Busy
            | InboxError::InUse
            | InboxError::Gone
            | InboxError::Disk(_)
            | InboxError::ReadOnly
            | InboxError::Foreign
            | InboxError::NotPrivate(_)
            | InboxError::Folder(_)
            | InboxError::Database(_)
            | InboxError::Closed => false,
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
/// When the file cannot be used, or there is no space for the copies: it stays unchanged.
pub(super) fn split(place: &Place, busy: Duration) -> Result<(), InboxError> {
    let Some(legacy) = place.legacy.as_ref().filter(|legacy| legacy.file.exists()) else {
        return Ok(());
    };
    refuse_other_than_files(&legacy.file)?;
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
    // Merges the log into the file, so that the file can be renamed alone.
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
    create_parent_folder(&target)?;
    // A leftover log belongs to another file, and SQLite would apply it to this one.
    remove(&target).map_err(InboxError::Folder)?;
    fs::rename(&legacy.file, &target).map_err(InboxError::Folder)?;
    remove(&legacy.file).map_err(InboxError::Folder)?;
    tracing::info!(
        accounts = servers.len(),
        "the inbox became one file for each account"
    );
    Ok(())
}

fn create_parent_folder(file: &Path) -> Result<(), InboxError> {
    file.parent()
        .map_or(Ok(()), |folder| private::folder(folder).map_err(folder_error))
}

/// Removes a database with the files that SQLite keeps next to it. A missing file is no error.
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

/// Creates the file of an account from the rows of its server, or adds them to an existing one.
fn extract_account(all: &mut Connection, server: &str, target: &Path) -> Result<(), InboxError> {
    create_parent_folder(target)?;
    let (draft, file) = private::draft(target).map_err(folder_error)?;
    drop(file);
    let made = copy_account(all, server, &draft).and_then(|()| {
        if target.exists() {
            return add(&draft, server, target);
        }
        remove(target).map_err(InboxError::Folder)?;
        let file = OpenOptions::new().write(true).open(&draft);
        file.and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&draft, target))
            .map_err(InboxError::Folder)
    });
    // After a successful rename there is nothing to remove; after a failure the first error is the one to report.
    let _ = remove(&draft);
    made
}

/// Copies the rows of one server into a new file. No journal is needed, because an incomplete copy is not used.
fn copy_account(all: &Connection, server: &str, draft: &Path) -> Result<(), InboxError> {
    let mut copy = Connection::open(draft)?;
    copy.query_row("PRAGMA journal_mode = MEMORY", [], |_| Ok(()))?;
    copy_all(all, &mut copy)?;
    schema::migrate(&mut copy, server)?;
    // Removes the free pages, which still contain rows of other servers.
    copy.execute_batch("VACUUM")?;
    Ok(())
}

/// Adds missing rows. The cursor stays: events after it are requested again and recognised by their keys.
fn add(draft: &Path, server: &str, target: &Path) -> Result<(), InboxError> {
    refuse_other_than_files(target)?;
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
