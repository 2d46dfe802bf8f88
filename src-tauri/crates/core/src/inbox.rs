//! Everything that came, on this machine's disk. The only place that knows SQL.
//!
//! An event's effect and the cursor move in one transaction: whatever ends the process, the next start resumes after
//! the last event that took effect, and what took effect is known by its event id and its item's key.

mod filing;
mod reading;
mod schema;
mod thread;

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use thiserror::Error;

pub use filing::{Arrival, Filed, fingerprint};
pub use thread::InboxThread;

/// The inbox of one installation, looking at one server's items.
#[derive(Debug)]
pub struct Inbox {
    db: Connection,
    /// The row of the server in use; items and cursors of another server stay apart.
    source: i64,
}

/// An inbox with what had to be said when it was opened.
#[derive(Debug)]
pub struct Opened {
    /// The inbox; in memory when the file could not be used.
    pub inbox: Inbox,
    /// What happened to the file and what to do, for the user.
    pub problem: Option<String>,
}

/// Why the inbox could not do something.
#[derive(Debug, Error)]
pub enum InboxError {
    /// The file was written by a version after this one.
    #[error(
        "the inbox was written by a newer version of Gloria Notify (schema {found}, this version knows {known})"
    )]
    Newer {
        /// The file's schema.
        found: i64,
        /// The newest schema that this version knows.
        known: i64,
    },
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The file or its folder cannot be written.
    #[error("the inbox file cannot be written")]
    ReadOnly,
    /// The file is not a sound database.
    #[error("the inbox file is damaged")]
    Damaged,
    /// The folder cannot be made.
    #[error("the folder for the inbox cannot be made: {0}")]
    Folder(io::Error),
    /// Any other refusal of the database.
    #[error("the inbox database failed: {0}")]
    Database(rusqlite::Error),
    /// The inbox's thread has ended.
    #[error("the inbox is closed")]
    Closed,
}

impl From<rusqlite::Error> for InboxError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => Self::ReadOnly,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged,
            Some(_) | None => Self::Database(error),
        }
    }
}

impl Inbox {
    /// Opens the inbox of `source` (an API address), and makes it where there is none.
    ///
    /// A damaged file is set aside and a new one begun from its cursor, if that can still be read. A file that is from
    /// a newer version or cannot be written is left untouched, and the inbox is kept in memory: alerts go on, and as
    /// the cursor in the file stays where it is, the next start with a usable file asks for all of it again.
    ///
    /// # Errors
    ///
    /// When not even memory can be used.
    pub fn open(path: &Path, source: &str) -> Result<Opened, InboxError> {
        match Self::open_file(path, source) {
            Ok(inbox) => Ok(Opened { inbox, problem: None }),
            Err(InboxError::Damaged) => Self::rebuild(path, source),
            Err(error) => {
                let advice = match &error {
                    InboxError::Newer { .. } => "install that version again".to_owned(),
                    InboxError::Full => "free some space, then start Gloria Notify again".to_owned(),
                    InboxError::ReadOnly
                    | InboxError::Damaged
                    | InboxError::Folder(_)
                    | InboxError::Database(_)
                    | InboxError::Closed => {
                        format!("make {} writable, then start Gloria Notify again", path.display())
                    }
                };
                let problem = format!(
                    "{error}; {advice}. Until then notifications are shown but not kept, and nothing in the file changes"
                );
                Ok(Opened {
                    inbox: Self::memory_beside(path, source)?,
                    problem: Some(crate::text::sentence(&problem)),
                })
            }
        }
    }

    /// An inbox that ends with the process.
    ///
    /// # Errors
    ///
    /// When the database cannot be made.
    pub fn in_memory(source: &str) -> Result<Self, InboxError> {
        Self::prepare(Connection::open_in_memory()?, source)
    }

    /// Lets the database grow to this many pages of 4 KiB and no further, as a full disk would.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    #[cfg(feature = "fakes")]
    pub fn limit_pages(&mut self, pages: u32) -> Result<(), InboxError> {
        Ok(self.db.pragma_update(None, "max_page_count", pages)?)
    }

    /// Looks at the inbox of `source` beside whoever else has it open. It cannot be written.
    ///
    /// # Errors
    ///
    /// When the file is not there, is from a newer version, or cannot be read.
    pub fn open_read_only(path: &Path, source: &str) -> Result<Self, InboxError> {
        let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        schema::refuse_newer(&db)?;
        // A server that nothing came from yet has no row, and no items.
        let source = db.query_row(
            "SELECT coalesce((SELECT id FROM source WHERE address = ?1), 0)",
            [source],
            |row| row.get(0),
        )?;
        Ok(Self { db, source })
    }

    fn open_file(path: &Path, source: &str) -> Result<Self, InboxError> {
        if let Some(folder) = path.parent() {
            let refused = [io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem];
            std::fs::create_dir_all(folder).map_err(|error| {
                if refused.contains(&error.kind()) {
                    InboxError::ReadOnly
                } else {
                    InboxError::Folder(error)
                }
            })?;
        }
        let db = Connection::open(path)?;
        // Two processes may meet for a moment, such as an old one that ends while the new one starts.
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        if db.is_readonly(rusqlite::MAIN_DB)? {
            return Err(InboxError::ReadOnly);
        }
        schema::refuse_newer(&db)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        // With WAL, NORMAL survives a crash of the process whole; a power cut may cost the last transactions, which
        // the server then sends again, because the cursor is lost with them.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        let sound: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if sound != "ok" {
            return Err(InboxError::Damaged);
        }
        Self::prepare(db, source)
    }

    fn prepare(mut db: Connection, source: &str) -> Result<Self, InboxError> {
        schema::migrate(&mut db)?;
        let source = schema::source(&db, source)?;
        Ok(Self { db, source })
    }

    /// An inbox in memory that begins with what the file holds, where that can be read.
    fn memory_beside(path: &Path, source: &str) -> Result<Self, InboxError> {
        let read_only = || Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        let copied = copy(read_only()).or_else(|_| copy(open_immutable(path)));
        match copied.and_then(|db| Self::prepare(db, source)) {
            Ok(inbox) => Ok(inbox),
            Err(_) => Self::in_memory(source),
        }
    }

    fn rebuild(path: &Path, source: &str) -> Result<Opened, InboxError> {
        let cursor = salvage_cursor(path, source);
        let aside = set_aside(path).map_err(InboxError::Folder)?;
        let mut inbox = match Self::open_file(path, source) {
            Ok(inbox) => inbox,
            Err(_) => Self::in_memory(source)?,
        };
        if let Some(cursor) = cursor {
            inbox.set_cursor(&cursor)?;
        }
        let problem = format!(
            "The inbox file was damaged. It was set aside as {} and a new inbox was begun; new notifications are kept \
             as usual",
            aside.display()
        );
        Ok(Opened {
            inbox,
            problem: Some(problem),
        })
    }
}

fn copy(file: rusqlite::Result<Connection>) -> Result<Connection, InboxError> {
    let file = file?;
    schema::refuse_newer(&file)?;
    let mut memory = Connection::open_in_memory()?;
    let backup = rusqlite::backup::Backup::new(&file, &mut memory)?;
    backup.run_to_completion(1024, std::time::Duration::ZERO, None)?;
    drop(backup);
    Ok(memory)
}

/// A file that was closed in order has no companions, and reading it as usual would have to make them. Nobody writes a
/// file in a folder that cannot be written, so it may as well be read as one that never changes.
fn open_immutable(path: &Path) -> rusqlite::Result<Connection> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let Ok(mut address) = url::Url::from_file_path(absolute) else {
        return Err(rusqlite::Error::InvalidPath(path.to_owned()));
    };
    address.set_query(Some("immutable=1"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(address.as_str(), flags)
}

fn salvage_cursor(path: &Path, source: &str) -> Option<String> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    db.query_row("SELECT cursor FROM source WHERE address = ?1", [source], |row| {
        row.get(0)
    })
    .ok()?
}

/// Renames the file and what SQLite keeps beside it to the first free name.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let mut number = 1;
    let aside = loop {
        let candidate = path.with_extension(format!("damaged-{number}.sqlite"));
        if !candidate.exists() {
            break candidate;
        }
        number += 1;
    };
    std::fs::rename(path, &aside)?;
    for suffix in ["-wal", "-shm"] {
        let mut companion = path.as_os_str().to_owned();
        companion.push(suffix);
        match std::fs::remove_file(&companion) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}
