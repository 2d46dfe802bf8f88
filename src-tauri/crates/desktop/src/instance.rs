//! One running app for each data folder, on every desktop, by a lock in the folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use gloria_core::paths::Paths;
use gloria_ipc::Identity;

#[cfg(unix)]
use gloria_ipc::place::usable_private_folders;

/// The exclusive right to use a data folder. It is released when dropped, and by the system when the process ends in
/// any way.
#[derive(Debug)]
pub struct Instance {
    pub(crate) identity: Identity,
    /// `None` where nothing can be locked.
    lock: Option<File>,
    /// The lock is in the folder itself, so that other computers see it too.
    in_folder: bool,
    /// The lock file could be created; only locking it is not supported.
    writable: bool,
}

enum TryError {
    Taken,
    Unsupported(io::Error),
}

impl Instance {
    /// Claims these folders, unless another process has.
    pub fn try_claim(paths: &Paths) -> Option<Self> {
        if let Err(error) = gloria_core::private::folder(&paths.data) {
            tracing::debug!(%error, "the data folder cannot be made");
        }
        let identity = Identity::of(&paths.data);
        let (lock, in_folder) = match lock(&identity.folder.join("running.lock")) {
            Ok(lock) => (Some(lock), true),
            Err(TryError::Taken) => return None,
            Err(TryError::Unsupported(error)) => {
                tracing::warn!(folder = %identity.folder.display(), %error, "the data folder cannot be locked");
                match lock_elsewhere(&identity) {
                    Ok(lock) => (lock, false),
                    Err(_taken) => return None,
                }
            }
        };
        let writable = in_folder || !is_read_only(&identity);
        Some(Self {
            identity,
            lock,
            in_folder,
            writable,
        })
    }

    /// Whether the folder itself is locked, or cannot be written to anyway. Otherwise a start on another computer that
    /// shares the folder is not noticed.
    pub fn locks_folder(&self) -> bool {
        (self.in_folder && self.lock.is_some()) || !self.writable
    }
}

/// Whether the lock file cannot be opened for writing.
fn is_read_only(identity: &Identity) -> bool {
    OpenOptions::new()
        .write(true)
        .open(identity.folder.join("running.lock"))
        .is_err()
}

fn lock(path: &Path) -> Result<File, TryError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(TryError::Unsupported)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(TryError::Taken),
        // A network file system without locks.
        Err(TryLockError::Error(error)) => Err(TryError::Unsupported(error)),
    }
}

/// Locks a file in a private folder of this computer, for a data folder that cannot be locked.
#[cfg(unix)]
fn lock_elsewhere(identity: &Identity) -> Result<Option<File>, ()> {
    for folder in usable_private_folders() {
        match lock(&folder.join(identity.name()).with_extension("lock")) {
            Ok(lock) => return Ok(Some(lock)),
            Err(TryError::Taken) => return Err(()),
            Err(TryError::Unsupported(_)) => {}
        }
    }
    Ok(None)
}

#[cfg(not(unix))]
fn lock_elsewhere(_identity: &Identity) -> Result<Option<File>, ()> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_is_claimed_once_until_it_is_given_up() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let paths = Paths::within(&home.path().join("deep/Ünïcode ✨"));
        let first = Instance::try_claim(&paths).expect("free");
        assert!(first.locks_folder());
        assert!(Instance::try_claim(&paths).is_none(), "taken");
        let other = Paths::within(&home.path().join("other"));
        assert!(Instance::try_claim(&other).is_some(), "another folder is free");
        drop(first);
        assert!(Instance::try_claim(&paths).is_some(), "free again");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_that_cannot_be_locked_is_locked_on_this_computer() {
        // Nobody can create files there, not even root.
        let paths = Paths::within(Path::new("/proc/self/fdinfo"));
        let first = Instance::try_claim(&paths).expect("free");
        assert!(!first.in_folder);
        assert!(Instance::try_claim(&paths).is_none(), "taken");
        let name = first.identity.name();
        for folder in usable_private_folders() {
            let _ = fs::remove_file(folder.join(&name).with_extension("lock"));
        }
    }
}
