//! Ensures that only one process writes to an account: two would both store the same events, and show each alert twice.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::InboxError;
use crate::private;

/// How long to wait until another writer ends: a previous core in the same process, or an old app that is exiting while
/// the new one starts.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// Each attempt is a single system call.
const LOCK_INTERVAL: Duration = Duration::from_millis(25);

/// The exclusive right to write to an inbox. The system releases it however the process ends.
#[derive(Debug)]
pub(super) struct WriterLock {
    path: PathBuf,
    /// `None` where nothing can be locked: on some network file systems, and in a folder that cannot be written to.
    /// There the app's own lock on this computer has to be enough.
    _file: Option<File>,
}

impl WriterLock {
    /// Acquires the lock of the inbox at `inbox`.
    ///
    /// # Errors
    ///
    /// [`InboxError::InUse`] while another writer has it.
    pub(super) fn take(inbox: &Path) -> Result<Self, InboxError> {
        Self::take_within(inbox, LOCK_TIMEOUT)
    }

    fn take_within(inbox: &Path, timeout: Duration) -> Result<Self, InboxError> {
        let path = inbox.with_extension("lock");
        let deadline = Instant::now() + timeout;
        loop {
            match lock(&path) {
                Ok(file) => {
                    let file = Some(file);
                    return Ok(Self { path, _file: file });
                }
                Err(TryLockError::Error(error)) => {
                    tracing::debug!(path = %path.display(), %error, "the inbox cannot be locked");
                    return Ok(Self { path, _file: None });
                }
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(LOCK_INTERVAL),
                Err(TryLockError::WouldBlock) => return Err(InboxError::InUse),
            }
        }
    }

    /// Acquires the lock again if its file was deleted, because another process could create a new file and lock that.
    ///
    /// # Errors
    ///
    /// [`InboxError::InUse`] if that has happened.
    pub(super) fn renew(&mut self, inbox: &Path) -> Result<(), InboxError> {
        if !self.path.exists() {
            *self = Self::take_within(inbox, Duration::ZERO)?;
        }
        Ok(())
    }
}

fn lock(path: &Path) -> Result<File, TryLockError> {
    if let Some(folder) = path.parent() {
        private::folder(folder).map_err(TryLockError::Error)?;
    }
    private::ensure(path).map_err(TryLockError::Error)?;
    // Opening a pipe would wait for somebody who reads it.
    if !fs::metadata(path).map_err(TryLockError::Error)?.is_file() {
        return Err(TryLockError::Error(io::ErrorKind::InvalidInput.into()));
    }
    let file = OpenOptions::new()
        .write(true)
        .open(path)
        .map_err(TryLockError::Error)?;
    file.try_lock()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inbox_has_one_writer_at_a_time() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let inbox = folder.path().join("account/inbox.sqlite");
        let first = WriterLock::take(&inbox).expect("free");
        let second = WriterLock::take_within(&inbox, Duration::ZERO);
        assert!(matches!(second, Err(InboxError::InUse)));
        drop(first);
        let mut third = WriterLock::take(&inbox).expect("free again");
        std::fs::remove_file(inbox.with_extension("lock")).expect("removed");
        third.renew(&inbox).expect("locked anew");
        assert!(WriterLock::take_within(&inbox, Duration::ZERO).is_err());
    }

    #[test]
    fn a_lock_that_is_about_to_be_given_up_is_waited_for() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let inbox = folder.path().join("inbox.sqlite");
        let first = WriterLock::take(&inbox).expect("free");
        let path = inbox.clone();
        let waiting = std::thread::spawn(move || WriterLock::take(&path).map(drop));
        drop(first);
        waiting.join().expect("ended").expect("taken");
    }
}
