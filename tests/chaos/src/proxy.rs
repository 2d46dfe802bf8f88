//! A proxy on the loopback address that injects network faults.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::{Log, read_head};

/// What happens to new connections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Admission {
    /// They are forwarded.
    #[default]
    Open,
    /// Nothing listens.
    Refused,
    /// They are accepted, and closed before their request is read.
    ClosedAtOnce,
    /// They are accepted, and reset once their request has been read.
    Reset,
    /// They are accepted and get no response.
    Silent,
    /// They get this response instead of the server's, and are closed.
    Answered(Vec<u8>),
}

/// What happens to the bytes in one direction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flow {
    /// The delay of each piece.
    pub delay: Option<Duration>,
    /// The maximum number of bytes at once, and the pause before the next.
    pub pace: Option<(usize, Duration)>,
    /// Holds everything back while this is set.
    pub paused: bool,
    /// Discards everything, now and later, and keeps the sockets open.
    pub lost: bool,
}

/// The current faults; a change also affects open connections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// For new connections.
    pub admission: Admission,
    /// For bytes from the client.
    pub up: Flow,
    /// For bytes to the client.
    pub down: Flow,
    /// Withholds the body until it ends or has this many bytes, like a buffering proxy.
    pub buffer: Option<usize>,
    /// Ends the connection after this many bytes to the client.
    pub cut: Option<(usize, Cut)>,
    /// Inserts this chunk, which the server did not send, at the beginning of the body.
    pub injected: Option<Vec<u8>>,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// With FIN, on both sides.
    Fin,
    /// With a reset, on both sides.
    Reset,
    /// Closes only the direction to the client.
    HalfClose,
}

/// A proxy in front of a server.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    faults: watch::Sender<Faults>,
    cuts: broadcast::Sender<Cut>,
    log: Log,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Returns a proxy to this server, without faults.
    pub async fn to(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let faults = watch::Sender::new(Faults::default());
        let (cuts, _) = broadcast::channel(16);
        let log = Log::default();
        let way = Way {
            upstream,
            faults: faults.subscribe(),
            cuts: cuts.clone(),
            log: log.clone(),
        };
        let task = tokio::spawn(listen(listener, way));
        Self {
            address,
            faults,
            cuts,
            log,
            task,
        }
    }

    /// Returns the proxy's address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the requests that were received.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Sets the faults from now on.
    pub fn set(&self, faults: Faults) {
        self.faults.send_replace(faults);
    }

    /// Changes the faults.
    pub fn change(&self, change: impl FnOnce(&mut Faults)) {
        self.faults.send_modify(change);
    }

    /// Ends all connections.
    pub fn cut(&self, how: Cut) {
        // Fails if there are no connections.
        let _ = self.cuts.send(how);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Way {
    upstream: SocketAddr,
    faults: watch::Receiver<Faults>,
    cuts: broadcast::Sender<Cut>,
    log: Log,
}

async fn listen(listener: TcpListener, mut way: Way) {
    let address = listener.local_addr().unwrap();
    let mut listener = Some(listener);
    loop {
        let refused = way.faults.borrow_and_update().admission == Admission::Refused;
        if refused {
            listener = None;
        } else if listener.is_none() {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_reuseaddr(true).unwrap();
            socket.bind(address).unwrap();
            listener = Some(socket.listen(16).unwrap());
        }
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await.unwrap().0,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = way.faults.changed() => if changed.is_err() { return },
            client = accepted => drop(tokio::spawn(carry(client, way.clone()))),
        }
    }
}

async fn carry(mut client: TcpStream, mut way: Way) {
    client.set_nodelay(true).unwrap();
    let admission = way.faults.borrow_and_update().admission.clone();
    if admission == Admission::ClosedAtOnce {
        return;
    }
    let Ok(head) = read_head(&mut client).await else {
        return;
    };
    let number = way.log.add(head.clone());
    match admission {
        Admission::Reset => client.set_zero_linger().unwrap(),
        Admission::Silent => {
            // Waits until the client gives up.
            let _ = client.read_u8().await;
        }
        Admission::Answered(answer) => {
            let _ = client.write_all(&answer).await;
            let _ = client.shutdown().await;
        }
        Admission::Open | Admission::Refused | Admission::ClosedAtOnce => {
            forward(client, head, &way, number).await
        }
    }
    way.log.acted(number);
}

/// Forwards bytes in both directions until either side ends, or the connection is cut.
async fn forward(client: TcpStream, head: Vec<u8>, way: &Way, number: usize) {
    let mut cuts = way.cuts.subscribe();
    let Ok(server) = TcpStream::connect(way.upstream).await else {
        return;
    };
    server.set_nodelay(true).unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let cut = tokio::select! {
        () = up(&mut from_client, &mut to_server, head, way.faults.clone()) => Cut::Fin,
        cut = down(&mut from_server, &mut to_client, way, number) => cut,
        cut = cuts.recv() => cut.unwrap_or(Cut::Fin),
    };
    match cut {
        // Dropping the halves closes them.
        Cut::Fin => {}
        Cut::Reset => to_client.as_ref().set_zero_linger().unwrap(),
        Cut::HalfClose => {
            // The client may be gone already.
            let _ = to_client.shutdown().await;
            let _ = from_client.read_u8().await;
        }
    }
}

async fn up(
    from: &mut OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    head: Vec<u8>,
    mut faults: watch::Receiver<Faults>,
) {
    let mut waiting = head;
    loop {
        let flow = faults.borrow_and_update().up.clone();
        if send(to, &mut waiting, &flow).await.is_err() || read(from, &mut waiting, &mut faults).await {
            return;
        }
    }
}

async fn down(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, way: &Way, number: usize) -> Cut {
    let mut faults = way.faults.clone();
    // Received data that was not sent yet, and the buffered part of the body.
    let (mut waiting, mut body) = (Vec::new(), Vec::new());
    let (mut in_body, mut ended, mut sent) = (false, false, 0);
    loop {
        let now = faults.borrow_and_update().clone();
        if !in_body && let Some(end) = find_end(&waiting) {
            in_body = true;
            body = waiting.split_off(end);
            if let Some(injected) = &now.injected {
                waiting.extend(chunk(injected));
            }
        }
        if in_body && now.buffer.is_none_or(|limit| ended || body.len() >= limit) {
            waiting.append(&mut body);
        }
        let mut cut = None;
        if let Some((most, how)) = now.cut
            && in_body
            && sent + waiting.len() >= most
        {
            waiting.truncate(most.saturating_sub(sent));
            cut = Some(how);
        }
        sent += waiting.len();
        let before = waiting.len();
        if send(to, &mut waiting, &now.down).await.is_err() {
            return Cut::Fin;
        }
        sent -= waiting.len();
        if waiting.len() < before {
            way.log.acted(number);
        }
        if let Some(how) = cut {
            return how;
        }
        if ended && waiting.is_empty() && body.is_empty() {
            return Cut::Fin;
        }
        if ended {
            if faults.changed().await.is_err() {
                return Cut::Fin;
            }
        } else {
            let into = if in_body { &mut body } else { &mut waiting };
            ended = read(from, into, &mut faults).await;
        }
    }
}

/// Sends what the flow permits; the rest stays in `waiting`.
async fn send(to: &mut OwnedWriteHalf, waiting: &mut Vec<u8>, flow: &Flow) -> std::io::Result<()> {
    if flow.paused || waiting.is_empty() {
        return Ok(());
    }
    if flow.lost {
        waiting.clear();
        return Ok(());
    }
    if let Some(delay) = flow.delay {
        sleep(delay).await;
    }
    match flow.pace {
        None => to.write_all(waiting).await?,
        Some((bytes, every)) => {
            for piece in waiting.chunks(bytes) {
                to.write_all(piece).await?;
                sleep(every).await;
            }
        }
    }
    waiting.clear();
    Ok(())
}

/// Reads more data, or returns when the faults change. Returns whether the end was reached.
async fn read(from: &mut OwnedReadHalf, into: &mut Vec<u8>, faults: &mut watch::Receiver<Faults>) -> bool {
    tokio::select! {
        read = from.read_buf(into) => !matches!(read, Ok(1..)),
        changed = faults.changed() => changed.is_err(),
    }
}

/// Returns where the body begins.
fn find_end(head: &[u8]) -> Option<usize> {
    head.windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map(|at| at + 4)
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    chunk
}
