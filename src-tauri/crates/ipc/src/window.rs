//! The core as seen by a window in a process of its own, over the socket.

mod queue;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use futures_util::stream::{BoxStream, StreamExt as _, unfold};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use self::queue::{Queue, Queued};
use crate::client::{ANSWER_TIMEOUT, Connection};
use crate::lines::{to_line, write_bytes};
use crate::protocol::{
    ATTACH, Hello, LISTEN, MAX_REQUEST_BYTES, Presence, Raise, WINDOW, WINDOW_PRESENCE, WindowLine,
};
use crate::{AskError, CallError};

/// JSON that is passed on as it came: only the page reads it.
pub type Json = Box<RawValue>;

/// Requests that may wait to be sent; a person causes a few at a time.
const REQUEST_CAPACITY: usize = 64;

/// Requests to come to the front that may wait. The app drops a window that does not confirm one within two seconds.
const RAISE_CAPACITY: usize = 16;

/// A window's connection to the app. Clones share the connection.
#[derive(Debug, Clone)]
pub struct AppWindow {
    orders: mpsc::Sender<Order>,
    ended: watch::Receiver<Option<Ended>>,
}

/// How a connection of a window ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Somebody quit the app.
    Quit,
    /// The app did not say why: it crashed, or does not want this window any more.
    Lost,
}

/// The state at one revision, and everything after it.
pub struct AppState {
    /// A `Snapshot` of the core.
    pub snapshot: Json,
    /// `Revised` updates of the core, until the connection ends or the window attaches again.
    pub updates: BoxStream<'static, Json>,
}

impl std::fmt::Debug for AppState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The snapshot holds texts of notifications.
        formatter.debug_struct("AppState").finish_non_exhaustive()
    }
}

/// Updates or events that wait for the page.
type Messages = Queue<Json>;

/// Something to send, with the receiver of the answer.
enum Order {
    Call(&'static str, Value, Answer),
    Named(String, Value, Answer),
    Raised(u64),
    /// Deliver events to this queue from now on.
    Events(Arc<Messages>),
}

enum Answer {
    Value(oneshot::Sender<Result<Json, CallError>>),
    State(oneshot::Sender<Result<(Json, Arc<Messages>), CallError>>),
    Nobody,
}

impl Answer {
    fn refuse(self, error: Value) {
        let error = CallError::Command(error);
        // The receiver may be gone.
        match self {
            Self::Value(sender) => drop(sender.send(Err(error))),
            Self::State(sender) => drop(sender.send(Err(error))),
            Self::Nobody => {}
        }
    }
}

impl AppWindow {
    /// Becomes the window of the app for this data folder. The receiver gets the app's requests to come to the front.
    ///
    /// # Errors
    /// When no app is running, it does not answer within ten seconds, or it refuses because it already has a window.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn open(data: &Path) -> Result<(Self, mpsc::Receiver<Raise>), AskError> {
        let connection = Connection::open_as(data, &Hello::new(WINDOW, &[])).await?;
        let (orders, received) = mpsc::channel(REQUEST_CAPACITY);
        let (ending, ended) = watch::channel(None);
        let (raises, wishes) = mpsc::channel(RAISE_CAPACITY);
        tokio::spawn(async move {
            let mut exchange = Exchange::new(raises);
            exchange.run(connection, received).await;
            exchange.close();
            // The receivers may be gone.
            let _ = ending.send(Some(if exchange.has_quit {
                Ended::Quit
            } else {
                Ended::Lost
            }));
        });
        Ok((Self { orders, ended }, wishes))
    }

    /// Waits until the app has ended or closed the connection.
    pub async fn ended(&self) -> Ended {
        let mut ended = self.ended.clone();
        // An error means that the sender is gone, so the connection has ended as well.
        let ended = ended.wait_for(Option::is_some).await;
        ended.ok().and_then(|ended| *ended).unwrap_or(Ended::Lost)
    }

    /// Gets the whole state and then its updates. The updates of an earlier attachment end.
    ///
    /// # Errors
    /// When the connection has ended, or the core cannot answer.
    pub async fn attach(&self) -> Result<AppState, CallError> {
        let (sender, answer) = oneshot::channel();
        self.order(Order::Call(ATTACH, Value::Null, Answer::State(sender)))
            .await?;
        let (snapshot, queue) = answer.await.unwrap_or(Err(AskError::NotRunning.into()))?;
        let updates = unfold(queue, async |queue| {
            let update = match queue.next().await? {
                Queued::Message(update) => update,
                Queued::Missed(_) => missed_update(),
            };
            Some((update, queue))
        });
        Ok(AppState {
            snapshot,
            updates: updates.boxed(),
        })
    }

    /// Calls one of the core's commands.
    ///
    /// # Errors
    /// When the connection has ended, or the command fails.
    pub async fn call(&self, name: &str, request: Value) -> Result<Json, CallError> {
        let (sender, answer) = oneshot::channel();
        let order = Order::Named(name.to_owned(), request, Answer::Value(sender));
        self.order(order).await?;
        answer.await.unwrap_or(Err(AskError::NotRunning.into()))
    }

    /// The server's events of the types with these names, as `ListenerMessage`s of the core. The types may change. A
    /// second stream replaces the first.
    pub fn listen(&self, types: watch::Receiver<Vec<String>>) -> BoxStream<'static, Json> {
        let listening = Listening {
            window: self.clone(),
            queue: Arc::default(),
            types,
            begun: false,
        };
        unfold(listening, async |mut listening| {
            let message = listening.next().await?;
            Some((message, listening))
        })
        .boxed()
    }

    /// Reports the state of the window according to the window system, `None` once it is closed.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn presence(&self, presence: Option<Presence>) -> Result<(), CallError> {
        let presence = serde_json::to_value(presence).unwrap_or_default();
        self.call(WINDOW_PRESENCE, presence).await.map(drop)
    }

    /// Confirms that the window is in front, which the app expects within two seconds.
    pub async fn raised(&self, raise: &Raise) {
        // Without a connection there is nothing to confirm.
        let _ = self.order(Order::Raised(raise.number)).await;
    }

    async fn order(&self, order: Order) -> Result<(), AskError> {
        self.orders.send(order).await.map_err(|_| AskError::NotRunning)
    }
}

/// A reader of events.
struct Listening {
    window: AppWindow,
    queue: Arc<Messages>,
    types: watch::Receiver<Vec<String>>,
    begun: bool,
}

impl Listening {
    async fn next(&mut self) -> Option<Json> {
        if !self.begun {
            self.begun = true;
            self.window
                .order(Order::Events(Arc::clone(&self.queue)))
                .await
                .ok()?;
            self.choose().await?;
        }
        loop {
            tokio::select! {
                // First, so that nothing follows that is not wanted any more.
                biased;
                changed = self.types.changed() => {
                    changed.ok()?;
                    self.choose().await?;
                }
                queued = self.queue.next() => return Some(match queued? {
                    Queued::Message(event) => event,
                    Queued::Missed(count) => json_of(&json!({"kind": "missed", "value": count})),
                }),
            }
        }
    }

    async fn choose(&mut self) -> Option<()> {
        let types = json!(*self.types.borrow_and_update());
        let order = Order::Call(LISTEN, types, Answer::Nobody);
        self.window.order(order).await.ok()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // If the channel is full, events still arrive, and the closed queue drops them.
        let _ = self
            .window
            .orders
            .try_send(Order::Call(LISTEN, json!([]), Answer::Nobody));
        self.queue.close();
    }
}

/// A [`ToWindow`](crate::protocol::ToWindow) whose content is passed on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Received {
    Answer(ReceivedAnswer),
    Update(Json),
    Event(Json),
    Raise(Raise),
    Quit,
}

/// An [`AnswerLine`](crate::protocol::AnswerLine). It has no `#[serde(flatten)]`, which parses the content.
#[derive(Deserialize)]
struct ReceivedAnswer {
    id: u64,
    /// Absent if it is null.
    ok: Option<Json>,
    error: Option<Value>,
}

/// The JSON of a value of this process.
pub fn json_of(value: &Value) -> Json {
    // A value is always JSON.
    serde_json::value::to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// The state of the connection: unanswered requests, and the receivers of what arrives.
struct Exchange {
    pending: HashMap<u64, Answer>,
    next_id: u64,
    updates: Arc<Messages>,
    events: Arc<Messages>,
    raises: mpsc::Sender<Raise>,
    /// The app has said that it ends.
    has_quit: bool,
}

impl Exchange {
    fn new(raises: mpsc::Sender<Raise>) -> Self {
        Self {
            pending: HashMap::new(),
            next_id: 1,
            updates: Arc::default(),
            events: Arc::default(),
            raises,
            has_quit: false,
        }
    }

    /// Runs until the connection ends, or every `AppWindow` is dropped.
    async fn run(&mut self, connection: Connection, mut orders: mpsc::Receiver<Order>) {
        let Connection {
            mut lines,
            mut writer,
        } = connection;
        // A separate task writes, so that reading continues while the app does not read.
        let (outgoing, mut to_write) = mpsc::channel::<Vec<u8>>(REQUEST_CAPACITY);
        let writing: JoinHandle<()> = tokio::spawn(async move {
            while let Some(line) = to_write.recv().await {
                if write_bytes(&mut writer, &line, ANSWER_TIMEOUT).await.is_err() {
                    return;
                }
            }
        });
        loop {
            // Cancellation loses nothing: taking the order is the last step.
            let order = async {
                let permit = outgoing.reserve().await.ok()?;
                Some((permit, orders.recv().await?))
            };
            tokio::select! {
                line = lines.next() => {
                    let Ok(line) = line else { break };
                    // An invalid line means that the app does not follow the protocol.
                    let Ok(message) = serde_json::from_slice(&line) else { break };
                    self.handle(message);
                }
                order = order => {
                    let Some((permit, order)) = order else { break };
                    if let Some(line) = self.line_of(order) {
                        permit.send(line);
                    }
                }
            }
        }
        writing.abort();
    }

    fn handle(&mut self, message: Received) {
        match message {
            Received::Answer(ReceivedAnswer { id, ok, error }) => {
                let outcome = match error {
                    None => Ok(ok.unwrap_or_else(|| RawValue::NULL.to_owned())),
                    Some(error) => Err(CallError::Command(error)),
                };
                // The receiver may be gone.
                match self.pending.remove(&id) {
                    Some(Answer::Value(sender)) => drop(sender.send(outcome)),
                    Some(Answer::State(sender)) => {
                        // Before the next line is read, because updates in it belong to this attachment.
                        self.updates.close();
                        self.updates = Arc::default();
                        let updates = Arc::clone(&self.updates);
                        drop(sender.send(outcome.map(|snapshot| (snapshot, updates))));
                    }
                    Some(Answer::Nobody) | None => {}
                }
            }
            Received::Update(update) => self.updates.push(update, |_| 1),
            Received::Event(event) => self.events.push(event, messages_of),
            Received::Raise(raise) => {
                // The app drops a window that does not read them.
                let _ = self.raises.try_send(raise);
            }
            Received::Quit => self.has_quit = true,
        }
    }

    /// What to send for an order, if anything.
    fn line_of(&mut self, order: Order) -> Option<Vec<u8>> {
        let (call, request, answer) = match order {
            Order::Call(call, request, answer) => (call.to_owned(), request, answer),
            Order::Named(call, request, answer) => (call, request, answer),
            Order::Raised(raised) => return to_line(&WindowLine::Raised { raised }).ok(),
            Order::Events(queue) => {
                self.events.close();
                self.events = queue;
                return None;
            }
        };
        let id = self.next_id;
        self.next_id += 1;
        let line = to_line(&WindowLine::Request { id, call, request }).ok();
        // The app would hang up on it, and with that fail what else the page has asked.
        let Some(line) = line.filter(|line| line.len() <= MAX_REQUEST_BYTES) else {
            answer.refuse(too_long());
            return None;
        };
        self.pending.insert(id, answer);
        Some(line)
    }

    fn close(&mut self) {
        self.updates.close();
        self.events.close();
        // Dropping the senders ends the waiting calls.
        self.pending.clear();
    }
}

/// An update that says no more than that some are missing. The page attaches again when it receives it.
pub fn missed_update() -> Json {
    json_of(&json!({"revision": 0, "update": {"kind": "missed"}}))
}

/// What a page is answered whose request is longer than the app reads.
fn too_long() -> Value {
    json!({"code": "invalidRequest", "message": {"id": "socket-too-long", "args": {}}})
}

/// How many messages one stands for: the core may have dropped some before this window did, and says how many.
fn messages_of(event: &Json) -> u64 {
    #[derive(Deserialize)]
    struct Missed {
        kind: String,
        value: u64,
    }
    let missed = serde_json::from_str::<Missed>(event.get()).ok();
    let missed = missed.filter(|missed| missed.kind == "missed");
    missed.map_or(1, |missed| missed.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{AnswerLine, Outcome, ToWindow};

    fn received(line: &ToWindow) -> Received {
        let line = serde_json::to_vec(line).unwrap();
        serde_json::from_slice(&line).unwrap()
    }

    #[test]
    fn what_the_app_sends_is_received_and_its_content_passed_on_byte_for_byte() {
        let content = json!({"b": [1, null, 1e300], "a": "\u{1f514}"});
        let text = content.to_string();
        let line = ToWindow::Update(content.clone());
        assert!(matches!(received(&line), Received::Update(json) if json.get() == text));
        let line = ToWindow::Event(content.clone());
        assert!(matches!(received(&line), Received::Event(json) if json.get() == text));
        let answer = |outcome| {
            let line = ToWindow::Answer(AnswerLine { id: 7, outcome });
            let Received::Answer(ReceivedAnswer { id, ok, error }) = received(&line) else {
                panic!("not an answer");
            };
            (id, ok.map(|ok| ok.get().to_owned()), error)
        };
        assert_eq!(answer(Outcome::Ok(content.clone())), (7, Some(text), None));
        assert_eq!(answer(Outcome::Ok(Value::Null)), (7, None, None));
        assert_eq!(answer(Outcome::Error(content.clone())), (7, None, Some(content)));
        assert!(matches!(received(&ToWindow::Quit), Received::Quit));
    }

    #[test]
    fn what_the_core_dropped_counts_as_what_it_was() {
        let count = |event: Value| messages_of(&json_of(&event));
        assert_eq!(count(json!({"kind": "missed", "value": 1000})), 1000);
        assert_eq!(count(json!({"kind": "event", "value": {"type": "heartbeat"}})), 1);
    }

    #[test]
    fn spaces_within_content_stay() {
        let received = serde_json::from_str(r#"{"update": {"kind":  "x"}}"#).unwrap();
        assert!(matches!(received, Received::Update(json) if json.get() == r#"{"kind":  "x"}"#));
    }
}
