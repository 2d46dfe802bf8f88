//! A socket file that belongs to its user.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use gloria_core::paths::Paths;
use tokio::net::{UnixListener, UnixStream};

use super::{AskError, StatusSocketError};

/// `sun_path` holds 104 bytes on macOS and 108 on Linux, the end and the draft's longer name included.
const LONGEST_PATH: usize = 99;

/// Root may read everything anyhow.
const ROOT: u32 = 0;

#[derive(Debug)]
pub(super) struct Listener {
    listener: UnixListener,
    socket: PathBuf,
    owner: u32,
    /// Held as long as the app lives: the system gives it back whatever becomes of the app, so a socket file without a
    /// holder was left behind by a crash.
    _lock: File,
}

impl Listener {
    pub(super) fn open(paths: &Paths) -> Result<Self, StatusSocketError> {
        let socket = place(paths)?;
        let refused = |source| StatusSocketError::Refused {
            place: socket.display().to_string(),
            source,
        };
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(socket.with_extension("lock"))
            .map_err(refused)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StatusSocketError::Taken),
            Err(TryLockError::Error(source)) => return Err(refused(source)),
        }
        let owner = lock.metadata().map_err(refused)?.uid();
        let listener = bind(&socket).map_err(refused)?;
        Ok(Self {
            listener,
            socket,
            owner,
            _lock: lock,
        })
    }

    pub(super) async fn accept(&mut self) -> io::Result<UnixStream> {
        loop {
            let (client, _) = self.listener.accept().await?;
            // Until its rights are set, a new socket file is open to whoever may enter the folder.
            match client.peer_cred() {
                Ok(peer) if peer.uid() == self.owner || peer.uid() == ROOT => return Ok(client),
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

/// Makes the socket beside its place, and puts it there when only its owner can use it. Whoever asks meanwhile finds
/// the old one or the new one.
fn bind(socket: &Path) -> io::Result<UnixListener> {
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

pub(super) async fn connect(paths: &Paths) -> Result<UnixStream, AskError> {
    let socket = place(paths).map_err(AskError::Unreachable)?;
    UnixStream::connect(&socket).await.map_err(|source| {
        let kind = source.kind();
        if kind == io::ErrorKind::NotFound || kind == io::ErrorKind::ConnectionRefused {
            AskError::NotRunning
        } else {
            AskError::Unreachable(StatusSocketError::Refused {
                place: socket.display().to_string(),
                source,
            })
        }
    })
}

/// In the folder of the inbox, which a script finds whatever session it runs in; a runtime folder it may not.
fn place(paths: &Paths) -> Result<PathBuf, StatusSocketError> {
    let socket = paths.data.join("status.sock");
    if socket.as_os_str().len() <= LONGEST_PATH {
        Ok(socket)
    } else {
        Err(StatusSocketError::TooLong(socket))
    }
}
