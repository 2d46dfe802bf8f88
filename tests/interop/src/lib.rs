//! Real servers of other makes, real proxies in front of them, and a relay between them and a real client.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "it runs in tests, where a failed unwrap fails the test"
)]

pub mod proxies;
pub mod relay;
pub mod server;
pub mod tail;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

/// Longer than anything here takes on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(90);

/// The token that every server accepts.
pub const TOKEN: &str = "interop-token";

/// Returns this suite's folder.
pub fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns cargo's target folder, which also contains the packages from PyPI.
pub(crate) fn target() -> PathBuf {
    folder().join("../../target")
}

/// Returns a free port. A restarted server needs the same port again, so it cannot use port 0.
///
/// # Panics
///
/// When all ports are in use.
pub async fn free_port() -> u16 {
    // Below the range of ephemeral ports. Concurrent runs start at different numbers.
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    let apart = u16::try_from(std::process::id() % 60).unwrap() * 200;
    for _ in 0..COUNT {
        let port = FIRST + (apart + NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).await.is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}

/// Waits until a program listens on the port.
pub(crate) async fn listening(port: u16) -> Result<(), String> {
    let heard = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            // Nothing signals when another program starts to listen, so it is polled.
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(DEADLINE, heard)
        .await
        .map_err(|_| format!("nothing listens on {port}"))
}
