//! The connection to the session bus, which may be missing, disappear and return.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use gloria_core::ports::{NotificationError, NotificationEvent, ServiceState, send_reply};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use zbus::{Connection, Message, MessageStream, connection};

use super::service::Service;
use super::{Command, Identity};
use crate::session_bus;

/// A bus that has not completed the handshake by then is treated as missing.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The first retry after the bus disappeared.
const MIN_RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// A session that never had a bus will not get one soon, and each retry wakes three threads.
const MAX_RETRY_INTERVAL: Duration = Duration::from_secs(60);

/// Incoming messages that may wait before reading from the socket pauses: a burst of signals of other applications.
const MESSAGE_CAPACITY: usize = 1024;

/// Why a connection ended.
enum Ended {
    /// The [`super::SessionNotifications`] was dropped.
    Unused,
    /// The bus closed it.
    Closed,
}

/// Keeps a connection until the [`super::SessionNotifications`] is dropped.
pub(super) async fn run(
    address: Option<String>,
    identity: Arc<Identity>,
    mut commands: mpsc::UnboundedReceiver<Command>,
    publish: impl Fn(NotificationEvent),
) {
    let mut interval = MIN_RETRY_INTERVAL;
    let mut said = false;
    loop {
        match connect(address.as_deref()).await {
            Ok((connection, stream)) => {
                (interval, said) = (MIN_RETRY_INTERVAL, false);
                let service = Service::new(identity.clone(), Instant::now());
                match serve(connection, stream, service, &mut commands, &publish).await {
                    Ended::Unused => return,
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

async fn connect(address: Option<&str>) -> zbus::Result<(Connection, MessageStream)> {
    let bus = match address {
        Some(address) => connection::Builder::address(address)?,
        None => connection::Builder::session()?,
    };
    let building = session_bus::connect(bus.max_queued(MESSAGE_CAPACITY));
    let connection = timeout(CONNECT_TIMEOUT, building)
        .await
        .map_err(|_| zbus::Error::Failure("the bus does not answer".into()))??;
    let stream = MessageStream::from(&connection);
    Ok((connection, stream))
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
                None => break Ended::Unused,
            },
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => service.on_time(Instant::now()),
        }
    };
    writing.abort();
    ended
}
