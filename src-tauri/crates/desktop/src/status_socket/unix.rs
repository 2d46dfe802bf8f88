//! A socket file that only its user can use.

use std::collections::hash_map::RandomState;
use std::fs::{self, Permissions};
use std::hash::BuildHasher as _;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use gloria_core::paths::Paths;
use tokio::net::{UnixListener, UnixStream};

use super::{AskError, StatusSocketError};
use crate::instance::{Identity, current_user, possible_private_folders, usable_private_folders};

/// `sun_path` has 104 bytes on macOS and 108 on Linux, including the null.
const MAX_PATH: usize = 99;

/// The ending of sockets that are not renamed yet.
const DRAFT: &str = "new";

/// Names of drafts that are tried. They are random, so a second one is needed only if somebody guessed the first.
const MAX_DRAFTS: u32 = 8;

/// The administrator can read everything anyway.
const ROOT: u32 = 0;

#[derive(Debug)]
pub(super) struct Listener {
    listener: UnixListener,
    socket: PathBuf,
}

impl Listener {
    /// Opens the socket in the inbox's folder, which a script finds from any session. If its path is too long, or its
    /// file system has no sockets, in a private folder of this computer.
    pub(super) fn open(identity: &Identity) -> Result<Self, StatusSocketError> {
        let first = in_folder(identity);
        let mut refused = None;
        for socket in std::iter::once(first.clone()).chain(elsewhere(identity, usable_private_folders())) {
            match bind(&socket) {
                Ok(listener) => {
                    if socket != first {
                        create_link(&socket, &first);
                    }
                    return Ok(Self { listener, socket });
                }
                Err(source) => {
                    tracing::debug!(place = %socket.display(), error = %source, "no socket here");
                    // The first error is about the place where users look.
                    refused.get_or_insert(StatusSocketError {
                        place: socket.display().to_string(),
                        source,
                    });
                }
            }
        }
        Err(refused.unwrap_or_else(|| StatusSocketError {
            place: first.display().to_string(),
            source: io::ErrorKind::NotFound.into(),
        }))
    }

    pub(super) async fn accept(&mut self) -> io::Result<UnixStream> {
        loop {
            let (client, _) = self.listener.accept().await?;
            // Until its mode is set, everybody who can enter the folder can connect to a new socket.
            match client.peer_cred() {
                Ok(peer) if is_trusted(peer.uid()) => return Ok(client),
                Ok(peer) => tracing::warn!(user = peer.uid(), "another user asked for the status"),
                Err(error) => tracing::warn!(%error, "somebody who has no name asked for the status"),
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.socket) {
            tracing::debug!(%error, "the status socket was gone already");
        }
    }
}

fn is_trusted(peer: u32) -> bool {
    peer == current_user() || peer == ROOT
}

/// Creates the socket under another name, and renames it once only its owner can use it. A client that connects
/// meanwhile reaches the old one or the new one.
fn bind(socket: &Path) -> io::Result<UnixListener> {
    if socket.as_os_str().len() > MAX_PATH {
        return Err(io::Error::new(
            io::ErrorKind::InvalidFilename,
            "too long a path for a socket",
        ));
    }
    remove_drafts(socket);
    let (draft, listener) = bind_draft(socket)?;
    let placed =
        fs::set_permissions(&draft, Permissions::from_mode(0o600)).and_then(|()| fs::rename(&draft, socket));
    if let Err(error) = placed {
        // The first error is the one to report.
        let _ = fs::remove_file(&draft);
        return Err(error);
    }
    Ok(listener)
}

/// Binding fails if the name exists, even as a dangling link, and follows no link. Nobody can occupy the name in
/// advance, because it is random.
fn bind_draft(socket: &Path) -> io::Result<(PathBuf, UnixListener)> {
    let mut tried = 0;
    loop {
        // As short as the shortest name of our sockets, because the path's length is limited.
        let number = RandomState::new().hash_one(tried) & 0xFFF_FFFF;
        let draft = socket.with_file_name(format!("{number:07x}.{DRAFT}"));
        match UnixListener::bind(&draft) {
            Ok(listener) => return Ok((draft, listener)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tried < MAX_DRAFTS => tried += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Removes drafts after a crash between binding and renaming. Only sockets of this user are removed.
fn remove_drafts(socket: &Path) {
    let beside = socket.parent().and_then(|folder| fs::read_dir(folder).ok());
    for entry in beside.into_iter().flatten().flatten() {
        let path = entry.path();
        let is_draft = path.extension().is_some_and(|end| end == DRAFT)
            && fs::symlink_metadata(&path)
                .is_ok_and(|file| file.file_type().is_socket() && file.uid() == current_user());
        if is_draft && let Err(error) = fs::remove_file(&path) {
            tracing::debug!(%error, "a draft of the status socket stays");
        }
    }
}

/// Creates a link in the inbox's folder, so that a script that does not know this session's runtime folder finds the
/// socket.
fn create_link(socket: &Path, link: &Path) {
    let left = match fs::remove_file(link) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => symlink(socket, link),
    };
    if let Err(error) = left {
        tracing::debug!(%error, "no link to the status socket");
    }
}

pub(super) async fn connect(paths: &Paths) -> Result<UnixStream, AskError> {
    let identity = Identity::of(&paths.data);
    let first = in_folder(&identity);
    // Only the file's path may be too long; the target of the link is short.
    let first = fs::read_link(&first).unwrap_or(first);
    let mut unreachable = None;
    for socket in std::iter::once(first).chain(elsewhere(&identity, possible_private_folders())) {
        if socket.as_os_str().len() > MAX_PATH {
            continue;
        }
        let connected = UnixStream::connect(&socket).await.and_then(|server| {
            // Another user must not answer instead of the app.
            if is_trusted(server.peer_cred()?.uid()) || current_user() == ROOT {
                Ok(server)
            } else {
                Err(io::ErrorKind::PermissionDenied.into())
            }
        });
        match connected {
            Ok(server) => return Ok(server),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused | io::ErrorKind::NotADirectory
                ) => {}
            Err(source) => {
                unreachable.get_or_insert(StatusSocketError {
                    place: socket.display().to_string(),
                    source,
                });
            }
        }
    }
    Err(unreachable.map_or(AskError::NotRunning, AskError::Unreachable))
}

fn in_folder(identity: &Identity) -> PathBuf {
    identity.folder.join("status.sock")
}

fn elsewhere(identity: &Identity, folders: Vec<PathBuf>) -> impl Iterator<Item = PathBuf> {
    let name = identity.name();
    folders
        .into_iter()
        .map(move |folder| folder.join(&name).with_extension("sock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_socket_is_its_users_alone_and_follows_no_link_that_was_prepared() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (socket, victim) = (folder.path().join("status.sock"), folder.path().join("victim"));
        fs::write(&victim, "precious").expect("written");
        // The draft of an earlier version, and one after a crash.
        symlink(&victim, folder.path().join("status.new")).expect("linked");
        symlink(&victim, &socket).expect("linked");
        drop(std::os::unix::net::UnixListener::bind(folder.path().join("0000000.new")).expect("bound"));
        let listener = bind(&socket).expect("bound");
        let file = fs::symlink_metadata(&socket).expect("there");
        assert!(file.file_type().is_socket());
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&victim).expect("there"), "precious");
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .expect("read")
            .map(|entry| entry.expect("read").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(names, ["status.new", "status.sock", "victim"]);
        let (asked, accepted) = tokio::join!(UnixStream::connect(&socket), listener.accept());
        assert!(asked.is_ok() && accepted.is_ok());
    }

    #[tokio::test]
    async fn a_path_that_just_fits_has_room_for_its_draft() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let above = MAX_PATH - folder.path().as_os_str().len() - "//status.sock".len();
        let long = folder.path().join("f".repeat(above));
        fs::create_dir(&long).expect("made");
        let socket = long.join("status.sock");
        assert_eq!(socket.as_os_str().len(), MAX_PATH);
        assert!(bind(&socket).is_ok());
        assert!(bind(&long.join("status.socks")).is_err());
    }
}
