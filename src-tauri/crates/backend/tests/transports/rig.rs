//! A backend, a stream to it over one of the transports, and what the stream delivered.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_backend::{Backend, BackendOptions, Control, TEST_TOKEN};
use gloria_stream::{
    Command, Credential, CredentialError, CredentialProvider, Delivery, Frame, Generation, Status,
    StreamHandle, StreamOptions, Timing,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Long enough for a busy machine; nothing waits it out unless it fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    Sse,
    WebSocket,
}

impl Over {
    /// The stream's path.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Sse => "/api/v1/sse",
            Self::WebSocket => "/api/v1/ws",
        }
    }
}

pub(crate) struct Rig {
    pub(crate) backend: Backend,
    pub(crate) control: Control,
    pub(crate) stream: StreamHandle,
    deliveries: mpsc::Receiver<Delivery>,
    /// Statuses that were passed over on the way to events.
    pub(crate) statuses: Vec<Status>,
    waiting: VecDeque<Frame>,
}

impl Rig {
    pub(crate) async fn new(over: Over) -> Self {
        Self::with(over, &[TEST_TOKEN], |_| {}).await
    }

    pub(crate) async fn with(over: Over, tokens: &[&str], change: impl FnOnce(&mut StreamOptions)) -> Self {
        let backend = Backend::start(BackendOptions::default()).await.unwrap();
        let url = match over {
            Over::Sse => format!("{}/sse", backend.api_url()),
            Over::WebSocket => format!("{}/ws", backend.websocket_url()),
        };
        let mut options = StreamOptions::new(url.parse().unwrap(), "Gloria/1", 7);
        options.timing = Timing {
            base_delay: Duration::from_millis(10),
            ..Timing::default()
        };
        change(&mut options);
        let tokens = tokens.iter().map(|token| (*token).to_owned()).collect();
        let (sender, deliveries) = mpsc::channel(1);
        let stream = StreamHandle::spawn(options, Arc::new(Tokens(Mutex::new(tokens))), sender);
        Self {
            control: backend.control(),
            backend,
            stream,
            deliveries,
            statuses: Vec::new(),
            waiting: VecDeque::new(),
        }
    }

    /// Connects, and takes the greeting.
    pub(crate) async fn open(&mut self) {
        self.stream.send(Command::Start { cursor: None });
        self.greeted().await;
    }

    pub(crate) async fn greeted(&mut self) {
        assert_eq!(&*self.frame().await.event, "connection_established");
    }

    pub(crate) async fn delivery(&mut self) -> Delivery {
        timeout(DEADLINE, self.deliveries.recv()).await.unwrap().unwrap()
    }

    /// The next event.
    pub(crate) async fn frame(&mut self) -> Frame {
        loop {
            if let Some(frame) = self.waiting.pop_front() {
                return frame;
            }
            match self.delivery().await {
                Delivery::Frames(frames) => self.waiting.extend(frames),
                Delivery::Status(status) => self.statuses.push(status),
                other @ (Delivery::Skipped { .. } | Delivery::PositionLost { .. }) => {
                    panic!("{other:?} is no event")
                }
            }
        }
    }

    /// The next event that is not about the stream itself.
    pub(crate) async fn event(&mut self) -> Frame {
        loop {
            let frame = self.frame().await;
            if !["connection_established", "heartbeat"].contains(&&*frame.event) {
                return frame;
            }
        }
    }

    /// Why the stream waits or halts, once it does.
    pub(crate) async fn trouble(&mut self) -> String {
        loop {
            match self.delivery().await {
                Delivery::Status(Status::Waiting { cause, .. } | Status::CircuitOpen { cause, .. }) => {
                    return cause.to_string();
                }
                Delivery::Status(Status::Halted { reason, .. }) => return format!("halted: {reason}"),
                Delivery::Status(_) => {}
                Delivery::Frames(frames) => self.waiting.extend(frames),
                other @ (Delivery::Skipped { .. } | Delivery::PositionLost { .. }) => {
                    panic!("{other:?} is no trouble")
                }
            }
        }
    }

    /// Pushes a notification and takes it.
    pub(crate) async fn passes(&mut self, id: &str) {
        let pushed = self.control.push("notification.created", note(id));
        let frame = self.event().await;
        assert_eq!((&*frame.id, data(&frame)), (&*pushed, note(id)));
    }

    /// The cursors that the streams so far asked to go on from.
    pub(crate) fn cursors(&self) -> Vec<Option<String>> {
        let seen = self.control.observed();
        seen.stream_requests()
            .map(|request| request.last_event_id().map(str::to_owned))
            .collect()
    }
}

pub(crate) fn note(id: &str) -> Value {
    json!({ "id": id, "title": "Safety briefing", "message": "Hall 3 at 14:00 – „quoted“ \"too\"\r\nsecond line" })
}

pub(crate) fn data(frame: &Frame) -> Value {
    serde_json::from_str(&frame.data).unwrap()
}

/// Tokens in order; the last one for ever.
struct Tokens(Mutex<VecDeque<String>>);

impl CredentialProvider for Tokens {
    fn credential(&self) -> BoxFuture<'_, Result<Credential, CredentialError>> {
        let token = self.0.lock().unwrap().front().unwrap().clone();
        std::future::ready(Ok(Credential::bearer(token.into()))).boxed()
    }

    fn invalidate(&self, _refused: Generation) {
        let mut tokens = self.0.lock().unwrap();
        if tokens.len() > 1 {
            tokens.pop_front();
        }
    }
}
