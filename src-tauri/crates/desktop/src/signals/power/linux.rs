//! logind's `PrepareForSleep` (org.freedesktop.login1, systemd and elogind): `true` before sleep, `false` after it.
//!
//! No inhibitor lock is taken, because nothing has to be done before a sleep.

use std::thread;
use std::time::Duration;

use gloria_core::ports::Observation;
use tokio::sync::mpsc;
use zbus::MatchRule;
use zbus::blocking::{Connection, MessageIterator, connection};
use zbus::message::Type;

/// How long to wait for a bus that disappeared: after a restart it is found before a user can close the lid.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// A computer that never had a bus will not get one soon, and each retry wakes three threads.
const MAX_RETRY_INTERVAL: Duration = Duration::from_secs(5 * 60);

pub(super) fn watch(bus: Option<&str>, observations: &mpsc::Sender<Observation>) {
    let mut retry = RETRY_INTERVAL;
    let mut said = false;
    while !observations.is_closed() {
        match connect(bus) {
            Ok(connection) => {
                retry = RETRY_INTERVAL;
                match listen(&connection, observations) {
                    Ok(()) => return,
                    Err(error) => tracing::info!(%error, "logind is not heard any more"),
                }
            }
            Err(error) if said => tracing::debug!(%error, "still no word of sleep from logind"),
            Err(error) => {
                tracing::info!(%error, "no word of sleep from logind for now; the clocks still show it");
                said = true;
            }
        }
        thread::sleep(retry);
        retry = (retry * 2).min(MAX_RETRY_INTERVAL);
    }
}

fn connect(bus: Option<&str>) -> zbus::Result<Connection> {
    let bus = match bus {
        Some(address) => connection::Builder::address(address)?,
        None => connection::Builder::system()?,
    };
    bus.build()
}

/// Listens until the bus disappears or the receiver is dropped. Signals are matched by logind's well-known name, so
/// logind may start later or be restarted.
fn listen(connection: &Connection, observations: &mpsc::Sender<Observation>) -> zbus::Result<()> {
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender("org.freedesktop.login1")?
        .path("/org/freedesktop/login1")?
        .interface("org.freedesktop.login1.Manager")?
        .member("PrepareForSleep")?
        .build();
    for message in MessageIterator::for_match_rule(rule, connection, None)? {
        let is_before = message?.body().deserialize()?;
        let observation = if is_before {
            Observation::AboutToSleep
        } else {
            Observation::Woke
        };
        if observations.blocking_send(observation).is_err() {
            return Ok(());
        }
    }
    Err(zbus::Error::Failure("the system bus went away".into()))
}
