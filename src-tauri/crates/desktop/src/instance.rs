//! One running app for each data folder, on every desktop, by a lock in the folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use gloria_core::paths::Paths;
use gloria_ipc::Identity;

#[cfg(unix)]
use gloria_ipc::place::{possible_private_folders, usable_private_folders};
#[cfg(unix)]
use std::os::{fd::OwnedFd, unix::fs::MetadataExt as _};
#[cfg(unix)]
use std::path::PathBuf;

/// A client that looks whether the folder is claimed has the lock for some microseconds.
const MAX_TRIES: u32 = 3;

/// Longer than that.
const TRY_INTERVAL: Duration = Duration::from_millis(1);

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
        let (lock, in_folder) = match lock(&identity.lock_file()) {
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

    /// Claims these folders by the lock of the program that this process ran before, which [`Instance::keep`] has kept.
    /// `None` if it is none of theirs.
    #[cfg(unix)]
    pub fn inherited(paths: &Paths, lock: OwnedFd) -> Option<Self> {
        let identity = Identity::of(&paths.data);
        let file = File::from(lock);
        let of_lock = file.metadata().ok()?;
        let is_lock = |path: PathBuf| {
            let found = path.metadata();
            found.is_ok_and(|found| (found.dev(), found.ino()) == (of_lock.dev(), of_lock.ino()))
        };
        let in_folder = is_lock(identity.lock_file());
        let mut elsewhere = possible_private_folders().into_iter();
        if !in_folder && !elsewhere.any(|folder| is_lock(identity.lock_file_in(&folder))) {
            return None;
        }
        // Its descriptor is not locked a second time, and another one's is not taken over.
        file.try_lock().ok()?;
        let writable = in_folder || !is_read_only(&identity);
        Some(Self {
            identity,
            lock: Some(file),
            in_folder,
            writable,
        })
    }

    /// The lock once more, which keeps the folder claimed for as long as this or the instance is there.
    ///
    /// # Errors
    /// When the process has no free file descriptor.
    #[cfg(unix)]
    pub fn keep(&self) -> io::Result<Option<OwnedFd>> {
        let lock = self.lock.as_ref().map(File::try_clone).transpose()?;
        Ok(lock.map(OwnedFd::from))
    }

    /// Whether the folder itself is locked, or cannot be written to anyway. Otherwise a start on another computer that
    /// shares the folder is not noticed.
    pub fn locks_folder(&self) -> bool {
        (self.in_folder && self.lock.is_some()) || !self.writable
    }
}

/// Whether the lock file cannot be opened for writing.
fn is_read_only(identity: &Identity) -> bool {
    OpenOptions::new().write(true).open(identity.lock_file()).is_err()
}

fn lock(path: &Path) -> Result<File, TryError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(TryError::Unsupported)?;
    let mut tries = 0;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if tries < MAX_TRIES => tries += 1,
            Err(TryLockError::WouldBlock) => return Err(TryError::Taken),
            // A network file system without locks.
            Err(TryLockError::Error(error)) => return Err(TryError::Unsupported(error)),
        }
        sleep(TRY_INTERVAL);
    }
}

/// Locks a file in a private folder of this computer, for a data folder that cannot be locked.
#[cfg(unix)]
fn lock_elsewhere(identity: &Identity) -> Result<Option<File>, ()> {
    for folder in usable_private_folders() {
        match lock(&identity.lock_file_in(&folder)) {
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

    #[cfg(unix)]
    #[test]
    fn a_lock_that_is_kept_claims_its_folder_and_no_other() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let paths = Paths::within(&home.path().join("one"));
        let first = Instance::try_claim(&paths).expect("free");
        let kept = first.keep().expect("a descriptor").expect("a lock");
        drop(first);
        assert!(Instance::try_claim(&paths).is_none(), "it is kept");
        let again = kept.try_clone().expect("a descriptor");
        let other = Paths::within(&home.path().join("other"));
        drop(Instance::try_claim(&other).expect("free"));
        assert!(Instance::inherited(&other, again).is_none(), "another folder's");
        let next = Instance::inherited(&paths, kept).expect("its own");
        assert!(next.locks_folder());
        assert!(Instance::try_claim(&paths).is_none(), "taken");
        drop(next);
        assert!(Instance::try_claim(&paths).is_some(), "free again");
        let unlocked = OwnedFd::from(File::create(home.path().join("file")).expect("made"));
        assert!(Instance::inherited(&paths, unlocked).is_none(), "no lock");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_that_cannot_be_locked_is_locked_on_this_computer() {
        // Nobody can create files there, not even root.
        let paths = Paths::within(Path::new("/proc/self/fdinfo"));
        let first = Instance::try_claim(&paths).expect("free");
        assert!(!first.in_folder);
        assert!(Instance::try_claim(&paths).is_none(), "taken");
        for folder in usable_private_folders() {
            let _ = fs::remove_file(first.identity.lock_file_in(&folder));
        }
    }
}
