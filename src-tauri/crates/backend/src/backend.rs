//! Starts and stops the backend.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::connection::{Connections, HangUp};
use crate::control::Control;
use crate::hub::{Hub, HubParts};
use crate::listener::{ClientConnection, Reopenable};
use crate::sign_in::SignIn;
use crate::{API_PATH, api, control};

/// The token that [`BackendOptions::default`] accepts.
pub const TEST_TOKEN: &str = "gloria-test-token";

/// How long [`Backend::stop`] waits until connections notice that they were closed. They do so immediately, unless the
/// runtime is busy.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// The options of a [`Backend`].
#[derive(Clone, Debug)]
pub struct BackendOptions {
    /// Where the API listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The address for commands over HTTP. It requires no token, so it must be a loopback address.
    pub control_listen: Option<SocketAddr>,
    /// The accepted tokens.
    pub tokens: Vec<String>,
    /// The interval of heartbeats; `None` sends and announces none.
    pub heartbeat: Option<Duration>,
    /// How many events are stored for returning clients.
    pub history: usize,
    /// Whether a client without a cursor gets all stored events first.
    pub replay_to_newcomers: bool,
    /// `false` limits the backend to the required part of the protocol: no capabilities, gap events, choice of types,
    /// or anything except the stream.
    pub optional_parts: bool,
    /// Where users sign in; `None` for tokens that are pasted.
    pub sign_in: Option<SignIn>,
}

impl Default for BackendOptions {
    /// A free loopback port, no control port, [`TEST_TOKEN`], a heartbeat every 30 s, 10 000 stored events.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            control_listen: None,
            tokens: vec![TEST_TOKEN.into()],
            heartbeat: Some(Duration::from_secs(30)),
            history: 10_000,
            replay_to_newcomers: false,
            optional_parts: true,
            sign_in: None,
        }
    }
}

/// Why a [`Backend`] could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is in use, or not one of this machine.
    #[error("cannot listen on {address}, choose another address")]
    Listen {
        /// The requested address.
        address: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// Commands require no token, so the control port must be on loopback.
    #[error("the control port has no token, give it a loopback address instead of {0}")]
    ControlNotLoopback(SocketAddr),
    /// No client could be accepted.
    #[error("no token was given, give at least one that is not empty")]
    NoToken,
}

/// A running backend. It stops when dropped.
#[derive(Debug)]
pub struct Backend {
    address: SocketAddr,
    control_address: Option<SocketAddr>,
    control: Control,
    hub: Arc<Hub>,
    control_connections: Arc<Connections>,
    tasks: Vec<JoinHandle<()>>,
}

impl Backend {
    /// Starts on the current tokio runtime. Returns once connections are accepted.
    ///
    /// # Errors
    ///
    /// When an address cannot be used, the control address is not loopback, or there is no token.
    pub async fn start(options: BackendOptions) -> Result<Self, StartError> {
        if options.tokens.is_empty() || options.tokens.iter().any(String::is_empty) {
            return Err(StartError::NoToken);
        }
        if let Some(address) = options
            .control_listen
            .filter(|address| !address.ip().is_loopback())
        {
            return Err(StartError::ControlNotLoopback(address));
        }
        let (listen_orders, orders) = mpsc::unbounded_channel();
        let hub = Hub::new(HubParts {
            tokens: options.tokens,
            history: options.history,
            heartbeat: options.heartbeat.filter(|interval| !interval.is_zero()),
            optional_parts: options.optional_parts,
            replay_to_newcomers: options.replay_to_newcomers,
            sign_in: options.sign_in,
            listen_orders,
        });
        let listener = bind(options.listen, hub.connections.clone(), orders).await?;
        let address = listener.address();
        let control = Control::new(hub.clone());
        let control_connections = Connections::new(watch::Sender::new(()));
        let mut tasks = Vec::new();

        let mut control_address = None;
        if let Some(listen) = options.control_listen {
            // No control port: this future never completes.
            let (_, orders) = mpsc::unbounded_channel();
            let listener = bind(listen, control_connections.clone(), orders).await?;
            control_address = Some(listener.address());
            let router = control::router(control.clone());
            tasks.push(tokio::spawn(
                async move { drop(axum::serve(listener, router).await) },
            ));
        }
        let router = api::router(hub.clone()).into_make_service_with_connect_info::<ClientConnection>();
        tasks.push(tokio::spawn(
            async move { drop(axum::serve(listener, router).await) },
        ));
        tasks.push(tokio::spawn(beat(hub.clone())));
        Ok(Self {
            address,
            control_address,
            control,
            hub,
            control_connections,
            tasks,
        })
    }

    /// The address of the API.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The `{api}` base, `http://host:port/api/v1`; the stream is at `/sse` below it.
    pub fn api_url(&self) -> String {
        format!("http://{}{API_PATH}", self.address)
    }

    /// The `{api}` base for clients over a WebSocket, `ws://host:port/api/v1`; the stream is at `/ws` below it.
    pub fn websocket_url(&self) -> String {
        format!("ws://{}{API_PATH}", self.address)
    }

    /// The address for commands, if one was requested.
    pub fn control_url(&self) -> Option<String> {
        self.control_address.map(|address| format!("http://{address}"))
    }

    /// Returns a control of the backend, which may be cloned and outlive the backend.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Closes all connections and frees the ports. Returns once both are done.
    pub async fn stop(mut self) {
        let mut changed = self.hub.changed.subscribe();
        let tasks = self.shut();
        for task in tasks {
            // An error means that it was cancelled.
            let _ = task.await;
        }
        let closed = async {
            while self.hub.connections.len() > 0 {
                if changed.changed().await.is_err() {
                    break;
                }
            }
        };
        if timeout(STOP_TIMEOUT, closed).await.is_err() {
            tracing::warn!(open = self.hub.connections.len(), "connections are still open");
        }
    }

    fn shut(&mut self) -> Vec<JoinHandle<()>> {
        self.tasks.iter().for_each(JoinHandle::abort);
        self.hub.connections.hang_up_all(HangUp::Fin);
        self.control_connections.hang_up_all(HangUp::Fin);
        std::mem::take(&mut self.tasks)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        drop(self.shut());
    }
}

async fn bind(
    address: SocketAddr,
    connections: Arc<Connections>,
    orders: mpsc::UnboundedReceiver<crate::listener::ListenOrder>,
) -> Result<Reopenable, StartError> {
    Reopenable::bind(address, connections, orders)
        .await
        .map_err(|source| StartError::Listen { address, source })
}

async fn beat(hub: Arc<Hub>) {
    let mut interval = hub.heartbeat.subscribe();
    loop {
        let pause = *interval.borrow_and_update();
        let elapsed = async {
            match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = interval.changed() => if changed.is_err() { return },
            () = elapsed => hub.beat(Timestamp::now()),
        }
    }
}
