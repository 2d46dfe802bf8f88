//! Folders for sockets and locks that no other user can write to, with paths short enough for a socket.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// The effective user of this process.
pub fn current_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Where to look, in this order. A program in a session gets its runtime folder from the environment; one that was
/// started by cron or over ssh uses its usual path. The last one exists on every system.
fn private_folders() -> Vec<PathBuf> {
    let user = current_user();
    let named = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let mut folders: Vec<_> = named.into_iter().filter(|folder| folder.is_absolute()).collect();
    let usual = PathBuf::from(format!("/run/user/{user}"));
    if !folders.contains(&usual) {
        folders.push(usual);
    }
    folders.push(last_resort(user));
    folders
}

fn last_resort(user: u32) -> PathBuf {
    // TMPDIR differs between a session and cron, so it is not used.
    PathBuf::from(format!("/tmp/gloria-notify-{user}"))
}

/// Folders in which another program of this user may have created a socket or lock.
pub fn possible_private_folders() -> Vec<PathBuf> {
    let mut folders = private_folders();
    folders.retain(|folder| is_private(folder));
    folders
}

/// Folders in which to create one; the last resort is created if it is missing.
pub fn usable_private_folders() -> Vec<PathBuf> {
    let made = fs::DirBuilder::new()
        .mode(0o700)
        .create(last_resort(current_user()));
    if let Err(error) = made
        && error.kind() != std::io::ErrorKind::AlreadyExists
    {
        tracing::debug!(%error, "no folder in /tmp");
    }
    possible_private_folders()
}

/// Whether it is a folder that only this user can access, and no link, whose creator could change its target.
fn is_private(folder: &Path) -> bool {
    fs::symlink_metadata(folder)
        .is_ok_and(|found| found.is_dir() && found.uid() == current_user() && found.mode() & 0o077 == 0)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_folder_that_others_can_enter_or_turn_away_is_not_private() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let folder = home.path().join("folder");
        let link = home.path().join("link");
        fs::create_dir(&folder).expect("folder");
        symlink(&folder, &link).expect("link");
        let allow = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).expect("mode");
        allow(0o700);
        assert!(is_private(&folder));
        assert!(!is_private(&link), "a link");
        assert!(!is_private(&home.path().join("missing")));
        for mode in [0o701, 0o750, 0o770, 0o777] {
            allow(mode);
            assert!(!is_private(&folder), "{mode:o}");
        }
        allow(0o700);
        if current_user() == 0 {
            std::os::unix::fs::chown(&folder, Some(1), Some(1)).expect("another owner");
            assert!(!is_private(&folder), "another user's");
        }
    }
}
