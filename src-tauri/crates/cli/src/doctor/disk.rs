//! Looks whether the inbox can be written.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use gloria_core::doctor::DiskSeen;
use gloria_core::message;
use gloria_core::paths::{Disk, Paths};
use gloria_program::paths::free_bytes;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Looks at the disk of the inbox. A network drive may hang, and the thread with it; the process does not wait for it.
pub(super) async fn look(paths: &Paths, limit: Duration) -> DiskSeen {
    let (sender, seen) = oneshot::channel();
    let folder = paths.data.clone();
    let started = std::thread::Builder::new().name("disk".into()).spawn(move || {
        // Fails if the answer came too late.
        let _ = sender.send((free_bytes(&folder), try_to_write(&folder).err()));
    });
    let (free_bytes, refusal) = match (started, timeout(limit, seen).await) {
        (Ok(_), Ok(Ok((free_bytes, refusal)))) => (free_bytes, refusal.map(|error| error.to_string().into())),
        (Ok(_), Err(_)) => (None, Some(message::doctor_hangs(limit).into())),
        // Nothing was tried.
        (Err(_), _) | (Ok(_), Ok(Err(_))) => (None, None),
    };
    DiskSeen {
        free_bytes,
        is_network: paths.disk == Disk::Network,
        refusal,
    }
}

/// Creates a file in the folder, or where that is not there yet, in the one that it would be created in, and removes it
/// again. The free space says nothing of file systems that are mounted read-only, or have no room for another name.
fn try_to_write(folder: &Path) -> io::Result<()> {
    let place = nearest(folder).join(format!(".gloria-doctor-{}", std::process::id()));
    let written = File::create_new(&place).and_then(|mut file| file.write_all(b"\n"));
    let removed = match written {
        // It is somebody else's.
        Err(ref error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        _ => fs::remove_file(&place),
    };
    written.and(removed)
}

fn nearest(folder: &Path) -> PathBuf {
    let there = folder.ancestors().find(|place| place.is_dir());
    there.unwrap_or(folder).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_created_where_the_inbox_is_or_will_be_and_nothing_remains() {
        let home = tempfile::tempdir().unwrap();
        for folder in [home.path().to_owned(), home.path().join("not/yet/there")] {
            try_to_write(&folder).unwrap();
        }
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }
}
