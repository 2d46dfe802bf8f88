//! Where a running app says how it is doing: a socket that only its user reaches. One line asks, one JSON document
//! answers, and the connection ends.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gloria_core::CoreHandle;
use gloria_core::paths::Paths;
use thiserror::Error;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

#[cfg(unix)]
#[path = "status_socket/unix.rs"]
mod system;
#[cfg(windows)]
#[path = "status_socket/windows.rs"]
mod system;

/// What a client says.
const REQUEST: &[u8] = b"status\n";

/// A few scripts at once; more wait their turn.
const MOST_CLIENTS: usize = 4;

/// A script on this machine asks and reads at once. The core answers between two batches of events, which a slow disk
/// may hold up for a while.
const LONGEST_CONVERSATION: Duration = Duration::from_secs(5);

/// Longer than the app takes before it hangs up.
const LONGEST_ANSWER: Duration = Duration::from_secs(10);

/// When the system is out of sockets, asking again at once would only burn the processor.
const ACCEPT_REST: Duration = Duration::from_secs(1);

/// A document is a few kilobytes; more than this is not ours.
const LARGEST_DOCUMENT: u64 = 1024 * 1024;

/// Why there is no status socket.
#[derive(Debug, Error)]
pub enum StatusSocketError {
    /// Another app has it.
    #[error("another Gloria Notify runs on the same folder")]
    Taken,
    /// The system cannot name a socket in this folder.
    #[error("{0} is too long a path for a socket; choose a shorter folder with GLORIA_HOME")]
    TooLong(PathBuf),
    /// The system refused.
    #[error("{place}: {source}")]
    Refused {
        /// Which file or pipe.
        place: String,
        /// What the system said.
        source: io::Error,
    },
}

/// Why an app did not say how it is doing.
#[derive(Debug, Error)]
pub enum AskError {
    /// There is none.
    #[error("Gloria Notify is not running")]
    NotRunning,
    /// There is one, and it does not answer.
    #[error("Gloria Notify runs, but does not answer; see its log, or end it and start it again")]
    Silent,
    /// It cannot be asked.
    #[error("Gloria Notify cannot be asked: {0}")]
    Unreachable(StatusSocketError),
}

/// A socket of which no other app has the like on the same folders. It is given back when dropped.
#[derive(Debug)]
pub struct StatusSocket(system::Listener);

impl StatusSocket {
    /// Takes the socket. What a crashed app left behind is replaced, what belongs to a running one is not.
    ///
    /// # Errors
    /// When another app has it, or the system refuses.
    ///
    /// # Panics
    /// Outside a tokio runtime that has its network switched on.
    pub fn open(paths: &Paths) -> Result<Self, StatusSocketError> {
        system::Listener::open(paths).map(Self)
    }

    /// Answers until the core has ended.
    pub async fn serve(mut self, core: CoreHandle) {
        let places = Arc::new(Semaphore::new(MOST_CLIENTS));
        let (ended, mut end) = tokio::sync::mpsc::channel::<()>(1);
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            let client = tokio::select! {
                client = self.0.accept() => client,
                _ = end.recv() => return,
            };
            match client {
                Ok(client) => {
                    let (core, ended) = (core.clone(), ended.clone());
                    tokio::spawn(async move {
                        match timeout(LONGEST_CONVERSATION, converse(client, &core)).await {
                            Ok(Ok(Told::Status)) => {}
                            // One word of the end is enough, whoever brings it.
                            Ok(Ok(Told::Nothing)) => drop(ended.try_send(())),
                            Ok(Err(error)) => tracing::debug!(%error, "a script broke off"),
                            Err(_) => tracing::debug!("a script took too long"),
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a script could not be let in");
                    sleep(ACCEPT_REST).await;
                }
            }
        }
    }
}

/// Takes the status socket and answers on it until the core has ended. Without one the app runs on, and the log says so.
pub async fn serve_status(core: CoreHandle, paths: Paths) {
    match StatusSocket::open(&paths) {
        Ok(socket) => socket.serve(core).await,
        Err(error) => tracing::warn!(%error, "`gloria status` cannot ask this app"),
    }
}

/// Asks the app that runs on these folders how it is doing. Answers with one JSON document.
///
/// # Errors
/// When there is none, or it does not answer within ten seconds.
pub async fn ask_status(paths: &Paths) -> Result<String, AskError> {
    let asked = async {
        let mut server = system::connect(paths).await?;
        let mut document = String::new();
        let exchanged = async {
            server.write_all(REQUEST).await?;
            // The line ends the document; how a pipe ends differs between systems.
            let mut lines = BufReader::new(server).take(LARGEST_DOCUMENT);
            lines.read_line(&mut document).await
        };
        match exchanged.await {
            Ok(_) if document.ends_with('\n') => Ok(document),
            // It was just ending: it takes its socket with it, and what waits there to be let in.
            Ok(0) => Err(AskError::NotRunning),
            Err(error) if hung_up(&error) && document.is_empty() => Err(AskError::NotRunning),
            Ok(_) | Err(_) => Err(AskError::Silent),
        }
    };
    timeout(LONGEST_ANSWER, asked)
        .await
        .unwrap_or(Err(AskError::Silent))
}

/// A conversation ends like this when the app does. One that hangs holds on.
fn hung_up(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe
    )
}

enum Told {
    Status,
    Nothing,
}

async fn converse(client: impl AsyncRead + AsyncWrite + Unpin, core: &CoreHandle) -> io::Result<Told> {
    let mut client = BufReader::new(client);
    let mut request = Vec::new();
    (&mut client)
        .take(REQUEST.len() as u64)
        .read_until(b'\n', &mut request)
        .await?;
    if request != REQUEST {
        client.write_all(b"{\"error\":\"unknown request\"}\n").await?;
        client.shutdown().await?;
        return Ok(Told::Status);
    }
    let Ok(report) = core.status().await else {
        return Ok(Told::Nothing);
    };
    let mut document = serde_json::to_vec(&report)?;
    document.push(b'\n');
    client.write_all(&document).await?;
    client.shutdown().await?;
    Ok(Told::Status)
}
