//! The stored notifications of one account: a SQLite database. SQL is written nowhere else.
//!
//! The effect of an event and the cursor are written in one transaction. After a crash, the next start therefore
//! resumes after the last event that took effect, and recognises a replayed event by its id and by the key of its item.
//!
//! Depends on events, items and the decisions about alerts, but not on accounts, connections or windows.

mod alerts;
mod arrival;
mod backfill;
mod change;
mod columns;
mod fallback;
mod file;
mod filing;
mod filter;
mod journal;
mod legacy;
mod lock;
mod log;
mod marks;
pub(crate) mod notices;
mod outbox;
mod page;
mod post;
mod reading;
mod schema;
mod search;
mod snooze;
mod thread;
mod upkeep;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use thiserror::Error;

use crate::message::{self, Message};
use crate::paths::{Disk, INBOX_FILE, Paths};
use crate::private::{self, NotPrivate};

use file::{copy, copy_all, open_immutable, open_to_read, quarantine};
use legacy::{Legacy, Place};

pub use crate::fingerprint::fingerprint;
pub use alerts::{AlertRecord, DigestRecord, Due, DueQuery, Recorded, ShowRequest, Target};
pub use arrival::{Arrival, Cursor, Effect, FirstOccurrence, Now, Origin, Posted};
pub use fallback::Returned;
pub(crate) use file::server_of;
pub use log::{LogPage, LogQuery, LoggedEvent};
pub use reading::{ItemsPage, WholeItem};
pub use thread::InboxThread;
#[cfg(test)]
pub(crate) use thread::in_place;
pub use upkeep::{CategoryLimit, Retention, Sweep, Swept};

/// How long SQLite waits while another process has the file locked. An old process that exits while the new one starts
/// needs less.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Source of the serial numbers of this process's connections.
static SERIALS: AtomicU64 = AtomicU64::new(0);

/// The number of cached prepared statements: more than storing an event and its alert uses.
const STATEMENT_CAPACITY: usize = 128;

/// The inbox of one account.
#[derive(Debug)]
pub struct Inbox {
    db: Connection,
    /// Changes with every connection, so that the reader's thread notices that the writer's was replaced.
    serial: u64,
    /// The server whose inbox this is.
    server: String,
    /// The number of the server connection that delivered the event. An event that was seen on an earlier one is a
    /// replay.
    connection: i64,
    /// Where the file is; `None` for an inbox that never had one.
    place: Option<Place>,
    /// What was done in memory since the file became unusable, to be repeated in the file later.
    fallback: Option<fallback::Fallback>,
    /// Alerts that were shown although their items could not be stored yet.
    shown: fallback::Shown,
    /// Whether deleted content may still be on the disk, in free pages or in the log, from this run or the previous
    /// one.
    erased: bool,
    /// What the stream has overtaken of the page that is asked for.
    overtaken: backfill::Overtaken,
    /// See [`Inbox::take_first_occurrences`].
    first: Vec<FirstOccurrence>,
    /// See [`Inbox::set_person`].
    person: Option<String>,
    /// The lock that keeps other processes from writing to this account. `None` without a file, and when only reading.
    lock: Option<lock::WriterLock>,
    /// Notifications that were requested from the service and are not answered yet.
    asked: alerts::Asked,
}

/// An inbox, with what the user should know about how it was opened.
#[derive(Debug)]
pub struct Opened {
    /// The inbox; in memory when the file could not be used.
    pub inbox: Inbox,
    /// What happened to the file and what to do about it, for the user.
    pub problem: Option<Message>,
    /// Whether another process has the file locked, which may resolve itself.
    pub busy: bool,
}

/// Why an operation on the inbox failed.
#[derive(Debug, Error)]
pub enum InboxError {
    /// The file was written by a newer version of the app.
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
    /// Another process has the file locked.
    #[error("another program is using the inbox file")]
    Busy,
    /// Another process writes to this account.
    #[error("another Gloria Notify is using this inbox")]
    InUse,
    /// The file was deleted while it was in use.
    #[error("the inbox file is gone")]
    Gone,
    /// The disk reported an I/O error.
    #[error("the disk failed: {0}")]
    Disk(rusqlite::Error),
    /// The file or its folder cannot be written to.
    #[error("the inbox file cannot be written")]
    ReadOnly,
    /// The file is no valid database.
    #[error("the inbox file is damaged")]
    Damaged,
    /// Something else has the name of the file: a folder, a pipe, a socket or a device.
    #[error("{} is not a file", .0.display())]
    NotAFile(PathBuf),
    /// The file belongs to another account.
    #[error("the inbox file belongs to another account")]
    Foreign,
    /// Other users of the computer can read or change the file.
    #[error(transparent)]
    NotPrivate(#[from] NotPrivate),
    /// The folder cannot be created.
    #[error("the folder for the inbox cannot be created: {0}")]
    Folder(io::Error),
    /// The database failed for any other reason, which is the data that was to be stored.
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
            Some(
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed,
            ) => Self::Busy,
            Some(ErrorCode::SystemIoFailure | ErrorCode::OutOfMemory | ErrorCode::NoLargeFileSupport) => {
                Self::Disk(error)
            }
            Some(_) | None => Self::Database(error),
        }
    }
}

impl InboxError {
    /// Whether the file or its disk failed. Any other error is caused by the data that was to be stored.
    pub(crate) fn is_storage_failure(&self) -> bool {
        match self {
            Self::Newer { .. }
            | Self::Full
            | Self::Busy
            | Self::InUse
            | Self::Gone
            | Self::Disk(_)
            | Self::ReadOnly
            | Self::Damaged
            | Self::NotAFile(_)
            | Self::Foreign
            | Self::NotPrivate(_)
            | Self::Folder(_) => true,
            Self::Database(_) | Self::Closed => false,
        }
    }

    /// Returns what happened, for the user.
    pub fn message(&self) -> Message {
        match self {
            Self::Newer { found, known } => message::storage_newer(*found, *known),
            Self::Full => message::storage_full(),
            Self::Busy => message::storage_busy(),
            Self::InUse => message::storage_in_use(),
            Self::Gone => message::storage_gone(),
            Self::Disk(error) => message::storage_disk(error.to_string()),
            Self::ReadOnly => message::storage_read_only(),
            Self::Damaged => message::storage_damaged(),
            Self::NotAFile(path) => message::storage_not_a_file(path.display().to_string()),
            Self::Foreign => message::storage_foreign(),
            Self::NotPrivate(refused) => refused.message(),
            Self::Folder(error) => message::storage_folder(error.to_string()),
            Self::Database(error) => message::storage_database(error.to_string()),
            Self::Closed => message::storage_closed(),
        }
    }

    /// Returns what happened and what to do about it, for the user.
    pub fn message_with_advice(&self, path: &Path) -> Message {
        let (problem, path) = (self.message(), path.display().to_string());
        match self {
            Self::Newer { .. } => message::advised_newer(problem),
            Self::Full => message::advised_free_space(problem),
            Self::Busy => message::advised_close_other(problem),
            Self::InUse => message::advised_end_other(problem),
            Self::Disk(_) | Self::Closed | Self::Database(_) => message::advised_disk(problem, path),
            Self::NotPrivate(_) => message::advised_administrator(problem),
            Self::Foreign => message::advised_move(problem, path),
            Self::NotAFile(found) => message::advised_move(problem, found.display().to_string()),
            Self::Gone | Self::ReadOnly | Self::Damaged | Self::Folder(_) => {
                message::advised_writable(problem, path)
            }
        }
    }
}

impl Inbox {
    /// Opens the inbox of an account at `server`, and creates it if there is none.
    ///
    /// A damaged file is renamed and a new one continues from its cursor, if that can still be read. A file that is
    /// from a newer version, locked by another process, or not writable stays untouched, and the inbox is kept in
    /// memory until [`Inbox::return_to_file`]. Alerts continue meanwhile. Because the cursor in the file does not move,
    /// the next start with a usable file requests everything again.
    ///
    /// # Errors
    ///
    /// When not even an inbox in memory can be created.
    pub fn open(path: &Path, server: &str) -> Result<Opened, InboxError> {
        Self::open_on(Disk::Local, path, server)
    }

    /// Like [`Inbox::open`], for a file that may be on a network drive.
    ///
    /// # Errors
    ///
    /// [`InboxError::InUse`] while another process writes to it; otherwise when not even an inbox in memory can be
    /// created.
    pub(crate) fn open_on(disk: Disk, path: &Path, server: &str) -> Result<Opened, InboxError> {
        Self::open_place(&Place {
            disk,
            file: path.to_owned(),
            server: server.to_owned(),
            legacy: None,
        })
    }

    /// Opens the inbox in the folder of an account. The single file that earlier versions had for all servers is split
    /// first; while that is impossible, the inbox is in memory, as it is when the account's own file is unusable.
    ///
    /// # Errors
    ///
    /// [`InboxError::InUse`] while another process writes to it; otherwise when not even an inbox in memory can be
    /// created.
    pub fn open_account(paths: &Paths, folder: &Path, server: &str) -> Result<Opened, InboxError> {
        Self::open_place(&Place {
            disk: paths.disk,
            file: folder.join(INBOX_FILE),
            server: server.to_owned(),
            legacy: Some(Legacy {
                file: paths.legacy_inbox(),
                accounts: paths.accounts(),
            }),
        })
    }

    fn open_place(place: &Place) -> Result<Opened, InboxError> {
        let lock = lock::WriterLock::take(&place.file)?;
        let mut opened = Self::open_or_fall_back(place)?;
        // Kept for an inbox in memory too: a second process would also fall back to memory, and alert a second time.
        opened.inbox.lock = Some(lock);
        Ok(opened)
    }

    fn open_or_fall_back(place: &Place) -> Result<Opened, InboxError> {
        match Self::open_file(place, BUSY_TIMEOUT) {
            Ok(inbox) => Ok(Opened {
                inbox,
                problem: None,
                busy: false,
            }),
            Err(error) if place.needs_new_file(&error) => Self::rebuild(place),
            Err(error) => Self::open_fallback(place, &error),
        }
    }

    /// Returns an inbox that is lost when the process ends.
    ///
    /// # Errors
    ///
    /// When the database cannot be created.
    pub fn in_memory(server: &str) -> Result<Self, InboxError> {
        Self::prepare(Connection::open_in_memory()?, server, None)
    }

    /// Lets the database grow to this many pages of 4 KiB and no further, as on a full disk.
    ///
    /// # Errors
    ///
    /// When the database fails.
    #[cfg(feature = "fakes")]
    pub fn limit_pages(&mut self, pages: u32) -> Result<(), InboxError> {
        Ok(self.db.pragma_update(None, "max_page_count", pages)?)
    }

    /// Opens the inbox of an account at `server` for reading only, which works while another process has it open.
    ///
    /// # Errors
    ///
    /// When the file does not exist, is from a newer version, or cannot be read.
    pub fn open_read_only(path: &Path, server: &str) -> Result<Self, InboxError> {
        file::refuse_other_than_files(path)?;
        let db = journal::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        db.busy_timeout(BUSY_TIMEOUT)?;
        schema::refuse_newer(&db)?;
        if schema::is_older(&db)? {
            // Only the app migrates the file; here a copy in memory is migrated.
            return Self::prepare(copy(Ok(db))?, server, None);
        }
        schema::refuse_foreign(&db, server)?;
        Ok(Self::of(db, server, None))
    }

    /// Returns the file, if another connection can read it while this one writes.
    fn is_in_wal_file(&self) -> Option<PathBuf> {
        let place = self.place.as_ref().filter(|_| self.fallback.is_none())?;
        journal::is_wal(&self.db).then(|| place.file.clone())
    }

    fn of(db: Connection, server: &str, place: Option<&Place>) -> Self {
        db.set_prepared_statement_cache_capacity(STATEMENT_CAPACITY);
        Self {
            db,
            serial: SERIALS.fetch_add(1, Ordering::Relaxed),
            connection: 0,
            server: server.to_owned(),
            place: place.cloned(),
            fallback: None,
            shown: fallback::Shown::default(),
            erased: true,
            overtaken: backfill::Overtaken::default(),
            first: Vec::new(),
            person: None,
            lock: None,
            asked: alerts::Asked::default(),
        }
    }

    fn open_file(place: &Place, busy: Duration) -> Result<Self, InboxError> {
        legacy::split(place, busy)?;
        let (disk, path) = (place.disk, place.file.as_path());
        if let Some(folder) = path.parent() {
            private::folder(folder).map_err(folder_error)?;
        }
        file::refuse_other_than_files(path)?;
        // SQLite creates the files next to this one with its mode.
        if let Err(error) = private::ensure(path)
            && let Some(refused) = private::refusal(&error)
        {
            return Err(refused.clone().into());
        }
        let db = journal::connect(path, OpenFlags::default())?;
        db.busy_timeout(busy)?;
        if db.is_readonly(rusqlite::MAIN_DB)? {
            return Err(InboxError::ReadOnly);
        }
        journal::make_readable(&db, disk)?;
        schema::refuse_newer(&db)?;
        journal::choose(&db, disk)?;
        journal::tune_writer(&db)?;
        let sound: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if sound != "ok" {
            return Err(InboxError::Damaged);
        }
        let inbox = Self::prepare(db, &place.server, Some(place))?;
        // A file that another process has locked, and one on a full disk, can still be opened and read: only a write
        // shows it.
        inbox.db.execute("UPDATE account SET cursor = cursor", [])?;
        inbox.db.busy_timeout(BUSY_TIMEOUT)?;
        Ok(inbox)
    }

    fn prepare(mut db: Connection, server: &str, place: Option<&Place>) -> Result<Self, InboxError> {
        // Deleted content is overwritten with zeros; SQLite would otherwise leave it in free pages.
        db.pragma_update(None, "secure_delete", true)?;
        schema::migrate(&mut db, server)?;
        schema::refuse_foreign(&db, server)?;
        search::reset_if_foreign(&mut db)?;
        let last: i64 = db.query_row("SELECT coalesce(max(connection), 0) FROM event", [], |row| {
            row.get(0)
        })?;
        let mut inbox = Self::of(db, server, place);
        inbox.connection = last + 1;
        inbox.read_numbers()?;
        Ok(inbox)
    }

    /// Returns an inbox in memory, filled from the file if that can be read.
    fn open_fallback(place: &Place, error: &InboxError) -> Result<Opened, InboxError> {
        let path = place.existing();
        let copied = if let InboxError::NotPrivate(refused) = error {
            // Another user who has write permission may have written anything.
            Err(refused.clone().into())
        } else if matches!(error, InboxError::Busy) {
            // It is being written: reading past its locks could show half a transaction, or an older state.
            copy(open_to_read(path))
        } else {
            copy(open_to_read(path)).or_else(|_| copy(open_immutable(path)))
        };
        let (mut inbox, fallback) = match copied.and_then(|db| Self::prepare(db, &place.server, Some(place)))
        {
            Ok(inbox) => (inbox, fallback::Fallback::default()),
            Err(_) => {
                let empty = Self::prepare(Connection::open_in_memory()?, &place.server, Some(place))?;
                let fallback = if path.exists() {
                    empty.skip_first_list()?;
                    fallback::Fallback::file_unread()
                } else {
                    fallback::Fallback::default()
                };
                (empty, fallback)
            }
        };
        inbox.fallback = Some(fallback);
        Ok(Opened {
            inbox,
            problem: Some(error.message_with_advice(path)),
            busy: matches!(error, InboxError::Busy),
        })
    }

    fn rebuild(place: &Place) -> Result<Opened, InboxError> {
        let path = place.existing();
        let cursor = salvage_cursor(path, &place.server);
        let fallback = match quarantine(path) {
            Ok(fallback) => fallback,
            // No file can be created in the folder, so the file cannot be renamed and stays as it is.
            Err(error) => {
                return Self::open_fallback(place, &InboxError::Folder(error));
            }
        };
        let mut inbox = match Self::open_file(place, BUSY_TIMEOUT) {
            Ok(inbox) => inbox,
            Err(error) => return Self::open_fallback(place, &error),
        };
        if let Some(cursor) = cursor
            && inbox.cursor()?.is_none()
        {
            inbox.set_cursor(&cursor)?;
        }
        let problem = message::notice_storage_set_aside(fallback.display().to_string());
        Ok(Opened {
            inbox,
            problem: Some(problem),
            busy: false,
        })
    }
}

fn folder_error(error: io::Error) -> InboxError {
    if let Some(refused) = private::refusal(&error) {
        return InboxError::NotPrivate(refused.clone());
    }
    let refused = [io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem];
    if refused.contains(&error.kind()) {
        InboxError::ReadOnly
    } else {
        InboxError::Folder(error)
    }
}

fn salvage_cursor(path: &Path, server: &str) -> Option<String> {
    let db = open_to_read(path).ok()?;
    schema::salvage_cursor(&db, server)
}
