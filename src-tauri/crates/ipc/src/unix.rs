//! A socket file that only its user can use.

use std::collections::hash_map::RandomState;
use std::fs::{self, Permissions};
use std::hash::BuildHasher as _;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::net::{UnixListener, UnixStream};
use tokio::time::{Instant, sleep_until};

use crate::place::{Identity, current_user, possible_private_folders, usable_private_folders};
use crate::{AskError, SocketError};

/// `sun_path` has 104 bytes on macOS and 108 on Linux, including the null.
const MAX_PATH: usize = 99;

/// The ending of sockets that are not renamed yet.
const DRAFT: &str = "new";

/// Names of drafts that are tried. They are random, so a second one is needed only if somebody guessed the first.
const MAX_DRAFTS: u32 = 8;

/// How often to check that the socket's file is there. Programs that clean temporary folders remove it, and without it
/// neither `gloria` nor a second start reaches the app.
const CHECK_INTERVAL: Duration = Duration::from_secs(30);

/// The administrator can read everything anyway.
const ROOT: u32 = 0;

/// The client's end.
pub(super) type Stream = UnixStream;

/// The app's end of a connection.
pub type ServerStream = UnixStream;

/// Detects whether the other side has closed a connection; one that has only shut down writing may still read.
#[derive(Debug)]
pub struct Peer(OwnedFd);

impl Peer {
    /// For this connection, which is closed only when this is dropped as well.
    ///
    /// # Errors
    /// When the process has no free file descriptor.
    pub fn of(stream: &ServerStream) -> io::Result<Self> {
        stream.as_fd().try_clone_to_owned().map(Self)
    }

    /// Whether the other side has closed both directions.
    pub fn is_gone(&self) -> bool {
        let mut polled = [PollFd::new(&self.0, PollFlags::empty())];
        match poll(&mut polled, Some(&Timespec::default())) {
            Ok(0) => false,
            Ok(_) | Err(_) => true,
        }
    }
}

/// Accepts clients. The socket's file is removed when this is dropped.
#[derive(Debug)]
pub struct Listener {
    identity: Identity,
    listener: UnixListener,
    socket: PathBuf,
    next_check: Instant,
}

impl Listener {
    /// Opens the socket in the inbox's folder, which a script finds from any session. If its path is too long, or its
    /// file system has no sockets, in a private folder of this computer.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O and time enabled.
    pub fn open(identity: &Identity) -> Result<Self, SocketError> {
        let (listener, socket) = bind_anywhere(identity)?;
        Ok(Self {
            identity: identity.clone(),
            listener,
            socket,
            next_check: Instant::now() + CHECK_INTERVAL,
        })
    }

    /// The next client of the same user.
    ///
    /// # Errors
    /// When the system cannot accept one.
    pub async fn accept(&mut self) -> io::Result<ServerStream> {
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = sleep_until(self.next_check) => {
                    self.next_check = Instant::now() + CHECK_INTERVAL;
                    self.restore();
                    continue;
                }
            };
            let (client, _) = accepted?;
            // Until its mode is set, everybody who can enter the folder can connect to a new socket.
            match client.peer_cred() {
                Ok(peer) if is_trusted(peer.uid()) => return Ok(client),
                Ok(peer) => tracing::warn!(user = peer.uid(), "another user connected to the socket"),
                Err(error) => tracing::warn!(%error, "the user of a client is unknown"),
            }
        }
    }

    /// Opens the socket anew if its file is gone.
    fn restore(&mut self) {
        if fs::symlink_metadata(&self.socket).is_ok_and(|file| file.file_type().is_socket()) {
            return;
        }
        match bind_anywhere(&self.identity) {
            Ok((listener, socket)) => (self.listener, self.socket) = (listener, socket),
            Err(error) => tracing::debug!(%error, "the socket is gone and cannot be opened again"),
        }
    }
}

fn bind_anywhere(identity: &Identity) -> Result<(UnixListener, PathBuf), SocketError> {
    let first = in_folder(identity);
    let mut refused = None;
    for socket in std::iter::once(first.clone()).chain(elsewhere(identity, usable_private_folders())) {
        match bind(&socket) {
            Ok(listener) => {
                if socket != first {
                    create_link(&socket, &first);
                }
                return Ok((listener, socket));
            }
            Err(source) => {
                tracing::debug!(place = %socket.display(), error = %source, "no socket here");
                // The first error is about the place where users look.
                refused.get_or_insert(SocketError {
                    place: socket.display().to_string(),
                    source,
                });
            }
        }
    }
    Err(refused.unwrap_or_else(|| SocketError {
        place: first.display().to_string(),
        source: io::ErrorKind::NotFound.into(),
    }))
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.socket) {
            tracing::debug!(%error, "the socket was gone already");
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
            tracing::debug!(%error, "a draft of the socket stays");
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
        tracing::debug!(%error, "no link to the socket");
    }
}

pub(super) async fn connect(data: &Path) -> Result<UnixStream, AskError> {
    let identity = Identity::of(data);
    let first = in_folder(&identity);
    // Only the file's path may be too long; the target of the link is short. The app's own link is absolute.
    let first = fs::read_link(&first)
        .ok()
        .filter(|target| target.is_absolute())
        .unwrap_or(first);
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
            Err(error) if means_no_app(&error) => {}
            Err(source) => {
                unreachable.get_or_insert(SocketError {
                    place: socket.display().to_string(),
                    source,
                });
            }
        }
    }
    Err(unreachable.map_or(AskError::NotRunning, AskError::Unreachable))
}

/// Whether no app listens there: nothing is there, or a file that an app left or somebody else created, or the app has
/// just ended, which resets the connections that it has not accepted.
fn means_no_app(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::NotADirectory
    ) || error.raw_os_error() == Some(Errno::LOOP.raw_os_error())
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

    #[tokio::test]
    async fn an_app_that_ends_before_it_accepts_does_not_run() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let listener = Listener::open(&Identity::of(home.path())).expect("opened");
        // The second is polled once the first has connected, and before it looks at the outcome.
        let (connected, ()) = tokio::join!(connect(home.path()), async move { drop(listener) });
        assert!(matches!(connected, Err(AskError::NotRunning)), "{connected:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_socket_that_was_removed_is_opened_again() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let mut listener = Listener::open(&Identity::of(home.path())).expect("opened");
        fs::remove_file(home.path().join("status.sock")).expect("it was there");
        let accepting = tokio::spawn(async move { listener.accept().await.is_ok() });
        let began = Instant::now();
        while connect(home.path()).await.is_err() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert!(began.elapsed() <= CHECK_INTERVAL + Duration::from_secs(1));
        assert!(accepting.await.expect("no panic"));
    }
}
