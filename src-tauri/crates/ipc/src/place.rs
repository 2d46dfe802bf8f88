//! The location of an app's socket, which all programs derive from the data folder alone.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

#[cfg(unix)]
mod private;

#[cfg(unix)]
pub use private::{current_user, possible_private_folders, usable_private_folders};

/// Identifies a folder, independent of how its path is written.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Without links and `..`.
    pub folder: PathBuf,
}

impl Identity {
    /// The folder at this path.
    pub fn of(data: &Path) -> Self {
        let folder = fs::canonicalize(data)
            .or_else(|_| std::path::absolute(data))
            .unwrap_or_else(|_| data.to_owned());
        Self { folder }
    }

    /// What an app locks for as long as it has the folder.
    pub fn lock_file(&self) -> PathBuf {
        self.folder.join("running.lock")
    }

    /// Likewise, where the folder has no locks: in a private folder of this computer.
    pub fn lock_file_in(&self, private: &Path) -> PathBuf {
        private.join(self.name()).with_extension("lock")
    }

    /// Whether an app has the folder: it runs, or it starts, ends or begins anew and has no socket for a moment.
    pub fn is_claimed(&self) -> bool {
        is_locked(&self.lock_file()) || self.is_claimed_elsewhere()
    }

    #[cfg(unix)]
    fn is_claimed_elsewhere(&self) -> bool {
        let mut folders = possible_private_folders().into_iter();
        folders.any(|private| is_locked(&self.lock_file_in(&private)))
    }

    #[cfg(not(unix))]
    fn is_claimed_elsewhere(&self) -> bool {
        false
    }

    /// A short unique name for the folder.
    pub fn name(&self) -> String {
        format!(
            "gloria-notify-{:016x}",
            fnv1a(self.folder.as_os_str().as_encoded_bytes())
        )
    }
}

/// Only a lock of its own says so, which this has for some microseconds if nobody else has one.
fn is_locked(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// FNV-1a, because app and command line must compute the same name whatever compiler built them. It need not resist
/// attacks: the name is only used in folders of the same user.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_claimed_as_long_as_it_is_locked() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let identity = Identity::of(home.path());
        assert!(!identity.is_claimed(), "there is no lock");
        let lock = File::create(identity.lock_file()).expect("made");
        assert!(!identity.is_claimed(), "nobody has it");
        lock.lock().expect("locked");
        assert!(identity.is_claimed());
        let copy = lock.try_clone().expect("a descriptor");
        drop(lock);
        assert!(identity.is_claimed(), "until the last descriptor is closed");
        drop(copy);
        assert!(!identity.is_claimed());
    }

    #[test]
    fn one_folder_has_one_name_and_two_folders_have_two() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let real = home.path().join("real");
        fs::create_dir(&real).expect("folder");
        let link = home.path().join("link");
        std::os::unix::fs::symlink(&real, &link).expect("link");
        let name = |path: &Path| Identity::of(path).name();
        assert_eq!(name(&link), name(&real));
        assert_eq!(name(&home.path().join("real/../real/.")), name(&real));
        assert_ne!(name(&home.path().join("a b")), name(&home.path().join("a-b")));
    }
}
