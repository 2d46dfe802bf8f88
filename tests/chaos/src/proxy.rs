//! A proxy on the loopback address that does to a connection what networks do.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::{Log, read_head};

/// What happens to those who connect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Door {
    /// They are let through.
    #[default]
    Open,
    /// Nothing listens.
    Refused,
    /// They are accepted, and hung up on before their request is read.
    Slammed,
    /// They are accepted, and reset once their request is read.
    Reset,
    /// They are accepted, and nobody answers.
    Silent,
    /// They are answered this and hung up on, in place of the server.
    Answered(Vec<u8>),
}

/// What happens to the bytes of one direction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flow {
    /// Each piece arrives this much later.
    pub delay: Option<Duration>,
    /// At most this many bytes arrive at once, and the next no sooner than this later.
    pub pace: Option<(usize, Duration)>,
    /// Nothing arrives until this is over.
    pub paused: bool,
    /// Nothing arrives, then or later, and the sockets stay open.
    pub lost: bool,
}

/// What happens to connections; a change counts for those that are open too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// To those who connect.
    pub door: Door,
    /// From the client.
    pub up: Flow,
    /// To the client.
    pub down: Flow,
    /// The body is withheld until it ends or has this many bytes, as by a buffering proxy.
    pub buffer: Option<usize>,
    /// After so many bytes to the client the connection ends.
    pub cut: Option<(usize, Cut)>,
    /// A chunk that nobody sent comes first in the body.
    pub injected: Option<Vec<u8>>,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// In order, to both sides.
    Fin,
    /// By a reset, to both sides.
    Reset,
    /// The client's side is closed for what comes to it, and stays open for what it sends.
    HalfClose,
}

/// The way to a server.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    faults: watch::Sender<Faults>,
    cuts: broadcast::Sender<Cut>,
    log: Log,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Leads to this server; without faults, for now.
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

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests that came through.
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
        // Where nobody is connected there is nobody to hear it.
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
        let refused = way.faults.borrow_and_update().door == Door::Refused;
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
    let door = way.faults.borrow_and_update().door.clone();
    if door == Door::Slammed {
        return;
    }
    let Ok(head) = read_head(&mut client).await else {
        return;
    };
    let number = way.log.add(head.clone());
    match door {
        Door::Reset => client.set_zero_linger().unwrap(),
        Door::Silent => {
            // Until the client gives up.
            let _ = client.read_u8().await;
        }
        Door::Answered(answer) => {
            let _ = client.write_all(&answer).await;
            let _ = client.shutdown().await;
        }
        Door::Open | Door::Refused | Door::Slammed => forward(client, head, &way, number).await,
    }
    way.log.acted(number);
}

/// Carries bytes both ways until either side ends, or the connection is cut.
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
            // The client may have gone already.
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
    // What came and was not sent, and the body's part of it while it is buffered.
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

/// Sends what the flow lets through; what it holds stays waiting.
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

/// Reads some more, or notices that the faults changed. Whether the end has come.
async fn read(from: &mut OwnedReadHalf, into: &mut Vec<u8>, faults: &mut watch::Receiver<Faults>) -> bool {
    tokio::select! {
        read = from.read_buf(into) => !matches!(read, Ok(1..)),
        changed = faults.changed() => changed.is_err(),
    }
}

/// Where the body begins.
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
