//! Interfaces from netwatcher, which signals their changes; routes by queries, on Linux whenever a route changes.

#[cfg(target_os = "linux")]
mod routes;

use std::collections::HashMap;
use std::iter;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
#[cfg(target_os = "linux")]
use std::sync::mpsc::Sender;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use gloria_core::ports::{Interface, NetworkSnapshot, Observation};
use tokio::sync::mpsc;

/// Where the system does not signal changed routes: an administrator or a VPN client may change one without its
/// interface. A query is four system calls.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Where it does, this is in case a signal is missing.
#[cfg(target_os = "linux")]
const SIGNALLED_POLL_INTERVAL: Duration = Duration::from_secs(2 * 60);

/// When an interface comes up, its route follows the address after some tenths of a second, or after some seconds if a
/// VPN logs in first.
const SETTLING: Duration = Duration::from_secs(5);
const SETTLING_POLL_INTERVAL: Duration = Duration::from_millis(200);

/// An address on the internet: a.root-servers.net, whose addresses have not changed for decades, and for which nobody
/// sets a route of its own. Nothing is sent to it.
const INTERNET_V4: Ipv4Addr = Ipv4Addr::new(198, 41, 0, 4);
const INTERNET_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0x503, 0xba3e, 0, 0, 0, 2, 0x30);

enum Change {
    Interfaces(HashMap<u32, netwatcher::Interface>),
    #[cfg(target_os = "linux")]
    Routes,
    /// Changed routes are not signalled any more.
    #[cfg(target_os = "linux")]
    RoutesUnsignalled,
}

/// Sends the network and its changes until the receiver is dropped.
pub(super) fn watch(observations: &mpsc::Sender<Observation>) {
    let (changes, changed) = channel();
    #[cfg(target_os = "linux")]
    let mut poll_interval = watch_routes(&changes);
    #[cfg(not(target_os = "linux"))]
    let poll_interval = POLL_INTERVAL;
    let watching = netwatcher::watch_interfaces_with_callback(move |update| {
        // The loop below may have ended already.
        let _ = changes.send(Change::Interfaces(update.interfaces));
    });
    let _watching = match watching {
        Ok(watching) => watching,
        Err(error) => {
            return tracing::warn!(
                %error,
                "changes of the network are not seen; the heartbeats still find a dead connection"
            );
        }
    };
    let mut interfaces = None;
    let mut reported = None;
    let mut restless_until = Instant::now();
    loop {
        let pause = if Instant::now() < restless_until {
            SETTLING_POLL_INTERVAL
        } else {
            poll_interval
        };
        match changed.recv_timeout(pause) {
            Ok(change) => {
                for change in iter::once(change).chain(changed.try_iter()) {
                    match change {
                        Change::Interfaces(newer) => interfaces = Some(listed(newer)),
                        #[cfg(target_os = "linux")]
                        Change::Routes => {}
                        #[cfg(target_os = "linux")]
                        Change::RoutesUnsignalled => poll_interval = POLL_INTERVAL,
                    }
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return tracing::error!("netwatcher broke; please report this");
            }
        }
        let Some(interfaces) = interfaces.clone() else {
            continue;
        };
        let snapshot = NetworkSnapshot {
            interfaces,
            source_v4: source_v4(),
            source_v6: source_v6(),
        };
        if reported.as_ref() != Some(&snapshot) {
            restless_until = Instant::now() + SETTLING;
            reported = Some(snapshot.clone());
            if observations
                .blocking_send(Observation::Network(snapshot))
                .is_err()
            {
                return;
            }
        } else if observations.is_closed() {
            return;
        }
    }
}

/// Has changed routes signalled. Returns how often they have to be queried besides.
#[cfg(target_os = "linux")]
fn watch_routes(changes: &Sender<Change>) -> Duration {
    let socket = match routes::open() {
        Ok(socket) => socket,
        Err(error) => {
            tracing::info!(%error, "changed routes are seen some seconds later");
            return POLL_INTERVAL;
        }
    };
    let changes = changes.clone();
    let watched = super::on_own_thread("routes", move || {
        if let Err(error) = routes::listen(&socket, || changes.send(Change::Routes).is_ok()) {
            tracing::info!(%error, "changed routes are seen some seconds later from now on");
        }
        // The loop may have ended already.
        let _ = changes.send(Change::RoutesUnsignalled);
    });
    if watched {
        SIGNALLED_POLL_INTERVAL
    } else {
        POLL_INTERVAL
    }
}

fn listed(interfaces: HashMap<u32, netwatcher::Interface>) -> Vec<Interface> {
    let mut listed: Vec<_> = interfaces
        .into_values()
        .map(|interface| Interface {
            index: interface.index,
            name: interface.name,
            addresses: interface.ips.into_iter().map(|record| record.ip).collect(),
        })
        .collect();
    listed.sort_by_key(|interface| interface.index);
    listed
}

fn source_v4() -> Option<Ipv4Addr> {
    match source(INTERNET_V4.into(), Ipv4Addr::UNSPECIFIED.into())? {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    }
}

fn source_v6() -> Option<Ipv6Addr> {
    match source(INTERNET_V6.into(), Ipv6Addr::UNSPECIFIED.into())? {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => Some(address),
    }
}

/// The source address of packets to a host on the internet, according to the routing table; nothing is sent.
fn source(far: IpAddr, any: IpAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind((any, 0)).ok()?;
    // The port does not affect the route.
    socket.connect(SocketAddr::new(far, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}
