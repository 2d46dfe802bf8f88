//! A relay before a server: it counts what passes, and can be cut and closed.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::DEADLINE;

/// What passed.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    /// Connections that carried a request.
    pub requests: u32,
    /// Pieces from the server.
    pub pieces: u32,
    /// The shortest time from a connection's first byte to the server's.
    pub answered_in: Option<Duration>,
    /// The first bytes of the server's newest answer.
    pub first: Vec<u8>,
    /// The last bytes from the server.
    pub last: Vec<u8>,
}

/// More than the end of any stream takes.
const KEPT_BYTES: usize = 16;

/// A way to a server.
#[derive(Debug)]
pub struct Relay {
    port: u16,
    open: watch::Sender<bool>,
    cuts: broadcast::Sender<()>,
    traffic: watch::Sender<Traffic>,
    task: JoinHandle<()>,
}

impl Relay {
    /// Leads to this port.
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
                // Closed, it leaves those who come in the listener's queue.
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

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What passed so far.
    pub fn traffic(&self) -> Traffic {
        self.traffic.borrow().clone()
    }

    /// Waits until that passed.
    ///
    /// # Errors
    ///
    /// When it does not in time.
    pub async fn until(&self, passed: impl Fn(&Traffic) -> bool) -> Result<(), String> {
        let mut traffic = self.traffic.subscribe();
        match timeout(DEADLINE, traffic.wait_for(|traffic| passed(traffic))).await {
            Ok(_) => Ok(()),
            Err(_) => Err(format!("not in time; what passed is {:?}", self.traffic())),
        }
    }

    /// Resets what is open; who comes again is answered no sooner than it is opened.
    pub fn cut_and_close(&self) {
        self.open.send_replace(false);
        // Where nobody is connected there is nobody to hear it.
        let _ = self.cuts.send(());
    }

    /// Lets those through who come.
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
        // Where a socket is gone already there is nothing to reset.
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
