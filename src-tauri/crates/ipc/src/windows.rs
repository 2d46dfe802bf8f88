//! A named pipe under the user's name, which admits the user alone.

#[path = "windows/security.rs"]
mod security;

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeClient, NamedPipeServer};
use tokio::time::sleep;

use crate::place::Identity;
use crate::{AskError, SocketError};

/// `ERROR_PIPE_BUSY`: every instance of the pipe serves another client.
const PIPE_BUSY: i32 = 231;

/// An instance is free again within milliseconds; the caller limits the time.
const BUSY_RETRY_INTERVAL: Duration = Duration::from_millis(20);

/// The client's end.
pub(super) type Stream = NamedPipeClient;

/// The app's end of a connection.
pub type ServerStream = NamedPipeServer;

/// Detects whether the other side has closed a connection. A pipe is always closed in both directions.
#[derive(Debug)]
pub struct Peer(());

impl Peer {
    /// For this connection.
    ///
    /// # Errors
    /// Never, here.
    pub fn of(_: &ServerStream) -> io::Result<Self> {
        Ok(Self(()))
    }

    /// Whether the other side has closed it, once nothing more can be read.
    pub fn is_gone(&self) -> bool {
        true
    }
}

/// Accepts clients.
#[derive(Debug)]
pub struct Listener {
    name: String,
    /// The instance for the next client.
    next: NamedPipeServer,
}

impl Listener {
    /// Creates the pipe.
    ///
    /// # Errors
    /// When the system refuses, or another program has taken the name.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O enabled.
    pub fn open(identity: &Identity) -> Result<Self, SocketError> {
        let name = name(identity);
        match security::create_pipe(&name, true) {
            Ok(next) => Ok(Self { name, next }),
            Err(source) => Err(SocketError { place: name, source }),
        }
    }

    /// The next client of the same user.
    ///
    /// # Errors
    /// When the system cannot accept one.
    pub async fn accept(&mut self) -> io::Result<ServerStream> {
        self.next.connect().await?;
        let next = security::create_pipe(&self.name, false)?;
        Ok(std::mem::replace(&mut self.next, next))
    }
}

pub(super) async fn connect(data: &Path) -> Result<NamedPipeClient, AskError> {
    let name = name(&Identity::of(data));
    loop {
        let opened = ClientOptions::new().open(&name).and_then(|client| {
            // Nobody else may answer in the app's place.
            if security::is_own(&client)? {
                Ok(client)
            } else {
                Err(io::ErrorKind::PermissionDenied.into())
            }
        });
        match opened {
            Ok(client) => return Ok(client),
            Err(error) if error.raw_os_error() == Some(PIPE_BUSY) => sleep(BUSY_RETRY_INTERVAL).await,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(AskError::NotRunning),
            Err(source) => {
                return Err(AskError::Unreachable(SocketError { place: name, source }));
            }
        }
    }
}

/// One pipe for each user and folder. Names of pipes are global, and must not contain `\`.
fn name(identity: &Identity) -> String {
    let user = std::env::var("USERNAME").unwrap_or_default();
    let user: String = user
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '-' })
        .take(100)
        .collect();
    format!(r"\\.\pipe\com.gloriasystem.notify-{user}-{}", identity.name())
}
