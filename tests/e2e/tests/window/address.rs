//! Addresses for WebDriver.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Returns an address of this computer without a listener. Its port is below the ephemeral ones: between a window and
/// the next one, another program could be given one of those, and would be asked for WebDriver's session.
pub(crate) fn unused_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const FIRST: u16 = 10_000;
    const COUNT: u16 = 10_000;
    // Concurrent runs start at different numbers.
    let apart = u16::try_from(std::process::id() % 50).unwrap() * 200;
    let ports = (0..COUNT).map(|_| FIRST + (apart + NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT);
    let mut addresses = ports.map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    addresses
        .find(|address| TcpListener::bind(address).is_ok())
        .unwrap()
}
