//! A server whose responses the test writes, byte by byte.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::{Log, NEVER, read_head};

/// A head that opens a stream, which ends with the connection.
pub const OPEN: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

/// A head that opens a chunked stream.
pub const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Accepts connections when the test requests it, and sends what the test writes.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    log: Log,
}

impl Server {
    /// Listens on a free port of the loopback address.
    pub async fn bind() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            log: Log::default(),
        }
    }

    /// Returns the server's address.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// Returns the requests so far.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Accepts a connection without reading from it.
    pub async fn accept(&self) -> TcpStream {
        let (socket, _) = timeout(NEVER, self.listener.accept())
            .await
            .expect("nobody connects")
            .unwrap();
        socket.set_nodelay(true).unwrap();
        socket
    }

    /// Accepts the next request. One for a list of notifications is answered that there is none, and does not count.
    pub async fn request(&self) -> Exchange {
        loop {
            let mut socket = self.accept().await;
            let head = read_in_time(&mut socket).await;
            if !is_list(&head) {
                return self.exchange(Stream::Plain(socket), head);
            }
            let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
            socket.write_all(answer).await.unwrap();
        }
    }

    /// Accepts a pending request, if there is one.
    pub async fn waiting(&self) -> Option<Exchange> {
        let (mut socket, _) = self.listener.accept().now_or_never()?.unwrap();
        let head = read_in_time(&mut socket).await;
        Some(self.exchange(Stream::Plain(socket), head))
    }

    /// Accepts the next request over TLS, or returns the error of the handshake.
    ///
    /// # Errors
    /// When the client aborts the handshake.
    pub async fn request_by_tls(&self, acceptor: &TlsAcceptor) -> std::io::Result<Exchange> {
        let mut socket = Box::new(acceptor.accept(self.accept().await).await?);
        let head = read_in_time(&mut socket).await;
        Ok(self.exchange(Stream::Tls(socket), head))
    }

    fn exchange(&self, stream: Stream, head: Vec<u8>) -> Exchange {
        let number = self.log.add(head);
        Exchange {
            stream,
            number,
            log: self.log.clone(),
        }
    }

    /// Whether no connection waits to be accepted.
    pub fn is_quiet(&self) -> bool {
        self.listener.accept().now_or_never().is_none()
    }
}

/// Whether a request is for the list of notifications.
pub fn is_list(head: &[u8]) -> bool {
    String::from_utf8_lossy(head).contains("/notifications?")
}

async fn read_in_time(socket: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    timeout(NEVER, read_head(socket))
        .await
        .expect("a request that does not end")
        .expect("a request that broke off")
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A request and its connection.
#[derive(Debug)]
pub struct Exchange {
    stream: Stream,
    number: usize,
    log: Log,
}

impl Exchange {
    /// Returns the request's head.
    pub fn head(&self) -> Vec<u8> {
        self.log.all()[self.number].head.clone()
    }

    /// Accepts a CONNECT request, acts as the server behind the tunnel, and returns the request that comes through it.
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

    /// Writes raw bytes.
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

    /// Writes each byte separately.
    pub async fn dribble(&mut self, bytes: impl AsRef<[u8]>) {
        for byte in bytes.as_ref() {
            self.write([*byte]).await;
            tokio::task::yield_now().await;
        }
    }

    /// Writes as much as the client accepts before it hangs up.
    pub async fn flood(&mut self, bytes: impl AsRef<[u8]>) {
        let socket = self.plain();
        // The client may hang up before the end, which is the purpose of such a flood.
        let _ = socket.write_all(bytes.as_ref()).await;
        self.log.acted(self.number);
    }

    /// Responds with this status line and these headers and no body, and closes.
    pub async fn answer(mut self, head: &str) {
        self.write(format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n"))
            .await;
    }

    /// Opens a stream.
    pub async fn open(&mut self) {
        self.write(OPEN).await;
    }

    /// Closes the connection, like a server that ends.
    pub fn close(self) {
        self.log.acted(self.number);
    }

    /// Closes only this direction.
    pub async fn half_close(&mut self) {
        self.plain().shutdown().await.unwrap();
        self.log.acted(self.number);
    }

    /// Resets the connection.
    pub fn reset(mut self) {
        self.plain().set_zero_linger().unwrap();
        self.log.acted(self.number);
    }

    /// Waits until the client has hung up, which must happen without a timer.
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
