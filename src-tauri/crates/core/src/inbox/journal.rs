//! The journal and locks of the database file, chosen by what its disk supports.
//!
//! The write-ahead log (WAL) is preferred, but needs memory that is shared by processes. Network file systems do not
//! share memory between computers, and some local ones do not support it at all; there the rollback journal is used.
//! Where not even locks work, the app's own lock on this computer has to be enough.

use std::ffi::CStr;
use std::fs::{File, TryLockError};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::paths::Disk;

/// SQLite's file system layers without locks, on Unix and Windows.
const WITHOUT_LOCKS: [&CStr; 2] = [c"unix-none", c"win32-none"];

/// How many pages of 4 KiB may be in the log before a commit copies them to the file, which waits for the disk.
/// SQLite's default of 1000 is reached after some seventy events, which slowed down even a small burst.
/// [`super::Inbox::settle`] empties the log when no events arrive.
const MAX_LOG_PAGES: i64 = 4000;

/// In bytes. A log up to this size is kept unless something was deleted.
pub(super) const MAX_QUIET_LOG: u64 = 4 << 20;

/// In KiB. Holds all pages that a batch of a thousand events changes; with less, they would be written before the
/// commit and read again.
const WRITER_CACHE: i64 = 8 << 10;

/// Sets the cache and the log size of a connection that writes.
pub(super) fn tune_writer(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "cache_size", -WRITER_CACHE)?;
    db.pragma_update(None, "wal_autocheckpoint", MAX_LOG_PAGES)
}

/// Opens the file, with locks if the file system has any.
pub(super) fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let db = open_file(path, flags)?;
    // Otherwise statement journals and sorting would write temporary files, with several pages of text for each event.
    db.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(db)
}

fn open_file(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    if locks_work(path) {
        return Connection::open_with_flags(path, flags);
    }
    tracing::warn!(path = %path.display(), "the inbox is on a file system without locks");
    let [unix, windows] = WITHOUT_LOCKS.map(|vfs| Connection::open_with_flags_and_vfs(path, flags, vfs));
    unix.or(windows)
}

/// Must run before the database is opened: closing any handle of a file releases this process's locks on it.
fn locks_work(path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        // A new file. Whether it can be locked is checked at the next start; until then no other process uses it.
        return true;
    };
    match file.try_lock_shared() {
        Ok(()) | Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(_)) => false,
    }
}

/// Makes a file readable that is in WAL mode and now on a disk without shared memory.
pub(super) fn make_readable(db: &Connection, disk: Disk) -> rusqlite::Result<()> {
    if disk == Disk::Network || read(db).is_err() {
        // With exclusive access, WAL works without shared memory.
        db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    }
    Ok(())
}

/// Chooses the journal mode.
pub(super) fn choose(db: &Connection, disk: Disk) -> rusqlite::Result<()> {
    let alone: String = db.pragma_query_value(None, "locking_mode", |row| row.get(0))?;
    if disk == Disk::Local
        && alone == "normal"
        && set(db, "WAL").is_ok_and(|mode| mode == "wal")
        && read(db).is_ok()
    {
        // In WAL mode, NORMAL survives a crash of the process. A power failure may lose the last transactions, and
        // their cursor with them, so the server sends those events again.
        return db.pragma_update(None, "synchronous", "NORMAL");
    }
    db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    set(db, "DELETE")?;
    // Allows other processes to read again, such as `gloria inbox list`; it takes effect with the next access.
    db.pragma_update(None, "locking_mode", "NORMAL")?;
    read(db)?;
    db.pragma_update(None, "synchronous", "FULL")
}

/// Returns the size of the log in bytes.
pub(super) fn log_size(file: &Path) -> u64 {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).map_or(0, |metadata| metadata.len())
}

/// Whether readers and the writer can work at the same time.
pub(super) fn is_wal(db: &Connection) -> bool {
    db.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0))
        .is_ok_and(|mode| mode == "wal")
}

fn set(db: &Connection, mode: &str) -> rusqlite::Result<String> {
    db.query_row(&format!("PRAGMA journal_mode = {mode}"), [], |row| row.get(0))
}

fn read(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(db: &Connection) -> String {
        db.pragma_query_value(None, "journal_mode", |row| row.get(0))
            .unwrap_or_default()
    }

    fn open(path: &Path) -> Connection {
        connect(path, OpenFlags::default()).expect("opened")
    }

    #[test]
    fn a_local_disk_has_the_log_and_a_network_the_journal_and_both_keep_what_was_there() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("inbox.sqlite");
        let disks = [Disk::Local, Disk::Network, Disk::Network, Disk::Local];
        for (rows, disk) in (1..).zip(disks) {
            let db = open(&path);
            make_readable(&db, disk).expect("readable");
            choose(&db, disk).expect("chosen");
            let expected = if disk == Disk::Local { "wal" } else { "delete" };
            assert_eq!(mode(&db), expected);
            let temporary: i64 = db
                .pragma_query_value(None, "temp_store", |row| row.get(0))
                .expect("a number");
            assert_eq!(temporary, 2, "texts go to no temporary file");
            db.execute_batch("CREATE TABLE IF NOT EXISTS t (x); INSERT INTO t VALUES (1)")
                .expect("written");
            let other = open(&path);
            let count: i64 = other
                .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
                .expect("read beside it");
            assert_eq!(count, rows);
        }
    }

    /// SQLite's file system layer without locks has no shared memory either.
    #[cfg(unix)]
    #[test]
    fn a_file_in_wal_mode_is_taken_where_no_memory_is_shared() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("inbox.sqlite");
        let db = open(&path);
        choose(&db, Disk::Local).expect("chosen");
        db.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
            .expect("written");
        drop(db);
        for _ in 0..2 {
            let db = Connection::open_with_flags_and_vfs(&path, OpenFlags::default(), WITHOUT_LOCKS[0])
                .expect("opened");
            make_readable(&db, Disk::Local).expect("readable");
            choose(&db, Disk::Local).expect("chosen");
            assert_eq!(mode(&db), "delete");
            assert_eq!(read(&db), Ok(1));
            db.execute_batch("INSERT INTO t VALUES (1)").expect("written");
        }
    }
}
