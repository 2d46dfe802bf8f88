//! The listening socket, which can be closed and opened again at the same address.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};

use crate::connection::{Connection, Connections, Socket};

/// The maximum number of connections that wait to be accepted, the standard library's default.
const BACKLOG: u32 = 128;

/// After a failed accept, for example without free file descriptors, an immediate retry would only spin.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(50);

/// Opens or closes the socket; `done` receives the result.
#[derive(Debug)]
pub(crate) struct ListenOrder {
    pub(crate) open: bool,
    pub(crate) done: oneshot::Sender<io::Result<()>>,
}

/// A child process holds its parent's sockets, including the listener, from fork to exec: milliseconds, and more on a
/// busy machine.
const INHERITED_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug)]
enum Listening {
    Open(TcpListener),
    /// Bound but not listening: connections are refused, and the port stays reserved.
    Closed(Option<TcpSocket>),
}

#[derive(Debug)]
pub(crate) struct Reopenable {
    listening: Listening,
    address: SocketAddr,
    connections: Arc<Connections>,
    orders: mpsc::UnboundedReceiver<ListenOrder>,
}

impl Reopenable {
    pub(crate) async fn bind(
        address: SocketAddr,
        connections: Arc<Connections>,
        orders: mpsc::UnboundedReceiver<ListenOrder>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self {
            listening: Listening::Open(listener),
            address,
            connections,
            orders,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    fn set_open(&mut self, open: bool) -> io::Result<()> {
        match (&mut self.listening, open) {
            (Listening::Open(_), true) | (Listening::Closed(Some(_)), false) => Ok(()),
            (Listening::Open(_), false) => {
                self.listening = Listening::Closed(None);
                self.listening = Listening::Closed(Some(reserve(self.address)?));
                Ok(())
            }
            (Listening::Closed(None), false) => {
                self.listening = Listening::Closed(Some(reserve(self.address)?));
                Ok(())
            }
            (Listening::Closed(reserved), true) => {
                let socket = match reserved.take() {
                    Some(socket) => socket,
                    None => reserve(self.address)?,
                };
                self.listening = Listening::Open(socket.listen(BACKLOG)?);
                Ok(())
            }
        }
    }
}

fn reserve(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // Connections of the closed listener may still be open at this address.
    socket.set_reuseaddr(true)?;
    let give_up = Instant::now() + INHERITED_TIMEOUT;
    loop {
        match socket.bind(address) {
            // By the system's clock, because a test may pause tokio's.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && Instant::now() < give_up => {
                thread::sleep(Duration::from_millis(1));
            }
            bound => return bound.map(|()| socket),
        }
    }
}

async fn accept(listening: &Listening) -> io::Result<TcpStream> {
    match listening {
        Listening::Open(listener) => listener.accept().await.map(|(io, _)| io),
        Listening::Closed(_) => std::future::pending().await,
    }
}

impl Listener for Reopenable {
    type Io = Socket;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Socket, SocketAddr) {
        loop {
            tokio::select! {
                biased;
                Some(ListenOrder { open, done }) = self.orders.recv() => {
                    let result = self.set_open(open);
                    // The caller may be gone; the socket's state has changed as requested.
                    let _ = done.send(result);
                }
                accepted = accept(&self.listening) => match accepted.and_then(|io| Ok((io.peer_addr()?, io))) {
                    Ok((peer, io)) => {
                        // A small event must not wait for the client's delayed ACK.
                        if let Err(error) = io.set_nodelay(true) {
                            tracing::debug!(%error, "TCP_NODELAY was refused");
                        }
                        return (self.connections.adopt(io), peer);
                    }
                    Err(error) => {
                        tracing::debug!(%error, "a connection could not be accepted");
                        tokio::time::sleep(ACCEPT_RETRY_INTERVAL).await;
                    }
                },
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// The connection of a request.
#[derive(Clone, Debug)]
pub(crate) struct ClientConnection(pub(crate) Arc<Connection>);

impl Connected<IncomingStream<'_, Reopenable>> for ClientConnection {
    fn connect_info(stream: IncomingStream<'_, Reopenable>) -> Self {
        Self(stream.io().connection().clone())
    }
}
