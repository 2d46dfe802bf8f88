//! A stream, a scripted server, and the stream's deliveries.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_stream::{
    Command, Credential, CredentialError, CredentialProvider, Delivery, Frame, Generation, HaltReason,
    Status, StreamHandle, StreamOptions, Timing,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A head that opens a stream, which ends with the connection.
pub(crate) const OPEN: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

/// Longer than every timer of the stream: because time is paused, a test that hangs reaches it at once.
const NEVER: Duration = Duration::from_secs(7 * 24 * 3600);

/// A stream and its server.
pub(crate) struct Rig {
    pub(crate) server: Server,
    pub(crate) stream: StreamHandle,
    pub(crate) deliveries: mpsc::Receiver<Delivery>,
    pub(crate) provider: Arc<Provider>,
}

impl Rig {
    /// Returns a stream that is about to connect to a new server.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}, Provider::anonymous()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut StreamOptions), provider: Provider) -> Self {
        let server = Server::bind().await;
        let mut options = StreamOptions::new(server.url("/sse"), "Gloria/1", 7);
        options.timing = Timing {
            base_delay: Duration::from_millis(10),
            ..Timing::default()
        };
        // A program that listens on this machine's port 80 must not affect these tests.
        options.network.probe_url = Some("http://127.0.0.1:1/generate_204".parse().unwrap());
        change(&mut options);
        let (sender, deliveries) = mpsc::channel(16);
        let provider = Arc::new(provider);
        let stream = StreamHandle::spawn(options, Arc::clone(&provider) as _, sender);
        Self {
            server,
            stream,
            deliveries,
            provider,
        }
    }

    pub(crate) fn start(&self, cursor: Option<&str>) {
        self.stream.send(Command::Start {
            cursor: cursor.map(str::to_owned),
        });
    }

    /// Accepts a connection and responds with these bytes.
    pub(crate) async fn answered(&self, bytes: impl AsRef<[u8]>) -> Connection {
        self.start(None);
        let mut connection = self.server.accept().await;
        connection.write(bytes).await;
        connection
    }

    /// Accepts a connection and opens the stream.
    pub(crate) async fn open(&mut self) -> Connection {
        let connection = self.answered(OPEN).await;
        self.connected().await;
        connection
    }

    pub(crate) async fn delivery(&mut self) -> Delivery {
        tokio::time::timeout(NEVER, self.deliveries.recv())
            .await
            .unwrap()
            .unwrap()
    }

    /// Returns the next status.
    pub(crate) async fn status(&mut self) -> Status {
        match self.delivery().await {
            Delivery::Status(status) => status,
            other => panic!("{other:?} is no status"),
        }
    }

    /// Waits until the stream is open.
    pub(crate) async fn connected(&mut self) {
        while !matches!(self.status().await, Status::Connected { .. }) {}
    }

    /// Returns why the stream waits, once it does.
    pub(crate) async fn trouble(&mut self) -> String {
        loop {
            match self.status().await {
                Status::Waiting { cause, .. } | Status::CircuitOpen { cause, .. } => {
                    return cause.to_string();
                }
                Status::Halted { reason, .. } => return format!("halted: {reason}"),
                Status::Connecting { .. } => {}
                other => panic!("{other:?} is no trouble"),
            }
        }
    }

    /// Returns the next events.
    pub(crate) async fn frames(&mut self) -> Vec<Frame> {
        match self.delivery().await {
            Delivery::Frames(frames) => frames.frames,
            other => panic!("{other:?} is no events"),
        }
    }

    /// Returns the data of the next events, up to this many.
    pub(crate) async fn data(&mut self, count: usize) -> Vec<String> {
        let mut data = Vec::new();
        while data.len() < count {
            data.extend(self.frames().await.into_iter().map(|frame| frame.data));
        }
        data
    }
}

/// Whether a status is a halt for this reason.
pub(crate) fn is_halted(status: &Status, wanted: HaltReason) -> bool {
    matches!(status, Status::Halted { reason, .. } if *reason == wanted)
}

/// A scripted server.
pub(crate) struct Server {
    listener: TcpListener,
}

impl Server {
    pub(crate) async fn bind() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        }
    }

    pub(crate) fn url(&self, path: &str) -> url::Url {
        format!("http://{}{path}", self.listener.local_addr().unwrap())
            .parse()
            .unwrap()
    }

    /// Accepts a connection, and reads the head of its request.
    pub(crate) async fn accept(&self) -> Connection {
        let mut socket = self.accept_silently().await;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(
                tokio::time::timeout(NEVER, socket.read_u8())
                    .await
                    .unwrap()
                    .unwrap(),
            );
        }
        Connection {
            socket,
            request: String::from_utf8(request).unwrap(),
        }
    }

    /// Accepts a connection without reading from it.
    pub(crate) async fn accept_silently(&self) -> TcpStream {
        tokio::time::timeout(NEVER, self.listener.accept())
            .await
            .unwrap()
            .unwrap()
            .0
    }

    /// Whether no connection waits to be accepted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.listener.accept().now_or_never().is_none()
    }
}

/// One connection to the server.
pub(crate) struct Connection {
    pub(crate) socket: TcpStream,
    pub(crate) request: String,
}

impl Connection {
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.socket.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Responds with this status line and these headers, without a body, and closes.
    pub(crate) async fn answer(mut self, head: &str) {
        self.write(format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n"))
            .await;
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.request.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// Returns the requested path and query.
    pub(crate) fn path(&self) -> &str {
        self.request.split(' ').nth(1).unwrap()
    }

    /// Waits until the client has hung up, without any timer of the client.
    pub(crate) async fn hung_up(&mut self) {
        let mut rest = [0; 64];
        let soon = Duration::from_secs(1);
        let read = tokio::time::timeout(soon, self.socket.read(&mut rest))
            .await
            .expect("it holds on");
        assert!(matches!(read, Ok(0) | Err(_)), "the client said something more");
    }
}

/// Returns its credentials in order, and the last one repeatedly.
pub(crate) struct Provider {
    credentials: Mutex<VecDeque<Result<Credential, CredentialError>>>,
    /// For each request of a credential, whether the previous one was reported as rejected.
    rejected: Mutex<Vec<bool>>,
    /// The same for the next request.
    refused: AtomicBool,
    handed_out: AtomicU64,
}

impl Provider {
    pub(crate) fn of(credentials: impl IntoIterator<Item = Result<Credential, CredentialError>>) -> Self {
        Self {
            credentials: Mutex::new(credentials.into_iter().collect()),
            rejected: Mutex::default(),
            refused: AtomicBool::default(),
            handed_out: AtomicU64::default(),
        }
    }

    pub(crate) fn anonymous() -> Self {
        Self::of([Ok(Credential::ANONYMOUS)])
    }

    pub(crate) fn bearer(tokens: &[&str]) -> Self {
        Self::of(tokens.iter().map(|token| Ok(Credential::bearer((*token).into()))))
    }

    pub(crate) fn asked(&self) -> Vec<bool> {
        self.rejected.lock().unwrap().clone()
    }
}

impl CredentialProvider for Provider {
    fn credential(&self) -> BoxFuture<'_, Result<Credential, CredentialError>> {
        let refused = self.refused.swap(false, Ordering::Relaxed);
        self.rejected.lock().unwrap().push(refused);
        let mut credentials = self.credentials.lock().unwrap();
        let next = if credentials.len() > 1 {
            credentials.pop_front()
        } else {
            credentials.front().cloned()
        };
        let next = next.unwrap().map(|credential| Credential {
            generation: Generation::new(self.handed_out.fetch_add(1, Ordering::Relaxed) + 1),
            ..credential
        });
        std::future::ready(next).boxed()
    }

    fn invalidate(&self, refused: Generation) {
        let last = Generation::new(self.handed_out.load(Ordering::Relaxed));
        assert_eq!(refused, last, "the one that was asked with");
        self.refused.store(true, Ordering::Relaxed);
    }
}
