//! A named pipe with the user's name. By the system's default other users may not write to it, so they cannot send
//! requests.

use std::io;
use std::time::Duration;

use gloria_core::paths::Paths;
use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions};
use tokio::time::sleep;

use super::{AskError, StatusSocketError};
use crate::instance::Identity;

/// `ERROR_PIPE_BUSY`: every instance of the pipe serves another client.
const PIPE_BUSY: i32 = 231;

/// An instance is free again within milliseconds; the caller limits the time.
const BUSY_RETRY_INTERVAL: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Listener {
    name: String,
    /// The instance for the next client.
    next: NamedPipeServer,
}

impl Listener {
    pub(super) fn open(identity: &Identity) -> Result<Self, StatusSocketError> {
        let name = name(identity);
        let created = ServerOptions::new()
            .first_pipe_instance(true)
            .reject_remote_clients(true)
            .create(&name);
        match created {
            Ok(next) => Ok(Self { name, next }),
            Err(source) => Err(StatusSocketError { place: name, source }),
        }
    }

    pub(super) async fn accept(&mut self) -> io::Result<NamedPipeServer> {
        self.next.connect().await?;
        let next = ServerOptions::new()
            .reject_remote_clients(true)
            .create(&self.name)?;
        Ok(std::mem::replace(&mut self.next, next))
    }
}

pub(super) async fn connect(paths: &Paths) -> Result<NamedPipeClient, AskError> {
    let name = name(&Identity::of(&paths.data));
    loop {
        match ClientOptions::new().open(&name) {
            Ok(client) => return Ok(client),
            Err(error) if error.raw_os_error() == Some(PIPE_BUSY) => sleep(BUSY_RETRY_INTERVAL).await,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(AskError::NotRunning),
            Err(source) => {
                return Err(AskError::Unreachable(StatusSocketError { place: name, source }));
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
