//! The connection to the session bus, which may be missing, go away and come back.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use gloria_core::ports::{NotificationError, NotificationEvent, ServiceState, send_reply};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use zbus::{Connection, Message, MessageStream, connection};

use super::service::Service;
use super::{Identity, Order};

/// A bus that does not greet us by then is none.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How soon a bus that went away is looked for again.
const MIN_RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// A session that never had a bus does not get one within_deadline, and each look wakes three threads.
const MAX_RETRY_INTERVAL: Duration = Duration::from_secs(60);

/// Messages that may wait here before the reading from the socket does: a burst of signals of other applications.
const MESSAGE_CAPACITY: usize = 1024;

/// How a connection ended.
enum Ended {
    /// Nobody asks for anything any more.
    Unused,
    /// The bus closed it.
    Closed,
}

/// Keeps a connection as long as somebody can ask for anything.
pub(super) async fn run(
    address: Option<String>,
    identity: Arc<Identity>,
    mut orders: mpsc::UnboundedReceiver<Order>,
    publish: impl Fn(NotificationEvent),
) {
    let mut interval = MIN_RETRY_INTERVAL;
    let mut said = false;
    loop {
        match connect(address.as_deref()).await {
            Ok((connection, stream)) => {
                (interval, said) = (MIN_RETRY_INTERVAL, false);
                let service = Service::new(identity.clone(), Instant::now());
                match serve(connection, stream, service, &mut orders, &publish).await {
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
        if !refuse_until(Instant::now() + interval, &mut orders).await {
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
    let building = bus.max_queued(MESSAGE_CAPACITY).build();
    let connection = timeout(CONNECT_TIMEOUT, building)
        .await
        .map_err(|_| zbus::Error::Failure("the bus does not answer".into()))??;
    let stream = MessageStream::from(&connection);
    Ok((connection, stream))
}

/// Answers what is asked while there is no bus; `false` when nobody asks any more.
async fn refuse_until(until: Instant, orders: &mut mpsc::UnboundedReceiver<Order>) -> bool {
    loop {
        tokio::select! {
            () = sleep_until(until) => return true,
            order = orders.recv() => match order {
                Some(Order::Show(_, answer)) => send_reply(answer, Err(NotificationError::NoService)),
                // What was shown is gone with its bus.
                Some(Order::Withdraw(_)) => {}
                None => return false,
            },
        }
    }
}

async fn serve(
    connection: Connection,
    mut stream: MessageStream,
    mut service: Service,
    orders: &mut mpsc::UnboundedReceiver<Order>,
    publish: &impl Fn(NotificationEvent),
) -> Ended {
    // Writing waits for a bus that is behind; reading must not.
    let (outgoing, mut written) = mpsc::unbounded_channel::<Message>();
    let writer = connection.clone();
    let writing = tokio::spawn(async move {
        while let Some(message) = written.recv().await {
            if writer.send(&message).await.is_err() {
                // The reading side sees why.
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
            order = orders.recv() => match order {
                Some(Order::Show(request, answer)) => service.show(request, answer, Instant::now()),
                Some(Order::Withdraw(handle)) => service.withdraw(handle),
                None => break Ended::Unused,
            },
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => service.on_time(Instant::now()),
        }
    };
    writing.abort();
    ended
}
