//! The status socket, at which only the same user can ask a running app for its status or send it a command. One line
//! requests, one JSON document answers, and the connection ends.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use gloria_core::CoreHandle;
use gloria_core::message::{self, Message};
use gloria_core::paths::Paths;
use thiserror::Error;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::instance::Instance;

#[cfg(unix)]
#[path = "status_socket/unix.rs"]
mod system;
#[cfg(windows)]
#[path = "status_socket/windows.rs"]
mod system;

/// A request, sent as a line.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Request {
    /// Answer with the status.
    Status,
    /// Show the window.
    Open,
    /// Quit the app.
    Quit,
    /// The keyring's entry of this address has changed.
    CredentialsChanged(String),
}

impl Request {
    fn parse(line: &[u8]) -> Option<Self> {
        let line = str::from_utf8(line).ok()?.strip_suffix('\n')?;
        Some(match line.split_once(' ') {
            None if line == "status" => Self::Status,
            None if line == "open" => Self::Open,
            None if line == "quit" => Self::Quit,
            Some(("credentials-changed", address)) => Self::CredentialsChanged(address.to_owned()),
            None | Some(_) => return None,
        })
    }
}

impl fmt::Display for Request {
    fn fmt(&self, line: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status => line.write_str("status"),
            Self::Open => line.write_str("open"),
            Self::Quit => line.write_str("quit"),
            Self::CredentialsChanged(address) => write!(line, "credentials-changed {address}"),
        }
    }
}

/// In bytes. The longest request contains an address.
const MAX_REQUEST: u64 = 4096;

/// A few scripts at once; more have to wait.
const MAX_CLIENTS: usize = 4;

/// A script on this computer sends and reads at once. The core answers between two batches of events, which a slow disk
/// may delay for a while.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(5);

/// Longer than the app takes to quit.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// When the system is out of sockets, retrying at once would only waste CPU time.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// A status document is a few kilobytes; a larger one is not from this app.
const MAX_DOCUMENT_BYTES: u64 = 1024 * 1024;

/// Why there is no status socket.
#[derive(Debug, Error)]
#[error("{place}: {source}")]
pub struct StatusSocketError {
    /// The path of the file or the name of the pipe.
    place: String,
    /// The system's error.
    source: io::Error,
}

/// Why asking an app failed.
#[derive(Debug, Error)]
pub enum AskError {
    /// No app is running.
    #[error("no app is running")]
    NotRunning,
    /// An app is running, and does not answer.
    #[error("the app does not answer")]
    Silent,
    /// It could not be connected to.
    #[error("the app cannot be asked: {0}")]
    Unreachable(StatusSocketError),
    /// Its version does not know the request.
    #[error("the app does not know the request")]
    Unknown,
}

impl AskError {
    /// The message for the user.
    pub fn message(&self) -> Message {
        match self {
            Self::NotRunning => message::app_not_running(),
            Self::Silent => message::app_silent(),
            Self::Unreachable(problem) => message::app_unreachable(problem.to_string()),
            Self::Unknown => message::app_other_version(),
        }
    }
}

/// The socket of the only app for its folders. It is removed when dropped.
#[derive(Debug)]
pub struct StatusSocket(system::Listener);

impl StatusSocket {
    /// Opens the socket. What a crashed app left is replaced.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O enabled.
    pub fn open(instance: &Instance) -> Result<Self, StatusSocketError> {
        system::Listener::open(&instance.identity).map(Self)
    }

    /// Answers until the core has ended. `app` handles requests to the app.
    pub async fn serve(mut self, core: CoreHandle, app: impl Fn(AppRequest) + Send + Sync + 'static) {
        let places = Arc::new(Semaphore::new(MAX_CLIENTS));
        let app: Arc<App> = Arc::new(app);
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            let client = tokio::select! {
                client = self.0.accept() => client,
                () = core.ended() => return,
            };
            match client {
                Ok(client) => {
                    let (core, app) = (core.clone(), app.clone());
                    tokio::spawn(async move {
                        match timeout(CLIENT_TIMEOUT, serve_connection(client, &core, &*app)).await {
                            Ok(Ok(())) => {}
                            Ok(Err(error)) => tracing::debug!(%error, "a script broke off"),
                            Err(_) => tracing::debug!("a script took too long"),
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a script could not be let in");
                    sleep(ACCEPT_RETRY_INTERVAL).await;
                }
            }
        }
    }
}

/// Requests to the app, which the core cannot answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppRequest {
    /// Show the window.
    Open,
    /// Quit the app, like Quit in the tray.
    Quit,
}

type App = dyn Fn(AppRequest) + Send + Sync;

/// Opens the status socket and answers until the core has ended. If that fails, it is logged and the app runs without
/// it. The folder stays claimed meanwhile. `app` handles requests to the app.
pub async fn serve_status(
    core: CoreHandle,
    instance: Instance,
    app: impl Fn(AppRequest) + Send + Sync + 'static,
) {
    match StatusSocket::open(&instance) {
        Ok(socket) => socket.serve(core, app).await,
        Err(error) => {
            tracing::warn!(%error, "`gloria status` cannot ask this app");
            core.ended().await;
        }
    }
}

/// Asks the app for these folders for its status, which is a JSON document.
///
/// # Errors
/// When no app is running, or it does not answer within ten seconds.
pub async fn ask_status(paths: &Paths) -> Result<String, AskError> {
    ask(paths, &Request::Status).await
}

/// Asks the app for these folders to show its window.
///
/// # Errors
/// As [`ask_status`].
pub(crate) async fn ask_to_open(paths: &Paths) -> Result<(), AskError> {
    ask(paths, &Request::Open).await.and_then(done)
}

/// Asks the app for these folders to quit. The app has started to when this returns.
///
/// # Errors
/// As [`ask_status`].
pub async fn ask_to_quit(paths: &Paths) -> Result<(), AskError> {
    ask(paths, &Request::Quit).await.and_then(done)
}

/// Informs the app for these folders that the keyring's entry of this API address has changed.
///
/// # Errors
/// As [`ask_status`].
pub async fn send_credentials_changed(paths: &Paths, address: &str) -> Result<(), AskError> {
    let changed = Request::CredentialsChanged(address.to_owned());
    ask(paths, &changed).await.and_then(done)
}

const DONE: &str = "{\"done\":true}\n";

fn done(answer: String) -> Result<(), AskError> {
    if answer == DONE {
        Ok(())
    } else {
        Err(AskError::Unknown)
    }
}

async fn ask(paths: &Paths, ask: &Request) -> Result<String, AskError> {
    let asked = async {
        let mut server = system::connect(paths).await?;
        let mut document = String::new();
        let exchanged = async {
            server.write_all(format!("{ask}\n").as_bytes()).await?;
            // The line ends the document, because the end of a pipe is reported differently by each system.
            let mut lines = BufReader::new(server).take(MAX_DOCUMENT_BYTES);
            lines.read_line(&mut document).await
        };
        match exchanged.await {
            Ok(_) if document.ends_with('\n') => Ok(document),
            // It was just ending, and closed its socket with the connections that waited.
            Ok(0) => Err(AskError::NotRunning),
            Err(error) if is_disconnect(&error) && document.is_empty() => Err(AskError::NotRunning),
            Ok(_) | Err(_) => Err(AskError::Silent),
        }
    };
    timeout(ANSWER_TIMEOUT, asked)
        .await
        .unwrap_or(Err(AskError::Silent))
}

/// How a connection ends when the app does. An app that hangs keeps it open.
fn is_disconnect(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe
    )
}

async fn serve_connection(
    client: impl AsyncRead + AsyncWrite + Unpin,
    core: &CoreHandle,
    app: &App,
) -> io::Result<()> {
    let mut client = BufReader::new(client);
    let mut line = Vec::new();
    (&mut client)
        .take(MAX_REQUEST)
        .read_until(b'\n', &mut line)
        .await?;
    let answered = match Request::parse(&line) {
        None => Some("{\"error\":\"unknown request\"}\n".to_owned()),
        Some(Request::Status) => match core.status().await {
            Ok(report) => Some(serde_json::to_string(&report)? + "\n"),
            Err(_) => None,
        },
        Some(Request::Open) => {
            // A core that is restarting cannot show an item; the window opens nevertheless.
            let _ = core.item_show(None).await;
            app(AppRequest::Open);
            Some(DONE.to_owned())
        }
        Some(Request::Quit) => {
            app(AppRequest::Quit);
            Some(DONE.to_owned())
        }
        Some(Request::CredentialsChanged(address)) => core
            .credentials_changed(address)
            .await
            .is_ok()
            .then(|| DONE.to_owned()),
    };
    // Without an answer the client sees the connection end, as when the app ends.
    if let Some(answer) = answered {
        client.write_all(answer.as_bytes()).await?;
    }
    client.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_as_they_are_written() {
        for ask in [
            Request::Status,
            Request::Open,
            Request::Quit,
            Request::CredentialsChanged("https://gloria.example/api/v1".into()),
        ] {
            assert_eq!(Request::parse(format!("{ask}\n").as_bytes()), Some(ask));
        }
        for line in ["", "status", "open sesame\n", "credentials-changed\n", "\u{e9}\n"] {
            assert_eq!(Request::parse(line.as_bytes()), None, "{line:?}");
        }
        assert_eq!(Request::parse(b"\xff\n"), None);
    }
}
