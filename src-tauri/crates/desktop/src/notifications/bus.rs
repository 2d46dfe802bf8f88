//! The connection to the session bus, which may be missing, disappear and return.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_io::Async;
use futures_util::StreamExt as _;
use gloria_core::ports::{NotificationError, NotificationEvent, ServiceState, send_reply};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use zbus::address::Transport;
use zbus::address::transport::UnixSocket;
use zbus::{Address, Connection, Message, MessageStream, connection};

use super::service::Service;
use super::{Command, Identity, KeptConnection};
use crate::session_bus;

/// A bus that has not completed the handshake by then is treated as missing.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The first retry after the bus disappeared.
const MIN_RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// A session that never had a bus will not get one soon, and each retry wakes three threads.
const MAX_RETRY_INTERVAL: Duration = Duration::from_secs(60);

/// Incoming messages that may wait before reading from the socket pauses: a burst of signals of other applications.
const MESSAGE_CAPACITY: usize = 1024;

/// In place of the bus's own identifier, which only the handshake needs.
const UNKNOWN_BUS: &str = "00000000000000000000000000000000";

/// Why a connection ended.
enum Ended {
    /// The [`super::SessionNotifications`] was dropped.
    Unused {
        /// The service has nothing left to answer.
        is_quiet: bool,
    },
    /// The bus closed it.
    Closed,
}

/// Keeps a connection until the [`super::SessionNotifications`] is dropped.
pub(super) async fn run(
    address: Option<String>,
    kept: KeptConnection,
    identity: Arc<Identity>,
    mut commands: mpsc::UnboundedReceiver<Command>,
    publish: impl Fn(NotificationEvent),
) {
    let mut interval = MIN_RETRY_INTERVAL;
    let mut said = false;
    loop {
        let connected = match kept.take() {
            Some(socket) => resume(socket).await,
            None => connect(address.as_deref()).await,
        };
        match connected {
            Ok((connection, socket)) => {
                let stream = MessageStream::from(&connection);
                (interval, said) = (MIN_RETRY_INTERVAL, false);
                let service = Service::new(identity.clone(), Instant::now());
                match serve(connection, stream, service, &mut commands, &publish).await {
                    Ended::Unused { is_quiet } => {
                        if let Some(socket) = socket.filter(|_| is_quiet) {
                            kept.leave(socket);
                        }
                        return;
                    }
                    Ended::Closed => tracing::info!("the session bus is gone, and notifications with it"),
                }
            }
            Err(error) if said => tracing::debug!(%error, "still no session bus for notifications"),
            Err(error) => {
                tracing::info!(%error, "there is no session bus for notifications");
                said = true;
            }
        }
        publish(NotificationEvent::Service(ServiceState::Absent));
        if !refuse_until(Instant::now() + interval, &mut commands).await {
            return;
        }
        interval = (interval * 2).min(MAX_RETRY_INTERVAL);
    }
}

/// A connection, and its socket once more where that is known.
type Connected = (Connection, Option<OwnedFd>);

async fn connect(address: Option<&str>) -> zbus::Result<Connected> {
    let address = match address {
        Some(address) => address.parse()?,
        None => Address::session()?,
    };
    let connecting = async {
        let Some(path) = socket_path(&address) else {
            let bus = connection::Builder::address(address)?;
            return Ok((built(bus).await?, None));
        };
        let socket = tokio::net::UnixStream::connect(path).await?.into_std()?;
        let copy = OwnedFd::from(socket.try_clone()?);
        let bus = connection::Builder::async_io_unix_stream(socket);
        Ok((built(bus).await?, Some(copy)))
    };
    timeout(CONNECT_TIMEOUT, connecting)
        .await
        .map_err(|_| zbus::Error::Failure("the bus does not answer".into()))?
}

/// Goes on with a connection of an earlier run, which the bus knows already. One that was cut off in the middle of a
/// message ends with an error, and another one takes its place.
async fn resume(socket: OwnedFd) -> zbus::Result<Connected> {
    let copy = socket.try_clone()?;
    let socket = Async::new(UnixStream::from(socket))?;
    let bus = connection::Builder::authenticated_socket(socket, UNKNOWN_BUS)?;
    Ok((built(bus).await?, Some(copy)))
}

async fn built(bus: connection::Builder<'_>) -> zbus::Result<Connection> {
    session_bus::connect(bus.max_queued(MESSAGE_CAPACITY)).await
}

/// Where the bus listens, if that is a socket of this computer with a name.
fn socket_path(address: &Address) -> Option<PathBuf> {
    let Transport::Unix(unix) = address.transport() else {
        return None;
    };
    if let UnixSocket::Abstract(name) = unix.path() {
        // As the kernel writes it.
        let mut path = OsString::from("\0");
        path.push(name);
        return Some(path.into());
    }
    if let UnixSocket::File(path) = unix.path() {
        return Some(path.clone());
    }
    None
}

/// Refuses requests while there is no bus; returns `false` when no more can come.
async fn refuse_until(until: Instant, commands: &mut mpsc::UnboundedReceiver<Command>) -> bool {
    loop {
        tokio::select! {
            () = sleep_until(until) => return true,
            order = commands.recv() => match order {
                Some(Command::Show(_, answer)) => send_reply(answer, Err(NotificationError::NoService)),
                // Shown notifications disappeared with the bus.
                Some(Command::Withdraw(_)) => {}
                None => return false,
            },
        }
    }
}

async fn serve(
    connection: Connection,
    mut stream: MessageStream,
    mut service: Service,
    commands: &mut mpsc::UnboundedReceiver<Command>,
    publish: &impl Fn(NotificationEvent),
) -> Ended {
    // Writing waits for a slow bus; reading must continue meanwhile.
    let (outgoing, mut written) = mpsc::unbounded_channel::<Message>();
    let writer = connection.clone();
    let writing = tokio::spawn(async move {
        while let Some(message) = written.recv().await {
            if writer.send(&message).await.is_err() {
                // The reading side gets the error.
                return;
            }
        }
    });
    let ended = loop {
        for message in service.outgoing.drain(..) {
            // Without the writer the connection is about to end.
            let _ = outgoing.send(message);
        }
        for event in service.events.drain(..) {
            publish(event);
        }
        let due = service.due();
        tokio::select! {
            message = stream.next() => match message {
                Some(Ok(message)) => service.on_message(&message, Instant::now()),
                Some(Err(_)) | None => break Ended::Closed,
            },
            order = commands.recv() => match order {
                Some(Command::Show(request, answer)) => service.show(request, answer, Instant::now()),
                Some(Command::Withdraw(handle)) => service.withdraw(handle),
                None => {
                    let is_quiet = service.is_quiet();
                    break Ended::Unused { is_quiet };
                }
            },
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => service.on_time(Instant::now()),
        }
    };
    writing.abort();
    ended
}
