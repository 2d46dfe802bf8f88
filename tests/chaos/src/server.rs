//! A server that says what the test says, byte by byte.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::{Log, NEVER, read_head};

/// A head that opens a stream, which ends with its connection.
pub const OPEN: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

/// A head that opens a stream in chunks.
pub const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

/// It accepts when the test asks it to, and answers what the test writes.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    log: Log,
}

impl Server {
    /// On a free port of the loopback address.
    pub async fn bind() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            log: Log::default(),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// The requests so far.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// A connection on which nothing was read.
    pub async fn accept(&self) -> TcpStream {
        let (socket, _) = timeout(NEVER, self.listener.accept())
            .await
            .expect("nobody connects")
            .unwrap();
        socket.set_nodelay(true).unwrap();
        socket
    }

    /// The next request.
    pub async fn request(&self) -> Exchange {
        let socket = self.accept().await;
        self.exchange(Stream::Plain(socket)).await
    }

    /// The request that waits to be accepted, if one does.
    pub async fn waiting(&self) -> Option<Exchange> {
        let (socket, _) = self.listener.accept().now_or_never()?.unwrap();
        Some(self.exchange(Stream::Plain(socket)).await)
    }

    /// The next request over TLS, or what the handshake ended in.
    ///
    /// # Errors
    /// The client does not go on with the handshake.
    pub async fn request_by_tls(&self, acceptor: &TlsAcceptor) -> std::io::Result<Exchange> {
        let socket = acceptor.accept(self.accept().await).await?;
        Ok(self.exchange(Stream::Tls(Box::new(socket))).await)
    }

    async fn exchange(&self, mut stream: Stream) -> Exchange {
        let head = match &mut stream {
            Stream::Plain(socket) => timeout(NEVER, read_head(socket)).await,
            Stream::Tls(socket) => timeout(NEVER, read_head(socket)).await,
        };
        let head = head
            .expect("a request that does not end")
            .expect("a request that broke off");
        let number = self.log.add(head);
        Exchange {
            stream,
            number,
            log: self.log.clone(),
        }
    }

    /// Whether nobody waits to be accepted.
    pub fn is_quiet(&self) -> bool {
        self.listener.accept().now_or_never().is_none()
    }
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A request, and the way back.
#[derive(Debug)]
pub struct Exchange {
    stream: Stream,
    number: usize,
    log: Log,
}

impl Exchange {
    /// The request's head.
    pub fn head(&self) -> Vec<u8> {
        self.log.all()[self.number].head.clone()
    }

    /// Grants a tunnel, and is the server at its end: the request that comes through it.
    pub async fn tunnel(mut self, acceptor: &TlsAcceptor) -> Self {
        self.write("HTTP/1.1 200 OK\r\n\r\n").await;
        let Stream::Plain(socket) = self.stream else {
            panic!("a tunnel begins in the open");
        };
        let mut socket = Box::new(acceptor.accept(socket).await.unwrap());
        let head = read_head(&mut socket).await.expect("a request that broke off");
        let number = self.log.add(head);
        Self {
            stream: Stream::Tls(socket),
            number,
            log: self.log,
        }
    }

    /// Writes bytes as they are.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        match &mut self.stream {
            Stream::Plain(socket) => socket.write_all(bytes).await.unwrap(),
            Stream::Tls(socket) => {
                socket.write_all(bytes).await.unwrap();
                socket.flush().await.unwrap();
            }
        }
        self.log.acted(self.number);
    }

    /// Writes each byte alone.
    pub async fn dribble(&mut self, bytes: impl AsRef<[u8]>) {
        for byte in bytes.as_ref() {
            self.write([*byte]).await;
            tokio::task::yield_now().await;
        }
    }

    /// Writes as much as the client takes before it hangs up.
    pub async fn flood(&mut self, bytes: impl AsRef<[u8]>) {
        let socket = self.plain();
        // The client may hang up in the middle, which is what such a flood is for.
        let _ = socket.write_all(bytes.as_ref()).await;
        self.log.acted(self.number);
    }

    /// Answers with this status line and these headers and no body, and closes.
    pub async fn answer(mut self, head: &str) {
        self.write(format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n"))
            .await;
    }

    /// Opens a stream.
    pub async fn open(&mut self) {
        self.write(OPEN).await;
    }

    /// Closes, as a server that ends does.
    pub fn close(self) {
        self.log.acted(self.number);
    }

    /// Closes this direction alone.
    pub async fn half_close(&mut self) {
        self.plain().shutdown().await.unwrap();
        self.log.acted(self.number);
    }

    /// Resets the connection.
    pub fn reset(mut self) {
        self.plain().set_zero_linger().unwrap();
        self.log.acted(self.number);
    }

    /// Waits until the client has hung up, which must not take it a timer.
    pub async fn hung_up(&mut self) {
        self.hung_up_within(Duration::from_millis(10)).await;
    }

    /// Waits until the client has hung up.
    pub async fn hung_up_within(&mut self, limit: Duration) {
        let mut rest = [0; 64];
        let read = async {
            match &mut self.stream {
                Stream::Plain(socket) => socket.read(&mut rest).await,
                Stream::Tls(socket) => socket.read(&mut rest).await,
            }
        };
        let read = timeout(limit, read).await.expect("it holds on");
        assert!(matches!(read, Ok(0) | Err(_)), "the client said something more");
    }

    fn plain(&mut self) -> &mut TcpStream {
        match &mut self.stream {
            Stream::Plain(socket) => socket,
            Stream::Tls(_) => panic!("this is done to plain connections alone"),
        }
    }
}
