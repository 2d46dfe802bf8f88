//! Accepts clients and reads the role of each.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use gloria_core::{CoreHandle, EventListener};
use gloria_ipc::lines::{LineError, LineReader, write_line};
use gloria_ipc::protocol::{DONE, Greeting, MAX_HELLO_BYTES};
use gloria_ipc::{Listener, Peer, ServerStream, SocketError};
use gloria_words::Words;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::place::{Occupied, WindowPlace};
use super::protocol::{Opening, Refusal};
use super::state::{AppRequest, CLIENT_TIMEOUT, Server, hang_up, refuse};
use super::{listener, request, window};
use crate::instance::Instance;

/// When the system is out of sockets, retrying at once would only waste CPU time.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// How long a client may take to send its first line while others wait for its place. Programs send it in the same
/// millisecond; the rest is for a busy computer. Without this limit, a script that opens connections and says nothing
/// would keep everybody out for [`CLIENT_TIMEOUT`] each.
const MIN_HELLO_TIMEOUT: Duration = Duration::from_millis(200);

/// How long clients may read what was sent to them before the core ended. The app does not wait for this.
const END_TIMEOUT: Duration = Duration::from_millis(100);

/// The socket of the only app for its folders. It is removed when dropped.
#[derive(Debug)]
pub struct AppSocket(Listener);

/// Opens the socket and answers until the core has ended. If that fails, it is logged and the app runs without it. The
/// folder stays claimed meanwhile. `windows` is the place of a window in a process of its own, unless the app shows its
/// window itself. `app` handles requests to the app.
pub async fn serve_app(
    core: CoreHandle,
    instance: Instance,
    words: Arc<Words>,
    windows: Option<WindowPlace>,
    app: impl Fn(AppRequest) + Send + Sync + 'static,
) {
    match AppSocket::open(&instance) {
        Ok(socket) => socket.serve(core, words, windows, app).await,
        Err(error) => {
            tracing::warn!(%error, "`gloria` cannot ask this app");
            core.ended().await;
        }
    }
}

impl AppSocket {
    /// Opens the socket. What a crashed app left is replaced.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O enabled.
    pub fn open(instance: &Instance) -> Result<Self, SocketError> {
        Listener::open(&instance.identity).map(Self)
    }

    /// Answers until the core has ended. `windows` is the place of a window in a process of its own, unless the app
    /// shows its window itself. `app` handles requests to the app.
    pub async fn serve(
        mut self,
        core: CoreHandle,
        words: Arc<Words>,
        windows: Option<WindowPlace>,
        app: impl Fn(AppRequest) + Send + Sync + 'static,
    ) {
        let server = Arc::new(Server::new(core, words, windows, app));
        let mut clients = JoinSet::new();
        loop {
            let next = async {
                let place = server.newcomers.place().await;
                (self.0.accept().await, place)
            };
            let (client, place) = tokio::select! {
                next = next => next,
                Some(_) = clients.join_next() => continue,
                () = server.core.ended() => break,
            };
            match (client, place) {
                (Ok(client), Ok(place)) => {
                    let server = Arc::clone(&server);
                    clients.spawn(async move { serve_client(client, &server, place).await });
                }
                // The semaphore is never closed.
                (_, Err(_)) => break,
                (Err(error), Ok(_)) => {
                    tracing::warn!(%error, "a client could not be accepted");
                    sleep(ACCEPT_RETRY_INTERVAL).await;
                }
            }
        }
        // Removed first, so that a new start does not ask an app that is ending.
        drop(self);
        let ended = async { while clients.join_next().await.is_some() {} };
        // The remaining connections are closed.
        let _ = timeout(END_TIMEOUT, ended).await;
    }
}

/// The result of a client's first line.
enum Greeted {
    /// It has been answered.
    Answered,
    Listener(EventListener, OwnedSemaphorePermit),
    Requester(OwnedSemaphorePermit),
    Window(Occupied),
}

/// Serves a client from its first line to its end. `place` counts it while its role is not known.
async fn serve_client(client: ServerStream, server: &Server, place: OwnedSemaphorePermit) {
    let peer = match Peer::of(&client) {
        Ok(peer) => peer,
        Err(error) => return tracing::warn!(%error, "a client could not be accepted"),
    };
    let (reader, mut writer) = tokio::io::split(client);
    let mut lines = LineReader::new(reader, MAX_HELLO_BYTES);
    let greeted = match timeout(CLIENT_TIMEOUT, greet(&mut lines, &mut writer, server)).await {
        Ok(greeted) => greeted,
        Err(_) => refuse(&mut lines, &mut writer, server, Refusal::Slow)
            .await
            .map(|()| Greeted::Answered),
    };
    let served = match greeted {
        Ok(Greeted::Answered) => Ok(()),
        Ok(Greeted::Listener(events, _its_place)) => {
            drop(place);
            let events = stream::unfold(events, async |mut events| {
                let next = events.next().await?;
                Some((next, events))
            });
            listener::serve(&mut lines, &mut writer, events, || peer.is_gone()).await
        }
        Ok(Greeted::Requester(its_place)) => {
            drop(place);
            request::serve(&mut lines, &mut writer, server, its_place).await
        }
        Ok(Greeted::Window(occupied)) => {
            drop(place);
            window::serve(&mut lines, &mut writer, server, occupied).await
        }
        Err(error) => Err(error),
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended with an error");
    }
}

async fn greet<C>(
    lines: &mut LineReader<ReadHalf<C>>,
    writer: &mut WriteHalf<C>,
    server: &Server,
) -> io::Result<Greeted>
where
    C: AsyncRead + AsyncWrite,
{
    let next = tokio::select! {
        biased;
        () = server.closed() => return Ok(Greeted::Answered),
        next = lines.next() => next,
        // Without an answer: a client that is silent does not wait for one, and might not read it.
        () = server.newcomers.are_crowded(MIN_HELLO_TIMEOUT) => return Ok(Greeted::Answered),
    };
    let _open = server.begin_request();
    let opening = match next {
        Ok(line) => Opening::parse(&line, |version| {
            if version != env!("CARGO_PKG_VERSION") {
                (server.app)(AppRequest::OtherVersion);
            }
        }),
        Err(LineError::TooLong) => Err(Refusal::TooLong),
        Err(LineError::Ended) => return Ok(Greeted::Answered),
        Err(LineError::Io(error)) => return Err(error),
    };
    let place = |places: &Arc<Semaphore>| Arc::clone(places).try_acquire_owned();
    let refusal = match opening {
        Ok(Opening::Status) => {
            // Without an answer the client sees the connection end, as when the app ends.
            if let Ok(report) = server.core.status().await {
                write_line(writer, &report, CLIENT_TIMEOUT).await?;
            }
            hang_up(lines, writer).await?;
            return Ok(Greeted::Answered);
        }
        Ok(Opening::Open) => {
            server.open_window(None).await;
            writer.write_all(DONE.as_bytes()).await?;
            hang_up(lines, writer).await?;
            return Ok(Greeted::Answered);
        }
        Ok(Opening::Quit) => {
            let written = writer.write_all(DONE.as_bytes()).await;
            // After the answer, because the app's end closes the connection.
            (server.app)(AppRequest::Quit);
            written?;
            hang_up(lines, writer).await?;
            return Ok(Greeted::Answered);
        }
        Ok(Opening::Listener(types)) => match place(&server.listeners) {
            Ok(place) => {
                // Before the answer, so that no event after it is missed.
                let events = server.core.listen(types);
                write_line(writer, &Greeting::accepted(), CLIENT_TIMEOUT).await?;
                return Ok(Greeted::Listener(events, place));
            }
            Err(_) => Refusal::Busy,
        },
        Ok(Opening::Request) => match place(&server.requesters) {
            Ok(place) => {
                write_line(writer, &Greeting::accepted(), CLIENT_TIMEOUT).await?;
                return Ok(Greeted::Requester(place));
            }
            Err(_) => Refusal::Busy,
        },
        Ok(Opening::Window) => match server.windows.as_ref().map(WindowPlace::occupy) {
            Some(Some(occupied)) => {
                write_line(writer, &Greeting::accepted(), CLIENT_TIMEOUT).await?;
                return Ok(Greeted::Window(occupied));
            }
            Some(None) => Refusal::WindowOpen,
            None => Refusal::OwnWindow,
        },
        Err(refusal) => refusal,
    };
    refuse(lines, writer, server, refusal).await?;
    Ok(Greeted::Answered)
}
