//! Servers and networks that misbehave in exactly defined ways, and the request that a client must send to each.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "it runs in tests, where a failed unwrap fails the test"
)]

pub mod ask;
pub mod proxy;
pub mod server;
pub mod tls;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::Instant;

/// Longer than every timer of a client. If time is paused, a test that waits in vain reaches it at once.
pub const NEVER: Duration = Duration::from_secs(30 * 24 * 3600);

/// Longer than anything takes on a busy machine, if time is not paused.
pub const DEADLINE: Duration = Duration::from_secs(90);

/// The minimum time between two attempts of a client.
pub const MIN_WAIT: Duration = Duration::from_millis(250);

/// A request that a server received.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When its head was complete.
    pub at: Instant,
    /// Its head, unmodified.
    pub head: Vec<u8>,
    /// When the server last did something with its connection.
    pub acted: Instant,
}

/// The requests in order of arrival.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Vec<Seen>>>);

impl Log {
    /// Returns all requests so far.
    pub fn all(&self) -> Vec<Seen> {
        self.0.lock().unwrap().clone()
    }

    /// Returns the time between the server's last action before request number `number`, counted from 0, and that
    /// request.
    pub fn wait(&self, number: usize) -> Duration {
        let seen = self.0.lock().unwrap();
        seen[number].at - seen[number - 1].acted
    }

    fn add(&self, head: Vec<u8>) -> usize {
        let at = Instant::now();
        let mut seen = self.0.lock().unwrap();
        seen.push(Seen { at, head, acted: at });
        seen.len() - 1
    }

    fn acted(&self, number: usize) {
        self.0.lock().unwrap()[number].acted = Instant::now();
    }
}

/// Reads a head up to its empty line, and no byte more. The error contains what was read if the connection ends before.
pub async fn read_head(socket: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match socket.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return Err(head),
        }
    }
    Ok(head)
}
