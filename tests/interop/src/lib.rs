//! Real servers of other makes, real proxies before them, and a relay on the way to a real client.

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
pub const DEADLINE: Duration = Duration::from_secs(60);

/// The token that every server takes.
pub const TOKEN: &str = "interop-token";

/// This suite's folder.
pub fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What cargo builds into; the packages from PyPI are there, too.
pub(crate) fn target() -> PathBuf {
    folder().join("../../target")
}

/// A port that nothing listens on. A server that starts again needs the one it had, so it cannot take any.
///
/// # Panics
///
/// When all are taken.
pub async fn free_port() -> u16 {
    // Below the ephemeral port range. Concurrent runs start at different numbers.
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

/// Waits until something listens there.
pub(crate) async fn listening(port: u16) -> Result<(), String> {
    let heard = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            // Another program's socket has nothing to wait for but the next look.
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(DEADLINE, heard)
        .await
        .map_err(|_| format!("nothing listens on {port}"))
}
