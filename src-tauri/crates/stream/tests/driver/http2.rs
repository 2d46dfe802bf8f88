//! Servers that refuse HTTP/1.1. TLS is real here, so time is not paused.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use gloria_stream::Command;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{Response, Version};
use hyper::body::{Body, Frame, Incoming};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;

use crate::network::{CERTIFICATE, DEADLINE, KEY, Stream, root_file, stream};

/// How the server refuses a client that does not offer HTTP/2.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// With an alert during the TLS handshake.
    Alert,
    /// With these bytes instead of a response.
    Words(&'static [u8]),
}

/// What happened on the server.
enum Met {
    /// A client that did not offer HTTP/2.
    Http1,
    /// A request, and the sender of its response's body.
    Request(Box<Parts>, mpsc::UnboundedSender<Bytes>),
    /// A connection ended.
    Ended,
}

struct Server {
    port: u16,
    met: mpsc::UnboundedReceiver<Met>,
}

impl Server {
    async fn that_refuses_by(refusal: Refusal) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, met) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let hello = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), socket)
                    .await
                    .unwrap();
                let offered: Vec<_> = hello.client_hello().alpn().into_iter().flatten().collect();
                let http2 = offered.contains(&&b"h2"[..]);
                if !http2 {
                    assert_eq!(offered, [b"http/1.1"]);
                    sender.send(Met::Http1).unwrap();
                }
                let config = config(http2 || refusal == Refusal::Alert);
                let sender = sender.clone();
                match (refusal, http2) {
                    (_, true) => drop(tokio::spawn(async move {
                        let socket = hello.into_stream(config).await.unwrap();
                        assert_eq!(socket.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
                        serve(socket, sender).await;
                    })),
                    (Refusal::Alert, false) => assert!(hello.into_stream(config).await.is_err()),
                    (Refusal::Words(words), false) => {
                        let mut socket = hello.into_stream(config).await.unwrap();
                        let mut head = [0; 1024];
                        assert!(socket.read(&mut head).await.unwrap() > 0);
                        socket.write_all(words).await.unwrap();
                        socket.shutdown().await.unwrap();
                    }
                }
            }
        });
        Self { port, met }
    }

    fn open(&self) -> Stream {
        stream(&format!("https://localhost:{}/sse?a=b", self.port), |options| {
            options.network.ca_file = Some(root_file());
            options.timing.base_delay = Duration::from_millis(10);
        })
    }

    async fn next(&mut self) -> Met {
        timeout(DEADLINE, self.met.recv())
            .await
            .expect("something in time")
            .unwrap()
    }

    async fn request(&mut self) -> (Box<Parts>, mpsc::UnboundedSender<Bytes>) {
        match self.next().await {
            Met::Request(parts, body) => (parts, body),
            Met::Http1 => panic!("HTTP/1.1 was offered alone"),
            Met::Ended => panic!("the connection ended"),
        }
    }
}

fn config(http2: bool) -> Arc<ServerConfig> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CERTIFICATE.into()], PrivatePkcs8KeyDer::from(KEY).into())
        .unwrap();
    if http2 {
        config.alpn_protocols = vec![b"h2".to_vec()];
    }
    Arc::new(config)
}

async fn serve(
    socket: tokio_rustls::server::TlsStream<tokio::net::TcpStream>,
    met: mpsc::UnboundedSender<Met>,
) {
    let sender = met.clone();
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (body, events) = mpsc::unbounded_channel();
        sender
            .send(Met::Request(Box::new(request.into_parts().0), body))
            .unwrap();
        let answer = Response::builder().header(CONTENT_TYPE, "text/event-stream");
        std::future::ready(answer.body(Events(events)))
    });
    let _ = http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(socket), service)
        .await;
    // The test may be over.
    let _ = met.send(Met::Ended);
}

/// A body that the test writes.
struct Events(mpsc::UnboundedReceiver<Bytes>);

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0
            .poll_recv(context)
            .map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

#[tokio::test]
async fn http2_is_spoken_where_http1_is_refused() {
    for refusal in [
        Refusal::Alert,
        // The response of Node.js before it supported the alert.
        Refusal::Words(
            b"HTTP/1.0 403 Forbidden\r\nContent-Type: text/plain\r\n\r\n\
              Unknown ALPN Protocol, expected `h2` to be available.\n",
        ),
        Refusal::Words(b"HTTP/1.1 505 HTTP Version Not Supported\r\nContent-Length: 0\r\n\r\n"),
        // The frame that begins HTTP/2.
        Refusal::Words(b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64"),
    ] {
        let mut server = Server::that_refuses_by(refusal).await;
        let mut stream = server.open();
        assert!(matches!(server.next().await, Met::Http1));
        let (request, body) = server.request().await;
        assert_eq!(request.version, Version::HTTP_2);
        assert_eq!(request.uri.path_and_query().unwrap(), "/sse?a=b");
        assert_eq!(request.headers[ACCEPT], "text/event-stream");
        assert_eq!(request.headers[AUTHORIZATION], "Bearer t0ken");
        body.send("id: 1\ndata: a\n\n".into()).unwrap();
        assert_eq!(stream.outcome().await.unwrap(), "a");
        body.send("data: b\n\n".into()).unwrap();
        assert_eq!(stream.outcome().await.unwrap(), "b");
    }
}

#[tokio::test]
async fn a_server_that_wants_http2_is_not_asked_by_http1_again() {
    let mut server = Server::that_refuses_by(Refusal::Alert).await;
    let mut stream = server.open();
    assert!(matches!(server.next().await, Met::Http1));
    let (_, body) = server.request().await;
    body.send("id: 1\nretry: 10\ndata: a\n\n".into()).unwrap();
    assert_eq!(stream.outcome().await.unwrap(), "a");
    drop(body);
    assert_eq!(
        stream.outcome().await.unwrap_err().to_string(),
        "the server closed the connection"
    );
    assert!(matches!(server.next().await, Met::Ended));
    let (request, body) = server.request().await;
    assert_eq!(request.headers["last-event-id"], "1");
    body.send("data: b\n\n".into()).unwrap();
    assert_eq!(stream.outcome().await.unwrap(), "b");
    // Hanging up closes the connection.
    stream.handle.send(Command::Stop);
    assert!(matches!(server.next().await, Met::Ended));
}

#[tokio::test]
async fn a_websocket_says_why_it_cannot_use_such_a_server() {
    let mut server = Server::that_refuses_by(Refusal::Alert).await;
    let mut stream = stream(&format!("wss://localhost:{}/ws", server.port), |options| {
        options.network.ca_file = Some(root_file());
    });
    assert!(matches!(server.next().await, Met::Http1));
    assert_eq!(
        stream.outcome().await.unwrap_err().to_string(),
        "no secure connection could be made: the server refuses HTTP/1.1"
    );
}
