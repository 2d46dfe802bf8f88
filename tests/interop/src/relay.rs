//! A relay in front of a server: it counts the traffic, and can be cut and closed.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::DEADLINE;

/// The traffic so far.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    /// The number of connections with a request.
    pub requests: u32,
    /// The number of pieces from the server.
    pub pieces: u32,
    /// The shortest time from a connection's first byte to the server's first byte.
    pub answered_in: Option<Duration>,
    /// The first bytes of the server's newest response.
    pub first: Vec<u8>,
    /// The last bytes from the server.
    pub last: Vec<u8>,
}

/// Longer than the end of any stream.
const KEPT_BYTES: usize = 16;

/// A relay to a server.
#[derive(Debug)]
pub struct Relay {
    port: u16,
    open: watch::Sender<bool>,
    cuts: broadcast::Sender<()>,
    traffic: watch::Sender<Traffic>,
    task: JoinHandle<()>,
}

impl Relay {
    /// Returns a relay to this port.
    ///
    /// # Panics
    ///
    /// When it cannot listen.
    pub async fn to(upstream: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let open = watch::Sender::new(true);
        let (cuts, _) = broadcast::channel(1);
        let traffic = watch::Sender::new(Traffic::default());
        let task = {
            let (mut open, cuts, traffic) = (open.subscribe(), cuts.clone(), traffic.clone());
            tokio::spawn(async move {
                // While closed, new connections stay in the listener's queue.
                while open.wait_for(|open| *open).await.is_ok() {
                    let accepted = tokio::select! {
                        accepted = listener.accept() => accepted.unwrap().0,
                        _ = open.changed() => continue,
                    };
                    tokio::spawn(carry(accepted, upstream, cuts.subscribe(), traffic.clone()));
                }
            })
        };
        Self {
            port,
            open,
            cuts,
            traffic,
            task,
        }
    }

    /// Returns the relay's port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the traffic so far.
    pub fn traffic(&self) -> Traffic {
        self.traffic.borrow().clone()
    }

    /// Waits until `passed` returns true.
    ///
    /// # Errors
    ///
    /// When that does not happen in time.
    pub async fn until(&self, passed: impl Fn(&Traffic) -> bool) -> Result<(), String> {
        let mut traffic = self.traffic.subscribe();
        match timeout(DEADLINE, traffic.wait_for(|traffic| passed(traffic))).await {
            Ok(_) => Ok(()),
            Err(_) => Err(format!("not in time; what passed is {:?}", self.traffic())),
        }
    }

    /// Resets open connections; new ones are accepted only after [`Relay::open`].
    pub fn cut_and_close(&self) {
        self.open.send_replace(false);
        // Fails if there are no connections.
        let _ = self.cuts.send(());
    }

    /// Accepts connections again.
    pub fn open(&self) {
        self.open.send_replace(true);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(
    mut client: TcpStream,
    upstream: u16,
    mut cut: broadcast::Receiver<()>,
    traffic: watch::Sender<Traffic>,
) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", upstream)).await else {
        return;
    };
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (mut up, mut down) = ([0; 16 * 1024], [0; 16 * 1024]);
    let (mut asked, mut answered) = (None, false);
    let reset = loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let Ok(count @ 1..) = read else { break false };
                if asked.is_none() {
                    asked = Some(Instant::now());
                    traffic.send_modify(|traffic| traffic.requests += 1);
                }
                if server.write_all(&up[..count]).await.is_err() {
                    break false;
                }
            }
            read = server.read(&mut down) => match read {
                Ok(0) => break false,
                Ok(count) => {
                    let took = asked.filter(|_| !answered).map(|asked| asked.elapsed());
                    answered = true;
                    traffic.send_modify(|traffic| record(traffic, &down[..count], took));
                    if client.write_all(&down[..count]).await.is_err() {
                        break false;
                    }
                }
                Err(_) => break true,
            },
            _ = cut.recv() => break true,
        }
    };
    if reset {
        // Fails if a socket is already gone.
        let _ = client.set_zero_linger();
        let _ = server.set_zero_linger();
    }
}

fn record(traffic: &mut Traffic, bytes: &[u8], took: Option<Duration>) {
    traffic.pieces += 1;
    traffic.last.extend_from_slice(bytes);
    let over = traffic.last.len().saturating_sub(KEPT_BYTES);
    traffic.last.drain(..over);
    if let Some(took) = took {
        traffic.first = bytes.to_vec();
        traffic.answered_in = Some(traffic.answered_in.map_or(took, |least| least.min(took)));
    }
}
