//! What all clients share: access to the core and the app, and the limits of each role.

use std::fmt;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use gloria_core::CoreHandle;
use gloria_ipc::lines::{LineReader, write_line};
use gloria_ipc::session::Session;
use gloria_words::Words;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::sleep;

use super::place::{OpenCall, WindowPlace};
use super::protocol::Refusal;

/// Clients whose role is not known yet, and those that ask for the status: a few scripts at once. More wait in the
/// system's queue.
const MAX_NEWCOMERS: usize = 16;

/// Programs that follow the events. Each may have up to 1024 unread events in memory.
const MAX_LISTENERS: usize = 32;

/// Programs that send requests. They usually finish within milliseconds.
const MAX_REQUESTERS: usize = 16;

/// Commands that wait for an access token, for as long as a renewal takes. They are counted apart, so that others do
/// not wait for it as well. More would be a script gone wrong.
const MAX_ASKERS: usize = 64;

/// A program on this computer sends its first line and reads a short answer at once. The core answers between two
/// batches of events, which a slow disk may delay for a while.
pub(super) const CLIENT_TIMEOUT: Duration = Duration::from_secs(5);

/// Requests to the app, which the core cannot answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppRequest {
    /// Show the window.
    Open {
        /// The activation token of the user's click, if the desktop provides one.
        activation_token: Option<String>,
    },
    /// Quit the app, like Quit in the tray.
    Quit,
    /// Begin anew in this session, in which it was started once more.
    Move {
        /// The session.
        session: Session,
        /// With the window.
        open: bool,
    },
    /// A program of another version connected: this one may have been upgraded.
    OtherVersion,
}

/// The places of clients whose role is not known yet.
#[derive(Debug)]
pub(super) struct Newcomers {
    places: Arc<Semaphore>,
    /// Whether a client waits because all places are taken.
    crowded: watch::Sender<bool>,
}

impl Default for Newcomers {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(MAX_NEWCOMERS)),
            crowded: watch::Sender::new(false),
        }
    }
}

impl Newcomers {
    /// Waits for a place for the next client. Cancel-safe.
    pub(super) async fn place(&self) -> Result<OwnedSemaphorePermit, AcquireError> {
        let places = Arc::clone(&self.places);
        let place = match Arc::clone(&places).try_acquire_owned() {
            Ok(place) => Ok(place),
            Err(_) => {
                self.crowded.send_replace(true);
                places.acquire_owned().await
            }
        };
        // Also if the wait for an earlier place was cancelled.
        self.crowded.send_replace(false);
        place
    }

    /// Returns after `least`, as soon as a client waits for a place.
    pub(super) async fn are_crowded(&self, least: Duration) {
        sleep(least).await;
        // The sender lives as long as this.
        let _ = self.crowded.subscribe().wait_for(|crowded| *crowded).await;
    }
}

/// Everything that is needed to serve a client.
pub(super) struct Server {
    pub(super) core: CoreHandle,
    pub(super) words: Arc<Words>,
    /// `None` if the app shows its window itself.
    pub(super) windows: Option<WindowPlace>,
    pub(super) app: Box<dyn Fn(AppRequest) + Send + Sync>,
    pub(super) newcomers: Newcomers,
    pub(super) listeners: Arc<Semaphore>,
    pub(super) requesters: Arc<Semaphore>,
    pub(super) askers: Arc<Semaphore>,
}

impl fmt::Debug for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Server").finish_non_exhaustive()
    }
}

impl Server {
    pub(super) fn new(
        core: CoreHandle,
        words: Arc<Words>,
        windows: Option<WindowPlace>,
        app: impl Fn(AppRequest) + Send + Sync + 'static,
    ) -> Self {
        Self {
            core,
            words,
            windows,
            app: Box::new(app),
            newcomers: Newcomers::default(),
            listeners: Arc::new(Semaphore::new(MAX_LISTENERS)),
            requesters: Arc::new(Semaphore::new(MAX_REQUESTERS)),
            askers: Arc::new(Semaphore::new(MAX_ASKERS)),
        }
    }

    /// Waits until no more requests are to be read.
    pub(super) async fn closed(&self) {
        match &self.windows {
            Some(windows) => windows.closed().await,
            // Such an app does not restart.
            None => pending().await,
        }
    }

    /// Counts a request that was read, until this is dropped.
    pub(super) fn begin_request(&self) -> Option<OpenCall> {
        self.windows.as_ref().map(WindowPlace::begin_request)
    }

    /// Brings the connected window to the front, or has the app show one.
    pub(super) async fn open_window(&self, activation_token: Option<String>) {
        if let Some(windows) = &self.windows
            && windows.raise(activation_token.clone()).await
        {
            return;
        }
        (self.app)(AppRequest::Open { activation_token });
    }
}

/// Sends the reason and closes the connection.
pub(super) async fn refuse<C>(
    lines: &mut LineReader<ReadHalf<C>>,
    writer: &mut WriteHalf<C>,
    server: &Server,
    refusal: Refusal,
) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite,
{
    write_line(writer, &refusal.line(&server.words), CLIENT_TIMEOUT).await?;
    hang_up(lines, writer).await
}

pub(super) async fn hang_up<C>(
    lines: &mut LineReader<ReadHalf<C>>,
    writer: &mut WriteHalf<C>,
) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite,
{
    writer.shutdown().await?;
    lines.drain().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn newcomers_are_hurried_only_while_another_one_waits() {
        let newcomers = Newcomers::default();
        let mut places = Vec::new();
        for _ in 0..MAX_NEWCOMERS {
            places.push(newcomers.place().await);
        }
        let is_crowded = || newcomers.are_crowded(Duration::ZERO).now_or_never().is_some();
        assert!(!is_crowded());
        let next = newcomers.place().now_or_never();
        assert!(next.is_none() && is_crowded());
        // The wait for it was cancelled, as by a client that ends.
        places.pop();
        places.push(newcomers.place().await);
        assert!(!is_crowded());
    }
}
