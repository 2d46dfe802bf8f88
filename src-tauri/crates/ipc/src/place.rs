//! The location of an app's socket, which all programs derive from the data folder alone.

use std::fs;
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

    /// A short unique name for the folder.
    pub fn name(&self) -> String {
        format!(
            "gloria-notify-{:016x}",
            fnv1a(self.folder.as_os_str().as_encoded_bytes())
        )
    }
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
