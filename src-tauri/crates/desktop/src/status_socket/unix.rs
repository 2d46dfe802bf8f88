//! A socket file that belongs to its user.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use gloria_core::paths::Paths;
use tokio::net::{UnixListener, UnixStream};

use super::{AskError, StatusSocketError};
use crate::instance::{Identity, current_user, possible_private_folders, usable_private_folders};

/// `sun_path` holds 104 bytes on macOS and 108 on Linux, the end included.
const MAX_PATH: usize = 99;

/// Root may read everything anyhow.
const ROOT: u32 = 0;

#[derive(Debug)]
pub(super) struct Listener {
    listener: UnixListener,
    socket: PathBuf,
}

impl Listener {
    /// In the folder of the inbox, which a script finds whatever session it runs in. Where that is too long a path, or
    /// on a file system without sockets, in a private folder of this computer.
    pub(super) fn open(identity: &Identity) -> Result<Self, StatusSocketError> {
        let first = in_folder(identity);
        let mut refused = None;
        for socket in std::iter::once(first.clone()).chain(elsewhere(identity, usable_private_folders())) {
            match bind(&socket) {
                Ok(listener) => {
                    if socket != first {
                        leave_a_link(&socket, &first);
                    }
                    return Ok(Self { listener, socket });
                }
                Err(source) => {
                    tracing::debug!(place = %socket.display(), error = %source, "no socket here");
                    // The first refusal is about the place where people look.
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
            // Until its rights are set, a new socket file is open to whoever may enter the folder.
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

/// Makes the socket beside its place, and puts it there when only its owner can use it. Whoever asks meanwhile finds
/// the old one or the new one.
fn bind(socket: &Path) -> io::Result<UnixListener> {
    if socket.as_os_str().len() > MAX_PATH {
        return Err(io::Error::new(
            io::ErrorKind::InvalidFilename,
            "too long a path for a socket",
        ));
    }
    let draft = socket.with_extension("new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(&draft)?;
    fs::set_permissions(&draft, Permissions::from_mode(0o600))?;
    fs::rename(&draft, socket)?;
    Ok(listener)
}

/// A script that does not know this session's runtime folder finds the socket by a link in the folder of the inbox.
fn leave_a_link(socket: &Path, link: &Path) {
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
    // Only a path may be long; what a link says is short.
    let first = fs::read_link(&first).unwrap_or(first);
    let mut unreachable = None;
    for socket in std::iter::once(first).chain(elsewhere(&identity, possible_private_folders())) {
        if socket.as_os_str().len() > MAX_PATH {
            continue;
        }
        let connected = UnixStream::connect(&socket).await.and_then(|server| {
            // Nobody else may answer in the app's place.
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
